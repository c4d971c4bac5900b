//! PostgreSQL: its log by logical replication, its tables, its replication slots.
//!
//! Picture:
//! ```text
//!   session   bytes ─▶ frames, answers to queries          message   frames ─▶ messages of the log
//!   catalog   what the tables and the settings are         copying   rows that were there before
//!   following messages ─▶ transactions ─▶ appends          slot      what holds the log back for us
//! ```

pub mod bytes;
pub(crate) mod catalog;
pub(crate) mod copying;
pub(crate) mod following;
mod frame;
mod kinds;
pub mod message;
pub(crate) mod mining;
pub mod relation;
pub(crate) mod session;
pub mod settings;
pub(crate) mod sieve;
pub(crate) mod site;
pub mod slot;
