//! Whom personal data is about.

use bytestring::ByteString;
use std::fmt;

/// Longest name of a subject, in bytes: as long as a stream's id may be, with room for its category.
const SUBJECT_BYTES_MAX: usize = 256;

/// Whom personal data is about: a name that itself says nothing about them, as `customer-7`. It stays readable
/// when they are forgotten.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(ByteString);

/// A text that cannot name a subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSubject {
    /// It is empty.
    #[error("a subject's name is not empty")]
    Empty,
    /// It is longer than a name may be.
    #[error("a subject's name has {bytes} bytes, at most {SUBJECT_BYTES_MAX} are allowed")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// It holds a control character.
    #[error("a subject's name holds the control character {found:?}")]
    Control {
        /// Which.
        found: char,
    },
}

impl Subject {
    /// The subject of this name: at most 256 bytes, without control characters.
    ///
    /// # Errors
    /// [`InvalidSubject`] says what is wrong with the text.
    pub fn new(name: impl Into<ByteString>) -> Result<Self, InvalidSubject> {
        let name = name.into();
        if name.is_empty() {
            return Err(InvalidSubject::Empty);
        }
        if name.len() > SUBJECT_BYTES_MAX {
            return Err(InvalidSubject::TooLong { bytes: name.len() });
        }
        match name.chars().find(|c| c.is_control()) {
            Some(found) => Err(InvalidSubject::Control { found }),
            None => Ok(Self(name)),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl InvalidSubject {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        "personal.invalid_subject"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_named_in_bounds() {
        assert_eq!(Subject::new("customer-7").map(|s| s.to_string()), Ok("customer-7".into()));
        assert_eq!(Subject::new(""), Err(InvalidSubject::Empty));
        assert_eq!(Subject::new("a\nb"), Err(InvalidSubject::Control { found: '\n' }));
        let long = "x".repeat(SUBJECT_BYTES_MAX + 1);
        assert_eq!(Subject::new(long), Err(InvalidSubject::TooLong { bytes: 257 }));
    }
}
