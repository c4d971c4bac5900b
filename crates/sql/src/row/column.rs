//! One column of a row, read as a scalar.

use super::{RowError, kind};
use rusqlite::types::ValueRef;
use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// A value and the column it stands in.
#[derive(Clone, Copy)]
pub(super) struct Column<'r> {
    pub(super) name: &'r str,
    pub(super) value: ValueRef<'r>,
}

impl<'r> Column<'r> {
    /// The error, with the column's name.
    pub(super) fn named(&self, error: RowError) -> RowError {
        RowError(format!("column `{}`: {}", self.name, error.0))
    }

    fn text(&self) -> Result<&'r str, RowError> {
        match self.value {
            ValueRef::Text(bytes) => {
                std::str::from_utf8(bytes).map_err(|_| RowError("a text that is not UTF-8".into()))
            }
            other => Err(RowError(format!("{} is no text", kind(other)))),
        }
    }
}

impl<'de> Deserializer<'de> for Column<'_> {
    type Error = RowError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            ValueRef::Null => visitor.visit_unit(),
            ValueRef::Integer(number) => visitor.visit_i64(number),
            ValueRef::Real(number) => visitor.visit_f64(number),
            ValueRef::Text(_) => visitor.visit_str(self.text()?),
            ValueRef::Blob(bytes) => visitor.visit_bytes(bytes),
        }
    }

    /// SQLite has no booleans: `true` was written as 1.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            ValueRef::Integer(0) => visitor.visit_bool(false),
            ValueRef::Integer(1) => visitor.visit_bool(true),
            ValueRef::Integer(other) => Err(RowError(format!("{other} is neither 0 nor 1"))),
            other => Err(RowError(format!("{} is no truth value", kind(other)))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, RowError> {
        match self.value {
            ValueRef::Null => visitor.visit_none(),
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
        let variant: StrDeserializer<'_, RowError> = self.text()?.into_deserializer();
        visitor.visit_enum(variant)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
