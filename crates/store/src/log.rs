//! The log: the journal that commits go to, and the segments that reads come from.
//!
//! Why: with the file journal both are the same files: one write, one sync. With any other journal
//! the segments are a local replica of it: written behind each durable commit, not synced, caught
//! up and checked when it is opened.
//!
//! Invariants: A2 what [`Log::append`] returned from is durable in the journal. A replica holds a
//! front part of the journal's commits, byte for byte.

use crate::replica::Copy;
use headwater_journal_file::{FileJournal, Overlap, Place, Room, Segments};
use headwater_model::{Corrupt, Head, Journal, JournalError, LostReply, Slot, StoredCommit};

/// Commits asked of a journal at once while a replica catches up.
const CATCH_UP_BYTES: usize = 4 * 1_024 * 1_024;

/// A journal with local segments.
pub(crate) enum Log {
    /// The segments are the journal.
    File(Box<FileJournal>),
    /// The segments follow a journal that is elsewhere.
    Replica { journal: Box<dyn Journal>, head: Head, local: Box<FileJournal> },
}

impl Log {
    /// The file journal.
    pub(crate) fn file(journal: FileJournal) -> Self {
        let (way, overlaps) = (journal.durable_way(), journal.overlaps());
        tracing::debug!(?way, overlaps, "how commits reach the device");
        Self::File(Box::new(journal))
    }

    /// Becomes the writer of `journal`, and brings the copy up to it. A copy that is damaged, or not
    /// what the journal holds, is fetched again.
    pub(crate) fn replica(
        mut journal: Box<dyn Journal>,
        copy: Copy<'_>,
        open: &dyn Fn() -> Result<FileJournal, JournalError>,
    ) -> Result<Self, JournalError> {
        let head = journal.claim()?;
        let sound = open().and_then(|local| {
            check_same(&*journal, &local, head)?;
            Ok(local)
        });
        let local = match sound {
            Err(JournalError::Corrupt(cause)) => renewed(&*journal, copy, open, cause)?,
            sound => sound?,
        };
        Self::caught_up(journal, head, local)
    }

    /// The same, its copy thrown away and fetched again: what stood in it was damaged, as `cause`
    /// says. Of the file journal there is no other copy.
    pub(crate) fn fetched_again(
        self,
        copy: Copy<'_>,
        open: &dyn Fn() -> Result<FileJournal, JournalError>,
        cause: Corrupt,
    ) -> Result<Self, JournalError> {
        match self {
            Self::File(_) => Err(JournalError::Corrupt(cause)),
            Self::Replica { journal, head, local } => {
                drop(local);
                let local = renewed(&*journal, copy, open, cause)?;
                Self::caught_up(journal, head, local)
            }
        }
    }

    fn caught_up(
        journal: Box<dyn Journal>,
        head: Head,
        mut local: FileJournal,
    ) -> Result<Self, JournalError> {
        while Journal::head(&local).next < head.next {
            let from = Journal::head(&local).next;
            let commits = journal.read(from, CATCH_UP_BYTES)?;
            if commits.is_empty() {
                return Err(JournalError::Corrupt(Corrupt {
                    file: "the journal".to_owned(),
                    at: from.0,
                    why: format!("it ends at commit {from}, its head says {}", head.next),
                }));
            }
            for commit in commits {
                local.append_placed(Journal::head(&local), &commit.body)?;
            }
        }
        Ok(Self::Replica { journal, head, local: Box::new(local) })
    }

    /// Bytes of one commit's body.
    pub(crate) fn commit_bytes_max(&self) -> usize {
        match self {
            Self::File(journal) => journal.limits().commit_bytes_max,
            Self::Replica { journal, local, .. } => {
                journal.limits().commit_bytes_max.min(local.limits().commit_bytes_max)
            }
        }
    }

    /// The segments, for reading.
    pub(crate) fn segments(&self) -> Segments {
        match self {
            Self::File(journal) => journal.segments(),
            Self::Replica { local, .. } => local.segments(),
        }
    }

    /// Writes a commit durably, and says where its body stands. `meanwhile` is told so before it is
    /// known how the write went.
    pub(crate) fn append(
        &mut self,
        body: &[u8],
        overlap: Overlap,
        meanwhile: &mut dyn FnMut(Place),
    ) -> Result<Place, JournalError> {
        match self {
            Self::File(journal) => {
                let head = Journal::head(&**journal);
                journal
                    .append_while(head, body, overlap, meanwhile)
                    .map(|committed| committed.place)
            }
            Self::Replica { journal, head, local } => {
                *head = append_resolved(&mut **journal, *head, body)?;
                let local_head = Journal::head(&**local);
                match local.append_while(local_head, body, overlap, meanwhile) {
                    Ok(committed) => {
                        let (here, there) = (committed.head.next, head.next);
                        assert!(here == there, "A2: the replica is not in step with its journal");
                        Ok(committed.place)
                    }
                    // The journal holds it: opening again fetches it.
                    Err(cause) => {
                        let why = format!("the local replica did not take a commit: {cause}");
                        Err(JournalError::Unknown(LostReply { why }))
                    }
                }
            }
        }
    }

    /// What the commits from here on may take on a full disk.
    pub(crate) fn set_room(&mut self, room: Room) {
        match self {
            Self::File(journal) => journal.set_room(room),
            Self::Replica { local, .. } => local.set_room(room),
        }
    }

    /// For idle moments: notes how far the segments are durable.
    pub(crate) fn note_idle(&mut self) -> Result<(), JournalError> {
        match self {
            Self::File(journal) => journal.note_idle(),
            Self::Replica { local, .. } => local.note_idle(),
        }
    }

    /// Notes that nothing follows.
    pub(crate) fn close(self) -> Result<(), JournalError> {
        match self {
            Self::File(journal) => journal.close(),
            Self::Replica { local, .. } => local.close(),
        }
    }
}

/// Appends, and resolves a lost reply once: the same bytes are sent to the same slot again, until
/// it holds them or another's.
fn append_resolved(
    journal: &mut dyn Journal,
    after: Head,
    body: &[u8],
) -> Result<Head, JournalError> {
    match journal.append(after, body) {
        Err(JournalError::Unknown(_)) => {}
        answer => return answer,
    }
    match journal.append(after, body) {
        Err(JournalError::HeadMoved { actual, .. }) => {
            let standing = journal.read(after.next, 1)?;
            match standing.first() {
                Some(commit) if commit.slot == after.next && commit.body == body => {
                    Ok(Head { next: after.next.next(), digest: commit.digest, epoch: after.epoch })
                }
                _ => Err(JournalError::HeadMoved { expected: after, actual }),
            }
        }
        answer => answer,
    }
}

/// An empty copy in the place of a damaged one, if it is a copy of this journal.
fn renewed(
    journal: &dyn Journal,
    copy: Copy<'_>,
    open: &dyn Fn() -> Result<FileJournal, JournalError>,
    cause: Corrupt,
) -> Result<FileJournal, JournalError> {
    if !copy.is_of(journal)? {
        return Err(JournalError::Corrupt(cause));
    }
    tracing::warn!(dir = %copy.dir.display(), %cause, "the replica is fetched again");
    copy.discard()?;
    open()
}

/// The first commit of the replica, which says whose it is, and the last stand in the journal as
/// they do here. (Commits that follow each other on equal states are equal in any context.)
fn check_same(journal: &dyn Journal, local: &FileJournal, head: Head) -> Result<(), JournalError> {
    let here = Journal::head(local).next;
    let differs = |slot: Slot| {
        JournalError::Corrupt(Corrupt {
            file: "the local replica".to_owned(),
            at: slot.0,
            why: format!(
                "commit {slot} is not the journal's; remove the replica, it is fetched again"
            ),
        })
    };
    if here > head.next {
        return Err(differs(head.next));
    }
    let Some(last) = here.0.checked_sub(1).map(Slot) else { return Ok(()) };
    for slot in [Slot::ZERO, last] {
        let (theirs, ours) = (journal.read(slot, 1)?, local.read(slot, 1)?);
        let body = |commits: &[StoredCommit]| commits.first().map(|commit| commit.body.clone());
        if body(&theirs).is_none() || body(&theirs) != body(&ours) {
            return Err(differs(slot));
        }
    }
    Ok(())
}
