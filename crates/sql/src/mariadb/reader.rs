//! Readers: queries beside the writer, which neither waits for the other.
//!
//! Picture: connections are opened when first needed and lent out one query or one request at a
//! time:
//! ```text
//!   request ──take──▶ MariaDbReader ──drop──▶ rolled back ─▶ idle ──take──▶ the next request
//! ```
//! Invariant: all queries of one reader see the same moment, rows and checkpoint alike: that at which
//! it was lent. No idle connection holds a moment open, for it would keep old rows and the tables.

use super::connect::{Connection, Place};
use crate::values::{Value, values};
use crate::{SqlError, row};
use mysql_async::Row;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections of one model that are lent out at once: a server has some hundreds for all.
const LENT_COUNT_MAX: usize = 16;

/// How long a request waits for one of them.
const LEND_WAIT_MAX: Duration = Duration::from_secs(5);

/// The connections of one model that wait to be lent out.
#[derive(Debug)]
pub(super) struct Readers {
    place: Place,
    idle: Mutex<Vec<Connection>>,
    lent: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn of(place: Place) -> Arc<Self> {
        let lent = Arc::new(Semaphore::new(LENT_COUNT_MAX));
        Arc::new(Self { place, idle: Mutex::new(Vec::new()), lent })
    }

    pub(super) async fn take(self: &Arc<Self>) -> Result<MariaDbReader, SqlError> {
        let lent = Arc::clone(&self.lent).acquire_owned();
        let permit = tokio::time::timeout(LEND_WAIT_MAX, lent).await.map_err(|_| {
            SqlError::Busy { why: format!("{LENT_COUNT_MAX} connections are in use by queries") }
        })?;
        let permit = permit.expect("the semaphore is never closed");
        let connection = self.begun().await?;
        Ok(MariaDbReader { connection: Some(connection), home: Arc::clone(self), _lent: permit })
    }

    /// A connection in a transaction that only reads.
    async fn begun(&self) -> Result<Connection, SqlError> {
        const BEGIN: &str = "start transaction with consistent snapshot, read only";
        loop {
            let idle = self.idle.lock().pop();
            let Some(mut connection) = idle else { break };
            // One that the server has ended meanwhile is no reason to refuse a query.
            if connection.batch(BEGIN).await.is_ok() {
                return Ok(connection);
            }
        }
        let mut connection = self.place.reader().await?;
        connection.batch(BEGIN).await?;
        Ok(connection)
    }
}

/// Queries of a read model. See the [module](self) for what they see.
#[derive(Debug)]
pub struct MariaDbReader {
    connection: Option<Connection>,
    home: Arc<Readers>,
    _lent: OwnedSemaphorePermit,
}

impl MariaDbReader {
    /// The first row of a query, read as a `T`; `None` if there is none. Parameters and rows are
    /// whatever serde writes and reads: see
    /// [`MariaDbTx::execute`](crate::MariaDbTx::execute).
    ///
    /// # Errors
    /// [`SqlError::Statement`] or [`SqlError::Parameter`] for a query that is wrong,
    /// [`SqlError::Row`] for a row that is no `T`; the rest if the database cannot be read.
    pub fn row<T: DeserializeOwned + Send, P: Serialize>(
        &mut self,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<Option<T>, SqlError>> + Send {
        let values = values(&parameters, sql);
        async move {
            let rows = self.query(sql, values?).await?;
            rows.first().map(|found| row::read(found, sql)).transpose()
        }
    }

    /// All rows of a query, each read as a `T`.
    ///
    /// # Errors
    /// As [`MariaDbReader::row`].
    pub fn rows<T: DeserializeOwned + Send, P: Serialize>(
        &mut self,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<Vec<T>, SqlError>> + Send {
        let values = values(&parameters, sql);
        async move {
            let rows = self.query(sql, values?).await?;
            rows.iter().map(|found| row::read(found, sql)).collect()
        }
    }

    async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        let connection = self.connection.as_mut().expect("taken only by drop");
        connection.rows(sql, values).await
    }
}

impl Drop for MariaDbReader {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // Outside of a runtime nobody could end its transaction; the server does, with the connection.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let home = Arc::clone(&self.home);
        runtime.spawn(async move {
            if connection.batch("rollback").await.is_ok() {
                let mut idle = home.idle.lock();
                if idle.len() < LENT_COUNT_MAX {
                    idle.push(connection);
                }
            }
        });
    }
}
