//! One frame to the disk, and from one segment to the next.
//!
//! Picture: a first frame takes its segment's header along, all others the block they begin in.
//! ```text
//!   | header | frame |      one write          | … acknowledged … | frame |
//!                                              └ block ┘ written again with what it held
//! ```
//! Invariants: A2, D2. The bytes of a block that were acknowledged are the same in each write of
//! it, so a write that tears at a sector leaves them as they are.

use super::{FileJournal, poisoned};
use crate::format::{
    FRAME_HEADER_BYTES, FrameHeader, FrameKind, HEADER_BYTES, SEAL_BYTES, Seal, SegmentHeader,
};
use crate::limits::RESERVE_BYTES;
use crate::options::{Durability, Overlap, Room};
use crate::prepare::Prepared;
use crate::segments::Segment;
use crate::tail::Tail;
use headwater_env::{BLOCK_BYTES, DiskError};
use headwater_model::{CommitDigest, JournalError, LostReply};
use parking_lot::RwLockWriteGuard;
use std::sync::Arc;

impl FileJournal {
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

    /// Writes a frame behind the tail, durable as promised, and publishes it. `meanwhile` is done
    /// before it is known how the write went.
    pub(super) fn write_frame(
        &mut self,
        kind: FrameKind,
        body: &[u8],
        overlap: Overlap,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<CommitDigest, JournalError> {
        let header = self.frame_header(kind, body);
        let at = self.tail.at;
        let end = at + header.bytes() as u32;
        let seal = if kind == FrameKind::Seal { 0 } else { SEAL_BYTES as u32 };
        assert!(
            end + seal <= self.capacity,
            "D1: a frame leaves its segment, or no room to seal it"
        );
        assert!(self.tail.durable <= self.tail.written, "A2: what was not written is durable");
        assert!(!self.tail.sealed, "D1: a frame behind the seal");
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
                match overlap {
                    Overlap::IfPossible => {
                        self.file.write_durable_while(blocks, u64::from(from), meanwhile)
                    }
                    Overlap::InTurn => {
                        meanwhile();
                        self.file.write_durable_at(blocks, u64::from(from))
                    }
                }
            }
            Durability::AtSeal => {
                meanwhile();
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

    /// Sees to it that a body of so many bytes fits behind the tail, and a seal behind it. D2: the
    /// last part of a segment that none follows is for those who may use the reserve.
    pub(super) fn make_room(&mut self, bytes: usize) -> Result<(), JournalError> {
        let frame = (FRAME_HEADER_BYTES + bytes + SEAL_BYTES) as u32;
        let reserve = RESERVE_BYTES.min(self.capacity / 8);
        let left = if self.tail.sealed { 0 } else { self.capacity - self.tail.at };
        let fits = frame <= left;
        // Behind a header that is not written yet there is no next segment to wait for.
        let may_use_all = self.tail.durable == 0 || self.room == Room::Reserve;
        if frame + reserve <= left || fits && may_use_all {
            return Ok(());
        }
        // First the room, then the seal: a full disk refuses before anything was written.
        let next = self.segment.header.segment + 1;
        let wanted = if fits { 0 } else { ceil(HEADER_BYTES as u32 + frame + reserve) };
        let prepared =
            self.preparer.take(next, wanted).map_err(|e| JournalError::Unavailable(e.into()))?;
        if fits {
            // With a segment behind it, the last part of this one is a part like any other.
            self.preparer.put_back(prepared);
            return Ok(());
        }
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
            self.write_frame(FrameKind::Seal, &seal.encode(), Overlap::InTurn, &mut || {})
                .map_err(|e| match e {
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
    pub(super) fn sync_tail(&mut self) -> Result<(), JournalError> {
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
        assert!(self.tail.sealed && self.segment.is_sealed(), "D1: a segment follows a seal");
        assert!(self.tail.durable == self.tail.at, "A2: the segment before is durable");
        assert!(prepared.segment == self.segment.header.segment + 1, "D1: segments have no holes");
        let header = SegmentHeader {
            id: self.segment.header.id,
            segment: prepared.segment,
            capacity: prepared.capacity,
            first_slot: self.head.next,
            epoch: self.head.epoch,
            digest: self.head.digest,
            seal_before: self.tail.prev,
            end_before: self.tail.at,
            scavenged: None,
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
    pub(super) fn prepare_next(&mut self) {
        if self.tail.durable > 0 {
            self.preparer.begin(self.segment.header.segment + 1);
        }
    }
}

/// The block that `at` stands in.
const fn floor(at: u32) -> u32 {
    at - at % BLOCK_BYTES as u32
}

/// The end of the last block before `at`.
const fn ceil(at: u32) -> u32 {
    at.next_multiple_of(BLOCK_BYTES as u32)
}
