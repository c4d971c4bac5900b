//! What PostgreSQL's rows hold, as serde reads it.
//!
//! Invariant: D3, a type that is not known here is an error that says how to cast it.

use crate::row::{Cell, Cells, RowError};
use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Timestamp};
use std::error::Error;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};
use uuid::Uuid;

/// Where PostgreSQL's clock begins: 2000-01-01, in seconds of ours.
const EPOCH_SECONDS: i64 = 946_684_800;

impl Cells for Row {
    fn count(&self) -> usize {
        self.len()
    }

    fn name(&self, index: usize) -> &str {
        self.columns()[index].name()
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>, RowError> {
        let found: Option<Raw<'_>> =
            self.try_get(index).map_err(|error| RowError(error.to_string()))?;
        let Some(Raw(bytes)) = found else { return Ok(Cell::Null) };
        let of = self.columns()[index].type_();
        scalar(of, bytes).or_else(|| written_out(of, bytes)).ok_or_else(|| {
            RowError(format!("a value of the type {of} is not read; cast it: `::text`"))
        })
    }
}

/// A value's bytes, whatever its type.
struct Raw<'r>(&'r [u8]);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_: &Type, bytes: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(bytes))
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

/// What serde has a word for.
fn scalar<'r>(of: &Type, bytes: &'r [u8]) -> Option<Cell<'r>> {
    Some(match *of {
        Type::BOOL => Cell::Bool(bytes.first()? != &0),
        Type::INT2 => Cell::Integer(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT4 => Cell::Integer(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT8 => Cell::Integer(i64::from_be_bytes(bytes.try_into().ok()?)),
        Type::OID => Cell::Integer(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::FLOAT4 => Cell::Real(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::FLOAT8 => Cell::Real(f64::from_be_bytes(bytes.try_into().ok()?)),
        Type::BYTEA => Cell::Bytes(bytes),
        Type::VOID => Cell::Null,
        Type::JSONB => text(bytes.strip_prefix(&[1])?)?,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => {
            text(bytes)?
        }
        _ if matches!(of.kind(), Kind::Enum(_)) || of.name() == "citext" => text(bytes)?,
        _ => return None,
    })
}

fn text(bytes: &[u8]) -> Option<Cell<'_>> {
    Some(Cell::Text(std::str::from_utf8(bytes).ok()?.into()))
}

/// What is read as text, in the form that JSON has for it.
fn written_out(of: &Type, bytes: &[u8]) -> Option<Cell<'static>> {
    let micros = || Some(i64::from_be_bytes(bytes.try_into().ok()?));
    let text = match *of {
        Type::NUMERIC => return numeric(bytes),
        Type::UUID => Uuid::from_slice(bytes).ok()?.to_string(),
        Type::TIMESTAMPTZ => instant(micros()?)?.to_string(),
        Type::TIMESTAMP => civil(micros()?)?.to_string(),
        Type::DATE => {
            let days = i64::from(i32::from_be_bytes(bytes.try_into().ok()?));
            let day = SignedDuration::from_hours(days.checked_mul(24)?);
            date(2000, 1, 1).checked_add(day).ok()?.to_string()
        }
        _ => return None,
    };
    Some(Cell::Text(text.into()))
}

fn instant(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros.checked_add(EPOCH_SECONDS * 1_000_000)?).ok()
}

fn civil(micros: i64) -> Option<DateTime> {
    Some(jiff::tz::TimeZone::UTC.to_datetime(instant(micros)?))
}

/// An integer if it is one by its scale, as a sum of integers is; else its digits, for nothing is
/// rounded.
fn numeric(bytes: &[u8]) -> Option<Cell<'static>> {
    let word = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let (count, weight) = (usize::from(word(0)?), i32::from(word(2)?.cast_signed()));
    let (sign, scale) = (word(4)?, usize::from(word(6)?));
    let sign = match sign {
        0 => "",
        0x4000 => "-",
        0xc000 => return Some(Cell::Text("NaN".into())),
        0xd000 => return Some(Cell::Text("Infinity".into())),
        0xf000 => return Some(Cell::Text("-Infinity".into())),
        _ => return None,
    };
    // Groups of four digits: those from `weight` down to 0 stand in front of the point.
    let group = |place: i32| match usize::try_from(weight - place) {
        Ok(index) if index < count => word(8 + index * 2),
        _ => Some(0),
    };
    let mut whole = String::new();
    for place in (0..=weight.max(0)).rev() {
        whole.push_str(&format!("{:04}", group(place)?));
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    if scale == 0 {
        let text = format!("{sign}{whole}");
        return Some(text.parse().map_or(Cell::Text(text.into()), Cell::Integer));
    }
    let mut part = String::new();
    for place in 1..=scale.div_ceil(4) {
        part.push_str(&format!("{:04}", group(-i32::try_from(place).ok()?)?));
    }
    part.truncate(scale);
    Some(Cell::Text(format!("{sign}{whole}.{part}").into()))
}

#[cfg(test)]
mod tests;
