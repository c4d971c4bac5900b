//! Why a persistent subscription did not do what was asked, in the words that clients look for.

use super::super::refusal::{Refusal, with_trailers};
use super::which::Which;
use headwater_model::GroupError;
use tonic::{Code, Status};

/// Why something was not done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Refused {
    /// As anywhere else.
    #[error(transparent)]
    Plain(#[from] Refusal),
    /// There is no such group.
    #[error("Subscription group {} on stream {} does not exist.", which.group, which.source)]
    DoesNotExist { which: Which },
    /// There is one already.
    #[error("Subscription group {} on stream {} exists.", which.group, which.source)]
    Exists { which: Which },
    /// It has as many connections as it may have.
    #[error(
        "Maximum subscriptions reached for subscription group {} on stream {}.",
        which.group, which.source
    )]
    Full { which: Which },
    /// The connection is not one of the group's any more.
    #[error("Subscription group {} on stream {} was dropped: {why}.", which.group, which.source)]
    Dropped { which: Which, why: &'static str },
}

impl Refused {
    /// The store's refusal about this group.
    pub(super) fn of(which: &Which, error: GroupError) -> Self {
        let which = which.clone();
        match error {
            GroupError::NotFound { .. } => Self::DoesNotExist { which },
            GroupError::Exists { .. } => Self::Exists { which },
            GroupError::TooManyMembers { .. } => Self::Full { which },
            GroupError::NotAMember { .. } => {
                Self::Dropped { which, why: "the connection was silent" }
            }
            other => Self::Plain(other.into()),
        }
    }

    /// As [`Self::of`], to a connection that was in the group.
    pub(super) fn to_member(which: &Which, error: GroupError) -> Self {
        match Self::of(which, error) {
            Self::DoesNotExist { which } => Self::Dropped { which, why: "it was deleted" },
            other => other,
        }
    }
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        let (code, exception, which) = match &refused {
            Refused::Plain(refusal) => return refusal.clone().into(),
            Refused::DoesNotExist { which } => {
                (Code::NotFound, "persistent-subscription-does-not-exist", which)
            }
            Refused::Exists { which } => {
                (Code::AlreadyExists, "persistent-subscription-exists", which)
            }
            Refused::Full { which } => {
                (Code::FailedPrecondition, "maximum-subscribers-reached", which)
            }
            Refused::Dropped { which, .. } => {
                (Code::Cancelled, "persistent-subscription-dropped", which)
            }
        };
        let trailers = vec![
            ("exception", exception.to_owned()),
            ("stream-name", which.source.to_string()),
            ("group-name", which.group.to_string()),
        ];
        with_trailers(code, refused.to_string(), trailers)
    }
}
