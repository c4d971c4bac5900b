//! How requests and answers write money: `{"amount":"12.34"}`.
//!
//! Why: a JSON number is a float to most readers, so answers write text; requests may use either,
//! and a number's own digits are read, not the float they would become.

use crate::{InvalidMoney, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// Money in an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Amount {
    /// How much.
    pub amount: Money,
}

impl From<Money> for Amount {
    fn from(amount: Money) -> Self {
        Self { amount }
    }
}

/// Money as a request asks for it: text or number, and more than nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked(Money);

impl From<Asked> for Money {
    fn from(asked: Asked) -> Self {
        asked.0
    }
}

impl TryFrom<Money> for Asked {
    type Error = InvalidMoney;
    fn try_from(money: Money) -> Result<Self, InvalidMoney> {
        if money == Money::ZERO { Err(InvalidMoney::Zero) } else { Ok(Self(money)) }
    }
}

impl<'de> Deserialize<'de> for Asked {
    /// From JSON only: the digits of a number are seen there as they were written.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let token = raw.get();
        let money: Money = match token.as_bytes().first() {
            Some(b'"') => serde_json::from_str(token).map_err(D::Error::custom)?,
            _ => token.parse().map_err(D::Error::custom)?,
        };
        Self::try_from(money).map_err(D::Error::custom)
    }
}

/// `{"amount":…}` in a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
pub struct AskedAmount {
    /// How much.
    pub amount: Asked,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(json: &str) -> Result<Money, String> {
        let asked: Result<AskedAmount, _> = serde_json::from_str(json);
        asked.map(|asked| asked.amount.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn text_and_number_say_the_same() {
        let twelve = Money::from_pence(1_234);
        assert_eq!(asked(r#"{"amount":"12.34"}"#).ok(), twelve);
        assert_eq!(asked(r#"{"amount":12.34}"#).ok(), twelve);
        assert_eq!(asked(r#"{"amount": 12 }"#).ok(), Money::from_pence(1_200));
    }

    #[test]
    fn a_numbers_own_digits_count_not_the_float_they_would_become() {
        let refused = asked(r#"{"amount":12.340000000000000000001}"#).unwrap_err();
        assert!(refused.contains("more than two decimal places"), "{refused}");
        assert_eq!(asked(r#"{"amount":999999999999.99}"#).ok(), Some(Money::MAX));
    }

    #[test]
    fn nothing_negative_and_nonsense_are_refused() {
        for json in ["0", r#""0.00""#, "-1", r#""-0.01""#, "1e3", "true", "null", "[]", r#""x""#] {
            assert!(asked(&format!(r#"{{"amount":{json}}}"#)).is_err(), "{json}");
        }
    }

    #[test]
    fn an_answer_writes_text() {
        let answer = serde_json::to_string(&Amount::from(Money::MAX)).unwrap();
        assert_eq!(answer, r#"{"amount":"999999999999.99"}"#);
    }
}
