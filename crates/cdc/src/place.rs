//! Where something stands in a database's transaction log.
//!
//! Why: the log of the database and the order of the store are two orders. A place in the one is
//! never a `Position` in the other, although a checkpoint can hold either.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A place in the log: PostgreSQL's LSN, shown as PostgreSQL shows it, `0/16B3748`; or a file of
/// MariaDB's binary log and how far into it, `000007:1234`.
///
/// ```text
///   PostgreSQL  0 │ 0 │            LSN             │     no log has come as far as 2⁶²
///   MariaDB     0 │ 1 │ file, 22 │ bytes, 40       │
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogPlace(pub u64);

/// The text is no place in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no place in a log; write it like 0/16B3748 or 000007:1234")]
pub struct InvalidLogPlace {
    /// The text as given.
    pub text: String,
}

/// Says that a place is one of a binary log.
const OF_FILE: u64 = 1 << 62;

/// Bits of the bytes within a file: a terabyte.
const AT_BITS: u32 = 40;

impl LogPlace {
    /// A place in a file of a binary log; `None` beyond four million files or a terabyte.
    pub fn in_file(file: u32, at: u64) -> Option<Self> {
        let fits = u64::from(file) < OF_FILE >> AT_BITS && at < 1 << AT_BITS;
        fits.then_some(Self(OF_FILE | u64::from(file) << AT_BITS | at))
    }

    /// The file of a binary log, and how far into it.
    pub fn file(self) -> Option<(u32, u64)> {
        let file = u32::try_from((self.0 & (OF_FILE - 1)) >> AT_BITS).ok()?;
        (self.0 & OF_FILE != 0).then_some((file, self.0 & ((1 << AT_BITS) - 1)))
    }

    /// Bytes from `earlier` to here; zero if it is not earlier. Between two files of a binary log it is
    /// more than any.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file() {
            Some((file, at)) => write!(f, "{file:06}:{at}"),
            None => write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF),
        }
    }
}

impl fmt::Debug for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LogPlace {
    type Err = InvalidLogPlace;
    fn from_str(text: &str) -> Result<Self, InvalidLogPlace> {
        if let Some((file, at)) = text.split_once(':') {
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let halves = (file.parse(), at.parse());
            let (Ok(file), Ok(at), true) = (halves.0, halves.1, is_number(file) && is_number(at))
            else {
                return Err(InvalidLogPlace { text: text.to_owned() });
            };
            return Self::in_file(file, at)
                .ok_or_else(|| InvalidLogPlace { text: text.to_owned() });
        }
        let half = |digits: &str| match digits.len() {
            1..=8 if !digits.starts_with('+') => u32::from_str_radix(digits, 16).ok(),
            _ => None,
        };
        let halves = text.split_once('/').and_then(|(high, low)| Some((half(high)?, half(low)?)));
        match halves {
            Some((high, low)) => Ok(Self(u64::from(high) << 32 | u64::from(low))),
            None => Err(InvalidLogPlace { text: text.to_owned() }),
        }
    }
}

impl Serialize for LogPlace {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LogPlace {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_as_it_was_shown() {
        let place = LogPlace(0x12_0000_ABCD);
        assert_eq!(place.to_string(), "12/ABCD");
        assert_eq!(place.to_string().parse(), Ok(place));
        let file = LogPlace::in_file(7, 1_234).expect("it fits");
        assert_eq!(file.to_string(), "000007:1234");
        assert_eq!((file.to_string().parse(), file.file()), (Ok(file), Some((7, 1_234))));
        assert!(LogPlace::in_file(8, 4).is_some_and(|next| next > file), "files are in order");
        assert!(LogPlace::in_file(1 << 22, 0).is_none() && LogPlace::in_file(0, 1 << 40).is_none());
        for bad in [
            "",
            "1",
            "1:",
            ":1",
            "+1:1",
            "4194304:1",
            "1/",
            "/1",
            "x/1",
            "123456789/0",
            "+1/0",
            "1/2/3",
        ] {
            assert!(bad.parse::<LogPlace>().is_err(), "{bad}");
        }
    }
}
