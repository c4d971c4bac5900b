//! SQLite: one table, write-ahead log, every commit synced.

use super::{CACHE_BYTES, Peer};
use crate::event::{EVENT_TYPE, Event};
use rusqlite::{Connection, params};
use std::hint::black_box;
use std::path::Path;

/// A database file.
pub(crate) struct Sqlite {
    connection: Connection,
    next: i64,
}

impl Sqlite {
    /// Opens a database, made if it is not there.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open(folder.join("events.sqlite"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -i64::try_from(CACHE_BYTES / 1_024)?)?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS events (
                position INTEGER PRIMARY KEY,
                stream TEXT NOT NULL,
                revision INTEGER NOT NULL,
                id BLOB NOT NULL,
                type TEXT NOT NULL,
                payload BLOB NOT NULL,
                UNIQUE (stream, revision)
            ) STRICT",
        )?;
        let next = connection.query_row(
            "SELECT coalesce(max(position) + 1, 0) FROM events",
            [],
            |row| row.get(0),
        )?;
        Ok(Self { connection, next })
    }
}

impl Peer for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn append(&mut self, events: &[Event]) -> anyhow::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO events (position, stream, revision, id, type, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for event in events {
                let (stream, id) = (event.stream.as_str(), event.id.to_be_bytes());
                let (revision, payload) = (i64::try_from(event.revision)?, &event.payload[..]);
                insert.execute(params![self.next, stream, revision, id, EVENT_TYPE, payload])?;
                self.next += 1;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn scan(&mut self) -> anyhow::Result<u64> {
        let mut select = self.connection.prepare_cached(
            "SELECT position, stream, revision, id, type, payload FROM events ORDER BY position",
        )?;
        count(select.query([])?)
    }

    fn read_stream(&mut self, stream: &str) -> anyhow::Result<u64> {
        let mut select = self.connection.prepare_cached(
            "SELECT position, stream, revision, id, type, payload FROM events
             WHERE stream = ?1 ORDER BY revision",
        )?;
        count(select.query([stream])?)
    }
}

fn count(mut rows: rusqlite::Rows<'_>) -> anyhow::Result<u64> {
    let mut count = 0;
    while let Some(row) = rows.next()? {
        for column in 0..6 {
            black_box(row.get_ref(column)?);
        }
        count += 1;
    }
    Ok(count)
}
