//! A relay's connection to SQLite. The driver blocks, so each statement runs on a thread that may.

use super::{Dialect, Session, Value};
use crate::SqlError;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a statement waits for the application's transactions.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// A connection of its own to the application's file.
pub(crate) struct SqliteSession {
    connection: Arc<Mutex<Connection>>,
    database: Arc<str>,
}

impl SqliteSession {
    /// Opens the file, which must be there.
    pub(crate) async fn open(path: PathBuf) -> Result<Self, SqlError> {
        let database: Arc<str> = path.display().to_string().into();
        let name = Arc::clone(&database);
        let connection = on_a_thread(move || connect(&path, &name)).await?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), database })
    }

    async fn with<T: Send + 'static>(
        &self,
        sql: &str,
        work: impl FnOnce(&Connection, &str) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SqlError> {
        let (connection, sql) = (Arc::clone(&self.connection), sql.to_owned());
        let database = Arc::clone(&self.database);
        on_a_thread(move || {
            let done = work(&connection.lock(), &sql);
            done.map_err(|error| SqlError::from_driver(&error, &database, &sql))
        })
        .await
    }
}

fn connect(path: &Path, database: &str) -> Result<Connection, SqlError> {
    let failed = |error| SqlError::from_driver(&error, database, "open");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_MAX).map_err(failed)?;
    Ok(connection)
}

/// Runs what blocks where it may.
async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SqlError> + Send + 'static,
) -> Result<T, SqlError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(SqlError::Io { what: "a statement".to_owned(), why: error.to_string() })
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Number(number),
        ValueRef::Real(real) => Value::Text(real.to_string()),
        ValueRef::Text(text) => String::from_utf8(text.to_vec())
            .map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl Session for SqliteSession {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute<'a>(
        &'a mut self,
        sql: &'a str,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<u64, SqlError>> {
        Box::pin(self.with(sql, move |connection, sql| {
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.execute(params_from_iter(&values))? as u64)
        }))
    }

    fn rows<'a>(
        &'a mut self,
        sql: &'a str,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<Vec<Vec<Value>>, SqlError>> {
        Box::pin(self.with(sql, move |connection, sql| {
            let mut statement = connection.prepare_cached(sql)?;
            let count = statement.column_count();
            let mut rows = statement.query(params_from_iter(&values))?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let cells = (0..count).map(|n| row.get_ref(n).map(value));
                all.push(cells.collect::<Result<_, _>>()?);
            }
            Ok(all)
        }))
    }

    fn batch<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), SqlError>> {
        Box::pin(self.with(sql, |connection, sql| connection.execute_batch(sql)))
    }
}
