//! Values: what the log and what a query say of a column, brought to one text.
//!
//! Why: rows that were there are read by queries, rows that change are read in the log, and the two
//! encode values differently. Of one row, both must make the same event.
//!
//! | type | in a query | in the log |
//! |---|---|---|
//! | `timestamp` | a date in UTC | seconds since 1970 |
//! | `enum`, `set` | texts | a number, bits |
//! | `char`, `text` | UTF-8 | the column's character set |
//! | `binary(n)`, `uuid` | whole, a text | without the zeros at its end |
//! | `uuid` | a text | its bytes, those of a time-based one in MariaDB's order of storage |

use super::charset::Charset;
use super::session::text;
use crate::cell::Cell;
use crate::json::Kind;
use mysql_async::Value;
use mysql_async::binlog::value::BinlogValue;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use uuid::Uuid;

/// How a column's values are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// Whole numbers, with or without a sign.
    Integer,
    /// Binary floating point.
    Float,
    /// Decimal digits.
    Decimal,
    /// A year.
    Year,
    /// Bits, shown as a number.
    Bit,
    /// An instant.
    Instant,
    /// A date and a time of no zone.
    LocalTime,
    /// A date.
    Date,
    /// A span of time.
    Time,
    /// A text in a character set.
    Text(Charset),
    /// JSON.
    Json(Charset),
    /// Bytes, filled up with zeros to a width.
    Bytes {
        /// As wide as `binary(n)`; 0 for those that have any length.
        width: usize,
    },
    /// One of these texts.
    Enum(Vec<String>),
    /// Some of these texts.
    Set(Vec<String>),
    /// A UUID.
    Uuid,
    /// An address of IPv4.
    Inet4,
    /// An address of IPv6.
    Inet6,
}

impl Reading {
    /// How values are written in JSON.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Integer | Self::Year | Self::Bit => Kind::Integer,
            Self::Float => Kind::Float,
            Self::Decimal => Kind::Decimal,
            Self::Instant => Kind::Instant,
            Self::LocalTime => Kind::LocalTime,
            Self::Json(_) => Kind::Json,
            Self::Bytes { .. } => Kind::Bytes,
            Self::Date
            | Self::Time
            | Self::Text(_)
            | Self::Enum(_)
            | Self::Set(_)
            | Self::Uuid
            | Self::Inet4
            | Self::Inet6 => Kind::Text,
        }
    }

    /// A value of a query.
    pub(crate) fn of_query(&self, value: Value) -> Cell {
        let text_of = |text: String| Cell::Text(text.into());
        match (self, value) {
            (_, Value::NULL) => Cell::Null,
            (Self::Bytes { .. }, Value::Bytes(bytes)) => text_of(hex(&bytes)),
            (Self::Bit, Value::Bytes(bytes)) => text_of(number(&bytes).to_string()),
            (_, Value::Bytes(bytes)) => text(bytes),
            (_, other) => text_of(self.plain(other)),
        }
    }

    /// A value of the log; in words what does not fit.
    pub(crate) fn of_log(&self, value: BinlogValue<'_>) -> Result<Cell, String> {
        let value = match value {
            BinlogValue::Value(Value::NULL) => return Ok(Cell::Null),
            BinlogValue::Value(value) => value,
            _ => return Err("it is a part of a JSON document".to_owned()),
        };
        let text = match (self, value) {
            (Self::Instant, Value::Bytes(seconds)) => instant(&seconds)?,
            (Self::Instant, Value::Int(seconds)) => instant(seconds.to_string().as_bytes())?,
            (Self::Year, Value::Bytes(year)) if year == b"1900" => "0".to_owned(),
            (Self::Bit, Value::Bytes(bytes)) => number(&bytes).to_string(),
            (Self::Enum(names), Value::Int(at)) => enum_name(names, at)?,
            (Self::Set(names), Value::Bytes(bits)) => set_names(names, &bits),
            (Self::Uuid, Value::Bytes(bytes)) => uuid(bytes)?,
            (Self::Inet4, Value::Bytes(bytes)) => Ipv4Addr::from(fixed::<4>(bytes)?).to_string(),
            (Self::Inet6, Value::Bytes(bytes)) => Ipv6Addr::from(fixed::<16>(bytes)?).to_string(),
            (Self::Bytes { width }, Value::Bytes(mut bytes)) => {
                bytes.resize(bytes.len().max(*width), 0);
                hex(&bytes)
            }
            (Self::Text(charset) | Self::Json(charset), Value::Bytes(bytes)) => {
                charset.text(bytes).ok_or_else(|| format!("it is no text in {charset:?}"))?
            }
            (_, Value::Bytes(bytes)) => {
                String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?
            }
            (_, other) => self.plain(other),
        };
        Ok(Cell::Text(text.into()))
    }

    /// Numbers, dates and times, as both give them.
    fn plain(&self, value: Value) -> String {
        match value {
            Value::Int(number) => number.to_string(),
            Value::UInt(number) => number.to_string(),
            Value::Float(number) => format!("{number:?}"),
            Value::Double(number) => format!("{number:?}"),
            Value::Date(year, month, day, hour, minute, second, micros) => {
                let mut text = format!("{year:04}-{month:02}-{day:02}");
                if *self != Self::Date {
                    // Into memory, so it cannot fail.
                    let _written = write!(text, " {hour:02}:{minute:02}:{second:02}");
                    push_micros(&mut text, micros);
                }
                if *self == Self::Instant {
                    text.push_str("+00");
                }
                text
            }
            Value::Time(is_negative, days, hours, minutes, seconds, micros) => {
                let sign = if is_negative { "-" } else { "" };
                let hours = days * 24 + u32::from(hours);
                let mut text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
                push_micros(&mut text, micros);
                text
            }
            Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Value::NULL => String::new(),
        }
    }
}

/// `.5` of half a second, nothing of none.
fn push_micros(text: &mut String, micros: u32) {
    if micros > 0 {
        let digits = format!(".{micros:06}");
        text.push_str(digits.trim_end_matches('0'));
    }
}

/// `\x` and digits, as values that are bytes are written everywhere here.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Up to eight bytes, the largest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn fixed<const N: usize>(mut bytes: Vec<u8>) -> Result<[u8; N], String> {
    bytes.resize(bytes.len().max(N), 0);
    bytes.try_into().map_err(|_| format!("it is no value of {N} bytes"))
}

/// 0 is what a value became that was none of them.
fn enum_name(names: &[String], at: i64) -> Result<String, String> {
    match usize::try_from(at) {
        Ok(0) => Ok(String::new()),
        Ok(at) => names.get(at - 1).cloned().ok_or_else(|| format!("{at} is none of its texts")),
        Err(_) => Err(format!("{at} is none of its texts")),
    }
}

fn set_names(names: &[String], bits: &[u8]) -> String {
    let is_in = |at: usize| bits.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
    let chosen = names.iter().enumerate().filter(|(at, _)| is_in(*at));
    chosen.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(",")
}

/// MariaDB stores time-based UUIDs with their slow parts first, so that they are near each other.
fn uuid(bytes: Vec<u8>) -> Result<String, String> {
    let stored = fixed::<16>(bytes)?;
    let is_swapped = stored[6] & stored[8].wrapping_neg() & 0x80 != 0;
    let bytes = match is_swapped {
        false => stored,
        true => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&stored[12..]);
            bytes[4..6].copy_from_slice(&stored[10..12]);
            bytes[6..8].copy_from_slice(&stored[8..10]);
            bytes[8..10].copy_from_slice(&stored[6..8]);
            bytes[10..].copy_from_slice(&stored[..6]);
            bytes
        }
    };
    Ok(Uuid::from_bytes(bytes).to_string())
}

/// `1772949600.500000` as `2026-03-08 06:00:00.5+00`; 0 is the date that is none.
fn instant(seconds: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(seconds).map_err(|_| "it is no instant".to_owned())?;
    let (seconds, micros) = text.split_once('.').unwrap_or((text, "0"));
    let (seconds, micros) = (seconds.parse::<i64>(), micros.parse::<u32>());
    let (Ok(seconds), Ok(micros)) = (seconds, micros) else {
        return Err(format!("{text} is no instant"));
    };
    if seconds == 0 && micros == 0 {
        return Ok("0000-00-00 00:00:00+00".to_owned());
    }
    // 32 bits of them: what looks negative is later than 2038.
    let seconds = if seconds < 0 { seconds + (1 << 32) } else { seconds };
    let (days, left) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (left / 3_600, left / 60 % 60, left % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    push_micros(&mut text, micros);
    text.push_str("+00");
    Ok(text)
}

/// The date of a day since 1970, counted in years that begin in March.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_dates_in_utc() {
        assert_eq!(instant(b"1").as_deref(), Ok("1970-01-01 00:00:01+00"));
        assert_eq!(instant(b"951782400.500000").as_deref(), Ok("2000-02-29 00:00:00.5+00"));
        assert_eq!(instant(b"2147483647").as_deref(), Ok("2038-01-19 03:14:07+00"));
        assert_eq!(instant(b"-2147483648").as_deref(), Ok("2038-01-19 03:14:08+00"));
        assert_eq!(instant(b"0").as_deref(), Ok("0000-00-00 00:00:00+00"));
        assert!(instant(b"soon").is_err());
    }

    #[test]
    fn sets_and_enums_are_their_texts() {
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(set_names(&names, &[0b101]), "a,c");
        assert_eq!(set_names(&names, &[]), "");
        assert_eq!(enum_name(&names, 2).as_deref(), Ok("b"));
        assert_eq!(enum_name(&names, 0).as_deref(), Ok(""));
        assert!(enum_name(&names, 4).is_err() && enum_name(&names, -1).is_err());
    }
}
