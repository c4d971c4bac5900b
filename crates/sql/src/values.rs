//! Parameters that are sent: kept until a server has them.

use crate::SqlError;
use crate::bind::{self, BindError, Plain, Slots};
use serde::Serialize;

/// A value of one's own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The parameters of a statement, in order. How many it takes is known once it is prepared.
pub(crate) fn values(parameters: &impl Serialize, sql: &str) -> Result<Vec<Value>, SqlError> {
    let mut kept = Kept(Vec::new());
    bind::bind_all(&mut kept, parameters, sql)?;
    Ok(kept.0)
}

struct Kept(Vec<Value>);

impl Slots for Kept {
    fn count(&self) -> usize {
        usize::MAX
    }

    fn named(&self, name: &str) -> Result<Option<usize>, BindError> {
        let why = "has a name, which places of this database have not; write a tuple";
        Err(BindError::refused(name, why))
    }

    fn put(&mut self, _: usize, value: Plain<'_>) -> Result<(), BindError> {
        self.0.push(match value {
            Plain::Null => Value::Null,
            Plain::Bool(value) => Value::Bool(value),
            Plain::Integer(value) => Value::Integer(value),
            Plain::Unsigned(value) => Value::Unsigned(value),
            Plain::Real(value) => Value::Real(value),
            Plain::Text(value) => Value::Text(value.to_owned()),
            Plain::Bytes(value) => Value::Bytes(value.to_owned()),
        });
        Ok(())
    }
}
