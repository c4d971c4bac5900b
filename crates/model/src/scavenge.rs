//! Scavenging: what nobody can read any more is given up, and its room given back.
//!
//! Why: settings, deletion and age hide events at once; the bytes stay where they are until someone
//! writes the files anew without them. That costs as much as reading and writing them, so it is
//! asked for, goes on beside appends and reads at a bounded speed, and can be stopped and gone on with.
//!
//! Picture:
//! ```text
//!   hidden now ──released, in one commit──▶ never shown again ──segment by segment──▶ room
//! ```
//! Invariants: A3 no revision, no position ever changes or is used again; a stream's last revision is
//! known for ever. What is shown is the same before, meanwhile and after. A4 and conditions: a released
//! event is as if it were not there; its id may come again.

use crate::{
    Answer, AppendError, Corrupt, Denied, LostReply, NoContext, ReadError, Retry, Unavailable,
};
use serde::{Deserialize, Serialize};

/// How a scavenge is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ScavengeAsked {
    /// Bytes read and written in a second, at most. A fraction of what a disk does, so that
    /// appends hardly notice.
    pub bytes_per_second_max: u64,
    /// A segment is written anew if at least so many percent of it become free.
    pub freed_percent_min: u8,
}

/// 32 MiB a second: 100 GB an hour.
const BYTES_PER_SECOND_USUAL: u64 = 32 * 1_024 * 1_024;

/// A segment is not written anew for less than a twentieth of it.
const FREED_PERCENT_USUAL: u8 = 5;

impl Default for ScavengeAsked {
    fn default() -> Self {
        Self {
            bytes_per_second_max: BYTES_PER_SECOND_USUAL,
            freed_percent_min: FREED_PERCENT_USUAL,
        }
    }
}

impl ScavengeAsked {
    /// Whether it can be done.
    ///
    /// # Errors
    /// `Invalid` with what cannot.
    pub fn check(&self) -> Result<(), ScavengeError> {
        let invalid = |why: &str| Err(ScavengeError::Invalid { why: why.to_owned() });
        if self.bytes_per_second_max == 0 {
            return invalid("no bytes in a second would take for ever");
        }
        if self.freed_percent_min > 100 {
            return invalid("no more than 100 percent of a segment can become free");
        }
        Ok(())
    }
}

/// Whether a scavenge is under way, and how the last one ended.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum ScavengePhase {
    /// None was asked for since the context was opened.
    #[default]
    Idle,
    /// What is hidden is looked for and released.
    Releasing,
    /// Segments are written anew.
    Rewriting,
    /// It came to its end.
    Done,
    /// It was stopped; the next one goes on where it was.
    Stopped,
    /// It could not go on; the next one goes on where it was.
    Failed {
        /// Why.
        why: String,
    },
}

impl ScavengePhase {
    /// Whether it is under way.
    pub const fn is_under_way(&self) -> bool {
        matches!(self, Self::Releasing | Self::Rewriting)
    }
}

/// How far a scavenge has come.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ScavengeProgress {
    /// What it is doing, or how it ended.
    #[serde(flatten)]
    pub phase: ScavengePhase,
    /// Segments that may hold something to remove.
    pub segments_total: u64,
    /// How many of them were looked at.
    pub segments_done: u64,
    /// How many of those were written anew.
    pub segments_rewritten: u64,
    /// Streams of which events were released.
    pub streams_released: u64,
    /// Events that were removed.
    pub events_removed: u64,
    /// Bytes that were read from segments.
    pub bytes_read: u64,
    /// Bytes that were written to segments.
    pub bytes_written: u64,
    /// Bytes by which the segments became smaller.
    pub bytes_freed: u64,
    /// Milliseconds that it has taken.
    pub took_ms: u64,
    /// Milliseconds that it will take, by what it took so far; while it is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<u64>,
}

/// Gives room back.
pub trait Scavenge: Send + Sync {
    /// Begins a scavenge, or goes on with one that was stopped; says how far it is. It goes on
    /// when the answer is there.
    fn start_scavenge(&self, asked: ScavengeAsked) -> Answer<'_, ScavengeProgress, ScavengeError>;

    /// How far the one under way has come, or how the last one ended.
    fn scavenge_progress(&self) -> Answer<'_, ScavengeProgress, ScavengeError>;

    /// Stops the one under way, if there is one, and says how far it came.
    fn stop_scavenge(&self) -> Answer<'_, ScavengeProgress, ScavengeError>;
}

/// Why nothing is scavenged.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScavengeError {
    /// One at a time.
    #[error("a scavenge of this context is under way already")]
    UnderWay,
    /// This store has no files of its own, or its journal is elsewhere.
    #[error("this context cannot be scavenged: {why}")]
    NotHere {
        /// Why not.
        why: String,
    },
    /// It cannot be done like this.
    #[error("this cannot be asked of a scavenge: {why}")]
    Invalid {
        /// Why not.
        why: String,
    },
    /// The reply was lost: it may have been begun or stopped. Ask how far it is.
    #[error(transparent)]
    Unknown(LostReply),
    /// The store cannot do it now.
    #[error(transparent)]
    Unavailable(Unavailable),
    /// D1: the bytes are not what was written. Nothing of them is replaced.
    #[error(transparent)]
    Corrupt(Corrupt),
    /// Who asked may not do this.
    #[error(transparent)]
    Denied(Denied),
    /// There is no such context.
    #[error(transparent)]
    NoContext(NoContext),
}

impl ScavengeError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NoContext(_) => Retry::AfterReload,
            Self::UnderWay | Self::Unknown(_) | Self::Unavailable(_) => Retry::Later,
            Self::NotHere { .. } | Self::Invalid { .. } | Self::Corrupt(_) | Self::Denied(_) => {
                Retry::Never
            }
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnderWay => "scavenge.under_way",
            Self::NotHere { .. } => "scavenge.not_here",
            Self::Invalid { .. } => "scavenge.invalid",
            Self::Unknown(_) => "scavenge.unknown",
            Self::Unavailable(cause) => cause.code(),
            Self::Corrupt(_) => "store.corrupt",
            Self::Denied(cause) => cause.code(),
            Self::NoContext(cause) => cause.code(),
        }
    }
}

impl From<ReadError> for ScavengeError {
    fn from(cause: ReadError) -> Self {
        match cause {
            ReadError::Corrupt(corrupt) => Self::Corrupt(corrupt),
            ReadError::Unavailable(cause) => Self::Unavailable(cause),
            ReadError::Denied(cause) => Self::Denied(cause),
            ReadError::NoContext(cause) => Self::NoContext(cause),
            ReadError::Invalid { why } => Self::Invalid { why },
            diverged @ ReadError::Diverged { .. } => Self::Invalid { why: diverged.to_string() },
        }
    }
}

impl From<AppendError> for ScavengeError {
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
