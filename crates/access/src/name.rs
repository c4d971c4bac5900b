//! A user's name.

use crate::limits::USER_NAME_BYTES_MAX;
use serde::{Deserialize, Serialize};
use std::fmt;

/// 1 to 64 bytes, without `:` (HTTP Basic ends the name there), spaces at its ends, control
/// characters, and not beginning with `$`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// Why a text is no user's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no user's name: {why}")]
pub struct InvalidUserName {
    /// The text, cut.
    pub text: String,
    /// Which rule it breaks.
    pub why: &'static str,
}

impl UserName {
    /// Checks `text` and makes it a name.
    ///
    /// # Errors
    /// [`InvalidUserName`] says which rule it breaks.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidUserName> {
        let text = text.into();
        let why = if text.is_empty() || text.len() > USER_NAME_BYTES_MAX {
            "it has 1 to 64 bytes"
        } else if text.contains(':') || text.chars().any(char::is_control) {
            "it has no `:` and no control characters"
        } else if text.starts_with('$') || text.trim() != text {
            "it begins with no `$`, and neither begins nor ends with a space"
        } else {
            return Ok(Self(text));
        };
        Err(InvalidUserName { text: text.chars().take(USER_NAME_BYTES_MAX).collect(), why })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserName {
    type Error = InvalidUserName;
    fn try_from(text: String) -> Result<Self, InvalidUserName> {
        Self::new(text)
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}
