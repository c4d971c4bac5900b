//! An inbox in SQLite, in transactions of rusqlite.

use super::{Handled, Inbox, InboxError, numbers, place};
use crate::SqlError;
use headwater_model::Checkpoint;
use rusqlite::{Connection, OptionalExtension, Savepoint, Transaction, params};
use std::time::Duration;

const TABLES: &str = include_str!("sqlite.sql");
const FIRST: &str =
    "insert into headwater_inbox (consumer, message) values (?, ?) on conflict do nothing";
const KNOWN: &str =
    "select incarnation, position from headwater_inbox_place where consumer = ? and source = ?";
const MOVE: &str = "insert into headwater_inbox_place (consumer, source, incarnation, position) \
     values (?, ?, ?, ?) on conflict (consumer, source) \
     do update set incarnation = excluded.incarnation, position = excluded.position";
const FORGET: &str = "delete from headwater_inbox where rowid in (select rowid from headwater_inbox \
     where consumer = ? and handled_ms < cast(unixepoch('subsec') * 1000 as integer) - ? limit ?)";

impl Inbox {
    /// Makes the inbox's tables in this database, if they are not there.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub fn make_sqlite(connection: &Connection) -> Result<(), SqlError> {
        connection.execute_batch(TABLES).map_err(failed(TABLES))
    }

    /// Whether this message is handled for the first time, which it counts as from now on: `false` means
    /// that nothing is to be done. Whoever gets `true` must handle it in this transaction, or roll back.
    ///
    /// # Errors
    /// [`SqlError`]; the transaction is the caller's to roll back.
    pub fn first_sqlite(&self, tx: &Connection, message: &str) -> Result<bool, SqlError> {
        let mut statement = tx.prepare_cached(FIRST).map_err(failed(FIRST))?;
        let count = statement.execute(params![self.consumer, message]).map_err(failed(FIRST))?;
        Ok(count == 1)
    }

    /// Handles a message unless it was handled before. If the handler fails, nothing of it is done, and
    /// the message counts as not handled, whatever becomes of the transaction.
    ///
    /// ```
    /// use headwater_sql::SqlError;
    /// use headwater_sql::inbox::{Handled, Inbox};
    /// # let mut connection = rusqlite::Connection::open_in_memory()?;
    /// # connection.execute_batch("create table paid (amount integer)")?;
    /// Inbox::make_sqlite(&connection)?;
    /// let inbox = Inbox::of("billing");
    /// for expected in [Handled::Now(1), Handled::Before] {
    ///     let mut tx = connection.transaction()?;
    ///     let handled = inbox.handle_sqlite(&mut tx, "webhook-4711", |tx| {
    ///         tx.execute("insert into paid values (12)", [])
    ///             .map_err(|error| SqlError::Statement { sql: "…".into(), why: error.to_string() })
    ///     })?;
    ///     tx.commit()?;
    ///     assert_eq!(handled, expected);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The handler's own, and [`SqlError`] as one of them.
    pub fn handle_sqlite<T, E: From<SqlError>>(
        &self,
        tx: &mut Transaction<'_>,
        message: &str,
        handler: impl FnOnce(&Savepoint<'_>) -> Result<T, E>,
    ) -> Result<Handled<T>, E> {
        let savepoint = tx.savepoint().map_err(failed("savepoint"))?;
        if !self.first_sqlite(&savepoint, message)? {
            return Ok(Handled::Before);
        }
        let done = handler(&savepoint)?; // dropping it rolls back to before the message
        savepoint.commit().map_err(failed("release"))?;
        Ok(Handled::Now(done))
    }

    /// Whether the event at this place of a source is new, which counts as handled from now on with all
    /// before it. For sources that are read in order; `source` names the context, and the key if it is
    /// one of a group's.
    ///
    /// # Errors
    /// [`InboxError::OtherHistory`] if the source was restored since.
    pub fn advance_sqlite(
        &self,
        tx: &Transaction<'_>,
        source: &str,
        to: Checkpoint,
    ) -> Result<bool, InboxError> {
        let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let known = tx.query_row(KNOWN, params![self.consumer, source], pair).optional();
        if let Some(known) = known.map_err(failed(KNOWN))?
            && !self.is_new(source, place(known), to)?
        {
            return Ok(false);
        }
        let (incarnation, position) = numbers(to);
        tx.execute(MOVE, params![self.consumer, source, incarnation, position])
            .map_err(failed(MOVE))?;
        Ok(true)
    }

    /// Forgets messages that were handled longer ago than this, at most so many; how many it were. To be
    /// called until it is zero.
    ///
    /// # Errors
    /// [`SqlError`] if the database says no.
    pub fn forget_sqlite(
        &self,
        connection: &Connection,
        older_than: Duration,
        count_max: u32,
    ) -> Result<u64, SqlError> {
        let age_ms = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
        let forgotten = connection.execute(FORGET, params![self.consumer, age_ms, count_max]);
        Ok(forgotten.map_err(failed(FORGET))? as u64)
    }
}

fn failed(sql: &str) -> impl Fn(rusqlite::Error) -> SqlError + '_ {
    move |error| SqlError::from_driver(&error, "the inbox", sql)
}
