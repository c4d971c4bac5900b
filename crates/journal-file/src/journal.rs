//! The writer: one append, one durable write.
//!
//! Why: everything an acknowledgement waits for is here, so there is little of it: a copy into the
//! tail, a checksum, one call to the device, and the end is published.
//!
//! Picture:
//! ```text
//!   append ─▶ fits? ──no──▶ seal ─▶ next segment (prepared)
//!              │yes                      │
//!              ▼                         ▼
//!            tail ──────▶ durable write ──────▶ publish ──▶ acknowledged
//! ```
//! Invariants: A2 nothing is acknowledged before it is durable. D2 after a failed write or sync
//! nothing is written until the journal is opened again; a full disk refuses and changes nothing.

mod write;

use crate::format::{FRAME_HEADER_BYTES, FrameKind};
use crate::limits::COMMIT_BYTES_MAX;
use crate::mark::MarkFile;
use crate::options::{Durability, Options, Overlap, Room};
use crate::prepare::Preparer;
use crate::recover::{self, Opened};
use crate::segments::Segment;
use crate::tail::Tail;
use crate::{Frames, Place, Recovered, Segments};
use headwater_env::{DirLock, Disk, DurableWay, Entropy, File};
use headwater_model::{
    Head, Journal, JournalError, JournalLimits, Slot, StoredCommit, Unavailable,
};
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What an append did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The journal's new head.
    pub head: Head,
    /// Where the body begins.
    pub place: Place,
}

/// The journal in a directory, open for writing. There is one at a time.
#[derive(Debug)]
pub struct FileJournal {
    segments: Segments,
    segment: Arc<Segment>,
    file: Arc<dyn File>,
    capacity: u32,
    tail: Tail,
    head: Head,
    mark: MarkFile,
    preparer: Preparer,
    durability: Durability,
    recovered: Recovered,
    poisoned: Option<String>,
    room: Room,
    /// Where the last page that was read ended.
    last_read: Mutex<Option<(Slot, Frames)>>,
    _lock: DirLock,
}
impl FileJournal {
    /// Opens the journal in `dir`, or makes one there, and becomes its writer in a new epoch.
    ///
    /// # Errors
    /// `Locked` with the holder if another process writes there; `Corrupt` if the journal is not
    /// what was written; `Full` if a new one has no room.
    pub fn open(
        disk: Arc<dyn Disk>,
        entropy: &dyn Entropy,
        dir: &Path,
        options: Options,
    ) -> Result<Self, JournalError> {
        let opened = recover::open(disk, entropy, dir, options)?;
        let Opened { shared, segment, file, tail, head, mark, preparer, recovered, lock } = opened;
        let mut journal = Self {
            segments: Segments { shared },
            capacity: segment.header.capacity,
            segment,
            file,
            tail,
            head,
            mark,
            preparer,
            durability: options.durability,
            recovered,
            poisoned: None,
            room: Room::Ordinary,
            last_read: Mutex::default(),
            _lock: lock,
        };
        journal.take_next_epoch()?;
        journal.prepare_next();
        Ok(journal)
    }

    /// The segments, for reading from any thread.
    pub fn segments(&self) -> Segments {
        self.segments.clone()
    }

    /// What was found when the journal was opened.
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// How durable writes reach the device.
    pub fn durable_way(&self) -> DurableWay {
        self.file.durable_way()
    }

    /// Whether the device is at work while an append does something else.
    pub fn overlaps(&self) -> bool {
        self.durability == Durability::EachCommit && self.file.overlaps()
    }

    /// What the commits from here on may take on a full disk.
    pub fn set_room(&mut self, room: Room) {
        self.room = room;
    }

    /// As [`Journal::append`], and says where the body stands.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append_placed(&mut self, after: Head, body: &[u8]) -> Result<Committed, JournalError> {
        self.append_while(after, body, Overlap::InTurn, &mut |_| {})
    }

    /// As [`FileJournal::append_placed`], with `meanwhile` done before it is known how the write went:
    /// while the device is at work if `overlap` wants it and [`FileJournal::overlaps`], else before
    /// it begins. It is told where the body will stand. It is done at most once, and not at all if there was no
    /// room; the commit may still be refused behind it.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append_while(
        &mut self,
        after: Head,
        body: &[u8],
        overlap: Overlap,
        meanwhile: &mut dyn FnMut(Place),
    ) -> Result<Committed, JournalError> {
        self.check(after, body.len())?;
        self.make_room(body.len())?;
        let frame = Place { segment: self.segment.header.segment, at: self.tail.at };
        let place = frame.plus(FRAME_HEADER_BYTES as u32);
        let digest =
            self.write_frame(FrameKind::Commit, body, overlap, &mut || meanwhile(place))?;
        assert!(
            self.tail.at == frame.at + (FRAME_HEADER_BYTES + body.len()) as u32,
            "A2: the tail"
        );
        self.tail.commit_count += 1;
        self.prepare_next();
        self.head = Head { next: self.head.next.next(), digest, epoch: self.head.epoch };
        self.segments.shared.next_slot.store(self.head.next.0, Ordering::Release);
        Ok(Committed { head: self.head, place })
    }

    /// Writes down how far the journal is durable, if that is not written yet. For idle moments:
    /// then even the last frame is told from one that was never finished.
    ///
    /// # Errors
    /// `Unavailable`; nothing else is touched.
    pub fn note_idle(&mut self) -> Result<(), JournalError> {
        self.check_poison()?;
        self.record_mark(false)
    }

    /// Makes everything durable and writes down that nothing follows, so that the next opening
    /// has nothing to look for.
    ///
    /// # Errors
    /// `Unavailable`; the journal then opens as after a crash.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.check_poison()?;
        self.sync_tail()?;
        self.record_mark(true)
    }

    fn check(&self, after: Head, bytes: usize) -> Result<(), JournalError> {
        self.check_poison()?;
        if bytes > COMMIT_BYTES_MAX {
            return Err(JournalError::TooLarge { bytes, bytes_max: COMMIT_BYTES_MAX });
        }
        if after != self.head {
            return Err(JournalError::HeadMoved { expected: after, actual: self.head });
        }
        Ok(())
    }

    fn check_poison(&self) -> Result<(), JournalError> {
        match &self.poisoned {
            Some(why) => Err(poisoned(why.clone())),
            None => Ok(()),
        }
    }

    fn record_mark(&mut self, closed: bool) -> Result<(), JournalError> {
        let end = Place { segment: self.segment.header.segment, at: self.tail.durable };
        // What is only in memory, like the header of a segment without commits, is not durable.
        let known = self.tail.durable == self.tail.at;
        let same = self.mark.mark.end == end && self.mark.mark.closed == closed;
        if same || !known {
            return Ok(());
        }
        let (next_slot, prev) = (self.head.next, self.tail.prev);
        let recorded = self.mark.record(|mark| {
            (mark.end, mark.next_slot, mark.prev, mark.closed) = (end, next_slot, prev, closed);
        });
        recorded.map_err(|e| JournalError::Unavailable(e.into()))
    }

    /// Claims the next epoch, durably, before anything is written in it; and writes down with it
    /// how far the journal is durable: what recovery found and made so is told from a tear.
    fn take_next_epoch(&mut self) -> Result<(), JournalError> {
        let epoch = self.head.epoch.next();
        let end = Place { segment: self.segment.header.segment, at: self.tail.durable };
        let known = self.tail.durable == self.tail.at;
        let (next_slot, prev) = (self.head.next, self.tail.prev);
        let recorded = self.mark.record(|mark| {
            (mark.epoch, mark.closed) = (epoch, false);
            if known {
                (mark.end, mark.next_slot, mark.prev) = (end, next_slot, prev);
            }
        });
        recorded.map_err(|e| JournalError::Unavailable(e.into()))?;
        assert!(epoch > self.head.epoch, "A2: two writers of one epoch");
        self.head.epoch = epoch;
        Ok(())
    }
}

impl Journal for FileJournal {
    fn limits(&self) -> JournalLimits {
        JournalLimits { commit_bytes_max: COMMIT_BYTES_MAX }
    }

    fn head(&self) -> Head {
        self.head
    }

    fn claim(&mut self) -> Result<Head, JournalError> {
        self.check_poison()?;
        self.take_next_epoch()?;
        Ok(self.head)
    }

    fn append(&mut self, after: Head, body: &[u8]) -> Result<Head, JournalError> {
        Ok(self.append_placed(after, body)?.head)
    }

    fn read(&self, from: Slot, bytes_max: usize) -> Result<Vec<StoredCommit>, JournalError> {
        let mut last = self.last_read.lock();
        // Whoever reads page after page goes on where the last one ended.
        let mut frames = match last.take() {
            Some((slot, frames)) if slot == from => frames,
            _ => self.segments.frames_from_slot(from)?,
        };
        let mut commits = Vec::new();
        let mut bytes = 0;
        while bytes < bytes_max || commits.is_empty() {
            let Some(frame) = frames.next().transpose()? else { break };
            bytes += frame.body.len();
            commits.push(StoredCommit {
                slot: frame.slot,
                epoch: frame.epoch,
                digest: frame.digest,
                body: frame.body,
            });
        }
        let next = commits.last().map_or(from, |last: &StoredCommit| last.slot.next());
        *last = Some((next, frames));
        Ok(commits)
    }
}

fn poisoned(why: String) -> JournalError {
    JournalError::Unavailable(Unavailable::Poisoned { why })
}
