//! Whom a grant is about.

use crate::UserName;
use crate::name::InvalidUserName;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Members of this role may do everything, and say who may do what.
pub const ADMINS: &str = "$admins";

/// Members of this role look after the server: they observe and manage everywhere.
pub const OPERATORS: &str = "$ops";

/// Whom a grant is about. As text: `user:ana`, `role:billing`, `certificate:orders.svc`,
/// `bearer:7f3a` (the subject of a JWT), `everybody`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Who {
    /// Whoever proved to be somebody.
    Everybody,
    /// A user of this server.
    User(UserName),
    /// Whoever has this role.
    Role(String),
    /// The owner of a client certificate, by its common name.
    Certificate(String),
    /// The subject of a JWT.
    Bearer(String),
}

/// Why a text is nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWho {
    /// No kind that is known.
    #[error(
        "{0:?} is nobody; write `user:NAME`, `role:NAME`, `certificate:NAME`, `bearer:SUBJECT` or `everybody`"
    )]
    Kind(String),
    /// No user's name.
    #[error(transparent)]
    User(#[from] InvalidUserName),
}

impl FromStr for Who {
    type Err = InvalidWho;
    fn from_str(text: &str) -> Result<Self, InvalidWho> {
        let no_kind = || InvalidWho::Kind(text.chars().take(64).collect());
        if text == "everybody" {
            return Ok(Self::Everybody);
        }
        let (kind, name) = text.split_once(':').ok_or_else(no_kind)?;
        let plain = !name.is_empty() && name.len() <= 256 && !name.chars().any(char::is_control);
        match kind {
            "user" => Ok(Self::User(UserName::new(name)?)),
            "role" if plain => Ok(Self::Role(name.to_owned())),
            "certificate" if plain => Ok(Self::Certificate(name.to_owned())),
            "bearer" if plain => Ok(Self::Bearer(name.to_owned())),
            _ => Err(no_kind()),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Role(name) => write!(f, "role:{name}"),
            Self::Certificate(name) => write!(f, "certificate:{name}"),
            Self::Bearer(name) => write!(f, "bearer:{name}"),
        }
    }
}

impl TryFrom<String> for Who {
    type Error = InvalidWho;
    fn try_from(text: String) -> Result<Self, InvalidWho> {
        text.parse()
    }
}

impl From<Who> for String {
    fn from(who: Who) -> Self {
        who.to_string()
    }
}
