//! Parameters: whatever serde writes as a scalar, bound to the places of a statement.
//!
//! Why: a projection hands over its newtypes, enums and options as they are. serde already knows
//! how each is written, so no second derive has to say it again.
//!
//! Picture:
//! ```text
//!   (order, customer, total)        a tuple or list: `?` or `$1`, `$2`, … in order
//!   struct { id, state }            `:id`, `:state` by name, where a database knows names
//!   ()                              nothing
//! ```
//! Texts and bytes go to SQLite without a copy of ours in between.
//!
//! Invariant: a statement runs only with every parameter bound exactly once, each by a scalar; a
//! list or struct within a parameter is refused, since whoever reads the column would have to guess.

mod scalar;

use crate::SqlError;
use crate::error::shorten;
use scalar::Scalar;
use serde::Serialize;
use serde::ser::Serializer;
use serde::ser::{Impossible, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct};
use std::fmt;

/// A value on its way to a database.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plain<'v> {
    Null,
    Bool(bool),
    Integer(i64),
    /// More than an `i64` holds.
    Unsigned(u64),
    Real(f64),
    Text(&'v str),
    Bytes(&'v [u8]),
}

/// The places of a statement that parameters are bound to.
pub(crate) trait Slots {
    /// How many there are.
    fn count(&self) -> usize;
    /// The place of this name, from 1.
    fn named(&self, name: &str) -> Result<Option<usize>, BindError>;
    /// Binds a value to the place, from 1.
    fn put(&mut self, index: usize, value: Plain<'_>) -> Result<(), BindError>;
}

/// Binds `parameters` to the places of `sql`, each exactly once.
pub(crate) fn bind(
    slots: &mut impl Slots,
    parameters: &impl Serialize,
    sql: &str,
) -> Result<(), SqlError> {
    let wanted = slots.count();
    let bound = bind_all(slots, parameters, sql)?;
    check_count(wanted, bound, sql)
}

/// Binds all there are; how many.
pub(crate) fn bind_all(
    slots: &mut impl Slots,
    parameters: &impl Serialize,
    sql: &str,
) -> Result<usize, SqlError> {
    parameters.serialize(Parameters { slots, bound: 0 }).map_err(|error| error.place(sql))
}

/// Refuses parameters that are too few or too many.
pub(crate) fn check_count(wanted: usize, bound: usize, sql: &str) -> Result<(), SqlError> {
    if bound == wanted {
        return Ok(());
    }
    let sql = shorten(sql);
    let parameter = (bound.min(wanted) + 1).to_string();
    let why = match bound < wanted {
        true => format!("is missing: {wanted} are asked for, {bound} were given"),
        false => format!("is too many: {wanted} are asked for, {bound} were given"),
    };
    Err(SqlError::Parameter { sql, parameter, why })
}

/// Why a parameter could not be bound.
#[derive(Debug)]
pub(crate) enum BindError {
    Sql(SqlError),
    Parameter { parameter: String, why: String },
}

impl BindError {
    fn place(self, sql: &str) -> SqlError {
        match self {
            Self::Sql(error) => error,
            Self::Parameter { parameter, why } => {
                SqlError::Parameter { sql: shorten(sql), parameter, why }
            }
        }
    }

    pub(crate) fn refused(parameter: impl fmt::Display, why: impl Into<String>) -> Self {
        Self::Parameter { parameter: parameter.to_string(), why: why.into() }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(error) => error.fmt(f),
            Self::Parameter { parameter, why } => write!(f, "parameter {parameter} {why}"),
        }
    }
}

impl std::error::Error for BindError {}

impl serde::ser::Error for BindError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::refused("list", format!("cannot be written: {message}"))
    }
}

/// The parameters as a whole. Answers how many it bound.
struct Parameters<'s, S> {
    slots: &'s mut S,
    bound: usize,
}

impl<S: Slots> Parameters<'_, S> {
    fn next(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), BindError> {
        self.bound += 1;
        if self.bound > self.slots.count() {
            return Ok(()); // counted and refused by `bind`, which knows how many there are
        }
        value.serialize(Scalar { slots: self.slots, index: self.bound })
    }

    fn named(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), BindError> {
        let Some(index) = self.slots.named(name)? else {
            return Ok(()); // a struct may know more than one statement asks for
        };
        self.bound += 1;
        value.serialize(Scalar { slots: self.slots, index })
    }
}

/// What is no list of parameters is refused alike.
macro_rules! not_a_list {
    ($($method:ident: $value:ty,)*) => {
        $(fn $method(self, _: $value) -> Result<usize, BindError> {
            Err(BindError::refused("list", "is a single value; write a tuple: `(value,)`"))
        })*
    };
}

impl<S: Slots> Serializer for Parameters<'_, S> {
    type Ok = usize;
    type Error = BindError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Impossible<usize, BindError>;
    type SerializeMap = Impossible<usize, BindError>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<usize, BindError>;

    not_a_list! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_f32: f32, serialize_f64: f64, serialize_char: char,
        serialize_str: &str, serialize_bytes: &[u8],
    }

    fn serialize_unit(self) -> Result<usize, BindError> {
        Ok(0)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<usize, BindError> {
        Ok(0)
    }
    fn serialize_none(self) -> Result<usize, BindError> {
        self.serialize_bool(false)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<usize, BindError> {
        self.serialize_bool(false)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<usize, BindError> {
        self.serialize_bool(false)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<usize, BindError> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<usize, BindError> {
        self.serialize_bool(false)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, BindError> {
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self, BindError> {
        Ok(self)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, BindError> {
        Ok(self)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, BindError> {
        Err(BindError::refused("list", "is an enum; write a tuple or a struct"))
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, BindError> {
        Err(BindError::refused("list", "is a map; write a tuple or a struct"))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, BindError> {
        Ok(self)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, BindError> {
        Err(BindError::refused("list", "is an enum; write a tuple or a struct"))
    }
}

/// Lists of every kind bind in order.
macro_rules! in_order {
    ($($kind:ident: $method:ident,)*) => {
        $(impl<S: Slots> $kind for Parameters<'_, S> {
            type Ok = usize;
            type Error = BindError;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), BindError> {
                self.next(value)
            }
            fn end(self) -> Result<usize, BindError> {
                Ok(self.bound)
            }
        })*
    };
}

in_order! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
}

impl<S: Slots> SerializeStruct for Parameters<'_, S> {
    type Ok = usize;
    type Error = BindError;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), BindError> {
        self.named(name, value)
    }
    fn end(self) -> Result<usize, BindError> {
        Ok(self.bound)
    }
}
