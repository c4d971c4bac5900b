//! Why a backup, a check or a restore did not come about.

use crate::manifest::ManifestId;
use headwater_env::DiskError;
use headwater_model::{AppendError, ContextName, Position, ReadError, Retry, Timestamp};
use std::fmt;

/// A byte that is not what was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Damage {
    /// The file, as the operator knows it.
    pub file: String,
    /// Where in it, or where the frame begins that it is in.
    pub at: u64,
    /// What does not fit.
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is damaged at byte {}: {}", self.file, self.at, self.why)
    }
}

/// Why a backup, a check or a restore did not come about. The source is as it was in every case.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BackupError {
    /// The directory holds something else.
    #[error("{dir} holds no backups; name an empty directory, or one that a backup went to before")]
    NotABackup {
        /// Which.
        dir: String,
    },
    /// There is no backup of this name, or none at all.
    #[error("there is no backup {id} in {dir}; there are: {there}")]
    NoSuchBackup {
        /// Where it was looked for.
        dir: String,
        /// Which.
        id: String,
        /// Those that are there.
        there: String,
    },
    /// The backup does not have this context, or has none.
    #[error("backup {id} has no context {context}; it has: {there}")]
    NoSuchContext {
        /// Which backup.
        id: ManifestId,
        /// Which context.
        context: ContextName,
        /// Those that are there.
        there: String,
    },
    /// D1: a file of the backup is not what was written.
    #[error("{0}")]
    Damaged(Damage),
    /// D1: what the store sent is not what it wrote; it was not kept.
    #[error(
        "context {context}, segment {segment}, byte {at}: {why}; run `headwater verify` on the store"
    )]
    SourceDamaged {
        /// Which context.
        context: ContextName,
        /// Which segment of its journal.
        segment: u32,
        /// Which byte.
        at: u32,
        /// What does not fit.
        why: String,
    },
    /// This store has no journal of its own that could be copied.
    #[error("context {context} cannot be copied: its store has no files of its own")]
    NotCopied {
        /// Which context.
        context: ContextName,
    },
    /// A restore goes into an empty directory only.
    #[error("{dir} is not empty, it holds {holds}; a restore never goes over anything")]
    NotEmpty {
        /// Which directory.
        dir: String,
        /// What is in it.
        holds: String,
    },
    /// The position asked for is behind the end of the backup.
    #[error("context {context} ends at position {} in this backup, {asked} was asked for", shown(*.last))]
    BehindEnd {
        /// Which context.
        context: ContextName,
        /// What was asked for.
        asked: Position,
        /// The last position that there is.
        last: Option<Position>,
    },
    /// The context was made after the instant asked for.
    #[error("context {context} was made at {born}, as of {asked} it was not there; leave it out")]
    NotBorn {
        /// Which context.
        context: ContextName,
        /// What was asked for.
        asked: Timestamp,
        /// When its first commit was made.
        born: Timestamp,
    },
    /// The place asked for lies in a part of the history that was scavenged before the backup.
    #[error(
        "context {context}: the history from position {first} to {last} was scavenged and cannot be cut in two; restore to a place outside of it, or from a backup of before"
    )]
    Scavenged {
        /// Which context.
        context: ContextName,
        /// The first position of that part.
        first: Position,
        /// Its last.
        last: Position,
    },
    /// The store did not answer, or not as it should.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The restored context did not take its first commit.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

fn shown(position: Option<Position>) -> String {
    position.map_or_else(|| "nothing".to_owned(), |position| position.to_string())
}

impl BackupError {
    pub(crate) fn damaged(file: &std::path::Path, at: u64, why: impl Into<String>) -> Self {
        Self::Damaged(Damage { file: file.display().to_string(), at, why: why.into() })
    }

    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Read(cause) => cause.retry(),
            Self::Append(cause) => cause.retry(),
            Self::Disk(cause) => cause.retry(),
            _ => Retry::Never,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotABackup { .. } => "backup.not_a_backup",
            Self::NoSuchBackup { .. } | Self::NoSuchContext { .. } => "backup.not_found",
            Self::Damaged(_) => "backup.damaged",
            Self::SourceDamaged { .. } => "store.corrupt",
            Self::NotCopied { .. } => "backup.not_copied",
            Self::NotEmpty { .. } => "restore.not_empty",
            Self::BehindEnd { .. } | Self::NotBorn { .. } => "restore.not_in_backup",
            Self::Scavenged { .. } => "restore.scavenged",
            Self::Read(cause) => cause.code(),
            Self::Append(cause) => cause.code(),
            Self::Disk(cause) => cause.code(),
        }
    }
}
