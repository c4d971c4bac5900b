//! What can go wrong between us and a database's server.

use crate::postgres::bytes::Malformed;
use headwater_model::Retry;

/// Why the server did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// It cannot be reached, or went away.
    #[error("{server}: {why}")]
    Away {
        /// Which server.
        server: String,
        /// The system's words.
        why: String,
    },
    /// No safe connection.
    #[error("no safe connection: {why}")]
    Tls {
        /// What is missing or wrong.
        why: String,
    },
    /// It wants a proof that we do not have.
    #[error("{server} does not let us in: {why}")]
    Credentials {
        /// Which server.
        server: String,
        /// What it wants.
        why: String,
    },
    /// It said no.
    #[error("{message} (SQLSTATE {state}){}", Asked(asked))]
    Refused {
        /// The five letters of SQLSTATE; for MariaDB behind the number of its error.
        state: String,
        /// The server's words.
        message: String,
        /// What it was asked; empty for none.
        asked: String,
        /// Whether it may say yes another time.
        passes: bool,
    },
    /// It does not speak as its kind does.
    #[error("the server does not keep to its protocol: {why}")]
    Protocol {
        /// What does not fit.
        why: String,
    },
}

struct Asked<'a>(&'a str);

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", of `{}`", self.0) }
    }
}

impl DatabaseError {
    /// SQLSTATE, if the server said no.
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Refused { state, .. } => Some(state),
            _ => None,
        }
    }

    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Away { .. } => Retry::Later,
            Self::Refused { passes: true, .. } => Retry::Later,
            Self::Refused { .. }
            | Self::Tls { .. }
            | Self::Credentials { .. }
            | Self::Protocol { .. } => Retry::Never,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Away { .. } => "cdc.database_away",
            Self::Tls { .. } => "cdc.tls",
            Self::Credentials { .. } => "cdc.credentials",
            Self::Refused { .. } => "cdc.database_refused",
            Self::Protocol { .. } => "cdc.protocol",
        }
    }
}

impl From<Malformed> for DatabaseError {
    fn from(malformed: Malformed) -> Self {
        Self::Protocol { why: malformed.to_string() }
    }
}
