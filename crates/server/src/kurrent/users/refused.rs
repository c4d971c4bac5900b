//! Why a user was not changed or shown, in the words that clients look for.

use super::super::refusal::{Refusal, with_trailers};
use crate::access::ChangeError;
use headwater_access::AccessError;
use tonic::{Code, Status};

/// Why something was not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Refused {
    /// As anywhere else.
    #[error(transparent)]
    Plain(#[from] Refusal),
    /// Who asks is not asked for here, so there is nobody to keep.
    #[error(
        "this server asks nobody who they are and keeps no users; start it with authentication"
    )]
    NoUsers,
    /// There is no such user.
    #[error("User '{login}' is not found.")]
    NotFound { login: String },
    /// There is one of this name already.
    #[error("Conflict with user '{login}': it exists.")]
    Conflict { login: String },
    /// The users as they stand do not allow it.
    #[error(transparent)]
    NotNow(AccessError),
}

impl From<AccessError> for Refused {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NoUser(user) => Self::NotFound { login: user.to_string() },
            AccessError::UserExists(user) => Self::Conflict { login: user.to_string() },
            AccessError::Invalid { .. } => Self::Plain(Refusal::invalid(error.to_string())),
            AccessError::Busy => Self::Plain(Refusal::NotReady { why: error.to_string() }),
            other => Self::NotNow(other),
        }
    }
}

impl From<ChangeError> for Refused {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Access(error) => error.into(),
            ChangeError::Append(error) => Self::Plain(error.into()),
        }
    }
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let text = refused.to_string();
        let (code, exception, login) = match refused {
            Refused::Plain(refusal) => return refusal.into(),
            Refused::NoUsers | Refused::NotNow(_) => return Self::failed_precondition(text),
            Refused::NotFound { login } => (Code::NotFound, "user-not-found", login),
            Refused::Conflict { login } => (Code::FailedPrecondition, "user-conflict", login),
        };
        let trailers = vec![("exception", exception.to_owned()), ("login-name", login)];
        with_trailers(code, text, trailers)
    }
}
