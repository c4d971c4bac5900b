//! Opening: from whatever a crash left to a journal that can be written.
//!
//! Why: only the last segment was being written, so only that is read. Everything before it was
//! sealed, and the headers, which name the seals, show that nothing is missing or swapped.
//!
//! Picture:
//! ```text
//!   header ─ seal ◀── header ─ seal ◀── header ─ frames ─ end │ torn │ zeros      blank segment
//!                                                        ▲ at least up to the mark
//! ```
//! Invariants: A2 what was acknowledged is there or the journal does not open. D1 only what was
//! never acknowledged is cut; the rest is reported with file and byte.

mod end;
mod headers;

use crate::Place;
use crate::format::{JournalId, SegmentHeader};
use crate::limits::COUNTER_MAX;
use crate::mark::{MARK_FILE, Mark, MarkFile};
use crate::options::{Options, Preparing};
use crate::prepare::{Preparer, Workshop};
use crate::segments::{Segment, Shared};
use crate::tail::{Recent, Tail};
use headwater_env::{DirLock, Disk, DiskError, Entropy, File};
use headwater_model::{Corrupt, Epoch, Head, JournalError, Slot};
use parking_lot::{Mutex, RwLock};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What opening found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// The next commit.
    pub next_slot: Slot,
    /// Bytes of a write that was never acknowledged and was cut.
    pub torn_bytes: u32,
    /// Whether the journal had been closed.
    pub closed: bool,
}

/// All that a writer is made of.
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Arc<dyn File>,
    pub(crate) tail: Tail,
    pub(crate) head: Head,
    pub(crate) mark: MarkFile,
    pub(crate) preparer: Preparer,
    pub(crate) recovered: Recovered,
    pub(crate) lock: DirLock,
}

/// The name of the file that is locked.
pub(crate) const LOCK_FILE: &str = "lock";

fn unavailable(error: DiskError) -> JournalError {
    JournalError::Unavailable(error.into())
}

/// Opens the journal in `dir` or makes one.
pub(crate) fn open(
    disk: Arc<dyn Disk>,
    entropy: &dyn Entropy,
    dir: &Path,
    options: Options,
) -> Result<Opened, JournalError> {
    disk.create_dir_all(dir).map_err(unavailable)?;
    let owner = format!("process {}", std::process::id());
    let lock = disk.lock(&dir.join(LOCK_FILE), &owner).map_err(unavailable)?;
    let recovery = Recovery { disk: disk.as_ref(), dir };
    let numbers = recovery.segment_numbers()?;
    // Names that are seen may not be durable yet, if whoever made them was killed in between.
    disk.sync_dir(dir).map_err(unavailable)?;
    let mark = recovery.mark(entropy, !numbers.is_empty())?;
    let (begun, blank) = recovery.headers(&numbers, mark.mark.id)?;
    recovery.check_seals(&begun)?;
    recovery.check_reach(&begun, &mark.mark)?;

    let workshop = Workshop {
        disk: Arc::clone(&disk),
        dir: dir.to_owned(),
        segment_bytes: options.segment_bytes(),
        in_background: options.preparing == Preparing::Background,
    };
    let blank = match blank {
        Some(segment) => Some(recovery.blank(segment, &mark.mark)?),
        None => None,
    };
    let mut preparer = Preparer::new(workshop, blank);
    let end = match begun.last() {
        Some(last) => recovery.end(last, &mark.mark)?,
        None => recovery.first(&mut preparer, &mark.mark)?,
    };
    let End { segment, file, tail, head, block, torn_bytes, closed } = end;
    let base = tail.at - block.len() as u32;
    let recent = Recent::new(segment.header.segment, base, &block, options.recent_bytes);
    let mut list: Vec<_> = begun.iter().map(Found::sealed).collect();
    list.pop();
    list.push(Arc::clone(&segment));
    let shared = Arc::new(Shared {
        disk,
        dir: dir.to_owned(),
        list: RwLock::new(list),
        recent: RwLock::new(recent),
        next_slot: AtomicU64::new(head.next.0),
        open: Mutex::default(),
    });
    let recovered = Recovered { next_slot: head.next, torn_bytes, closed };
    Ok(Opened { shared, segment, file, tail, head, mark, preparer, recovered, lock })
}

/// A segment with a header.
#[derive(Clone, Copy)]
struct Found {
    header: SegmentHeader,
    checksum: u32,
    /// Where it ends, from the header behind it.
    end: u32,
}

impl Found {
    fn sealed(&self) -> Arc<Segment> {
        Arc::new(Segment::new(self.header, self.checksum, self.end, true))
    }
}

/// The end of the journal, ready to be written on.
struct End {
    segment: Arc<Segment>,
    file: Arc<dyn File>,
    tail: Tail,
    head: Head,
    block: Vec<u8>,
    torn_bytes: u32,
    closed: bool,
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
}

impl Recovery<'_> {
    /// Damage in one of the journal's files.
    fn corrupt(&self, name: &str, at: u64, why: impl Into<String>) -> JournalError {
        let file = self.dir.join(name).display().to_string();
        JournalError::Corrupt(Corrupt { file, at, why: why.into() })
    }

    /// The mark of the journal; a new one if there is none.
    fn mark(&self, entropy: &dyn Entropy, expected: bool) -> Result<MarkFile, JournalError> {
        if let Some(mark) = MarkFile::open(self.disk, self.dir)? {
            if mark.mark.epoch.0.max(mark.mark.generation) > COUNTER_MAX {
                return Err(self.corrupt(MARK_FILE, 0, "no journal has so many epochs or marks"));
            }
            return Ok(mark);
        }
        if expected {
            return Err(self.corrupt(MARK_FILE, 0, "the mark is missing"));
        }
        let context = u128::from(entropy.u64()) << 64 | u128::from(entropy.u64());
        let mark = Mark {
            id: JournalId { context, salt: entropy.u64() },
            generation: 0,
            epoch: Epoch::ZERO,
            end: Place::default(),
            next_slot: Slot::ZERO,
            prev: 0,
            closed: false,
        };
        MarkFile::create(self.disk, self.dir, mark).map_err(unavailable)
    }
}
