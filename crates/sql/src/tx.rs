//! The transaction that a projection writes in.
//!
//! Invariant: C1, what is written here and the checkpoint commit together or not at all; so a
//! statement that would end the transaction is refused.

use crate::SqlError;
use crate::place::Place;
use crate::statement::On;
use headwater_framework::Failed;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A projection's rows, being written.
#[derive(Debug)]
pub struct SqliteTx {
    connection: Connection,
    database: String,
}

impl SqliteTx {
    pub(crate) fn open(place: &Place) -> Result<Self, SqlError> {
        Ok(Self { connection: place.writer()?, database: place.name() })
    }

    /// Runs a statement.
    ///
    /// `parameters` is a tuple for `?`s in order, a struct for `:name`s, or `()`. Each value is
    /// whatever serde writes as a scalar: numbers, texts, newtypes, options, enums without fields.
    ///
    /// # Errors
    /// `Failed` says whether the statement, a parameter, a rule of the schema or the disk is to
    /// blame, and whether trying again may help.
    pub fn execute(&mut self, sql: &str, parameters: impl Serialize) -> Result<(), Failed> {
        self.change(sql, parameters).map(drop)
    }

    /// Runs a statement, and tells how many rows it changed.
    ///
    /// # Errors
    /// As [`SqliteTx::execute`].
    pub fn change(&mut self, sql: &str, parameters: impl Serialize) -> Result<usize, Failed> {
        keeps_transaction(sql)?;
        Ok(self.on().execute(sql, &parameters)?)
    }

    /// The first row of a query, this transaction's own rows included; `None` if there is none.
    ///
    /// # Errors
    /// As [`SqliteTx::execute`], and for a row that is no `T`.
    pub fn row<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: impl Serialize,
    ) -> Result<Option<T>, Failed> {
        Ok(self.on().row(sql, &parameters)?)
    }

    /// All rows of a query, this transaction's own included.
    ///
    /// # Errors
    /// As [`SqliteTx::row`].
    pub fn rows<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: impl Serialize,
    ) -> Result<Vec<T>, Failed> {
        Ok(self.on().rows(sql, &parameters)?)
    }

    pub(crate) fn on(&self) -> On<'_> {
        On { connection: &self.connection, database: &self.database }
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// Ends the transaction, if one is open: none of it happens.
    pub(crate) fn rollback(&mut self) -> Result<(), SqlError> {
        if self.connection.is_autocommit() {
            return Ok(()); // SQLite rolls back by itself when the disk is full
        }
        self.on().execute("rollback", &()).map(drop)
    }

    /// Empties the whole database, as SQLite documents it: other connections see it empty, and a
    /// damaged one is sound again.
    pub(crate) fn reset(&mut self) -> Result<(), SqlError> {
        let failed = |error| SqlError::from_driver(&error, &self.database, "reset");
        let config = DbConfig::SQLITE_DBCONFIG_RESET_DATABASE;
        self.connection.set_db_config(config, true).map_err(failed)?;
        let emptied = self.on().batch("vacuum");
        self.connection.set_db_config(config, false).map_err(failed)?;
        emptied?;
        self.scrub()
    }

    /// Writes the write-ahead log home and cuts it, so that no earlier state of a page is left in it.
    pub(crate) fn scrub(&self) -> Result<(), SqlError> {
        let told: Option<(i64, i64, i64)> =
            self.on().row("pragma wal_checkpoint(truncate)", &())?;
        if told.is_some_and(|(busy, ..)| busy != 0) {
            // Nothing is lost by it: the log is overwritten as the model is written on.
            let database = &self.database;
            tracing::warn!(database, "a reader kept the write-ahead log from being cut");
        }
        Ok(())
    }
}

/// Refuses a statement that begins or ends a transaction, by its first word.
pub(crate) fn keeps_transaction(sql: &str) -> Result<(), Failed> {
    let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next();
    let words = ["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"];
    match first.filter(|first| words.iter().any(|own| first.eq_ignore_ascii_case(own))) {
        None => Ok(()),
        Some(word) => Err(Failed::for_good(format!(
            "`{word}` is not for a projection: the transaction also holds the checkpoint"
        ))),
    }
}
