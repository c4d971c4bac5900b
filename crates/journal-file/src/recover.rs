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

use crate::Place;
use crate::format::{
    FRAME_HEADER_BYTES, FrameHeader, HEADER_BYTES, JournalId, SEAL_BYTES, Seal, SegmentHeader,
    SegmentKey, segment_file_name, segment_of_file_name,
};
use crate::journal::{Options, Preparing, Tail};
use crate::limits::{CHUNK_BYTES, COUNTER_MAX, SEGMENT_BYTES_MAX};
use crate::mark::{MARK_FILE, Mark, MarkFile};
use crate::prepare::{Prepared, Preparer, UNFINISHED, Workshop};
use crate::scan::{Scan, Source};
use crate::segments::{Segment, Shared};
use crate::tail::Recent;
use headwater_env::{Access, AlignedBuf, BLOCK_BYTES, DirLock, Disk, DiskError, Entropy, File};
use headwater_model::{CommitDigest, Corrupt, Epoch, Head, JournalError, Slot};
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
    fn corrupt(&self, name: &str, at: u64, why: impl Into<String>) -> JournalError {
        let file = self.dir.join(name).display().to_string();
        JournalError::Corrupt(Corrupt { file, at, why: why.into() })
    }

    /// The segments that have files, which must be all from the first on.
    fn segment_numbers(&self) -> Result<Vec<u32>, JournalError> {
        let names = self.disk.list(self.dir).map_err(unavailable)?;
        if names.iter().any(|name| name == UNFINISHED) {
            self.disk.remove(&self.dir.join(UNFINISHED)).map_err(unavailable)?;
        }
        let mut numbers: Vec<_> = names.iter().filter_map(|n| segment_of_file_name(n)).collect();
        numbers.sort_unstable();
        let missing = numbers.iter().zip(0..).find(|(number, expected)| *number != expected);
        if let Some((_, expected)) = missing {
            return Err(self.corrupt(&segment_file_name(expected), 0, "the segment is missing"));
        }
        Ok(numbers)
    }

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

    /// The segments that were begun, and the one behind them that was not, if it is there.
    fn headers(
        &self,
        numbers: &[u32],
        id: JournalId,
    ) -> Result<(Vec<Found>, Option<u32>), JournalError> {
        let mut begun: Vec<Found> = Vec::new();
        let mut blank = None;
        for &number in numbers {
            let name = segment_file_name(number);
            let mut bytes = [0; HEADER_BYTES];
            let file = self.disk.open(&self.dir.join(&name), Access::Read).map_err(unavailable)?;
            file.read_at(&mut bytes, 0).map_err(unavailable)?;
            if bytes == [0; HEADER_BYTES] {
                if let Some(before) = blank.replace(number) {
                    let name = segment_file_name(before);
                    return Err(self.corrupt(&name, 0, "the header is gone"));
                }
                continue;
            }
            if let Some(before) = blank {
                let name = segment_file_name(before);
                return Err(self.corrupt(&name, 0, "the header is gone"));
            }
            let decoded = SegmentHeader::decode(&bytes);
            let (header, checksum) = decoded.map_err(|why| self.corrupt(&name, 0, why))?;
            self.check_header(&name, &header, number, id, file.as_ref())?;
            if let Some(before) = begun.last_mut() {
                before.end = header.end_before;
            }
            begun.push(Found { header, checksum, end: 0 });
        }
        Ok((begun, blank))
    }

    fn check_header(
        &self,
        name: &str,
        header: &SegmentHeader,
        number: u32,
        id: JournalId,
        file: &dyn File,
    ) -> Result<(), JournalError> {
        let refuse = |why: String| Err(self.corrupt(name, 0, why));
        if header.id != id {
            return refuse("the segment is of another journal".to_owned());
        }
        if header.segment != number {
            return refuse(format!("this is segment {}, under another's name", header.segment));
        }
        if header.first_slot.0.max(header.epoch.0) > COUNTER_MAX {
            return refuse(format!("no journal reaches slot {}", header.first_slot));
        }
        let len = file.len().map_err(unavailable)?;
        let room = header.capacity >= BLOCK_BYTES as u32 && header.capacity <= SEGMENT_BYTES_MAX;
        if !room || len < u64::from(header.capacity) {
            return refuse(format!("the file has {len} bytes of {}", header.capacity));
        }
        Ok(())
    }

    /// Each header names the seal before it; the seals must be there.
    fn check_seals(&self, begun: &[Found]) -> Result<(), JournalError> {
        for pair in begun.windows(2) {
            let [before, after] = pair else { continue };
            let name = segment_file_name(before.header.segment);
            let end = after.header.end_before;
            let at = end.saturating_sub(SEAL_BYTES as u32);
            let refuse = |why: &str| Err(self.corrupt(&name, u64::from(at), why));
            if end > before.header.capacity || (at as usize) < HEADER_BYTES {
                return refuse("the next segment names a seal where none can be");
            }
            let file = self.disk.open(&self.dir.join(&name), Access::Read).map_err(unavailable)?;
            let mut bytes = [0; SEAL_BYTES];
            file.read_at(&mut bytes, u64::from(at)).map_err(unavailable)?;
            let key = SegmentKey::new(before.header.id, before.header.segment);
            let frame = bytes.first_chunk().and_then(FrameHeader::decode);
            let frame = frame.filter(|frame| frame.fits(key, at, &bytes));
            let Some(frame) = frame else { return refuse("the segment's seal is not whole") };
            let seal = Seal::decode(&frame, &bytes[FRAME_HEADER_BYTES..]);
            let Some(seal) = seal else { return refuse("the segment ends without a seal") };
            let first_slot = before.header.first_slot.0.checked_add(seal.commit_count);
            if frame.checksum != after.header.seal_before
                || first_slot != Some(after.header.first_slot.0)
                || frame.slot != after.header.first_slot
                || seal.digest != after.header.digest
            {
                return refuse("the seal is not the one that the next segment follows");
            }
        }
        Ok(())
    }

    /// The journal must reach as far as the mark says.
    fn check_reach(&self, begun: &[Found], mark: &Mark) -> Result<(), JournalError> {
        let Some(last) = begun.last() else {
            if mark.end == Place::default() {
                return Ok(());
            }
            return Err(self.corrupt(&segment_file_name(0), 0, "the segment is gone"));
        };
        if mark.end.segment > last.header.segment {
            let name = segment_file_name(mark.end.segment);
            let why = format!("the journal was durable up to {}, which is gone", mark.end);
            return Err(self.corrupt(&name, u64::from(mark.end.at), why));
        }
        Ok(())
    }

    /// The segment behind the last: zeros, or what is left of a first write that was not finished.
    fn blank(&self, segment: u32, mark: &Mark) -> Result<Prepared, JournalError> {
        let name = segment_file_name(segment);
        let file = self.disk.open(&self.dir.join(&name), Access::Write).map_err(unavailable)?;
        let len = file.len().map_err(unavailable)?.min(u64::from(SEGMENT_BYTES_MAX)) as u32;
        let capacity = len - len % BLOCK_BYTES as u32;
        let source =
            Source { file: file.as_ref(), key: SegmentKey::new(mark.id, segment), capacity };
        if !mark.closed {
            let behind = source.look_behind(0).map_err(unavailable)?;
            if let Some(at) = behind.survivor {
                let why = format!("the header is gone, but a whole frame stands at byte {at}");
                return Err(self.corrupt(&name, 0, why));
            }
            clear(file.as_ref(), 0, behind.dirty_to)?;
        }
        Ok(Prepared { segment, capacity, file })
    }

    /// The end of the last segment that was begun.
    fn end(&self, last: &Found, mark: &Mark) -> Result<End, JournalError> {
        let number = last.header.segment;
        let name = segment_file_name(number);
        let file = self.disk.open(&self.dir.join(&name), Access::Write).map_err(unavailable)?;
        let capacity = last.header.capacity;
        let key = SegmentKey::new(mark.id, number);
        let source = Source { file: file.as_ref(), key, capacity };
        let watch = if mark.end.segment == number { mark.end.at } else { 0 };
        let scan = source.follow(&last.header, last.checksum, watch).map_err(unavailable)?;
        self.check_mark(&name, &scan, watch, mark)?;
        let closed = mark.closed && watch == scan.end;
        let mut torn_bytes = 0;
        if !closed {
            let behind = source.look_behind(scan.end).map_err(unavailable)?;
            if let Some(at) = behind.survivor {
                let why = format!("no frame follows here, but a later one stands at byte {at}");
                return Err(self.corrupt(&name, u64::from(scan.end), why));
            }
            torn_bytes = behind.dirty_to.saturating_sub(scan.end);
            clear(file.as_ref(), scan.end, behind.dirty_to)?;
            // What is seen may be in the system's memory only, left by a process that was killed
            // or whose sync failed. It is shown from now on, so it is written again.
            write_again(file.as_ref(), scan.durable, scan.end)?;
        }
        let mut block = vec![0; scan.end as usize % BLOCK_BYTES];
        let base = scan.end - block.len() as u32;
        file.read_at(&mut block, u64::from(base)).map_err(unavailable)?;
        let segment = Segment::new(last.header, last.checksum, scan.end, scan.sealed);
        let segment = Arc::new(segment.with_file(Arc::clone(&file)));
        let head = head(scan.next_slot, scan.digest, scan.epoch.max(mark.epoch));
        let tail = Tail {
            at: scan.end,
            written: scan.end,
            durable: scan.end,
            prev: scan.prev,
            commit_count: scan.commit_count,
            sealed: scan.sealed,
        };
        Ok(End { segment, file, tail, head, block, torn_bytes, closed })
    }

    /// What was durable when the mark was written must have been found.
    fn check_mark(
        &self,
        name: &str,
        scan: &Scan,
        watch: u32,
        mark: &Mark,
    ) -> Result<(), JournalError> {
        if watch <= HEADER_BYTES as u32 {
            return Ok(());
        }
        if scan.end < watch {
            let why = format!("no frame follows here, the journal was durable up to byte {watch}");
            return Err(self.corrupt(name, u64::from(scan.end), why));
        }
        if scan.prev_at != Some(mark.prev) {
            let why = "the frame that ends here is not the one that the mark names";
            return Err(self.corrupt(name, u64::from(watch), why));
        }
        Ok(())
    }

    /// The first segment of a new journal. Its header is written with the first commit.
    fn first(&self, preparer: &mut Preparer, mark: &Mark) -> Result<End, JournalError> {
        let prepared = preparer.take(0, 0).map_err(unavailable)?;
        let header = SegmentHeader {
            id: mark.id,
            segment: 0,
            capacity: prepared.capacity,
            first_slot: Slot::ZERO,
            epoch: mark.epoch.next(),
            digest: CommitDigest::default(),
            seal_before: 0,
            end_before: 0,
        };
        let (bytes, checksum) = header.encode();
        let segment = Segment::new(header, checksum, HEADER_BYTES as u32, false);
        Ok(End {
            segment: Arc::new(segment.with_file(Arc::clone(&prepared.file))),
            file: prepared.file,
            tail: Tail::begun(checksum),
            head: head(Slot::ZERO, CommitDigest::default(), mark.epoch),
            block: bytes.to_vec(),
            torn_bytes: 0,
            closed: mark.closed,
        })
    }
}

const fn head(next: Slot, digest: CommitDigest, epoch: Epoch) -> Head {
    Head { next, digest, epoch }
}

/// Writes what is read from the file once more, durably.
fn write_again(file: &dyn File, from: u32, to: u32) -> Result<(), JournalError> {
    let block = BLOCK_BYTES as u32;
    let mut at = from - from % block;
    let end = to.next_multiple_of(block);
    let mut piece = AlignedBuf::zeroed(CHUNK_BYTES.min((end - at) as usize));
    while at < end {
        let count = piece.len().min((end - at) as usize);
        let blocks = &mut piece[..count];
        file.read_at(blocks, u64::from(at)).map_err(unavailable)?;
        file.write_durable_at(blocks, u64::from(at)).map_err(unavailable)?;
        at += count as u32;
    }
    Ok(())
}

/// Overwrites what was torn with zeros, durably, so that nothing of it is ever read again.
fn clear(file: &dyn File, from: u32, to: u32) -> Result<(), JournalError> {
    if from < to {
        file.write_zeros(u64::from(from), u64::from(to)).map_err(unavailable)?;
        file.sync().map_err(unavailable)?;
    }
    Ok(())
}
