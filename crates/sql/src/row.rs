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
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// Reads `row` as a `T`.
pub(crate) fn read<T: DeserializeOwned>(row: &Row<'_>, sql: &str) -> Result<T, SqlError> {
    T::deserialize(Columns { row })
        .map_err(|error| SqlError::Row { sql: shorten(sql), why: error.0 })
}

/// Why a row is not what it was read as.
#[derive(Debug)]
pub(crate) struct RowError(String);

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
#[derive(Clone, Copy)]
struct Columns<'r, 's> {
    row: &'r Row<'s>,
}

impl<'r> Columns<'r, '_> {
    fn count(&self) -> usize {
        self.row.as_ref().column_count()
    }

    fn name(&self, index: usize) -> &'r str {
        self.row.as_ref().column_name(index).unwrap_or("?")
    }

    fn column(&self, index: usize) -> Result<Column<'r>, RowError> {
        let value = self.row.get_ref(index).map_err(|error| RowError(error.to_string()))?;
        Ok(Column { name: self.name(index), value })
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

impl<'de> Deserializer<'de> for Columns<'_, '_> {
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
struct Walk<'r, 's> {
    columns: Columns<'r, 's>,
    next: usize,
}

impl<'de> MapAccess<'de> for Walk<'_, '_> {
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
        seed.deserialize(column).map_err(|error| column.named(error))
    }
}

impl<'de> SeqAccess<'de> for Walk<'_, '_> {
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
fn kind(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "null",
        ValueRef::Integer(_) => "an integer",
        ValueRef::Real(_) => "a real number",
        ValueRef::Text(_) => "a text",
        ValueRef::Blob(_) => "a blob",
    }
}
