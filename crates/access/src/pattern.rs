//! Patterns: sets of streams, by name.
//!
//! Why so few: between any two of them it can be said whether one *covers* the other (holds all of
//! it) and whether they *touch* (some name may be in both). An allow must cover what is asked; a
//! deny need only touch it.
//!
//! Picture:
//! ```text
//!   *                 every stream that is not the system's
//!   $*                the system's streams
//!   category:order    order, order-1, order-2, …
//!   prefix:order-eu   order-eu, order-eu-1, order-europe, …
//!   stream:order-1    that one
//! ```
//! Invariants: a name of the system (`$…`) is in a pattern only if that begins with `$`. A settings
//! stream (`$$order-1`) is the business of the stream that it is about: whoever asks about it is
//! asked about `order-1` ([`crate::target`] sees to that).

use bytestring::ByteString;
use headwater_model::limits::STREAM_NAME_BYTES_MAX;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A set of streams.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StreamPattern {
    /// All names that begin so; the empty prefix is every stream that is not the system's.
    Prefix(ByteString),
    /// All streams of a category.
    Category(ByteString),
    /// One stream.
    Stream(ByteString),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// No form that is known.
    #[error(
        "{0:?} is no pattern; write `*`, `$*`, `category:NAME`, `prefix:TEXT` or `stream:NAME`"
    )]
    Form(String),
    /// A category ends before the first `-`.
    #[error("category {0:?} has a `-`, and no category has: write `prefix:…`")]
    Dash(String),
    /// `$$…` streams hold settings.
    #[error("{0:?} is about settings, which belong to the stream that they are about: name that")]
    Settings(String),
}

impl StreamPattern {
    /// Every stream that is not the system's.
    pub const fn all() -> Self {
        Self::Prefix(ByteString::from_static(""))
    }

    /// The system's streams.
    pub const fn system() -> Self {
        Self::Prefix(ByteString::from_static("$"))
    }

    /// Whether every name in `other` is in this one.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stream(own), Self::Stream(name)) => own == name,
            (Self::Stream(_), _) => false,
            (Self::Category(own), Self::Stream(name)) => category(name) == &**own,
            (Self::Category(own), Self::Category(name)) => own == name,
            (Self::Category(own), Self::Prefix(prefix)) => is_within(prefix, own),
            (Self::Prefix(own), Self::Stream(text) | Self::Category(text) | Self::Prefix(text)) => {
                begins(text, own)
            }
        }
    }

    /// Whether some name may be in both.
    pub fn touches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stream(_), _) => other.covers(self),
            (_, Self::Stream(_)) => self.covers(other),
            (Self::Category(own), Self::Category(name)) => own == name,
            (Self::Category(name), Self::Prefix(prefix))
            | (Self::Prefix(prefix), Self::Category(name)) => {
                begins(name, prefix) || is_within(prefix, name)
            }
            (Self::Prefix(own), Self::Prefix(prefix)) => begins(prefix, own) || begins(own, prefix),
        }
    }
}

/// What stands before the first `-`.
fn category(name: &str) -> &str {
    name.split_once('-').map_or(name, |(category, _)| category)
}

/// Whether all names with this prefix are of this category: it holds the category's `-`.
fn is_within(prefix: &str, category: &str) -> bool {
    prefix.split_once('-').is_some_and(|(own, _)| own == category)
}

/// Whether names that begin with `text` begin with `prefix`. The empty prefix has none of the system's.
fn begins(text: &str, prefix: &str) -> bool {
    text.starts_with(prefix) && (!prefix.is_empty() || !text.starts_with('$'))
}

impl FromStr for StreamPattern {
    type Err = InvalidPattern;
    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let shown = || text.chars().take(64).collect::<String>();
        match text {
            "*" => return Ok(Self::all()),
            "$*" => return Ok(Self::system()),
            _ => {}
        }
        let (form, name) = text.split_once(':').ok_or_else(|| InvalidPattern::Form(shown()))?;
        let plain = !name.is_empty()
            && name.len() <= STREAM_NAME_BYTES_MAX
            && !name.chars().any(char::is_control);
        if !plain {
            return Err(InvalidPattern::Form(shown()));
        }
        if name.starts_with("$$") {
            return Err(InvalidPattern::Settings(shown()));
        }
        match form {
            "prefix" => Ok(Self::Prefix(name.into())),
            "stream" => Ok(Self::Stream(name.into())),
            "category" if name.contains('-') => Err(InvalidPattern::Dash(shown())),
            "category" => Ok(Self::Category(name.into())),
            _ => Err(InvalidPattern::Form(shown())),
        }
    }
}

impl fmt::Display for StreamPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(text) if text.is_empty() => f.write_str("*"),
            Self::Prefix(text) if &**text == "$" => f.write_str("$*"),
            Self::Prefix(text) => write!(f, "prefix:{text}"),
            Self::Category(name) => write!(f, "category:{name}"),
            Self::Stream(name) => write!(f, "stream:{name}"),
        }
    }
}

impl TryFrom<String> for StreamPattern {
    type Error = InvalidPattern;
    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        text.parse()
    }
}

impl From<StreamPattern> for String {
    fn from(pattern: StreamPattern) -> Self {
        pattern.to_string()
    }
}
