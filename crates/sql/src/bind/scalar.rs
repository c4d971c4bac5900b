//! One parameter: what serde writes for it, as one of SQLite's five kinds of values.
//!
//! Invariant: nothing is rounded or cut: a number that does not fit is refused.

use super::BindError;
use rusqlite::Statement;
use rusqlite::types::{Null, ToSql};
use serde::Serialize;
use serde::ser::{Impossible, Serializer};

/// The place of one parameter.
pub(super) struct Scalar<'s, 'c> {
    pub(super) statement: &'s mut Statement<'c>,
    pub(super) index: usize,
}

impl Scalar<'_, '_> {
    fn put(self, value: impl ToSql) -> Result<(), BindError> {
        self.statement.raw_bind_parameter(self.index, value).map_err(BindError::Driver)
    }

    fn refused<T>(&self, what: &str) -> Result<T, BindError> {
        let why = format!("is {what}, which no column holds; bind its parts, or text such as JSON");
        Err(BindError::refused(self.index, why))
    }
}

macro_rules! integers {
    ($($method:ident: $kind:ty,)*) => {
        $(fn $method(self, value: $kind) -> Result<(), BindError> {
            self.put(i64::from(value))
        })*
    };
}

impl Serializer for Scalar<'_, '_> {
    type Ok = ();
    type Error = BindError;
    type SerializeSeq = Impossible<(), BindError>;
    type SerializeTuple = Impossible<(), BindError>;
    type SerializeTupleStruct = Impossible<(), BindError>;
    type SerializeTupleVariant = Impossible<(), BindError>;
    type SerializeMap = Impossible<(), BindError>;
    type SerializeStruct = Impossible<(), BindError>;
    type SerializeStructVariant = Impossible<(), BindError>;

    integers! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
    }

    fn serialize_u64(self, value: u64) -> Result<(), BindError> {
        match i64::try_from(value) {
            Ok(value) => self.put(value),
            Err(_) => {
                let why = format!("is {value}, more than an integer column holds; bind it as text");
                Err(BindError::refused(self.index, why))
            }
        }
    }
    fn serialize_f32(self, value: f32) -> Result<(), BindError> {
        self.put(f64::from(value))
    }
    fn serialize_f64(self, value: f64) -> Result<(), BindError> {
        self.put(value)
    }
    fn serialize_char(self, value: char) -> Result<(), BindError> {
        self.put(&*value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, value: &str) -> Result<(), BindError> {
        self.put(value)
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<(), BindError> {
        self.put(value)
    }
    fn serialize_none(self) -> Result<(), BindError> {
        self.put(Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), BindError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), BindError> {
        self.put(Null)
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result<(), BindError> {
        self.put(name)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), BindError> {
        self.put(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), BindError> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), BindError> {
        self.refused(&format!("the variant `{variant}` with a value"))
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, BindError> {
        self.refused("a list")
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, BindError> {
        self.refused("a tuple")
    }
    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, BindError> {
        self.refused(&format!("the tuple `{name}`"))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, BindError> {
        self.refused(&format!("the variant `{variant}` with values"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, BindError> {
        self.refused("a map")
    }
    fn serialize_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, BindError> {
        self.refused(&format!("the struct `{name}`"))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, BindError> {
        self.refused(&format!("the variant `{variant}` with fields"))
    }
}
