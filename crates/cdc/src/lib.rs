//! Transaction-log mining: every committed change of a database becomes an event.
//!
//! Why: a service that is not event-sourced, and whose code cannot be changed, still has a log of all
//! that it ever committed: its database's. Reading that log needs no trigger, no polling, no second
//! write, and misses nothing.
//!
//! Picture:
//! ```text
//!   tables ─ copied once ─┐
//!                         ├─▶ changes ─ rules ─▶ events + place in the log, one append ─▶ store
//!   log ─ followed ───────┘                                   └─ durable ─▶ the log may go
//! ```
//! Promise: every committed change becomes an event, in the order of commits, exactly once in the
//! store, whichever side dies at whatever point.
//!
//! Read first: [`mapping`] (what a user writes), [`miner`] (the life of it), `sink` (how exactly once).

mod batch;
mod bound;
pub mod cell;
pub mod change;
pub mod database;
pub mod error;
pub mod inflow;
mod job;
pub mod json;
mod limits;
pub mod mapping;
pub mod mariadb;
pub mod miner;
mod notes;
pub mod place;
pub mod postgres;
mod progress;
mod rule;
mod sink;
pub mod source;
pub mod status;

pub use database::{DatabaseError, Encryption};
pub use error::MineError;
pub use inflow::MinerInflow;
pub use mapping::{Mapping, OutboxMapping, OutboxShape, Shape, TableMapping};
pub use mariadb::settings::MariaDbSettings;
pub use miner::{AfterLoss, Miner, MinerSettings, Mining};
pub use place::LogPlace;
pub use postgres::settings::{PostgresSettings, PostgresSource};
pub use postgres::slot::LagPolicy;
pub use rule::{MappingError, UnfitRow};
pub use source::Source;
pub use status::{MinerHealth, MinerState};
