//! Readers: queries beside the writer, which neither waits for the other.
//!
//! Picture: connections are opened when first needed and lent out one query or one request at a
//! time:
//! ```text
//!   request ──take──▶ SqliteReader ──drop──▶ idle ──take──▶ the next request
//! ```
//! Invariant: all queries of one reader of a file see the same moment, rows and checkpoint alike;
//! the moment is that of its first query.

use crate::SqlError;
use crate::place::Place;
use crate::statement::On;
use parking_lot::Mutex;
use rusqlite::Connection;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Idle connections kept. A query takes microseconds, so a few serve thousands of requests a second.
const IDLE_COUNT_MAX: usize = 8;

/// The connections of one database that wait to be lent out.
#[derive(Debug)]
pub(crate) struct Readers {
    place: Place,
    database: String,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn of(place: Place) -> Arc<Self> {
        let database = place.name();
        Arc::new(Self { place, database, idle: Mutex::new(Vec::new()) })
    }

    pub(crate) fn take(self: &Arc<Self>) -> Result<SqliteReader, SqlError> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.place.reader()?,
        };
        if let Place::File(_) = self.place {
            On { connection: &connection, database: &self.database }.batch("begin")?;
        }
        Ok(SqliteReader { connection: Some(connection), home: Arc::clone(self) })
    }
}

/// Queries of a read model. See the [module](self) for what they see.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Option<Connection>,
    home: Arc<Readers>,
}

impl SqliteReader {
    /// The first row of a query, read as a `T`; `None` if there is none. Parameters and rows are
    /// whatever serde writes and reads: see
    /// [`SqliteTx::execute`](crate::SqliteTx::execute).
    ///
    /// # Errors
    /// [`SqlError::Statement`] or [`SqlError::Parameter`] for a query that is wrong,
    /// [`SqlError::Row`] for a row that is no `T`; the rest if the database cannot be read.
    pub fn row<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: impl Serialize,
    ) -> Result<Option<T>, SqlError> {
        self.on().row(sql, &parameters)
    }

    /// All rows of a query, each read as a `T`.
    ///
    /// # Errors
    /// As [`SqliteReader::row`].
    pub fn rows<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: impl Serialize,
    ) -> Result<Vec<T>, SqlError> {
        self.on().rows(sql, &parameters)
    }

    fn on(&self) -> On<'_> {
        let connection = self.connection.as_ref().expect("taken only by drop");
        On { connection, database: &self.home.database }
    }
}

impl Drop for SqliteReader {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let ended = connection.is_autocommit() || connection.execute_batch("rollback").is_ok();
        let mut idle = self.home.idle.lock();
        if ended && idle.len() < IDLE_COUNT_MAX {
            idle.push(connection);
        }
    }
}
