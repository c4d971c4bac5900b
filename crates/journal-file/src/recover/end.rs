//! Where the journal ends, and making sure of it.
//!
//! Invariants: A2 what is shown from here on is durable, whoever left it. D1 what was durable when
//! the mark was written, or when a later frame was, is not cut.

use super::{End, Found, Recovery, unavailable};
use crate::format::{HEADER_BYTES, SegmentHeader, SegmentKey, segment_file_name};
use crate::limits::{CHUNK_BYTES, SEGMENT_BYTES_MAX};
use crate::mark::Mark;
use crate::prepare::{Prepared, Preparer};
use crate::scan::{Scan, Source};
use crate::segments::Segment;
use crate::tail::Tail;
use headwater_env::{Access, AlignedBuf, BLOCK_BYTES, File};
use headwater_model::{CommitDigest, Epoch, Head, JournalError, Slot};
use std::sync::Arc;

impl Recovery<'_> {
    /// The segment behind the last: zeros, or what is left of a first write that was not finished.
    pub(super) fn blank(&self, segment: u32, mark: &Mark) -> Result<Prepared, JournalError> {
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
        // Its length may be in the system's memory only: of a process that was killed, or whose
        // sync failed, while it made the file larger. A header will soon say that it is durable.
        file.sync().map_err(unavailable)?;
        Ok(Prepared { segment, capacity, file })
    }

    /// The end of the last segment that was begun.
    pub(super) fn end(&self, last: &Found, mark: &Mark) -> Result<End, JournalError> {
        let number = last.header.segment;
        let name = segment_file_name(number);
        let file = self.disk.open(&self.dir.join(&name), Access::Write).map_err(unavailable)?;
        let capacity = last.header.capacity;
        let key = SegmentKey::new(mark.id, number);
        let source = Source { file: file.as_ref(), key, capacity };
        let watch = if mark.end.segment == number { mark.end.at } else { 0 };
        let scan = source.follow(&last.header, last.checksum, watch).map_err(unavailable)?;
        self.check_mark(&name, &scan, watch, mark)?;
        assert!(scan.end >= watch && scan.durable <= scan.end, "D1: the end is behind the mark");
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
    pub(super) fn first(&self, preparer: &mut Preparer, mark: &Mark) -> Result<End, JournalError> {
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
            scavenged: None,
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
    assert!(from <= to, "A2: what is durable reaches behind the end");
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
