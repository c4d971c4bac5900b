//! A value that is about a person.

use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A value about a person: readable as long as they are not forgotten.
///
/// It says whom it is about wherever it goes: in an event, a command, a state that is kept as a snapshot, a
/// saga's step. Its `Debug` shows no value, so that logs hold none.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
/// let email = Personal::of("customer-7", "ann@example.org");
/// assert_eq!(email.value(), Some(&"ann@example.org"));
/// assert_eq!(format!("{email:?}"), "Personal(customer-7)");
/// assert_eq!(email.forgotten().value(), None);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T> {
    subject: ByteString,
    held: Held<T>,
}

/// What is there of a personal value.
#[derive(Clone, PartialEq, Eq)]
enum Held<T> {
    /// It can be read.
    Known(T),
    /// It is encrypted, and nothing here has opened it.
    Sealed(ByteString),
    /// Its key is gone.
    Forgotten,
}

impl<T> Personal<T> {
    /// A value about `subject`.
    pub fn of(subject: impl fmt::Display, value: T) -> Self {
        Self { subject: subject.to_string().into(), held: Held::Known(value) }
    }

    /// Whom it is about.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The value; `None` if its subject was forgotten, or if this process has no keys.
    pub fn value(&self) -> Option<&T> {
        match &self.held {
            Held::Known(value) => Some(value),
            Held::Sealed(_) | Held::Forgotten => None,
        }
    }

    /// The value itself, as [`value`](Self::value).
    pub fn into_value(self) -> Option<T> {
        match self.held {
            Held::Known(value) => Some(value),
            Held::Sealed(_) | Held::Forgotten => None,
        }
    }

    /// Whether its subject was forgotten.
    pub fn is_forgotten(&self) -> bool {
        matches!(self.held, Held::Forgotten)
    }

    /// What it is once its subject was forgotten: for tests of what copes with that.
    #[must_use]
    pub fn forgotten(self) -> Self {
        Self { held: Held::Forgotten, ..self }
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.held {
            Held::Known(_) => write!(f, "Personal({})", self.subject),
            Held::Sealed(_) => write!(f, "Personal({}, sealed)", self.subject),
            Held::Forgotten => write!(f, "Personal({}, forgotten)", self.subject),
        }
    }
}

/// How it stands in JSON.
#[derive(Serialize)]
struct Outer<I> {
    #[serde(rename = "$personal")]
    inner: I,
}

#[derive(Serialize)]
struct Known<'a, T> {
    subject: &'a str,
    value: &'a T,
}

#[derive(Serialize)]
struct Unreadable<'a> {
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<&'a str>,
}

impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let subject = &*self.subject;
        match &self.held {
            Held::Known(value) => Outer { inner: Known { subject, value } }.serialize(serializer),
            Held::Sealed(sealed) => {
                Outer { inner: Unreadable { subject, sealed: Some(sealed) } }.serialize(serializer)
            }
            Held::Forgotten => {
                Outer { inner: Unreadable { subject, sealed: None } }.serialize(serializer)
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadOuter<T> {
    #[serde(rename = "$personal", bound(deserialize = "T: Deserialize<'de>"))]
    inner: ReadInner<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
struct ReadInner<T> {
    subject: ByteString,
    /// Present or not; `null` is a value of some types.
    #[serde(default, deserialize_with = "present")]
    value: Option<T>,
    #[serde(default)]
    sealed: Option<ByteString>,
}

fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ReadOuter { inner } = ReadOuter::<T>::deserialize(deserializer)?;
        let held = match (inner.value, inner.sealed) {
            (Some(value), _) => Held::Known(value),
            (None, Some(sealed)) => Held::Sealed(sealed),
            (None, None) => Held::Forgotten,
        };
        Ok(Self { subject: inner.subject, held })
    }
}

/// What stands in the place of a readable value.
pub(super) fn written(subject: &str, sealed: Option<&str>) -> String {
    let outer = Outer { inner: Unreadable { subject, sealed } };
    serde_json::to_string(&outer).expect("two texts are JSON")
}

/// Which of the three a `$personal` object is, and of whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    pub(super) subject: ByteString,
    #[serde(default, deserialize_with = "present")]
    pub(super) value: Option<Box<serde_json::value::RawValue>>,
    #[serde(default)]
    pub(super) sealed: Option<ByteString>,
}

/// What stands in the place of a sealed value that was opened.
pub(super) fn opened(subject: &str, value: &str) -> String {
    let subject = serde_json::to_string(subject).expect("a text is JSON");
    format!(r#"{{"$personal":{{"subject":{subject},"value":{value}}}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_and_read_in_each_of_its_states() {
        let known = Personal::of("customer-7", Some(3_u8));
        let json = serde_json::to_string(&known).expect("it is JSON");
        assert_eq!(json, r#"{"$personal":{"subject":"customer-7","value":3}}"#);
        assert!(
            serde_json::from_str::<Personal<Option<u8>>>(&json).is_ok_and(|back| back == known)
        );

        let sealed = r#"{"$personal":{"subject":"customer-7","sealed":"AQ"}}"#;
        let back: Personal<u8> = serde_json::from_str(sealed).expect("it is personal");
        assert_eq!((back.value(), back.is_forgotten()), (None, false));
        assert_eq!(serde_json::to_string(&back).expect("it is JSON"), sealed);

        let gone = r#"{"$personal":{"subject":"customer-7"}}"#;
        let back: Personal<u8> = serde_json::from_str(gone).expect("it is personal");
        assert!(back.is_forgotten());
        assert_eq!(serde_json::to_string(&back).expect("it is JSON"), gone);
    }

    #[test]
    fn a_null_that_is_a_value_is_not_a_forgotten_one() {
        let none: Personal<Option<u8>> = Personal::of("customer-7", None);
        let json = serde_json::to_string(&none).expect("it is JSON");
        let back: Personal<Option<u8>> = serde_json::from_str(&json).expect("it is personal");
        assert_eq!(back.value(), Some(&None));
    }

    #[test]
    fn a_plain_value_is_no_personal_one() {
        assert!(serde_json::from_str::<Personal<u8>>("3").is_err());
        assert!(serde_json::from_str::<Personal<u8>>(r#"{"$personal":{}}"#).is_err());
    }
}
