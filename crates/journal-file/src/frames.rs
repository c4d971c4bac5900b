//! Reading frames in order, each checked whole.
//!
//! Why: a rebuild reads everything. It reads large pieces, checks each frame in one pass, and
//! hands out bodies as slices of the piece: nothing is copied.
//! Invariants: D1 a frame that does not fit is an error with its place, never skipped. Slots are
//! dense and each frame names the one before it.

use crate::chunks::Chunks;
use crate::format::{DIGEST_BYTES, FIRST_FRAME_AT, FRAME_HEADER_BYTES, FrameHeader, FrameKind};
use crate::limits::COMMIT_BYTES_MAX;
use crate::segments::Segment;
use crate::{Place, Segments};
use bytes::Bytes;
use headwater_model::{CommitDigest, Corrupt, Epoch, JournalError, Slot};
use std::sync::Arc;

/// A commit as it stands in a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Its place in the journal.
    pub slot: Slot,
    /// The term it was written in.
    pub epoch: Epoch,
    /// Its digest.
    pub digest: CommitDigest,
    /// Where its body begins.
    pub place: Place,
    /// The body.
    pub body: Bytes,
}

impl Frame {
    /// Where the next frame begins, if it stands in the same segment.
    pub fn next(&self) -> Place {
        self.place.plus(self.body.len() as u32)
    }
}

/// Frames from a place on. A segment that is scavenged while it is read is read on as it was. At the end it gives `None`, and more once more was appended.
#[derive(Debug)]
pub struct Frames {
    segments: Segments,
    segment: Option<Arc<Segment>>,
    place: Place,
    /// Commits before this one are passed over.
    first: Slot,
    /// What the next frame must name and be, once one was seen.
    prev: Option<u32>,
    slot: Option<Slot>,
    chunks: Chunks,
    failed: bool,
    /// Ends with its segment.
    alone: bool,
}

impl Frames {
    pub(crate) fn new(segments: Segments, from: Place, first: Slot) -> Self {
        Self {
            segments,
            segment: None,
            place: from,
            first,
            prev: None,
            slot: None,
            chunks: Chunks::default(),
            failed: false,
            alone: false,
        }
    }

    /// The frames of one segment, and none of those behind it.
    pub(crate) fn of(segments: Segments, segment: Arc<Segment>) -> Self {
        let place = Place { segment: segment.header.segment, at: FIRST_FRAME_AT };
        let (prev, slot) = (Some(segment.header_checksum), Some(segment.header.first_slot));
        let frames = Self::new(segments, place, Slot::ZERO);
        Self { segment: Some(segment), prev, slot, alone: true, ..frames }
    }

    /// As [`Self::of`], of the one that has this number now.
    pub(crate) fn of_segment(segments: Segments, segment: u32) -> Self {
        match segments.shared.segment(segment) {
            Some(segment) => Self::of(segments, segment),
            // The first step says that there is none.
            None => Self::new(segments, Place { segment, at: FIRST_FRAME_AT }, Slot::ZERO),
        }
    }

    /// Where the next frame begins or will begin.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Passes over what is before the first commit that is wanted.
    pub(crate) fn skip_to_first(&mut self) -> Result<(), JournalError> {
        while let Some(header) = self.header()? {
            let wanted = header.is_commit() && header.slot >= self.first;
            if wanted || !self.pass(&header) {
                break;
            }
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Frame>, JournalError> {
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            let place = self.place.plus(header.body_at() as u32);
            if header.is_commit() && header.slot >= self.first {
                let frame = self.chunks.keep(self.place.at, header.bytes());
                let body = frame.slice(header.body_at()..);
                let (slot, epoch, digest) = (header.slot, header.epoch, header.digest_in(&frame));
                self.pass(&header);
                return Ok(Some(Frame { slot, epoch, digest, place, body }));
            }
            if !self.pass(&header) {
                return Ok(None);
            }
        }
    }

    /// Moves behind a frame; says whether it could (a sealed segment may have no successor yet).
    fn pass(&mut self, header: &FrameHeader) -> bool {
        if header.kind != FrameKind::Seal {
            self.place = self.place.plus(header.bytes() as u32);
            self.prev = Some(header.checksum);
            let next = header.slot.0.saturating_add(u64::from(header.is_commit()));
            self.slot = Some(Slot(next));
            return true;
        }
        if self.alone {
            return false;
        }
        let next = self.place.segment + 1;
        let Some(segment) = self.segments.shared.segment(next) else { return false };
        self.place = Place { segment: next, at: FIRST_FRAME_AT };
        self.prev = Some(segment.header_checksum);
        self.chunks.forget();
        self.segment = Some(segment);
        true
    }

    /// Finds the segment that the first frame is in.
    fn enter(&mut self) -> Result<(), JournalError> {
        let shared = &self.segments.shared;
        let Some(segment) = shared.segment(self.place.segment) else {
            return Err(JournalError::Corrupt(Corrupt {
                file: shared.dir.display().to_string(),
                at: u64::from(self.place.at),
                why: format!("there is no segment {}", self.place.segment),
            }));
        };
        if self.place.at == FIRST_FRAME_AT {
            self.prev = Some(segment.header_checksum);
            self.slot = Some(segment.header.first_slot);
        }
        self.segment = Some(segment);
        Ok(())
    }

    /// The header of the frame at the current place, after the whole frame was checked; `None` at
    /// the end.
    fn header(&mut self) -> Result<Option<FrameHeader>, JournalError> {
        if self.segment.is_none() {
            self.enter()?;
        }
        let Self { segments, segment, place, prev, slot, chunks, .. } = self;
        let (shared, at) = (&*segments.shared, place.at);
        let Some(segment) = segment.as_deref() else { return Ok(None) };
        let end = segment.end();
        if at >= end {
            return Ok(None);
        }
        let refuse = |why: &str| Err(segment.corrupt(shared, at, why));
        let read = |at, buf: &mut [u8]| shared.read(segment, at, buf);
        let left = (end - at) as usize;
        if left < FRAME_HEADER_BYTES {
            return refuse("the last frame has no room for its header");
        }
        let bytes = chunks.get(at, FRAME_HEADER_BYTES, end, read)?;
        let header = bytes.first_chunk().and_then(FrameHeader::decode);
        let Some(header) = header else { return refuse("this is no frame") };
        let is_possible = match header.kind {
            FrameKind::Commit | FrameKind::Seal => header.length as usize <= COMMIT_BYTES_MAX,
            FrameKind::Kept => {
                (DIGEST_BYTES..=DIGEST_BYTES + COMMIT_BYTES_MAX).contains(&(header.length as usize))
            }
            FrameKind::Places => segment.header.scavenged.is_some(),
        };
        if !is_possible || header.bytes() > left {
            return refuse("the frame is longer than what there is");
        }
        let frame = chunks.get(at, header.bytes(), end, read)?;
        if !header.fits(segment.key, at, frame) {
            return refuse("the frame's checksum does not match");
        }
        if prev.is_some_and(|prev| prev != header.prev) {
            return refuse("the frame does not follow the one before it");
        }
        if slot.is_some_and(|slot| slot != header.slot) {
            return refuse("the frame has the slot of another");
        }
        Ok(Some(header))
    }
}

impl Iterator for Frames {
    type Item = Result<Frame, JournalError>;

    /// The next frame. `None` at the end, until more was appended; after an error, for ever.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step().transpose();
        self.failed = matches!(step, Some(Err(_)));
        step
    }
}
