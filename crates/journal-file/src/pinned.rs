//! A segment held as it is, for who copies it.
//!
//! Why: a copy takes a while, and a sealed segment's file may be replaced meanwhile. Whoever holds
//! the file reads what it was, to the end.
//!
//! Invariants: R1 no byte behind the end as it was when the segment was pinned. Bytes are handed
//! out as they stand in the file, not checked.

use crate::Segments;
use crate::format::{FIRST_FRAME_AT, FRAME_HEADER_BYTES, FrameHeader};
use crate::segments::{Segment, Shared};
use headwater_env::File;
use headwater_model::JournalError;
use std::sync::Arc;

/// One segment, held.
#[derive(Debug)]
pub struct Pinned {
    shared: Arc<Shared>,
    segment: Arc<Segment>,
    file: Arc<dyn File>,
    bytes: u32,
    sealed: bool,
    /// The checksum of its seal, where the segment behind it names it.
    seal: Option<u32>,
}

impl Segments {
    /// Holds a segment as it is now; `None` if there is none of this number.
    ///
    /// # Errors
    /// `Unavailable` if its file cannot be opened.
    pub fn hold(&self, segment: u32) -> Result<Option<Pinned>, JournalError> {
        let shared = Arc::clone(&self.shared);
        let Some(held) = shared.segment(segment) else { return Ok(None) };
        let file = held.file(&shared)?;
        // First whether it is sealed: a seal that comes in between is only not seen.
        let sealed = held.is_sealed();
        let end = held.end();
        let behind = segment.checked_add(1).and_then(|next| shared.segment(next));
        let first = behind.filter(|_| sealed).map(|next| next.header.seal_before);
        // A scavenged segment has a seal of its own.
        let seal = held.header.scavenged.map(|scavenged| scavenged.seal).or(first);
        // A header without a frame is written with the first one.
        let bytes = if end == FIRST_FRAME_AT { 0 } else { end };
        Ok(Some(Pinned { shared, segment: held, file, bytes, sealed, seal }))
    }
}

impl Pinned {
    /// Bytes of it that were written, header and seal included; none before its first frame.
    pub const fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Whether it takes no more commits.
    pub const fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Fills `buf` with the bytes at `at`.
    ///
    /// # Errors
    /// `Corrupt` if there are not so many; `Unavailable`.
    pub fn read_at(&self, at: u32, buf: &mut [u8]) -> Result<(), JournalError> {
        let behind = u64::from(at) + buf.len() as u64;
        if behind > u64::from(self.bytes) {
            let why = format!("{} bytes were asked for, the end is {}", buf.len(), self.bytes);
            return Err(self.segment.corrupt(&self.shared, at, why));
        }
        let count = self.file.read_at(buf, u64::from(at));
        let count = count.map_err(|e| JournalError::Unavailable(e.into()))?;
        if count < buf.len() {
            let why = format!("the file ends here, it should reach byte {behind}");
            return Err(self.segment.corrupt(&self.shared, at + count as u32, why));
        }
        Ok(())
    }

    /// The checksum of the last frame before `at`, if a frame ends there: it stands for all bytes
    /// up to it.
    ///
    /// # Errors
    /// As [`Pinned::read_at`].
    pub fn chain_at(&self, at: u32) -> Result<Option<u32>, JournalError> {
        if at <= FIRST_FRAME_AT || at > self.bytes {
            return Ok(None);
        }
        if at < self.bytes {
            // The frame that begins there names the one before it.
            return Ok(self.header(at)?.map(|header| header.prev));
        }
        if self.seal.is_some() {
            return Ok(self.seal);
        }
        let (mut place, mut chain) = (FIRST_FRAME_AT, None);
        while place < self.bytes {
            let Some(header) = self.header(place)? else { return Ok(None) };
            chain = Some(header.checksum);
            place = place.saturating_add(u32::try_from(header.bytes()).unwrap_or(u32::MAX));
        }
        Ok(chain.filter(|_| place == at))
    }

    fn header(&self, at: u32) -> Result<Option<FrameHeader>, JournalError> {
        if self.bytes - at < FRAME_HEADER_BYTES as u32 {
            return Ok(None);
        }
        let mut bytes = [0; FRAME_HEADER_BYTES];
        self.read_at(at, &mut bytes)?;
        Ok(FrameHeader::decode(&bytes))
    }
}
