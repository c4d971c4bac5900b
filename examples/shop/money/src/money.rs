//! An amount of money that is never negative, to the penny.
//!
//! Why: credit is added up and compared; a rounding error here is a customer over their limit.
//! Invariants: text in and out is exact; sums are checked, they never wrap and never go below zero.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

/// Whole pence. Written as a decimal text with two places, `12.34`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

/// Why a text is not money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not digits, or digits, a point and at most two digits more.
    #[error("{text:?} is no amount of money; write it like 12.34")]
    Malformed {
        /// The text as given.
        text: String,
    },
    /// Below zero.
    #[error("{text} is negative")]
    Negative {
        /// The text as given.
        text: String,
    },
    /// A fraction of a penny.
    #[error("{text} has more than two decimal places")]
    TooFine {
        /// The text as given.
        text: String,
    },
    /// More than a shop has to do with.
    #[error("{text} is too large; at most {} is allowed", Money::MAX)]
    TooLarge {
        /// The text as given, cut short.
        text: String,
    },
    /// Nothing, where something is asked for.
    #[error("the amount is zero")]
    Zero,
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The largest amount that a text may say: a penny less than a million millions.
    ///
    /// Far above any order, and ninety thousand of them can still be added up.
    pub const MAX: Self = Self(99_999_999_999_999);

    /// From whole pence; `None` below zero.
    pub const fn from_pence(pence: i64) -> Option<Self> {
        if pence < 0 { None } else { Some(Self(pence)) }
    }

    /// In whole pence.
    pub const fn pence(self) -> i64 {
        self.0
    }

    /// The sum, if it can be said.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left after `other`, if it is not more than this.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).and_then(Self::from_pence)
    }

    /// What is left after `other`, at least nothing.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        self.checked_sub(other).unwrap_or(Self::ZERO)
    }
}

impl Sum for Money {
    /// # Panics
    /// Past `i64::MAX` pence, which is ninety thousand times [`Money::MAX`].
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| {
            sum.checked_add(amount)
                .expect("no shop has turned over ninety thousand million millions")
        })
    }
}

impl FromStr for Money {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let (digits, negative) = match text.strip_prefix('-') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let given = || text.chars().take(40).collect::<String>();
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(InvalidMoney::Malformed { text: given() });
        }
        if negative {
            return Err(InvalidMoney::Negative { text: given() });
        }
        if fraction.len() > 2 {
            return Err(InvalidMoney::TooFine { text: given() });
        }
        format!("{whole}{fraction:0<2}")
            .parse::<i64>()
            .ok()
            .filter(|pence| *pence <= Self::MAX.0)
            .map(Self)
            .ok_or_else(|| InvalidMoney::TooLarge { text: given() })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:02}", self.0 / 100, self.0 % 100);
        f.pad(&text)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
