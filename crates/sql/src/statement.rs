//! Statements: prepared once, run many times, by the writer and by readers alike.

use crate::sqlite::slots::SqliteSlots;
use crate::{SqlError, bind, row};
use rusqlite::{CachedStatement, Connection};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Statements a connection keeps prepared.
///
/// A projection with its views' queries has a dozen or two; preparing one again costs more than
/// running it.
pub(crate) const PREPARED_COUNT_MAX: usize = 64;

/// A connection, and the name of its database for messages.
#[derive(Clone, Copy)]
pub(crate) struct On<'c> {
    pub(crate) connection: &'c Connection,
    pub(crate) database: &'c str,
}

impl<'c> On<'c> {
    /// Runs a statement; how many rows it changed.
    pub(crate) fn execute(self, sql: &str, parameters: &impl Serialize) -> Result<usize, SqlError> {
        let mut statement = self.prepare(sql, parameters)?;
        if statement.column_count() > 0 {
            // `returning`, or a pragma: its rows are not asked for, but it must run to its end.
            let mut rows = statement.raw_query();
            while rows.next().map_err(|error| self.error(&error, sql))?.is_some() {}
            return Ok(0);
        }
        statement.raw_execute().map_err(|error| self.error(&error, sql))
    }

    /// The first row, if there is one.
    pub(crate) fn row<T: DeserializeOwned>(
        self,
        sql: &str,
        parameters: &impl Serialize,
    ) -> Result<Option<T>, SqlError> {
        let mut statement = self.prepare(sql, parameters)?;
        let mut rows = statement.raw_query();
        match rows.next().map_err(|error| self.error(&error, sql))? {
            Some(found) => row::read(found, sql).map(Some),
            None => Ok(None),
        }
    }

    /// All rows.
    pub(crate) fn rows<T: DeserializeOwned>(
        self,
        sql: &str,
        parameters: &impl Serialize,
    ) -> Result<Vec<T>, SqlError> {
        let mut statement = self.prepare(sql, parameters)?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(found) = rows.next().map_err(|error| self.error(&error, sql))? {
            all.push(row::read(found, sql)?);
        }
        Ok(all)
    }

    /// Runs several statements that take no parameters.
    pub(crate) fn batch(self, sql: &str) -> Result<(), SqlError> {
        self.connection.execute_batch(sql).map_err(|error| self.error(&error, sql))
    }

    fn prepare(
        self,
        sql: &str,
        parameters: &impl Serialize,
    ) -> Result<CachedStatement<'c>, SqlError> {
        let prepared = self.connection.prepare_cached(sql);
        let mut statement = prepared.map_err(|error| self.error(&error, sql))?;
        let mut slots = SqliteSlots { statement: &mut statement, database: self.database, sql };
        bind::bind(&mut slots, parameters, sql)?;
        Ok(statement)
    }

    fn error(self, error: &rusqlite::Error, sql: &str) -> SqlError {
        SqlError::from_driver(error, self.database, sql)
    }
}
