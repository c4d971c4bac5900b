//! What can go wrong between a read model and its database.
//!
//! Why: the one who runs a service must know whether to free a disk, to correct a statement or to
//! wait; so the causes are told apart here, once, and the driver's own error goes no further.

use headwater_framework::Failed;
use headwater_framework::http::Problem;
use headwater_model::Retry;
use rusqlite::ErrorCode;

/// Why a statement was not carried out. Nothing of it was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The statement is wrong, or does not fit the schema.
    #[error("{why}, in `{sql}`")]
    Statement {
        /// The statement.
        sql: String,
        /// The database's words.
        why: String,
    },
    /// The rows would break a rule of the schema.
    #[error("{why}, by `{sql}`")]
    Constraint {
        /// The statement.
        sql: String,
        /// The database's words.
        why: String,
    },
    /// A parameter that is missing, too many, or no scalar.
    #[error("parameter {parameter} {why}, of `{sql}`")]
    Parameter {
        /// The statement.
        sql: String,
        /// Its place from 1, or its name.
        parameter: String,
        /// What is wrong with it.
        why: String,
    },
    /// A row that is not what the caller reads it as.
    #[error("{why}, from `{sql}`")]
    Row {
        /// The statement.
        sql: String,
        /// What was found, where, and what was expected.
        why: String,
    },
    /// Someone else holds the database longer than this waits.
    #[error("the database is in use by another ({why}); try again")]
    Busy {
        /// The database's words.
        why: String,
    },
    /// No room on the disk.
    #[error("the disk of the database is full ({why}); free some space and it goes on")]
    Full {
        /// The database's words.
        why: String,
    },
    /// The file is damaged, or is no database. A read model can be built again from the log.
    #[error("{database} is damaged ({why}); delete it and it is built again from the log")]
    Corrupt {
        /// Which.
        database: String,
        /// The database's words.
        why: String,
    },
    /// An address that is none.
    #[error("the address of a database {why}")]
    Address {
        /// What is wrong with it.
        why: String,
    },
    /// No safe connection.
    #[error("no safe connection to the database: {why}")]
    Tls {
        /// What is missing or wrong.
        why: String,
    },
    /// The server does not let us in.
    #[error("the database does not let us in: {why}")]
    Credentials {
        /// The server's words.
        why: String,
    },
    /// The operating system said no, or the server is away.
    #[error("{what} failed: {why}")]
    Io {
        /// What was being done.
        what: String,
        /// The system's words.
        why: String,
    },
}

impl SqlError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            // Who runs the server can let us in, or renew its certificate: that is waited for.
            Self::Busy { .. }
            | Self::Full { .. }
            | Self::Io { .. }
            | Self::Tls { .. }
            | Self::Credentials { .. } => Retry::Later,
            Self::Statement { .. }
            | Self::Constraint { .. }
            | Self::Parameter { .. }
            | Self::Row { .. }
            | Self::Corrupt { .. }
            | Self::Address { .. } => Retry::Never,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Statement { .. } => "sql.statement",
            Self::Constraint { .. } => "sql.constraint",
            Self::Parameter { .. } => "sql.parameter",
            Self::Row { .. } => "sql.row",
            Self::Busy { .. } => "sql.busy",
            Self::Full { .. } => "sql.full",
            Self::Corrupt { .. } => "sql.corrupt",
            Self::Address { .. } => "sql.address",
            Self::Tls { .. } => "sql.tls",
            Self::Credentials { .. } => "sql.credentials",
            Self::Io { .. } => "sql.io",
        }
    }

    /// Sorts the driver's error by what can be done about it.
    pub(crate) fn from_driver(error: &rusqlite::Error, database: &str, sql: &str) -> Self {
        let why = error.to_string();
        let sql = shorten(sql);
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Constraint { sql, why },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { why },
            Some(ErrorCode::DiskFull) => Self::Full { why },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt { database: database.to_owned(), why }
            }
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory,
            ) => Self::Io { what: format!("{database}: `{sql}`"), why },
            _ => Self::Statement { sql, why },
        }
    }
}

impl From<SqlError> for Failed {
    fn from(error: SqlError) -> Self {
        match error.retry() {
            Retry::Later => Self::for_now(error),
            Retry::Never | Retry::AfterReload => Self::for_good(error),
        }
    }
}

/// What a query's caller is told: the statement stays in the log.
impl From<SqlError> for Problem {
    fn from(error: SqlError) -> Self {
        match error.retry() {
            Retry::Later => {
                tracing::warn!(%error, "a read model is not available");
                Self::unavailable(error.code(), "the view's database is not available")
            }
            Retry::Never | Retry::AfterReload => Self::internal(error.code(), error),
        }
    }
}

/// A statement in a message: on one line and short enough to be read there.
pub(crate) fn shorten(sql: &str) -> String {
    /// Enough to recognise a statement by.
    const CHARS_MAX: usize = 200;
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
