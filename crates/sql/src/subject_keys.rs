//! Keys of subjects in a SQLite file of their own.
//!
//! Why a file of their own: it must not be copied with the store, nor with the views. Back it up apart, and
//! throw copies away when they are older than what the law allows; a copy that comes back forgets again when
//! its service starts.
//!
//! Invariants: a key is durable before anything is sealed with it. A destroyed key is overwritten in the file
//! and in none of its companions: pages are zeroed (`secure_delete`), the rollback journal is cut.
//! What a disk keeps of overwritten blocks is beyond a file: use an encrypted disk.

use crate::SqlError;
use headwater_framework::{KeysError, Subject, SubjectKey, SubjectKeys};
use headwater_model::Answer;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// How long another process may hold the file.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// A null key is a subject that was forgotten.
const OPEN: &str = "
    pragma journal_mode = truncate;
    pragma synchronous = full;
    pragma secure_delete = on;
    pragma temp_store = memory;
    create table if not exists subject_key (subject text primary key, key blob) strict, without rowid;
";

/// The keys of subjects, kept in a file.
///
/// ```no_run
/// # fn main() -> Result<(), headwater_sql::SqlError> {
/// let keys = headwater_sql::SqliteKeys::file("keys/customers.db")?;
/// # drop(keys); Ok(()) }
/// ```
#[derive(Debug)]
pub struct SqliteKeys {
    connection: Mutex<Connection>,
    database: String,
}

impl SqliteKeys {
    /// The keys in this file; made if it is not there. Its directory is there, and its service's alone.
    ///
    /// # Errors
    /// A file that cannot be opened, or is no database of keys.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, SqlError> {
        let database = path.as_ref().display().to_string();
        let failed = |error: rusqlite::Error| SqlError::from_driver(&error, &database, "open");
        let connection = Connection::open(path.as_ref()).map_err(failed)?;
        connection.busy_timeout(BUSY_MAX).map_err(failed)?;
        connection.execute_batch(OPEN).map_err(failed)?;
        Ok(Self { connection: Mutex::new(connection), database })
    }

    fn sealing(&self, subject: Subject) -> Result<SubjectKey, KeysError> {
        if let Some(key) = self.known(&subject)? {
            return key.ok_or(KeysError::Forgotten { subject });
        }
        let fresh = SubjectKey::fresh();
        let sql = "insert into subject_key values (?, ?) on conflict do nothing";
        self.write(|connection| connection.execute(sql, (subject.as_str(), fresh.bytes())))?;
        // Another process may have been first.
        match self.known(&subject)? {
            Some(Some(key)) => Ok(key),
            Some(None) | None => Err(KeysError::Forgotten { subject }),
        }
    }

    /// `Some(None)`: it was forgotten.
    fn known(&self, subject: &Subject) -> Result<Option<Option<SubjectKey>>, KeysError> {
        let connection = self.connection.lock();
        let row =
            connection.prepare_cached("select key from subject_key where subject = ?").and_then(
                |mut select| select.query_row([subject.as_str()], |row| row.get(0)).optional(),
            );
        let row: Option<Option<[u8; 32]>> = row.map_err(|error| self.unavailable(&error))?;
        Ok(row.map(|key| key.map(SubjectKey::new)))
    }

    fn forget(&self, subject: &Subject) -> Result<(), KeysError> {
        if let Some(None) = self.known(subject)? {
            return Ok(());
        }
        let sql = "insert into subject_key values (?, null) on conflict do update set key = null";
        self.write(|connection| connection.execute(sql, [subject.as_str()]))
    }

    fn write(
        &self,
        statement: impl FnOnce(&Connection) -> rusqlite::Result<usize>,
    ) -> Result<(), KeysError> {
        let mut connection = self.connection.lock();
        let written = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                statement(&transaction)?;
                transaction.commit()
            });
        written.map_err(|error| self.unavailable(&error))
    }

    fn unavailable(&self, error: &rusqlite::Error) -> KeysError {
        KeysError::Unavailable { why: format!("{}: {error}", self.database) }
    }
}

impl SubjectKeys for SqliteKeys {
    fn for_sealing(&self, subject: Subject) -> Answer<'_, SubjectKey, KeysError> {
        Box::pin(std::future::ready(self.sealing(subject)))
    }

    fn for_opening(&self, subject: Subject) -> Answer<'_, Option<SubjectKey>, KeysError> {
        Box::pin(std::future::ready(self.known(&subject).map(Option::flatten)))
    }

    fn destroy(&self, subject: Subject) -> Answer<'_, (), KeysError> {
        Box::pin(std::future::ready(self.forget(&subject)))
    }
}
