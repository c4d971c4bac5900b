//! PostgreSQL's errors, sorted by what can be done about them.

use crate::SqlError;
use crate::error::shorten;
use std::error::Error as _;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// Sorts an error of the driver.
pub(crate) fn from_postgres(error: &Error, sql: &str) -> SqlError {
    let Some(refused) = error.as_db_error() else { return lost(&shorten(sql), error) };
    let (why, sql) = (refused.to_string(), shorten(sql));
    let state = refused.code();
    match (state.code().get(..2).unwrap_or_default(), state) {
        (_, &SqlState::LOCK_NOT_AVAILABLE) | ("40", _) => SqlError::Busy { why },
        (_, &SqlState::DISK_FULL) => SqlError::Full { why },
        ("23", _) => SqlError::Constraint { sql, why },
        // Resources, an operator's intervention, the system, the connection.
        ("53" | "57" | "58" | "08", _) => SqlError::Io { what: sql, why },
        ("XX", _) => SqlError::Corrupt { database: "PostgreSQL".to_owned(), why },
        _ => SqlError::Statement { sql, why },
    }
}

/// The server does not answer, or not any more.
pub(crate) fn lost(what: &str, error: &Error) -> SqlError {
    let why = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    SqlError::Io { what: what.to_owned(), why }
}
