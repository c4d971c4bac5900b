//! One column of a row, read as a scalar.

use super::{Cell, RowError, kind};
use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// A value and the column it stands in.
#[derive(Clone)]
pub(super) struct Column<'r> {
    pub(super) name: &'r str,
    pub(super) value: Cell<'r>,
}

impl Column<'_> {
    /// The error, with the column's name.
    pub(super) fn named(name: &str, error: RowError) -> RowError {
        RowError(format!("column `{name}`: {}", error.0))
    }
}

impl<'de> Deserializer<'de> for Column<'_> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            Cell::Null => visitor.visit_unit(),
            Cell::Bool(value) => visitor.visit_bool(value),
            Cell::Integer(number) => visitor.visit_i64(number),
            Cell::Real(number) => visitor.visit_f64(number),
            Cell::Text(text) => visitor.visit_str(&text),
            Cell::Bytes(bytes) => visitor.visit_bytes(bytes),
        }
    }

    /// SQLite and MariaDB have no booleans: `true` was written as 1.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            Cell::Bool(value) => visitor.visit_bool(value),
            Cell::Integer(0) => visitor.visit_bool(false),
            Cell::Integer(1) => visitor.visit_bool(true),
            Cell::Integer(other) => Err(RowError(format!("{other} is neither 0 nor 1"))),
            other => Err(RowError(format!("{} is no truth value", kind(&other)))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            Cell::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, RowError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, RowError> {
        match &self.value {
            Cell::Text(text) => visitor.visit_enum(StrDeserializer::new(text)),
            other => Err(RowError(format!("{} is no text", kind(other)))),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
