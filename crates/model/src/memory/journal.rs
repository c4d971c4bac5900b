//! A journal in memory: handles that share one list of commits.
//!
//! Why: what a journal promises, without a disk; two handles are two writers that fence each other.
//!
//! Invariants: a commit is there when `append` returns; the head moves by one; the digest chains
//! the epoch, the bytes and all before. Only the handle that claimed last can append.

use crate::{
    CommitDigest, Epoch, Head, Journal, JournalError, JournalLimits, LostReply, Slot, StoredCommit,
    Unavailable,
};
use bytes::Bytes;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Loss;

/// One mebibyte, as the smaller of the engines that a journal may run on.
const COMMIT_BYTES_MAX: usize = 1_024 * 1_024;

#[derive(Debug, Default)]
struct Commits {
    stored: Vec<StoredCommit>,
    epoch: Epoch,
    lose_next: Option<Loss>,
}

/// A handle on a journal in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    commits: Arc<Mutex<Commits>>,
    epoch: Epoch,
    limits: JournalLimits,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::with_limits(JournalLimits { commit_bytes_max: COMMIT_BYTES_MAX })
    }

    /// An empty journal that takes commits of this size.
    pub fn with_limits(limits: JournalLimits) -> Self {
        Self { commits: Arc::default(), epoch: Epoch::ZERO, limits }
    }

    /// Another handle on the same commits: another process, or this one after a crash.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { commits: Arc::clone(&self.commits), epoch: Epoch::ZERO, limits: self.limits }
    }

    /// Makes the next append, by whichever handle, answer `Unknown`.
    pub fn lose_next_reply(&self, loss: Loss) {
        self.commits().lose_next = Some(loss);
    }

    fn commits(&self) -> MutexGuard<'_, Commits> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl Commits {
    fn head(&self, epoch: Epoch) -> Head {
        let digest = self.stored.last().map_or(CommitDigest(0), |last| last.digest);
        Head { next: Slot(self.stored.len() as u64), digest, epoch }
    }

    fn check(&self, own: Epoch, after: Head) -> Result<(), JournalError> {
        if own == Epoch::ZERO || own != self.epoch {
            let why = format!("epoch {own} is over, the journal is in epoch {}", self.epoch);
            return Err(JournalError::Unavailable(Unavailable::Fenced { why }));
        }
        let actual = self.head(own);
        if after != actual {
            return Err(JournalError::HeadMoved { expected: after, actual });
        }
        Ok(())
    }

    fn store(&mut self, after: Head, body: &[u8]) -> Head {
        let mut hasher = DefaultHasher::new();
        (after.digest.0, after.next, after.epoch, body).hash(&mut hasher);
        let digest = CommitDigest(hasher.finish());
        let body = Bytes::copy_from_slice(body);
        self.stored.push(StoredCommit { slot: after.next, epoch: after.epoch, digest, body });
        self.head(after.epoch)
    }
}

impl Journal for MemoryJournal {
    fn limits(&self) -> JournalLimits {
        self.limits
    }

    fn head(&self) -> Head {
        self.commits().head(self.epoch)
    }

    fn claim(&mut self) -> Result<Head, JournalError> {
        let epoch = {
            let mut commits = self.commits();
            commits.epoch = commits.epoch.next();
            commits.epoch
        };
        self.epoch = epoch;
        Ok(self.head())
    }

    fn append(&mut self, after: Head, body: &[u8]) -> Result<Head, JournalError> {
        let bytes_max = self.limits.commit_bytes_max;
        if body.len() > bytes_max {
            return Err(JournalError::TooLarge { bytes: body.len(), bytes_max });
        }
        let mut commits = self.commits();
        commits.check(self.epoch, after)?;
        let lost = |why: &str| JournalError::Unknown(LostReply { why: why.to_owned() });
        match commits.lose_next.take() {
            Some(Loss::BeforeStored) => Err(lost("the commit did not arrive")),
            Some(Loss::AfterStored) => {
                commits.store(after, body);
                Err(lost("the answer did not arrive"))
            }
            None => Ok(commits.store(after, body)),
        }
    }

    fn read(&self, from: Slot, bytes_max: usize) -> Result<Vec<StoredCommit>, JournalError> {
        let commits = self.commits();
        let from = usize::try_from(from.0).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let behind = commits.stored.get(from..).unwrap_or_default().iter();
        let fitting = behind.enumerate().take_while(|(n, commit)| {
            bytes += commit.body.len();
            *n == 0 || bytes <= bytes_max
        });
        Ok(fitting.map(|(_, commit)| commit.clone()).collect())
    }
}
