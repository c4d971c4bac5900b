//! Read models in SQL databases, in step with their checkpoints.
//!
//! Why: the rows of a read model and the place its reader has come to must never disagree. Here
//! both are in one database, so that one transaction moves both, and the log can always build
//! either again.
//!
//! Picture:
//! ```text
//!   projection ─▶ SqliteTx ─┐
//!   reader's place ─────────┼─▶ one transaction ─▶ orders.v1.db ◀─ SqliteReader ◀─ queries
//!   parked events ──────────┘                      (write-ahead log: neither waits)
//! ```
//! Read first: [`Sqlite`] (where), [`model`] (what stands beside the rows), [`place`] (why nothing
//! is synced at a commit, and why that is safe). `Postgres` and `MariaDb` keep the same promises on a server.

mod bind;
pub mod error;
mod generations;
pub mod inbox;
#[cfg(feature = "mariadb")]
pub mod mariadb;
#[cfg(feature = "mariadb")]
mod mariadb_errors;
pub mod model;
mod moves;
pub mod outbox;
pub mod place;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "postgres")]
mod postgres_errors;
pub mod reader;
mod row;
mod shown;
pub mod sqlite;
mod statement;
pub mod subject_keys;
pub mod tx;
#[cfg(any(feature = "postgres", feature = "mariadb"))]
mod values;

pub use error::SqlError;
#[cfg(feature = "mariadb")]
pub use mariadb::{MariaDb, MariaDbModel, MariaDbReader, MariaDbTx};
pub use model::SqliteModel;
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresModel, PostgresReader, PostgresTx};
pub use reader::SqliteReader;
pub use sqlite::Sqlite;
pub use subject_keys::SqliteKeys;
pub use tx::SqliteTx;
