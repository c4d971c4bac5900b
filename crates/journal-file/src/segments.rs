//! Reading: the segments as any number of threads see them while one appends.
//!
//! Why: readers never ask the writer. The end that it publishes after each durable write is all
//! they share, and what is before that end never changes.
//! Invariants: R1 no byte behind the published end is handed out. A place that lies there is a
//! fault of the index that named it, and is reported as one.

mod pin;

pub use pin::Pin;

use crate::format::{
    FIRST_FRAME_AT, FRAME_HEADER_BYTES, Scavenged, SegmentHeader, SegmentKey, segment_file_name,
};
use crate::frames::Frames;
use crate::limits::OPEN_FILE_COUNT_MAX;
use crate::tail::Recent;
use crate::{Frame, Place};
use headwater_env::{Access, Disk, File};
use headwater_model::{Corrupt, JournalError, Slot};
use parking_lot::{Mutex, RwLock};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The segments of a journal, for reading. Clones are cheap and see the same journal.
#[derive(Clone, Debug)]
pub struct Segments {
    pub(crate) shared: Arc<Shared>,
}

/// A segment as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentInfo {
    /// Which one.
    pub segment: u32,
    /// The first commit in it.
    pub first_slot: Slot,
    /// Whether it takes no more commits.
    pub sealed: bool,
    /// Bytes in it that are written, header and seal included.
    pub bytes: u32,
    /// How it was scavenged, if it was.
    pub scavenged: Option<Scavenged>,
}

/// What the writer and the readers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    /// In order, without holes.
    pub(crate) list: RwLock<Vec<Arc<Segment>>>,
    pub(crate) recent: RwLock<Recent>,
    pub(crate) next_slot: AtomicU64,
    /// Sealed segments whose files are open, the longest first.
    pub(crate) open: Mutex<VecDeque<u32>>,
}

/// One begun segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    pub(crate) header_checksum: u32,
    pub(crate) key: SegmentKey,
    pub(crate) name: String,
    /// Open while it is written or was read lately.
    file: RwLock<Option<Arc<dyn File>>>,
    /// Open as long as anyone reads it, because its name is about to be another file's.
    replaced: OnceLock<Arc<dyn File>>,
    end: AtomicU32,
    sealed: AtomicBool,
}

impl Segment {
    /// A segment that is read up to `end`.
    pub(crate) fn new(header: SegmentHeader, header_checksum: u32, end: u32, sealed: bool) -> Self {
        Self {
            header,
            header_checksum,
            key: header.key(),
            name: segment_file_name(header.segment),
            file: RwLock::new(None),
            replaced: OnceLock::new(),
            end: AtomicU32::new(end),
            sealed: AtomicBool::new(sealed),
        }
    }

    /// Gives it the handle that the writer has open.
    pub(crate) fn with_file(self, file: Arc<dyn File>) -> Self {
        Self { file: RwLock::new(Some(file)), ..self }
    }

    /// The byte behind the last that may be read.
    pub(crate) fn end(&self) -> u32 {
        self.end.load(Ordering::Acquire)
    }

    /// Lets readers see up to `end`.
    pub(crate) fn publish(&self, end: u32) {
        assert!(end >= self.end(), "R1: the published end went back");
        self.end.store(end, Ordering::Release);
    }

    /// Marks that no commit follows.
    pub(crate) fn mark_sealed(&self) {
        self.sealed.store(true, Ordering::Release);
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed.load(Ordering::Acquire)
    }

    /// Damage at a byte of this segment.
    pub(crate) fn corrupt(&self, shared: &Shared, at: u32, why: impl Into<String>) -> JournalError {
        let file = shared.dir.join(&self.name).display().to_string();
        JournalError::Corrupt(Corrupt { file, at: u64::from(at), why: why.into() })
    }

    /// Keeps the file open until nobody reads it any more: its name is about to be another's.
    pub(crate) fn keep_open(&self, shared: &Shared) -> Result<(), JournalError> {
        // Whoever opens it by its name now is done first.
        let _nobody_opens = self.file.write();
        if self.replaced.get().is_none() {
            let _only_once = self.replaced.set(self.open(shared)?);
        }
        Ok(())
    }

    pub(crate) fn file(&self, shared: &Shared) -> Result<Arc<dyn File>, JournalError> {
        if let Some(file) = self.file.read().as_ref() {
            return Ok(Arc::clone(file));
        }
        let opened = {
            let mut file = self.file.write();
            if let Some(file) = self.replaced.get() {
                return Ok(Arc::clone(file));
            }
            let opened = self.open(shared)?;
            *file = Some(Arc::clone(&opened));
            opened
        };
        shared.note_open(self.header.segment);
        Ok(opened)
    }

    fn open(&self, shared: &Shared) -> Result<Arc<dyn File>, JournalError> {
        let opened = shared.disk.open(&shared.dir.join(&self.name), Access::Read);
        opened.map_err(|e| JournalError::Unavailable(e.into()))
    }
}

impl Shared {
    /// Counts a sealed segment's open file, and closes the one that is open the longest if there
    /// are too many. Who is reading it has its own handle.
    pub(crate) fn note_open(&self, segment: u32) {
        let longest = {
            let mut open = self.open.lock();
            open.push_back(segment);
            if open.len() > OPEN_FILE_COUNT_MAX { open.pop_front() } else { None }
        };
        if let Some(segment) = longest.and_then(|segment| self.segment(segment)) {
            *segment.file.write() = None;
        }
    }

    /// Lets those who come from now on read another file under a segment's name.
    pub(crate) fn replace(&self, new: &Arc<Segment>) {
        let mut list = self.list.write();
        let own = |old: &&mut Arc<Segment>| old.header.segment == new.header.segment;
        if let Some(old) = list.iter_mut().find(own) {
            *old = Arc::clone(new);
        }
    }

    /// The segment of this number.
    pub(crate) fn segment(&self, segment: u32) -> Option<Arc<Segment>> {
        let list = self.list.read();
        let first = list.first()?.header.segment;
        let index = usize::try_from(segment.checked_sub(first)?).ok()?;
        list.get(index).cloned()
    }

    /// Fills `buf` with the bytes at `at`, from memory if they are recent.
    pub(crate) fn read(
        &self,
        segment: &Segment,
        at: u32,
        buf: &mut [u8],
    ) -> Result<(), JournalError> {
        let behind = u64::from(at) + buf.len() as u64;
        if behind > u64::from(segment.end()) {
            let why = format!("{} bytes were asked for, the end is {}", buf.len(), segment.end());
            return Err(segment.corrupt(self, at, why));
        }
        // What is in memory is of the segment as it was written.
        let may_be_recent = segment.header.scavenged.is_none();
        if may_be_recent && self.recent.read().copy(segment.header.segment, at, buf) {
            return Ok(());
        }
        let file = segment.file(self)?;
        let count =
            file.read_at(buf, u64::from(at)).map_err(|e| JournalError::Unavailable(e.into()))?;
        if count < buf.len() {
            let why = format!("the file ends here, it should reach byte {behind}");
            return Err(segment.corrupt(self, at + count as u32, why));
        }
        Ok(())
    }
}

impl Segments {
    /// All segments that were begun, in order. The last is the one that is written to.
    pub fn list(&self) -> Vec<SegmentInfo> {
        let list = self.shared.list.read();
        let info = |segment: &Arc<Segment>| SegmentInfo {
            segment: segment.header.segment,
            first_slot: segment.header.first_slot,
            sealed: segment.is_sealed(),
            bytes: segment.end(),
            scavenged: segment.header.scavenged,
        };
        list.iter().map(info).collect()
    }

    /// The place of the first frame there is.
    pub fn start(&self) -> Place {
        let list = self.shared.list.read();
        let segment = list.first().map_or(0, |first| first.header.segment);
        Place { segment, at: FIRST_FRAME_AT }
    }

    /// The place behind the last frame that may be read.
    pub fn end(&self) -> Place {
        let list = self.shared.list.read();
        let last = list.last().expect("an open journal has a segment");
        Place { segment: last.header.segment, at: last.end() }
    }

    /// The commit that will be appended next.
    pub fn next_slot(&self) -> Slot {
        Slot(self.shared.next_slot.load(Ordering::Acquire))
    }

    /// Fills `buf` with the bytes at `place`: one read, and none if they are recent. They are not
    /// checked: whoever knows the place knows a checksum of what stands there.
    ///
    /// # Errors
    /// `Corrupt` if there are not so many bytes; `Unavailable` if the disk does not answer.
    pub fn read_at(&self, place: Place, buf: &mut [u8]) -> Result<(), JournalError> {
        match self.shared.segment(place.segment) {
            Some(segment) => self.shared.read(&segment, place.at, buf),
            None => Err(JournalError::Corrupt(Corrupt {
                file: self.shared.dir.display().to_string(),
                at: u64::from(place.at),
                why: format!("there is no segment {}", place.segment),
            })),
        }
    }

    /// As [`Self::read_at`], of as many of these bytes as the segment has; says how many that are.
    ///
    /// # Errors
    /// `Corrupt` if there is not one; `Unavailable` if the disk does not answer.
    pub fn read_up_to(&self, place: Place, buf: &mut [u8]) -> Result<usize, JournalError> {
        let Some(segment) = self.shared.segment(place.segment) else {
            return self.read_at(place, buf).map(|()| buf.len());
        };
        let left = segment.end().saturating_sub(place.at) as usize;
        // None: the read that follows says why.
        let count = if left == 0 { buf.len() } else { buf.len().min(left) };
        self.shared.read(&segment, place.at, &mut buf[..count])?;
        Ok(count)
    }

    /// The frames from the one that begins at `from` on, up to the end as it is when they are
    /// asked for. Each is checked whole.
    pub fn frames(&self, from: Place) -> Frames {
        Frames::new(self.clone(), from, Slot::ZERO)
    }

    /// The frames from commit `slot` on. Reads its segment up to it.
    ///
    /// # Errors
    /// `Corrupt` if what is before it in its segment is damaged; `Unavailable`.
    pub fn frames_from_slot(&self, slot: Slot) -> Result<Frames, JournalError> {
        let segment = {
            let list = self.shared.list.read();
            let behind = list.partition_point(|segment| segment.header.first_slot <= slot);
            let index = behind.saturating_sub(1);
            list.get(index).map_or(0, |segment| segment.header.segment)
        };
        let mut frames = Frames::new(self.clone(), Place { segment, at: FIRST_FRAME_AT }, slot);
        frames.skip_to_first()?;
        Ok(frames)
    }

    /// The frame whose body stands at `place` of a segment that was not scavenged, checked whole.
    ///
    /// # Errors
    /// `Corrupt` if no frame begins before it; `Unavailable`.
    pub fn frame(&self, place: Place) -> Result<Option<Frame>, JournalError> {
        let before = FRAME_HEADER_BYTES as u32;
        let from = Place { segment: place.segment, at: place.at.saturating_sub(before) };
        self.frames(from).next().transpose()
    }

    /// A segment as it is now, to be read for a while: also if it is replaced meanwhile.
    ///
    /// # Errors
    /// `Corrupt` if there is none of this number.
    pub fn pin(&self, segment: u32) -> Result<Pin<'_>, JournalError> {
        let shared = &*self.shared;
        match shared.segment(segment) {
            Some(segment) => Ok(Pin { shared, segment }),
            None => Err(JournalError::Corrupt(Corrupt {
                file: shared.dir.display().to_string(),
                at: 0,
                why: format!("there is no segment {segment}"),
            })),
        }
    }
}
