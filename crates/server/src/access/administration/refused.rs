//! Why nothing was changed about users, tokens and grants.

use crate::access::ChangeError;
use headwater_access::AccessError;
use headwater_access::who::ADMINS;
use headwater_model::{AppendError, Denied, Retry};

/// Why nothing was changed, or told.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NotAdministered {
    /// The server asks nobody who they are, so there is nobody to look after.
    #[error("this server asks nobody who they are; start it with authentication")]
    Open,
    /// Whoever asks may not.
    #[error(transparent)]
    Denied(Denied),
    /// The bootstrap token does nothing else first.
    #[error("the bootstrap token makes a user with the role {ADMINS} first")]
    AdminFirst,
    /// Somebody revoked the token between its making and the answer.
    #[error("the token was revoked at once")]
    Overtaken,
    /// The change itself cannot be.
    #[error(transparent)]
    Access(AccessError),
    /// It could not be stored.
    #[error(transparent)]
    Append(AppendError),
}

impl NotAdministered {
    /// The stable code of this error.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Open => "access.open",
            Self::Denied(denied) => denied.code(),
            Self::AdminFirst => "access.admin_first",
            Self::Overtaken => "access.no_token",
            Self::Access(error) => error.code(),
            Self::Append(error) => error.code(),
        }
    }

    /// What the caller can do.
    pub(crate) fn retry(&self) -> Retry {
        match self {
            Self::Open | Self::Denied(_) | Self::AdminFirst => Retry::Never,
            Self::Overtaken => Retry::AfterReload,
            Self::Access(error) => error.retry(),
            Self::Append(error) => error.retry(),
        }
    }
}

impl From<AccessError> for NotAdministered {
    fn from(error: AccessError) -> Self {
        Self::Access(error)
    }
}

impl From<ChangeError> for NotAdministered {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Access(error) => Self::Access(error),
            ChangeError::Append(error) => Self::Append(error),
        }
    }
}
