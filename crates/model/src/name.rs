//! Names: of streams, categories, types, tags, contexts and checkpoints.
//!
//! Why: a name is checked once, where it enters; after that its type says it is good.
//! A name is a shared slice: cloning one costs a counter, reading one from a page copies nothing.
//!
//! Invariants: every name is 1..=max bytes of UTF-8 without control characters.
//! Names that begin with `$` belong to the system and are made by [`StreamName::system`] only.

use crate::limits;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Names say something.
    #[error("the {kind} is empty")]
    Empty {
        /// What was being named.
        kind: &'static str,
    },
    /// Longer than the limit in [`limits`].
    #[error("the {kind} has {bytes} bytes, at most {bytes_max} are allowed")]
    TooLong {
        /// What was being named.
        kind: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A control character, which no terminal, header or log survives.
    #[error("the {kind} {text:?} has a control character")]
    Control {
        /// What was being named.
        kind: &'static str,
        /// The text as given.
        text: String,
    },
    /// `$` at the front is kept for the system's own streams.
    #[error("the {kind} {text:?} begins with `$`, which is kept for the system")]
    Reserved {
        /// What was being named.
        kind: &'static str,
        /// The text as given.
        text: String,
    },
}

fn check(kind: &'static str, text: &str, bytes_max: usize) -> Result<(), InvalidName> {
    if text.is_empty() {
        return Err(InvalidName::Empty { kind });
    }
    if text.len() > bytes_max {
        return Err(InvalidName::TooLong { kind, bytes: text.len(), bytes_max });
    }
    // Nearly every name is printable ASCII, which is seen many bytes at a time.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'));
    if !is_plain && text.chars().any(char::is_control) {
        return Err(InvalidName::Control { kind, text: text.to_owned() });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:expr, reserved: $reserved:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "ByteString", into = "ByteString")]
        pub struct $name(ByteString);

        impl $name {
            /// Checks `text` and makes it a name.
            ///
            /// # Errors
            /// [`InvalidName`] says which rule it breaks.
            pub fn new(text: impl Into<ByteString>) -> Result<Self, InvalidName> {
                let text = text.into();
                check($kind, &text, $max)?;
                if $reserved && text.starts_with('$') {
                    return Err(InvalidName::Reserved { kind: $kind, text: text.to_string() });
                }
                Ok(Self(text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The name as the shared slice it is.
            pub fn as_shared(&self) -> &ByteString {
                &self.0
            }
        }

        impl TryFrom<ByteString> for $name {
            type Error = InvalidName;
            fn try_from(text: ByteString) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidName;
            fn try_from(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$name> for ByteString {
            fn from(name: $name) -> ByteString {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "`{}`", &*self.0)
            }
        }
    };
}

name! {
    /// A stream: `order-8f3a` is category `order` and id `8f3a`.
    StreamName, "stream name", limits::STREAM_NAME_GIVEN_BYTES_MAX, reserved: true
}
name! {
    /// The kind of thing a stream is about: what stands before the first `-` of its name.
    Category, "category", limits::STREAM_NAME_BYTES_MAX, reserved: false
}
name! {
    /// What an event says has happened: `OrderApproved`.
    EventType, "event type", limits::EVENT_TYPE_BYTES_MAX, reserved: false
}
name! {
    /// A mark by which events of several streams are found together: `course:7`.
    Tag, "tag", limits::TAG_BYTES_MAX, reserved: false
}
name! {
    /// A store of its own inside one server: journal, order and permissions. Also a service's name.
    ContextName, "context name", limits::CONTEXT_NAME_BYTES_MAX, reserved: true
}
name! {
    /// Whose checkpoint: a reader, and what it reads, `settle-order/customers`.
    CheckpointName, "checkpoint name", limits::CHECKPOINT_NAME_BYTES_MAX, reserved: false
}

name! {
    /// A consumer group of a context.
    GroupName, "group name", limits::GROUP_NAME_BYTES_MAX, reserved: false
}

/// What the name of a settings stream begins with, in front of the name it is about.
const SETTINGS_PREFIX: &str = "$$";

impl StreamName {
    /// The stream of `id` in `category`.
    ///
    /// # Errors
    /// [`InvalidName`] if the two joined by `-` are not a stream's name.
    pub fn of(category: &str, id: &str) -> Result<Self, InvalidName> {
        Self::new(format!("{category}-{id}"))
    }

    /// A stream of the system, whose name begins with `$`: unseen by readers that do not ask for it.
    ///
    /// # Errors
    /// [`InvalidName`] if the text is no name; a text without `$` is an ordinary name.
    pub fn system(text: impl Into<ByteString>) -> Result<Self, InvalidName> {
        let text = text.into();
        // The settings stream of the longest name is a name too.
        let subject = text.strip_prefix(SETTINGS_PREFIX).filter(|subject| !subject.is_empty());
        check("stream name", subject.unwrap_or(&text), limits::STREAM_NAME_BYTES_MAX)?;
        Ok(Self(text))
    }

    /// The stream that holds the settings of this one: `$$order-8f3a`.
    pub fn settings_stream(&self) -> Self {
        Self(ByteString::from(format!("{SETTINGS_PREFIX}{}", self.0)))
    }

    /// The stream that this one holds the settings of; `None` if it holds none.
    pub fn settings_of(&self) -> Option<Self> {
        let subject = self.0.strip_prefix(SETTINGS_PREFIX).filter(|subject| !subject.is_empty());
        subject.map(|subject| Self(self.0.slice_ref(subject)))
    }

    /// Whether the name begins with `$`.
    pub fn is_system(&self) -> bool {
        self.0.starts_with('$')
    }

    /// What stands before the first `-`; the whole name if there is none.
    pub fn category(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(category, _)| category)
    }

    /// What stands behind the first `-`; empty if there is none.
    pub fn id(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, id)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_its_category_and_its_id() {
        let name = StreamName::new("order-8f3a-b").expect("a name");
        assert_eq!((name.category(), name.id()), ("order", "8f3a-b"));
        let bare = StreamName::new("ledger").expect("a name");
        assert_eq!((bare.category(), bare.id()), ("ledger", ""));
    }

    #[test]
    fn names_that_would_hurt_are_refused_with_the_reason() {
        assert_eq!(StreamName::new("").unwrap_err().to_string(), "the stream name is empty");
        assert!(matches!(StreamName::new("a\nb"), Err(InvalidName::Control { .. })));
        assert!(matches!(StreamName::new("$ce-order"), Err(InvalidName::Reserved { .. })));
        assert!(StreamName::system("$ce-order").is_ok());
        let long = "x".repeat(limits::STREAM_NAME_GIVEN_BYTES_MAX + 1);
        assert!(matches!(StreamName::new(long), Err(InvalidName::TooLong { .. })));
    }

    #[test]
    fn the_longest_name_has_a_settings_stream() {
        let longest = StreamName::new("x".repeat(limits::STREAM_NAME_GIVEN_BYTES_MAX));
        let settings = longest.expect("a name").settings_stream();
        assert_eq!(StreamName::system(settings.as_str()), Ok(settings));
    }

    #[test]
    fn a_settings_stream_knows_whose_it_is() {
        let name = StreamName::new("order-1").expect("a name");
        assert_eq!(name.settings_stream().settings_of(), Some(name.clone()));
        assert_eq!(name.settings_of(), None);
    }
}
