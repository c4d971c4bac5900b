//! A connection of a relay: the little of SQL that relays need, over any driver.
//!
//! Why: leases, fetching and parking are the same for every database, so they are written once; a
//! driver is a page. What an application's own transaction is written with is in `write`, and is the
//! driver's own type.

#[cfg(feature = "mariadb")]
pub(crate) mod mariadb;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(any(feature = "postgres", feature = "mariadb"))]
mod secure;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use crate::SqlError;
use futures_util::future::BoxFuture;
use std::time::Duration;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Bytes, or a text whose driver does not say so.
    Bytes(Vec<u8>),
}

/// Which words a database knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// One file, one writer.
    #[cfg(feature = "sqlite")]
    Sqlite,
    /// PostgreSQL 12 or later.
    #[cfg(feature = "postgres")]
    Postgres,
    /// MariaDB 10.6 or later, MySQL 8.0.13 or later.
    #[cfg(feature = "mariadb")]
    MariaDb,
}

/// A connection. Parameters are `?` in every dialect.
pub(crate) trait Session: Send {
    /// Which words it knows.
    fn dialect(&self) -> Dialect;

    /// Runs a statement; how many rows it changed.
    fn execute<'a>(
        &'a mut self,
        sql: &'a str,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<u64, SqlError>>;

    /// The rows of a query.
    fn rows<'a>(
        &'a mut self,
        sql: &'a str,
        values: Vec<Value>,
    ) -> BoxFuture<'a, Result<Vec<Vec<Value>>, SqlError>>;

    /// Runs statements without parameters.
    fn batch<'a>(&'a mut self, sql: &'a str) -> BoxFuture<'a, Result<(), SqlError>>;

    /// Whether the database can wake whoever sleeps on it.
    fn listens(&self) -> bool {
        false
    }

    /// Sleeps, at most so long, or until the database wakes it.
    fn sleep(&mut self, at_most: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(at_most))
    }
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn or_null(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// The cell as a number, also if the driver gave its digits.
    pub(crate) fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
            Self::Null => None,
        }
    }

    /// The cell as a text; nothing if it is null or no UTF-8.
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Number(number) => Some(number.to_string()),
            Self::Text(text) => Some(text),
            Self::Bytes(bytes) => String::from_utf8(bytes).ok(),
        }
    }

    /// The cell as bytes.
    pub(crate) fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Null => None,
            Self::Number(number) => Some(number.to_string().into_bytes()),
            Self::Text(text) => Some(text.into_bytes()),
            Self::Bytes(bytes) => Some(bytes),
        }
    }
}
