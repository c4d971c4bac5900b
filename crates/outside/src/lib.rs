//! Real database servers for tests: one's own, in a directory that goes away.
//!
//! Why: what is said of PostgreSQL and of MariaDB is said of their servers, not of a stand-in. A
//! test starts one, kills it in mid-transaction, starts it again on the same data, and leaves
//! nothing behind, however it ends.
//!
//! Picture:
//! ```text
//!   Postgres::start ─▶ programs: on PATH, Debian's place, else fetched from Debian below `target`
//!                   ─▶ a directory of its own ─▶ the server, on a socket and a free port
//!                        └─ a watcher: when the test's process is gone, so are server and directory
//! ```
//! A server that cannot be had is skipped loudly by [`or_skip`], and in CI fails the test.
//!
//! Read first: [`Postgres`], [`or_skip`]. Not here: clients; each crate tests its own.

mod debian;
mod error;
mod home;
pub mod mariadb;
mod options;
pub mod postgres;
mod process;
mod programs;
mod server;
mod skip;

pub use error::OutsideError;
pub use mariadb::MariaDb;
pub use options::Options;
pub use postgres::Postgres;
pub use skip::or_skip;

/// A row as text; `None` is null.
pub type Row = Vec<Option<String>>;
