//! Rows in messages: a count of columns, and a kind and a value for each.

use super::{Before, LogMessage, meaningless};
use crate::cell::{Cell, Row};
use crate::limits::COLUMN_COUNT_MAX;
use crate::postgres::bytes::{Malformed, Reading};

pub(super) fn insert(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    let relation = reading.u32("the table")?;
    expect_new(reading.u8("the kind of a row")?)?;
    Ok(LogMessage::Insert { relation, after: row(reading)? })
}

pub(super) fn update(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    let relation = reading.u32("the table")?;
    let before = match reading.u8("the kind of a row")? {
        b'K' => Some(Before::Key(row(reading)?)),
        b'O' => Some(Before::Full(row(reading)?)),
        kind => {
            expect_new(kind)?;
            return Ok(LogMessage::Update { relation, before: None, after: row(reading)? });
        }
    };
    expect_new(reading.u8("the kind of a row")?)?;
    Ok(LogMessage::Update { relation, before, after: row(reading)? })
}

pub(super) fn delete(reading: &mut Reading) -> Result<LogMessage, Malformed> {
    let relation = reading.u32("the table")?;
    let before = match reading.u8("the kind of a row")? {
        b'K' => Before::Key(row(reading)?),
        b'O' => Before::Full(row(reading)?),
        kind => return Err(meaningless("the kind of a deleted row", kind)),
    };
    Ok(LogMessage::Delete { relation, before })
}

fn expect_new(kind: u8) -> Result<(), Malformed> {
    match kind {
        b'N' => Ok(()),
        _ => Err(meaningless("the kind of a new row", kind)),
    }
}

fn row(reading: &mut Reading) -> Result<Row, Malformed> {
    let count = usize::from(reading.u16("the count of columns")?);
    let max = COLUMN_COUNT_MAX.min(reading.left());
    if count > max {
        let (found, max) = (count as u64, max as u64);
        return Err(Malformed::TooMany { what: "the count of columns", found, max });
    }
    (0..count).map(|_| cell(reading)).collect::<Result<_, _>>().map(Row)
}

fn cell(reading: &mut Reading) -> Result<Cell, Malformed> {
    match reading.u8("the kind of a value")? {
        b'n' => Ok(Cell::Null),
        b'u' => Ok(Cell::Unchanged),
        b't' => {
            let count = reading.u32("the length of a value")? as usize;
            reading.text("a value", count).map(Cell::Text)
        }
        // 'b', binary, was not asked for: text is exact for every type.
        kind => Err(meaningless("the kind of a value", kind)),
    }
}
