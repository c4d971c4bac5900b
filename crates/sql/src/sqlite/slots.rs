//! What SQLite's statements take, and what its rows hold.

use crate::SqlError;
use crate::bind::{BindError, Plain, Slots};
use crate::row::{Cell, Cells, RowError};
use rusqlite::types::{Null, ToSql, ValueRef};
use rusqlite::{Row, Statement};

/// The places of a statement.
pub(crate) struct SqliteSlots<'s, 'c> {
    pub(crate) statement: &'s mut Statement<'c>,
    pub(crate) database: &'s str,
    pub(crate) sql: &'s str,
}

impl SqliteSlots<'_, '_> {
    fn error(&self, error: &rusqlite::Error) -> BindError {
        BindError::Sql(SqlError::from_driver(error, self.database, self.sql))
    }

    fn raw(&mut self, index: usize, value: impl ToSql) -> Result<(), BindError> {
        self.statement.raw_bind_parameter(index, value).map_err(|error| self.error(&error))
    }
}

impl Slots for SqliteSlots<'_, '_> {
    fn count(&self) -> usize {
        self.statement.parameter_count()
    }

    fn named(&self, name: &str) -> Result<Option<usize>, BindError> {
        let found = self.statement.parameter_index(&format!(":{name}"));
        found.map_err(|error| self.error(&error))
    }

    fn put(&mut self, index: usize, value: Plain<'_>) -> Result<(), BindError> {
        match value {
            Plain::Null => self.raw(index, Null),
            Plain::Bool(value) => self.raw(index, value),
            Plain::Integer(value) => self.raw(index, value),
            Plain::Unsigned(value) => {
                let why = format!("is {value}, more than an integer column holds; bind it as text");
                Err(BindError::refused(index, why))
            }
            Plain::Real(value) => self.raw(index, value),
            Plain::Text(value) => self.raw(index, value),
            Plain::Bytes(value) => self.raw(index, value),
        }
    }
}

impl Cells for Row<'_> {
    fn count(&self) -> usize {
        self.as_ref().column_count()
    }

    fn name(&self, index: usize) -> &str {
        self.as_ref().column_name(index).unwrap_or("?")
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>, RowError> {
        let value = self.get_ref(index).map_err(|error| RowError(error.to_string()))?;
        Ok(match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Integer(number),
            ValueRef::Real(number) => Cell::Real(number),
            ValueRef::Text(bytes) => {
                let text = std::str::from_utf8(bytes);
                Cell::Text(text.map_err(|_| RowError("a text that is not UTF-8".into()))?.into())
            }
            ValueRef::Blob(bytes) => Cell::Bytes(bytes),
        })
    }
}
