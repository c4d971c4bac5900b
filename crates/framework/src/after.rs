//! Tokens: "answer when you have seen this".
//!
//! Why: a command's answer names the place of its last event (`Headwater-Position: orders:123`);
//! who gives that back with a query reads their own writes, across services.
//!
//! Invariant: R2 with the place as lower bound. A place means something in its context only, so a
//! token names both.

use headwater_model::{ContextName, InvalidName, Position};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::str::FromStr;

/// More contexts than any one request comes from.
const TOKEN_COUNT_MAX: usize = 16;

/// The places that an answer must have seen: `orders:123,customers:88`. None: whatever is there.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
/// let after: After = "orders:123,customers:88".parse()?;
/// assert_eq!(after.to_string(), "orders:123,customers:88");
/// # Ok::<(), InvalidAfter>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct After {
    places: Vec<(ContextName, Position)>,
}

impl After {
    /// Whatever is there.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Also this place.
    #[must_use]
    pub fn and(mut self, context: ContextName, position: Position) -> Self {
        self.places.push((context, position));
        self
    }

    /// The places, as given.
    pub fn places(&self) -> &[(ContextName, Position)] {
        &self.places
    }
}

/// The text is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAfter {
    /// Not `context:position`.
    #[error("{part:?} is no place; write it like orders:123")]
    NotAPlace {
        /// The part that is not.
        part: String,
    },
    /// The context's name is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// More places than any request comes from.
    #[error("{count} places, at most {count_max} are allowed")]
    TooMany {
        /// How many.
        count: usize,
        /// The limit.
        count_max: usize,
    },
}

impl FromStr for After {
    type Err = InvalidAfter;
    fn from_str(text: &str) -> Result<Self, InvalidAfter> {
        let count = text.split(',').count();
        if count > TOKEN_COUNT_MAX {
            return Err(InvalidAfter::TooMany { count, count_max: TOKEN_COUNT_MAX });
        }
        let place = |part: &str| {
            let invalid = || InvalidAfter::NotAPlace { part: part.to_owned() };
            let (context, position) = part.trim().rsplit_once(':').ok_or_else(invalid)?;
            let position = position.parse().map_err(|_| invalid())?;
            Ok((ContextName::new(context)?, Position(position)))
        };
        let places = text.split(',').filter(|part| !part.trim().is_empty()).map(place);
        Ok(Self { places: places.collect::<Result<_, InvalidAfter>>()? })
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (context, position)) in self.places.iter().enumerate() {
            write!(f, "{}{context}:{position}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_context_or_is_refused() {
        assert_eq!("".parse::<After>(), Ok(After::nothing()));
        assert!(matches!("123".parse::<After>(), Err(InvalidAfter::NotAPlace { .. })));
        assert!(matches!("orders:x".parse::<After>(), Err(InvalidAfter::NotAPlace { .. })));
        assert!(matches!(":1".parse::<After>(), Err(InvalidAfter::Name(_))));
        let many = vec!["a:1"; 17].join(",");
        assert!(matches!(many.parse::<After>(), Err(InvalidAfter::TooMany { .. })));
    }
}
