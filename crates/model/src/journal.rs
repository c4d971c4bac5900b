//! The `Journal` port: a totally ordered, durable sequence of commits with compare-and-append.
//!
//! Why: this is all that differs between one machine and a cluster. Everything else — revisions,
//! conditions, idempotence, subscriptions — is a deterministic state machine over this sequence.
//!
//! Picture:
//! ```text
//!   slot 0 ◀─prev── slot 1 ◀─prev── slot 2      head = { next: 3, digest of 2, epoch }
//! ```
//!
//! Invariants: a commit names the one before it by digest; a commit whose `prev` is another is
//! void. `append` returns only when the commit is durable (A2). An epoch that was overtaken
//! cannot append. `Unknown` means: ask again with the same bytes; the slot then tells.

use crate::{Corrupt, Epoch, LostReply, Slot, Unavailable};
use bytes::Bytes;

/// Identifies a commit and, through the chain, everything before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CommitDigest(pub u64);

/// The end of a journal: what the next commit must follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// Where the next commit will stand.
    pub next: Slot,
    /// The digest of the last commit; zero for an empty journal.
    pub digest: CommitDigest,
    /// The writer's term.
    pub epoch: Epoch,
}

/// What a journal can take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JournalLimits {
    /// Bytes of one commit's body.
    pub commit_bytes_max: usize,
}

/// A commit as the journal holds it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredCommit {
    /// Its place.
    pub slot: Slot,
    /// The term it was written in.
    pub epoch: Epoch,
    /// Its own digest.
    pub digest: CommitDigest,
    /// What the store wrote. Opaque to the journal.
    pub body: Bytes,
}

/// An ordered, durable sequence of commits. One writer at a time; calls block until they are done.
pub trait Journal: Send + 'static {
    /// What it can take.
    fn limits(&self) -> JournalLimits;

    /// The end of the journal, as this handle knows it.
    fn head(&self) -> Head;

    /// Becomes the writer: takes the next epoch and fences every earlier one.
    ///
    /// # Errors
    /// `Unavailable::Locked` if another process holds it and cannot be fenced.
    fn claim(&mut self) -> Result<Head, JournalError>;

    /// Writes `body` durably into slot `after.next`, if the head is still `after`.
    ///
    /// # Errors
    /// Nothing was written in any case but [`JournalError::Unknown`].
    fn append(&mut self, after: Head, body: &[u8]) -> Result<Head, JournalError>;

    /// Commits from `from` on, in order, about `bytes_max` bytes of them and at least one if there is one.
    ///
    /// # Errors
    /// Damage, or an engine that does not answer.
    fn read(&self, from: Slot, bytes_max: usize) -> Result<Vec<StoredCommit>, JournalError>;
}

/// Why a journal did not do what was asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JournalError {
    /// The head is not the one the commit was planned against.
    #[error("the journal's head is at slot {}, the commit was planned for slot {}", actual.next, expected.next)]
    HeadMoved {
        /// What the writer believed.
        expected: Head,
        /// What is.
        actual: Head,
    },
    /// The commit is larger than this journal takes.
    #[error("the commit has {bytes} bytes, this journal takes at most {bytes_max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The commit may or may not have been written.
    #[error(transparent)]
    Unknown(LostReply),
    /// The journal cannot write or read now.
    #[error(transparent)]
    Unavailable(Unavailable),
    /// D1: the bytes are not what was written.
    #[error(transparent)]
    Corrupt(Corrupt),
}
