//! Following the frames of a segment while its bytes come.
//!
//! Why: what is copied is looked at before it is kept, and what is restored before it is written;
//! neither must hold a segment in memory for it.
//!
//! Invariants: D1 each frame is checked whole, names the one before it, and has the next slot and
//! the next position. D3 memory is one frame, which has a bound.

use crate::manifest::SegmentCopy;
use headwater_journal_file::format::{
    FIRST_FRAME_AT, FRAME_HEADER_BYTES, FrameHeader, FrameKind, HEADER_BYTES, SegmentHeader,
    SegmentKey,
};
use headwater_model::{Epoch, Position, Slot, Timestamp};
use headwater_store::commit::Commit;

/// No frame of a commit is longer; one that says where things stand has four bytes for each event
/// of its segment.
const FRAME_BYTES_MAX: usize = 256 << 20;

/// A byte that does not fit, and why.
pub(crate) type Misfit = (u32, String);

/// How far a segment was followed.
pub(crate) struct Walk {
    segment: u32,
    header: Option<(SegmentHeader, SegmentKey)>,
    /// Bytes from `at` on that are no whole frame yet.
    rest: Vec<u8>,
    pub(crate) at: u32,
    pub(crate) chain: u32,
    pub(crate) sealed: bool,
    pub(crate) epoch: Epoch,
    pub(crate) first_slot: Slot,
    pub(crate) next_slot: Slot,
    pub(crate) first_position: Position,
    pub(crate) next_position: Position,
    pub(crate) until: Timestamp,
    pub(crate) last_recorded_at: Option<Timestamp>,
    /// The place behind the last frame before the seal, and what was in force there.
    before_seal: (u32, u32, Epoch),
}

impl Walk {
    /// From the first byte of a segment whose first event would stand at `position`.
    pub(crate) fn new(segment: u32, position: Position) -> Self {
        Self {
            segment,
            header: None,
            rest: Vec::new(),
            at: 0,
            chain: 0,
            sealed: false,
            epoch: Epoch::ZERO,
            first_slot: Slot(0),
            next_slot: Slot(0),
            first_position: position,
            next_position: position,
            until: Timestamp::ZERO,
            last_recorded_at: None,
            before_seal: (0, 0, Epoch::ZERO),
        }
    }

    /// From behind what is known of a segment, whose first bytes are `header`.
    pub(crate) fn resume(known: &SegmentCopy, header: &[u8; HEADER_BYTES]) -> Result<Self, Misfit> {
        let mut walk = Self::new(known.segment, known.first_position);
        walk.enter(header)?;
        (walk.at, walk.chain, walk.sealed) = (known.bytes, known.chain, known.sealed);
        (walk.first_slot, walk.next_slot) = (known.first_slot, known.next_slot);
        walk.next_position = known.next_position;
        (walk.until, walk.last_recorded_at) = (known.until, known.last_recorded_at);
        Ok(walk)
    }

    /// What the segment says of itself, once its first bytes came.
    pub(crate) fn header(&self) -> Option<&SegmentHeader> {
        self.header.as_ref().map(|(header, _)| header)
    }

    fn enter(&mut self, bytes: &[u8; HEADER_BYTES]) -> Result<(), Misfit> {
        let (header, checksum) = SegmentHeader::decode(bytes).map_err(|why| (0, why))?;
        if header.segment != self.segment {
            let why = format!("this is segment {}, not {}", header.segment, self.segment);
            return Err((0, why));
        }
        self.chain = header.named_by_first(checksum);
        (self.first_slot, self.next_slot) = (header.first_slot, header.first_slot);
        (self.epoch, self.at) = (header.epoch, FIRST_FRAME_AT);
        self.header = Some((header, header.key()));
        Ok(())
    }

    /// Takes the next bytes; `see` is shown each commit before it counts as followed, and ends the
    /// walk there by `false`. Says whether it goes on.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        see: &mut dyn FnMut(&Self, &Commit<'_>) -> bool,
    ) -> Result<bool, Misfit> {
        self.rest.extend_from_slice(bytes);
        let mut rest = std::mem::take(&mut self.rest);
        let mut done = 0;
        if self.header.is_none()
            && let Some(header) = rest.first_chunk::<HEADER_BYTES>()
        {
            self.enter(header)?;
            done = HEADER_BYTES;
        }
        let mut goes_on = true;
        while goes_on && let Some((key, frame)) = self.next_frame(&rest[done..])? {
            goes_on = self.frame(key, frame, see)?;
            done += frame.len();
        }
        rest.drain(..done);
        self.rest = rest;
        Ok(goes_on)
    }

    /// The frame at the front, if all of it is there.
    fn next_frame<'b>(&self, bytes: &'b [u8]) -> Result<Option<(SegmentKey, &'b [u8])>, Misfit> {
        let Some((_, key)) = self.header else { return Ok(None) };
        let Some(front) = bytes.first_chunk::<FRAME_HEADER_BYTES>() else { return Ok(None) };
        if self.sealed {
            return Err((self.at, "the segment goes on behind its seal".to_owned()));
        }
        let possible = FrameHeader::decode(front).filter(|h| h.bytes() <= FRAME_BYTES_MAX);
        let Some(header) = possible else { return Err((self.at, "this is no frame".to_owned())) };
        Ok(bytes.get(..header.bytes()).map(|frame| (key, frame)))
    }

    fn frame(
        &mut self,
        key: SegmentKey,
        frame: &[u8],
        see: &mut dyn FnMut(&Self, &Commit<'_>) -> bool,
    ) -> Result<bool, Misfit> {
        let at = self.at;
        let refuse = |why: &str| Err((at, why.to_owned()));
        let header = frame.first_chunk().and_then(FrameHeader::decode);
        let Some(header) = header.filter(|header| header.fits(key, at, frame)) else {
            return refuse("the frame's checksum does not match");
        };
        if header.prev != self.chain {
            return refuse("the frame does not follow the one before it");
        }
        if header.slot != self.next_slot || header.epoch < self.epoch {
            return refuse("the frame has the slot or the epoch of another");
        }
        if header.is_commit() {
            let commit = frame.get(header.body_at()..).unwrap_or_default();
            let commit = Commit::read(commit).map_err(|cause| (at, cause.to_string()))?;
            let header_of = *commit.header();
            if header_of.first != self.next_position {
                return refuse("A3: the commit's positions do not follow those before it");
            }
            if !see(self, &commit) {
                return Ok(false);
            }
            self.next_position = header_of.next();
            self.until = self.until.max(header_of.recorded_at);
            if header_of.event_count > 0 {
                self.last_recorded_at = Some(header_of.recorded_at);
            }
            self.next_slot = Slot(header.slot.0.saturating_add(1));
        }
        self.sealed = header.kind == FrameKind::Seal;
        if self.sealed {
            self.before_seal = (self.at, self.chain, self.epoch);
        }
        (self.chain, self.epoch) = (header.checksum, header.epoch);
        self.at = at.saturating_add(u32::try_from(frame.len()).unwrap_or(u32::MAX));
        Ok(true)
    }

    /// The end of what was followed as it was before the seal: place, checksum, epoch.
    pub(crate) fn before_seal(&self) -> (u32, u32, Epoch) {
        self.before_seal
    }

    /// That the bytes ended between two frames.
    pub(crate) fn ended(&self) -> Result<(), Misfit> {
        if self.header.is_some() && self.rest.is_empty() {
            return Ok(());
        }
        Err((self.at, "the bytes end within a frame".to_owned()))
    }
}
