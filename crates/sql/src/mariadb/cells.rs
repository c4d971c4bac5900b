//! What MariaDB's rows hold, as serde reads it, and values as its statements take them.
//!
//! Invariant: nothing is rounded: a decimal is its digits, an integer that does not fit is text.

use crate::row::{Cell, Cells, RowError};
use crate::values;
use jiff::Timestamp;
use jiff::civil::DateTime;
use mysql_async::consts::ColumnType;
use mysql_async::{Column, Row, Value};

/// The character set of what is bytes, not text.
const BINARY: u16 = 63;

impl Cells for Row {
    fn count(&self) -> usize {
        self.len()
    }

    fn name(&self, index: usize) -> &str {
        std::str::from_utf8(self.columns_ref()[index].name_ref()).unwrap_or("?")
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>, RowError> {
        let Some(value) = self.as_ref(index) else { return Ok(Cell::Null) };
        let column = &self.columns_ref()[index];
        match value {
            Value::NULL => Ok(Cell::Null),
            Value::Int(number) => Ok(Cell::Integer(*number)),
            Value::UInt(number) => Ok(i64::try_from(*number)
                .map_or_else(|_| Cell::Text(number.to_string().into()), Cell::Integer)),
            Value::Float(number) => Ok(Cell::Real(f64::from(*number))),
            Value::Double(number) => Ok(Cell::Real(*number)),
            Value::Bytes(bytes) => of_bytes(column, bytes),
            Value::Date(year, month, day, hour, minute, second, micros) => {
                let parts = (*month, *day, *hour, *minute, *second);
                date(column, *year, parts, *micros)
                    .ok_or_else(|| RowError("a day that is not in the calendar".into()))
            }
            Value::Time(..) => {
                Ok(Cell::Text(value.as_sql(true).trim_matches('\'').to_owned().into()))
            }
        }
    }
}

fn of_bytes<'r>(column: &Column, bytes: &'r [u8]) -> Result<Cell<'r>, RowError> {
    use ColumnType::{MYSQL_TYPE_BIT, MYSQL_TYPE_DECIMAL, MYSQL_TYPE_JSON, MYSQL_TYPE_NEWDECIMAL};
    let text = |bytes| {
        let text = std::str::from_utf8(bytes);
        text.map_err(|_| RowError("a text that is not UTF-8".into()))
    };
    match column.column_type() {
        MYSQL_TYPE_DECIMAL | MYSQL_TYPE_NEWDECIMAL => {
            let digits = text(bytes)?;
            // An integer if it is one by its scale, as a sum of integers is.
            let whole = digits.parse().ok().filter(|_| column.decimals() == 0);
            Ok(whole.map_or_else(|| Cell::Text(digits.into()), Cell::Integer))
        }
        MYSQL_TYPE_BIT => Ok(Cell::Bytes(bytes)),
        MYSQL_TYPE_JSON => Ok(Cell::Text(text(bytes)?.into())),
        _ if column.character_set() == BINARY => Ok(Cell::Bytes(bytes)),
        _ => Ok(Cell::Text(text(bytes)?.into())),
    }
}

/// In the form that JSON has for it: a `timestamp` is an instant, a `datetime` is not.
fn date(
    column: &Column,
    year: u16,
    (month, day, hour, minute, second): (u8, u8, u8, u8, u8),
    micros: u32,
) -> Option<Cell<'static>> {
    let small = |part: u8| i8::try_from(part).ok();
    let nanos = i32::try_from(micros).ok()?.checked_mul(1_000)?;
    let (month, day) = (small(month)?, small(day)?);
    let (hour, minute, second) = (small(hour)?, small(minute)?, small(second)?);
    let year = i16::try_from(year).ok()?;
    let at = DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
    let text = match column.column_type() {
        ColumnType::MYSQL_TYPE_DATE => at.date().to_string(),
        ColumnType::MYSQL_TYPE_TIMESTAMP => {
            let instant = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Timestamp::from(&instant).to_string()
        }
        _ => at.to_string(),
    };
    Some(Cell::Text(text.into()))
}

/// As a statement takes it.
pub(super) fn bound(value: values::Value) -> Value {
    match value {
        values::Value::Null => Value::NULL,
        values::Value::Bool(value) => Value::Int(i64::from(value)),
        values::Value::Integer(number) => Value::Int(number),
        values::Value::Unsigned(number) => Value::UInt(number),
        values::Value::Real(number) => Value::Double(number),
        values::Value::Text(text) => Value::Bytes(text.into_bytes()),
        values::Value::Bytes(bytes) => Value::Bytes(bytes),
    }
}
