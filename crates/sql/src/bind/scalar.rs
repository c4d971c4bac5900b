//! One parameter: what serde writes for it, as a value that databases know.
//!
//! Invariant: nothing is rounded or cut: a number that does not fit is refused.

use super::{BindError, Plain, Slots};
use serde::Serialize;
use serde::ser::{Impossible, Serializer};

/// The place of one parameter.
pub(super) struct Scalar<'s, S> {
    pub(super) slots: &'s mut S,
    pub(super) index: usize,
}

impl<S: Slots> Scalar<'_, S> {
    fn put(self, value: Plain<'_>) -> Result<(), BindError> {
        self.slots.put(self.index, value)
    }

    fn refused<T>(&self, what: &str) -> Result<T, BindError> {
        let why = format!("is {what}, which no column holds; bind its parts, or text such as JSON");
        Err(BindError::refused(self.index, why))
    }
}

macro_rules! integers {
    ($($method:ident: $kind:ty,)*) => {
        $(fn $method(self, value: $kind) -> Result<(), BindError> {
            self.put(Plain::Integer(i64::from(value)))
        })*
    };
}

impl<S: Slots> Serializer for Scalar<'_, S> {
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
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
    }

    fn serialize_bool(self, value: bool) -> Result<(), BindError> {
        self.put(Plain::Bool(value))
    }
    fn serialize_u64(self, value: u64) -> Result<(), BindError> {
        self.put(i64::try_from(value).map_or(Plain::Unsigned(value), Plain::Integer))
    }
    fn serialize_f32(self, value: f32) -> Result<(), BindError> {
        self.put(Plain::Real(f64::from(value)))
    }
    fn serialize_f64(self, value: f64) -> Result<(), BindError> {
        self.put(Plain::Real(value))
    }
    fn serialize_char(self, value: char) -> Result<(), BindError> {
        self.put(Plain::Text(value.encode_utf8(&mut [0; 4])))
    }
    fn serialize_str(self, value: &str) -> Result<(), BindError> {
        self.put(Plain::Text(value))
    }
    fn serialize_bytes(self, value: &[u8]) -> Result<(), BindError> {
        self.put(Plain::Bytes(value))
    }
    fn serialize_none(self) -> Result<(), BindError> {
        self.put(Plain::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), BindError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), BindError> {
        self.put(Plain::Null)
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result<(), BindError> {
        self.put(Plain::Text(name))
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), BindError> {
        self.put(Plain::Text(variant))
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
