//! Why a group did not do what was asked.

use super::DeliveryId;
use crate::name::GroupName;
use crate::{
    AppendError, Checkpoint, Corrupt, Denied, Incarnation, LostReply, NoContext, ReadError, Retry,
    Unavailable,
};

/// Why a group did not do what was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GroupError {
    /// There is no such group, or it was deleted.
    #[error("there is no group {name}")]
    NotFound {
        /// Which.
        name: GroupName,
    },
    /// A group of this name is there, with other settings.
    #[error("the group {name} is there already, with other settings")]
    Exists {
        /// Which.
        name: GroupName,
    },
    /// This can be chosen only when the group is made.
    #[error("the {what} of a group cannot be changed; make another group")]
    Fixed {
        /// What.
        what: &'static str,
    },
    /// These deliveries are not this member's, or not any more. The others of the request were done.
    #[error("{} of the deliveries are not held by this member: {}", deliveries.len(), deliveries.first().map(ToString::to_string).unwrap_or_default())]
    NotYours {
        /// Which.
        deliveries: Vec<DeliveryId>,
    },
    /// This member was silent for longer than its lease, or the group was deleted.
    #[error("this member is no longer in the group {name}; join again")]
    NotAMember {
        /// Of which group.
        name: GroupName,
    },
    /// No more members are let in.
    #[error("the group {name} has {count_max} members already")]
    TooManyMembers {
        /// Which group.
        name: GroupName,
        /// The bound.
        count_max: u32,
    },
    /// The checkpoint is not of this history: it was saved before a restore, or is not written yet.
    #[error(
        "position {} of incarnation {:?} is not of this history, which is {is:?}; seek the group",
        had.position, had.incarnation
    )]
    Diverged {
        /// What was given.
        had: Checkpoint,
        /// The context's history.
        is: Incarnation,
    },
    /// A request that contradicts itself or passes a limit.
    #[error("this cannot be asked of a group: {why}")]
    Invalid {
        /// How.
        why: String,
    },
    /// The reply was lost: what was asked may have been done.
    #[error(transparent)]
    Unknown(LostReply),
    /// The store cannot do it now.
    #[error(transparent)]
    Unavailable(Unavailable),
    /// D1: the bytes are not what was written.
    #[error(transparent)]
    Corrupt(Corrupt),
    /// Who asked may not do this.
    #[error(transparent)]
    Denied(Denied),
    /// There is no such context.
    #[error(transparent)]
    NoContext(NoContext),
}

impl GroupError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NotAMember { .. } | Self::NotYours { .. } | Self::NoContext(_) => {
                Retry::AfterReload
            }
            Self::TooManyMembers { .. } | Self::Unknown(_) | Self::Unavailable(_) => Retry::Later,
            Self::NotFound { .. }
            | Self::Exists { .. }
            | Self::Fixed { .. }
            | Self::Diverged { .. }
            | Self::Invalid { .. }
            | Self::Denied(_)
            | Self::Corrupt(_) => Retry::Never,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "group.not_found",
            Self::Exists { .. } => "group.exists",
            Self::Fixed { .. } => "group.fixed",
            Self::NotYours { .. } => "group.not_yours",
            Self::NotAMember { .. } => "group.not_a_member",
            Self::TooManyMembers { .. } => "group.too_many_members",
            Self::Diverged { .. } => "group.diverged",
            Self::Invalid { .. } => "group.invalid",
            Self::Unknown(_) => "group.unknown",
            Self::Unavailable(cause) => cause.code(),
            Self::Corrupt(_) => "store.corrupt",
            Self::Denied(cause) => cause.code(),
            Self::NoContext(cause) => cause.code(),
        }
    }
}

impl From<ReadError> for GroupError {
    fn from(cause: ReadError) -> Self {
        match cause {
            ReadError::Corrupt(corrupt) => Self::Corrupt(corrupt),
            ReadError::Unavailable(cause) => Self::Unavailable(cause),
            ReadError::Diverged { position, had, is } => {
                Self::Diverged { had: Checkpoint { incarnation: had, position }, is }
            }
            ReadError::Invalid { why } => Self::Invalid { why },
            ReadError::Denied(cause) => Self::Denied(cause),
            ReadError::NoContext(cause) => Self::NoContext(cause),
        }
    }
}

impl From<AppendError> for GroupError {
    fn from(cause: AppendError) -> Self {
        match cause {
            AppendError::Unknown(lost) => Self::Unknown(lost),
            AppendError::Unavailable(cause) => Self::Unavailable(cause),
            AppendError::Corrupt(corrupt) => Self::Corrupt(corrupt),
            AppendError::Denied(cause) => Self::Denied(cause),
            AppendError::NoContext(cause) => Self::NoContext(cause),
            other => Self::Invalid { why: other.to_string() },
        }
    }
}
