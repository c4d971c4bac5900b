//! Finding where a segment ends that nobody sealed.
//!
//! Why: a power cut leaves the last write whole, torn, or not at all. What was acknowledged stands
//! before it in one unbroken chain; what stands behind the break decides whether it is a tear or rot.
//! Invariants: D1 a frame below what was durable is never cut. D3 any bytes lead to an end.

use crate::chunks::Chunks;
use crate::format::{
    FIRST_FRAME_AT, FRAME_HEADER_BYTES, FrameHeader, FrameKind, Seal, SegmentHeader, SegmentKey,
};
use crate::limits::{CHUNK_BYTES, COMMIT_BYTES_MAX, COUNTER_MAX};
use bytes::Bytes;
use headwater_env::{DiskError, File};
use headwater_model::{CommitDigest, Epoch, Slot};

/// A segment's file, up to where it may be read.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a dyn File,
    pub(crate) key: SegmentKey,
    pub(crate) capacity: u32,
}

/// What the chain of a segment leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scan {
    /// The byte behind the last frame that follows.
    pub(crate) end: u32,
    /// The checksum that the next frame would name.
    pub(crate) prev: u32,
    /// The next commit.
    pub(crate) next_slot: Slot,
    /// The digest of the last commit.
    pub(crate) digest: CommitDigest,
    /// The term of the last frame.
    pub(crate) epoch: Epoch,
    /// Commits in the segment.
    pub(crate) commit_count: u64,
    /// Up to here the last frame's writer knew the segment to be durable.
    pub(crate) durable: u32,
    /// Whether the last frame is a seal.
    pub(crate) sealed: bool,
    /// The checksum that stood at the byte asked for, if a frame ends there.
    pub(crate) prev_at: Option<u32>,
}

impl Source<'_> {
    /// Fills `buf`; what is behind the file's end is zeros.
    fn read(&self, at: u32, buf: &mut [u8]) -> Result<(), DiskError> {
        let count = self.file.read_at(buf, u64::from(at))?;
        buf[count..].fill(0);
        Ok(())
    }

    /// Follows the chain from the header on. Tells the checksum in force at byte `watch`.
    pub(crate) fn follow(
        &self,
        header: &SegmentHeader,
        header_checksum: u32,
        watch: u32,
    ) -> Result<Scan, DiskError> {
        let mut chunks = Chunks::default();
        let mut scan = Scan {
            end: FIRST_FRAME_AT,
            prev: header_checksum,
            next_slot: header.first_slot,
            digest: header.digest,
            epoch: header.epoch,
            commit_count: 0,
            durable: 0,
            sealed: false,
            prev_at: None,
        };
        loop {
            if scan.end == watch {
                scan.prev_at = Some(scan.prev);
            }
            let Some((frame, body)) = self.frame(&mut chunks, scan.end)? else { break };
            let follows = frame.prev == scan.prev
                && frame.slot == scan.next_slot
                && (scan.epoch..Epoch(COUNTER_MAX)).contains(&frame.epoch);
            if scan.sealed || !follows {
                break;
            }
            scan.end += frame.bytes() as u32;
            assert!(scan.end <= self.capacity, "D3: a frame is read within its segment");
            scan.prev = frame.checksum;
            scan.epoch = frame.epoch;
            scan.durable = frame.mark.min(scan.end);
            match frame.kind {
                FrameKind::Commit => {
                    scan.next_slot = frame.slot.next();
                    scan.digest = frame.digest();
                    scan.commit_count += 1;
                }
                FrameKind::Seal => scan.sealed = Seal::decode(&frame, &body).is_some(),
                FrameKind::Kept | FrameKind::Places => {
                    unreachable!("D3: `plausible` lets neither through")
                }
            }
        }
        Ok(scan)
    }

    /// The frame at `at`, if one stands there whole.
    fn frame(
        &self,
        chunks: &mut Chunks,
        at: u32,
    ) -> Result<Option<(FrameHeader, Bytes)>, DiskError> {
        let left = self.capacity.saturating_sub(at) as usize;
        if left < FRAME_HEADER_BYTES {
            return Ok(None);
        }
        let read = |at, buf: &mut [u8]| self.read(at, buf);
        let bytes = chunks.get(at, FRAME_HEADER_BYTES, self.capacity, read)?;
        let Some(header) = plausible(bytes, left) else { return Ok(None) };
        let frame = chunks.get(at, header.bytes(), self.capacity, read)?;
        if !header.fits(self.key, at, frame) {
            return Ok(None);
        }
        let body_at = at + FRAME_HEADER_BYTES as u32;
        Ok(Some((header, chunks.keep(body_at, header.length as usize))))
    }

    /// Looks behind the end: how far there is anything but zeros, and whether a whole frame stands
    /// there that was written when the end was durable already.
    pub(crate) fn look_behind(&self, end: u32) -> Result<Behind, DiskError> {
        let mut behind = Behind::default();
        let mut budget = u64::from(self.capacity) * WORK_FACTOR;
        let mut chunks = Chunks::default();
        let mut piece = vec![0; CHUNK_BYTES];
        let mut at = end;
        while at < self.capacity {
            let count = ((self.capacity - at) as usize).min(CHUNK_BYTES);
            self.read(at, &mut piece[..count])?;
            // Headers may reach into the next piece, so the last bytes are looked at again.
            let last = at as usize + count >= self.capacity as usize;
            let step = if last { count } else { count - FRAME_HEADER_BYTES };
            for index in nonzero_places(&piece[..count], step) {
                let place = at + index as u32;
                if piece[index] != 0 {
                    behind.dirty_to = place + 1;
                }
                let left = (self.capacity - place) as usize;
                let Some(header) = plausible(&piece[index..count], left) else { continue };
                if header.mark <= end || header.mark > place || behind.survivor.is_some() {
                    continue;
                }
                budget = budget.saturating_sub(header.bytes() as u64);
                if budget == 0 || self.frame(&mut chunks, place)?.is_some() {
                    behind.survivor = Some(place);
                }
            }
            at += step as u32;
        }
        Ok(behind)
    }
}

/// Bytes that are checksummed in search of survivors, in segments. No real tail comes near; bytes
/// made to look like thousands of large frames are reported as damage instead of read for hours.
const WORK_FACTOR: u64 = 8;

/// What stands behind the end of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Behind {
    /// The byte behind the last that is not zero; zero if all are.
    pub(crate) dirty_to: u32,
    /// A frame whose writer knew the end to be durable, and further.
    pub(crate) survivor: Option<u32>,
}

/// The header in `bytes` if a frame of its length may stand there.
fn plausible(bytes: &[u8], left: usize) -> Option<FrameHeader> {
    let header = FrameHeader::decode(bytes.first_chunk::<FRAME_HEADER_BYTES>()?)?;
    // A segment that is written to was never scavenged.
    let possible = matches!(header.kind, FrameKind::Commit | FrameKind::Seal);
    let fits = header.length as usize <= COMMIT_BYTES_MAX && header.bytes() <= left;
    (possible && fits).then_some(header)
}

/// The places before `step` where a header could begin: those with a byte that is not zero among
/// the first few. Long runs of zeros cost next to nothing.
fn nonzero_places(piece: &[u8], step: usize) -> impl Iterator<Item = usize> + '_ {
    const RUN: usize = 512;
    (0..step).step_by(RUN).flat_map(move |from| {
        let to = (from + RUN).min(step);
        let reach = (to + FRAME_HEADER_BYTES).min(piece.len());
        let dirty = piece[from..reach].iter().any(|byte| *byte != 0);
        if dirty { from..to } else { to..to }
    })
}
