//! Outbox: events written beside a service's own rows, in its own transaction, and published behind it.
//!
//! Why: a service that keeps plain tables must change a row and tell others of it, and a crash
//! between the two must not be seen. So the event is a row as well, of the same transaction, and a
//! relay carries rows of committed transactions into the store.
//!
//! Picture:
//! ```text
//!   begin; update orders …; insert into headwater_outbox …; commit
//!                                │ visible from the commit on
//!                                ▼
//!   relay: lease ─▶ fetch, oldest first ─▶ one append, fenced ─▶ delete what is published
//!                         ▲                     └─ poison ─▶ headwater_outbox_parked: holds up its key only
//!                         └─ woken by NOTIFY, or looks again with backoff
//! ```
//! Invariants: B1 a row is published if and only if its transaction commits; rows of one stream in
//! the order of their inserts; each under the id in its row, so that it is stored once (A4).
//!
//! Read first: [`write`] (what a service calls), [`relay`] (what carries), [`shape`] (whose tables).

pub mod address;
mod claim;
mod columns;
pub mod desk;
pub mod error;
mod lease;
mod limits;
mod parking;
pub mod relay;
mod session;
pub mod shape;
mod sql;
mod tables;
pub mod worker;
pub mod write;

pub use address::OutboxAddress;
pub use desk::OutboxDesk;
pub use error::{OutboxError, RelayError};
pub use parking::ParkedRow;
pub use relay::{Relay, RelaySettings};
pub use shape::{OutboxTable, Shape};
pub use worker::RelayWorker;
pub use write::Outbox;
