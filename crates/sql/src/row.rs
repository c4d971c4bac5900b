//! Rows: read as whatever serde reads.
//!
//! Why: a query's answer goes to JSON, to a struct or to a newtype; the type says how, once.
//!
//! Picture:
//! ```text
//!   struct, map, serde_json::Value    columns by name
//!   tuple, list                       columns in order
//!   anything else                     the one column there is
//! ```
//! Invariant: D3, a column that does not fit the type is an error that names it, never a guess:
//! text is not parsed into numbers, numbers are not cut.

mod column;

use crate::SqlError;
use crate::error::shorten;
use column::Column;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;
use std::fmt;

/// A value as a database gave it.
#[derive(Debug, Clone)]
pub(crate) enum Cell<'r> {
    Null,
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "only PostgreSQL has a type for it")
    )]
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(Cow<'r, str>),
    Bytes(&'r [u8]),
}

/// A row of any database.
pub(crate) trait Cells {
    /// How many columns it has.
    fn count(&self) -> usize;
    /// What a column is called.
    fn name(&self, index: usize) -> &str;
    /// What stands in it.
    fn cell(&self, index: usize) -> Result<Cell<'_>, RowError>;
}

/// Reads `row` as a `T`.
pub(crate) fn read<T: DeserializeOwned>(row: &impl Cells, sql: &str) -> Result<T, SqlError> {
    T::deserialize(Columns { row })
        .map_err(|error| SqlError::Row { sql: shorten(sql), why: error.0 })
}

/// Why a row is not what it was read as.
#[derive(Debug)]
pub(crate) struct RowError(pub(crate) String);

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RowError {}

impl serde::de::Error for RowError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A row as a whole.
struct Columns<'r, R> {
    row: &'r R,
}

impl<R> Clone for Columns<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Columns<'_, R> {}

impl<'r, R: Cells> Columns<'r, R> {
    fn count(&self) -> usize {
        self.row.count()
    }

    fn name(&self, index: usize) -> &'r str {
        self.row.name(index)
    }

    fn column(&self, index: usize) -> Result<Column<'r>, RowError> {
        let name = self.name(index);
        let named = |error: RowError| RowError(format!("column `{name}`: {}", error.0));
        Ok(Column { name, value: self.row.cell(index).map_err(named)? })
    }

    fn only(&self) -> Result<Column<'r>, RowError> {
        match self.count() {
            1 => self.column(0),
            count => Err(RowError(format!(
                "{count} columns are read as a single value; read a tuple or a struct"
            ))),
        }
    }
}

/// Single values come from the one column.
macro_rules! only_column {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
            self.only()?.$method(visitor)
        })*
    };
}

impl<'de, R: Cells> Deserializer<'de> for Columns<'_, R> {
    type Error = RowError;

    only_column! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_option deserialize_identifier
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_map(Walk { columns: self, next: 0 })
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        visitor.visit_seq(Walk { columns: self, next: 0 })
    }
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        if self.count() != length {
            let count = self.count();
            return Err(RowError(format!("{count} columns are read as a tuple of {length}")));
        }
        self.deserialize_seq(visitor)
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.deserialize_tuple(length, visitor)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 unit unit_struct map struct ignored_any
    }
}

/// Goes through the columns, with their names or without.
struct Walk<'r, R> {
    columns: Columns<'r, R>,
    next: usize,
}

impl<'de, R: Cells> MapAccess<'de> for Walk<'_, R> {
    type Error = RowError;
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, RowError> {
        if self.next == self.columns.count() {
            return Ok(None);
        }
        seed.deserialize(StrDeserializer::new(self.columns.name(self.next))).map(Some)
    }
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, RowError> {
        let column = self.columns.column(self.next)?;
        self.next += 1;
        let name = column.name;
        seed.deserialize(column).map_err(|error| Column::named(name, error))
    }
}

impl<'de, R: Cells> SeqAccess<'de> for Walk<'_, R> {
    type Error = RowError;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, RowError> {
        if self.next == self.columns.count() {
            return Ok(None);
        }
        MapAccess::next_value_seed(self, seed).map(Some)
    }
    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.count() - self.next)
    }
}

/// What a value is, for messages.
fn kind(value: &Cell<'_>) -> &'static str {
    match value {
        Cell::Null => "null",
        Cell::Bool(_) => "a truth value",
        Cell::Integer(_) => "an integer",
        Cell::Real(_) => "a real number",
        Cell::Text(_) => "a text",
        Cell::Bytes(_) => "a blob",
    }
}
