//! Where a database is, and how connections to it are opened.
//!
//! Why the settings are what they are:
//!
//! | setting | because |
//! |---|---|
//! | write-ahead log | readers and the one writer do not wait for each other |
//! | `synchronous = normal` | rows and checkpoint are one transaction, and only durable events are delivered. A power cut may take the last transactions, rows *and* checkpoint, and the log delivers those events again. Nothing is synced at a commit, so a thousand read models do not queue at the disk |
//! | not `synchronous = off` | a power cut could then leave pages of different ages: a damaged file, not an older one |
//! | write-ahead log of 16 MiB | while catching up, a hot page is written home once, not once per megabyte |
//! | `secure_delete` | what a row held of a person who was forgotten is not left in its page |
//! | no memory map | a failing disk must be an error, not a signal |
//!
//! Invariants: C1, a database is never ahead of the log: what it has applied was durable there
//! before. It may be behind, by what a power cut took.

use crate::SqlError;
use crate::statement::{On, PREPARED_COUNT_MAX};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a connection waits for another's lock. Only opening, schema changes and a second
/// process ever hold one for long.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// One database: a file, or memory that lives as long as someone is connected.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    File(PathBuf),
    Memory { name: String },
}

impl Place {
    /// For messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Memory { name } => format!("memory:{name}"),
        }
    }

    /// A connection that may write. Makes the file and its directory.
    pub(crate) fn writer(&self) -> Result<Connection, SqlError> {
        if let Self::File(path) = self {
            make_directory(path)?;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let connection = self.connect(flags)?;
        let database = self.name();
        let on = On { connection: &connection, database: &database };
        if let Self::File(_) = self {
            on.batch("pragma journal_mode = wal; pragma journal_size_limit = 67108864")?;
        }
        on.batch(
            "pragma synchronous = normal; pragma wal_autocheckpoint = 4096;
             pragma cache_size = -16384; pragma temp_store = memory; pragma secure_delete = on",
        )?;
        Ok(connection)
    }

    /// A connection that only reads a database that is there.
    pub(crate) fn reader(&self) -> Result<Connection, SqlError> {
        let connection = match self {
            Self::File(_) => self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?,
            // The memory file system has no read-only connections to a shared database.
            Self::Memory { .. } => self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?,
        };
        On { connection: &connection, database: &self.name() }.batch("pragma query_only = on")?;
        Ok(connection)
    }

    fn connect(&self, flags: OpenFlags) -> Result<Connection, SqlError> {
        // Each connection is used by one thread at a time; SQLite's own locks would be idle.
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let opened = match self {
            Self::File(path) => Connection::open_with_flags(path, flags),
            Self::Memory { name } => Connection::open_with_flags(
                format!("file:/{name}?vfs=memdb"),
                flags | OpenFlags::SQLITE_OPEN_URI,
            ),
        };
        let failed = |error: rusqlite::Error| SqlError::from_driver(&error, &self.name(), "open");
        let connection = opened.map_err(failed)?;
        connection.busy_timeout(BUSY_MAX).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(PREPARED_COUNT_MAX);
        Ok(connection)
    }
}

fn make_directory(file: &Path) -> Result<(), SqlError> {
    match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => std::fs::create_dir_all(directory)
            .map_err(|error| SqlError::Io {
                what: format!("making the directory {}", directory.display()),
                why: error.to_string(),
            }),
        _ => Ok(()),
    }
}
