//! Instants, to the microsecond, as stored and shown.
//!
//! Why: the domain never reads a clock; it is told the time, and the time must look the same in
//! a segment, in JSON and on a terminal.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z. Shown and parsed as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

/// The text is no RFC 3339 instant from 1970 on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no instant; write it like 2026-03-09T14:00:00Z")]
pub struct InvalidTimestamp {
    /// The text as given.
    pub text: String,
}

impl Timestamp {
    /// The first instant there is.
    pub const ZERO: Self = Self(0);

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// This much later; stops at the end of time instead of wrapping.
    pub fn after(self, span: Duration) -> Self {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }

    /// How long ago `earlier` was; zero if it was not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant =
            i64::try_from(self.0).ok().and_then(|n| jiff::Timestamp::from_microsecond(n).ok());
        match instant {
            Some(instant) => write!(f, "{instant:.6}"),
            None => write!(f, "{} µs after 1970", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let invalid = || InvalidTimestamp { text: text.to_owned() };
        let instant: jiff::Timestamp = text.parse().map_err(|_| invalid())?;
        u64::try_from(instant.as_microsecond()).map(Self).map_err(|_| invalid())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_as_it_was_shown() {
        let instant = Timestamp::from_micros(1_773_064_800_000_001);
        assert_eq!(instant.to_string(), "2026-03-09T14:00:00.000001Z");
        assert_eq!(instant.to_string().parse(), Ok(instant));
        assert!("yesterday".parse::<Timestamp>().is_err());
        assert!("1969-12-31T00:00:00Z".parse::<Timestamp>().is_err());
    }
}
