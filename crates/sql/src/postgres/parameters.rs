//! Values as PostgreSQL's statements take them.
//!
//! Why text: a statement's place has a type, and PostgreSQL reads text into any: `uuid`,
//! `timestamptz`, `jsonb`, `numeric`. Only what is common has a shorter way.
//!
//! Invariant: nothing is rounded or cut: what does not fit is refused, here or by the server.

use crate::SqlError;
use crate::error::shorten;
use crate::postgres_errors::from_postgres;
use crate::values::Value;
use std::error::Error;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A value that its place does not take.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unfit(String);

/// Sorts an error of a statement that was sent with parameters.
pub(super) fn refused(error: &tokio_postgres::Error, sql: &str) -> SqlError {
    match error.source().and_then(|cause| cause.downcast_ref::<Unfit>()) {
        Some(Unfit(why)) => {
            let (sql, why) = (shorten(sql), why.clone());
            SqlError::Parameter { sql, parameter: "list".to_owned(), why }
        }
        None => from_postgres(error, sql),
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        to: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Integer(number) if *to == Type::INT8 => {
                out.extend_from_slice(&number.to_be_bytes())
            }
            Self::Real(number) if *to == Type::FLOAT8 => {
                out.extend_from_slice(&number.to_bits().to_be_bytes());
            }
            Self::Bool(value) if *to == Type::BOOL => out.extend_from_slice(&[u8::from(*value)]),
            // As in a database without truth values: 1 and 0.
            Self::Bool(value) => out.extend_from_slice(if *value { b"1" } else { b"0" }),
            Self::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Unsigned(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Real(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Bytes(bytes) if *to == Type::BYTEA => out.extend_from_slice(bytes),
            Self::Bytes(_) => return Err(Unfit(format!("is bytes, which are no {to}")).into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true // what fits is not known before the value is
    }

    fn encode_format(&self, to: &Type) -> Format {
        let short = match self {
            Self::Integer(_) => *to == Type::INT8,
            Self::Real(_) => *to == Type::FLOAT8,
            Self::Bool(_) => *to == Type::BOOL,
            Self::Bytes(_) | Self::Text(_) => *to == Type::BYTEA,
            Self::Null | Self::Unsigned(_) => false,
        };
        if short { Format::Binary } else { Format::Text }
    }

    to_sql_checked!();
}
