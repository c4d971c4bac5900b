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

use crate::format::{
    FRAME_HEADER_BYTES, FrameHeader, FrameKind, HEADER_BYTES, SEAL_BYTES, Seal, SegmentHeader,
};
use crate::limits::{
    COMMIT_BYTES_MAX, RECENT_BYTES, SEGMENT_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN,
};
use crate::mark::MarkFile;
use crate::prepare::{Prepared, Preparer};
use crate::recover::{self, Opened};
use crate::segments::Segment;
use crate::{Frames, Place, Recovered, Segments};
use headwater_env::{BLOCK_BYTES, DirLock, Disk, DiskError, DurableWay, Entropy, File};
use headwater_model::{
    CommitDigest, Head, Journal, JournalError, JournalLimits, LostReply, Slot, StoredCommit,
    Unavailable,
};
use parking_lot::{Mutex, RwLockWriteGuard};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// When what was appended becomes durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// Before the append returns (A2): a journal.
    EachCommit,
    /// When a segment is sealed: the local copy of a journal that is durable elsewhere.
    AtSeal,
}

/// Who prepares the next segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preparing {
    /// A thread, so that appends do not wait for it.
    Background,
    /// The writer, so that the order of disk operations is the same each time: simulation.
    Inline,
}

/// How a journal is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Bytes of a segment; rounded up to whole blocks. A larger commit gets a larger segment.
    pub segment_bytes: u32,
    /// Bytes of the newest commits kept in memory.
    pub recent_bytes: usize,
    /// Who prepares segments.
    pub preparing: Preparing,
    /// When commits are durable.
    pub durability: Durability,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: SEGMENT_BYTES,
            recent_bytes: RECENT_BYTES,
            preparing: Preparing::Background,
            durability: Durability::EachCommit,
        }
    }
}

impl Options {
    /// The size within its bounds, in whole blocks.
    pub(crate) fn segment_bytes(&self) -> u32 {
        let bytes = self.segment_bytes.clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX);
        bytes.next_multiple_of(BLOCK_BYTES as u32)
    }
}

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
    /// Where the last page that was read ended.
    last_read: Mutex<Option<(Slot, Frames)>>,
    _lock: DirLock,
}

/// Where the open segment ends, and what the next frame must name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// The byte behind the last frame.
    pub(crate) at: u32,
    /// The byte behind the last that was written to the file.
    pub(crate) written: u32,
    /// The byte behind the last that is durable.
    pub(crate) durable: u32,
    /// The checksum that the next frame names.
    pub(crate) prev: u32,
    /// Commits in the segment.
    pub(crate) commit_count: u64,
    /// Whether a seal stands at its end.
    pub(crate) sealed: bool,
}

impl Tail {
    /// Behind the header of a segment that has nothing else, not even that written.
    pub(crate) const fn begun(header_checksum: u32) -> Self {
        let at = HEADER_BYTES as u32;
        Self { at, written: 0, durable: 0, prev: header_checksum, commit_count: 0, sealed: false }
    }
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

    /// As [`Journal::append`], and says where the body stands.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append_placed(&mut self, after: Head, body: &[u8]) -> Result<Committed, JournalError> {
        self.check(after, body.len())?;
        self.make_room(body.len())?;
        let place = Place { segment: self.segment.header.segment, at: self.tail.at };
        let digest = self.write_frame(FrameKind::Commit, body)?;
        self.tail.commit_count += 1;
        self.prepare_next();
        self.head = Head { next: self.head.next.next(), digest, epoch: self.head.epoch };
        self.segments.shared.next_slot.store(self.head.next.0, Ordering::Release);
        Ok(Committed { head: self.head, place: place.plus(FRAME_HEADER_BYTES as u32) })
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

    fn frame_header(&self, kind: FrameKind, body: &[u8]) -> FrameHeader {
        FrameHeader {
            checksum: 0,
            kind,
            length: u32::try_from(body.len()).expect("the size was checked"),
            slot: self.head.next,
            epoch: self.head.epoch,
            prev: self.tail.prev,
            mark: self.tail.durable,
        }
    }

    /// Writes a frame behind the tail, durable as promised, and publishes it.
    fn write_frame(&mut self, kind: FrameKind, body: &[u8]) -> Result<CommitDigest, JournalError> {
        let header = self.frame_header(kind, body);
        let at = self.tail.at;
        let end = at + header.bytes() as u32;
        let mut recent = self.segments.shared.recent.write();
        let frame = recent.room(self.tail.written.min(at), at, header.bytes());
        frame[FRAME_HEADER_BYTES..].copy_from_slice(body);
        let checksum = header.encode(self.segment.key, at, frame);
        // Readers go on while the device works.
        let recent = RwLockWriteGuard::downgrade(recent);
        let written = match self.durability {
            Durability::EachCommit => {
                let from = floor(self.tail.written);
                let blocks = recent.slice(from, ceil(end));
                self.file.write_durable_at(blocks, u64::from(from))
            }
            Durability::AtSeal => {
                let from = self.tail.written;
                let written = self.file.write_at(recent.slice(from, end), u64::from(from));
                // A segment's header is durable before its successor is prepared.
                if from == 0 { written.and_then(|()| self.file.sync()) } else { written }
            }
        };
        drop(recent);
        if let Err(e) = written {
            return Err(self.write_failed(e, end));
        }
        (self.tail.at, self.tail.written, self.tail.prev) = (end, end, checksum);
        if self.durability == Durability::EachCommit || self.tail.durable == 0 {
            self.tail.durable = end;
        }
        self.segment.publish(end);
        Ok(FrameHeader { checksum, ..header }.digest())
    }

    /// D2: what a failed write leaves. A full disk: the place is zeroed again, as if nothing had
    /// been asked. Anything else: the outcome is unknown and nothing more is written.
    fn write_failed(&mut self, error: DiskError, end: u32) -> JournalError {
        if matches!(error, DiskError::Full { .. }) {
            let from = floor(self.tail.written.min(self.tail.at));
            let mut recent = self.segments.shared.recent.write();
            let blocks = recent.cut(from, self.tail.at, ceil(end));
            if self.file.write_durable_at(blocks, u64::from(from)).is_ok() {
                return JournalError::Unavailable(error.into());
            }
        }
        let why = error.to_string();
        self.poisoned = Some(why.clone());
        JournalError::Unknown(LostReply { why })
    }

    /// Sees to it that a body of so many bytes fits behind the tail, and a seal behind it.
    fn make_room(&mut self, bytes: usize) -> Result<(), JournalError> {
        let frame = FRAME_HEADER_BYTES + bytes + SEAL_BYTES;
        if !self.tail.sealed && self.tail.at as usize + frame <= self.capacity as usize {
            return Ok(());
        }
        let wanted = ceil((HEADER_BYTES + frame) as u32);
        let next = self.segment.header.segment + 1;
        // First the room, then the seal: a full disk refuses before anything was written.
        let prepared =
            self.preparer.take(next, wanted).map_err(|e| JournalError::Unavailable(e.into()))?;
        if let Err(e) = self.seal() {
            self.preparer.put_back(prepared);
            return Err(e);
        }
        self.begin_segment(prepared);
        Ok(())
    }

    /// Writes the seal of the open segment; all of it is durable then.
    fn seal(&mut self) -> Result<(), JournalError> {
        if !self.tail.sealed {
            let seal = Seal { commit_count: self.tail.commit_count, digest: self.head.digest };
            self.write_frame(FrameKind::Seal, &seal.encode()).map_err(|e| match e {
                // Of the seal the outcome is unknown; of the commit it is not.
                JournalError::Unknown(LostReply { why }) => poisoned(why),
                other => other,
            })?;
            self.tail.sealed = true;
        }
        self.sync_tail()?;
        if !self.segment.is_sealed() {
            self.segment.mark_sealed();
            self.segments.shared.note_open(self.segment.header.segment);
        }
        self.record_mark(false)
    }

    /// Makes the open segment durable where commits do not do it themselves.
    fn sync_tail(&mut self) -> Result<(), JournalError> {
        if self.tail.durable == self.tail.at || self.durability == Durability::EachCommit {
            return Ok(());
        }
        if let Err(e) = self.file.sync() {
            self.poisoned = Some(e.to_string());
            return Err(poisoned(e.to_string()));
        }
        self.tail.durable = self.tail.at;
        Ok(())
    }

    /// Goes on in a prepared segment. Its header is written together with its first frame.
    fn begin_segment(&mut self, prepared: Prepared) {
        let header = SegmentHeader {
            id: self.segment.header.id,
            segment: prepared.segment,
            capacity: prepared.capacity,
            first_slot: self.head.next,
            epoch: self.head.epoch,
            digest: self.head.digest,
            seal_before: self.tail.prev,
            end_before: self.tail.at,
        };
        let (bytes, checksum) = header.encode();
        let end = HEADER_BYTES as u32;
        let segment = Segment::new(header, checksum, end, false);
        self.segment = Arc::new(segment.with_file(Arc::clone(&prepared.file)));
        self.file = prepared.file;
        self.capacity = prepared.capacity;
        self.tail = Tail::begun(checksum);
        self.segments.shared.recent.write().begin(header.segment, &bytes);
        self.segments.shared.list.write().push(Arc::clone(&self.segment));
    }

    /// Keeps the next segment ready, once the open one has its header: of files without a header
    /// there is at most one, the last, so that a header that is gone is told from one to come.
    fn prepare_next(&mut self) {
        if self.tail.durable > 0 {
            self.preparer.begin(self.segment.header.segment + 1);
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

    /// Claims the next epoch, durably, before anything is written in it.
    fn take_next_epoch(&mut self) -> Result<(), JournalError> {
        let epoch = self.head.epoch.next();
        let recorded = self.mark.record(|mark| {
            (mark.epoch, mark.closed) = (epoch, false);
        });
        recorded.map_err(|e| JournalError::Unavailable(e.into()))?;
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

/// The block that `at` stands in.
const fn floor(at: u32) -> u32 {
    at - at % BLOCK_BYTES as u32
}

/// The end of the last block before `at`.
const fn ceil(at: u32) -> u32 {
    at.next_multiple_of(BLOCK_BYTES as u32)
}
