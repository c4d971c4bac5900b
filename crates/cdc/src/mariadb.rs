//! MariaDB: its binary log of rows, and its tables.
//!
//! Picture:
//! ```text
//!   session   questions and their answers            log       the stream of the binary log, event by event
//!   catalog   what settings and tables are           shape     what a table looks like at a place of the log
//!   copying   rows that were there before            value     values of the log and of queries, as one text
//!   statement what DDL did to rows                   following events ─▶ transactions ─▶ appends
//! ```
//! What reads bytes of the log is `mysql_common`; what they mean to an event is said here.

mod catalog;
mod charset;
mod copying;
mod following;
mod log;
mod log_files;
pub(crate) mod mining;
mod session;
pub mod settings;
mod shape;
mod sieve;
pub(crate) mod site;
mod statement;
mod value;
