//! Where something stands in a database's transaction log.
//!
//! Why: the log of the database and the order of the store are two orders. A place in the one is
//! never a `Position` in the other, although a checkpoint can hold either.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A place in the log: PostgreSQL's LSN, shown as PostgreSQL shows it, `0/16B3748`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogPlace(pub u64);

/// The text is no place in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no place in a log; write it like 0/16B3748")]
pub struct InvalidLogPlace {
    /// The text as given.
    pub text: String,
}

impl LogPlace {
    /// Bytes from `earlier` to here; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
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
        for bad in ["", "1", "1/", "/1", "x/1", "123456789/0", "+1/0", "1/2/3"] {
            assert!(bad.parse::<LogPlace>().is_err(), "{bad}");
        }
    }
}
