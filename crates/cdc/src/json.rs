//! Values as JSON: what a database writes in text, as exactly as JSON can say it.
//!
//! | in the database | in JSON | because |
//! |---|---|---|
//! | whole numbers | a number, all digits | the text is exact; who reads it as a float is told by the docs |
//! | `numeric` | a string, or a number by choice | a float keeps 15 digits, money has more |
//! | floats | a number; `"NaN"`, `"Infinity"` | JSON has no such numbers |
//! | `timestamptz` | `"2026-03-09T13:00:00.5Z"` | RFC 3339, always UTC |
//! | `timestamp` | `"2026-03-09T14:00:00"` | no zone is known, none is invented |
//! | `bytea` | base64 | |
//! | `json`, `jsonb` | as it stands | |
//! | arrays | arrays | |
//! | anything else | the database's text | |
//!
//! Invariant: what does not look as its type should becomes a string, never broken JSON and never an
//! error: a value that we do not understand is still shown.

mod array;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How values of a type are written in JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `t` or `f`.
    Bool,
    /// Digits.
    Integer,
    /// Binary floating point.
    Float,
    /// Decimal digits, as many as there are.
    Decimal,
    /// JSON itself.
    Json,
    /// An instant with its zone.
    Instant,
    /// A date and time of an unknown zone.
    LocalTime,
    /// Bytes, as `\x` and hexadecimal digits.
    Bytes,
    /// A text, or anything that is shown as one.
    Text,
    /// Many of one kind.
    Array(Box<Kind>),
}

/// How decimal numbers are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decimals {
    /// As strings: `"12.50"`. No reader loses digits.
    #[default]
    Text,
    /// As numbers: `12.50`. A reader that takes them for floats loses digits.
    Number,
}

/// Writes a value.
pub fn write(out: &mut Vec<u8>, kind: &Kind, text: &str, decimals: Decimals) {
    match kind {
        Kind::Bool if matches!(text, "t" | "true") => out.extend(b"true"),
        Kind::Bool if matches!(text, "f" | "false") => out.extend(b"false"),
        Kind::Integer | Kind::Float if is_number(text) => out.extend(text.as_bytes()),
        Kind::Decimal if decimals == Decimals::Number && is_number(text) => {
            out.extend(text.as_bytes());
        }
        Kind::Json if serde_json::from_str::<&RawValue>(text).is_ok() => {
            out.extend(text.as_bytes());
        }
        Kind::Instant => string(out, &instant(text)),
        Kind::LocalTime => string(out, &local_time(text)),
        Kind::Bytes => match from_hex(text) {
            Some(bytes) => string(out, &BASE64_STANDARD.encode(bytes)),
            None => string(out, text),
        },
        Kind::Array(of) => {
            let begun = out.len();
            if array::write(out, of, text, decimals).is_none() {
                out.truncate(begun);
                string(out, text);
            }
        }
        _ => string(out, text),
    }
}

/// Writes a string with its quotes.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend(text.as_bytes());
        out.push(b'"');
        return;
    }
    serde_json::to_writer(out, text).expect("a string into memory");
}

/// JSON's grammar of numbers.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && part.is_none_or(digits)
        && exponent
            .is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// `2026-03-09 13:00:00.5+00` as `2026-03-09T13:00:00.5Z`; what is no such instant as it stands.
fn instant(text: &str) -> String {
    match text.strip_suffix("+00") {
        Some(local) => local_time(local) + "Z",
        None => text.to_owned(),
    }
}

/// `infinity` and years before Christ stay as they stand.
fn local_time(text: &str) -> String {
    match text.split_once(' ') {
        Some((date, time)) if !time.contains(' ') => format!("{date}T{time}"),
        _ => text.to_owned(),
    }
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests;
