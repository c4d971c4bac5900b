//! Writing the frames of a scavenged segment, one behind the other.
//!
//! Why: the file is written once, front to back, in large pieces; its header last, because it says
//! where the rest is. Memory is one piece, and the places.

use crate::format::{
    DIGEST_BYTES, FRAME_HEADER_BYTES, FrameHeader, FrameKind, HEADER_BYTES, Seal, SegmentHeader,
    SegmentKey,
};
use crate::limits::CHUNK_BYTES;
use headwater_env::{BLOCK_BYTES, DiskError, File};
use headwater_model::{Epoch, Slot};
use std::sync::Arc;

/// A file that takes frames.
#[derive(Debug)]
pub(super) struct FrameWriter {
    file: Arc<dyn File>,
    key: SegmentKey,
    /// What is not written yet.
    buffer: Vec<u8>,
    /// Where it goes.
    written: u32,
    prev: u32,
}

/// Where the parts behind the commits stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) places: u32,
    pub(super) seal: u32,
    pub(super) end: u32,
    pub(super) capacity: u32,
}

impl FrameWriter {
    pub(super) fn new(file: Arc<dyn File>, key: SegmentKey, first_prev: u32) -> Self {
        let written = HEADER_BYTES as u32;
        let buffer = Vec::with_capacity(CHUNK_BYTES);
        Self { file, key, buffer, written, prev: first_prev }
    }

    /// Where the next frame begins.
    pub(super) fn at(&self) -> u32 {
        self.written + self.buffer.len() as u32
    }

    /// Writes what is left of a commit, and says where its body begins.
    pub(super) fn kept(&mut self, frame: &crate::Frame, body: &[u8]) -> Result<u32, DiskError> {
        let at = self.at();
        let digest = frame.digest.0.to_le_bytes();
        self.frame(FrameKind::Kept, (frame.slot, frame.epoch), &[&digest, body])?;
        Ok(at + (FRAME_HEADER_BYTES + DIGEST_BYTES) as u32)
    }

    /// Writes the places and the seal. `next` is the header of the segment behind.
    pub(super) fn ends(
        &mut self,
        next: &SegmentHeader,
        commit_count: u64,
        places: &[u32],
    ) -> Result<Ends, DiskError> {
        let (at, behind) = (self.at(), (next.first_slot, next.epoch));
        let places: Vec<u8> = places.iter().flat_map(|place| place.to_le_bytes()).collect();
        self.frame(FrameKind::Places, behind, &[&places])?;
        let seal = Seal { commit_count, digest: next.digest };
        self.frame(FrameKind::Seal, behind, &[&seal.encode()])?;
        let end = self.at();
        let capacity = end.next_multiple_of(BLOCK_BYTES as u32);
        self.buffer.resize(self.buffer.len() + (capacity - end) as usize, 0);
        self.flush()?;
        Ok(Ends { places: at, seal: self.prev, end, capacity })
    }

    /// Writes the header, and makes all of it durable.
    pub(super) fn header(&mut self, header: &SegmentHeader) -> Result<Arc<dyn File>, DiskError> {
        let (bytes, _) = header.encode();
        self.file.write_at(&bytes, 0)?;
        self.file.sync()?;
        // So that it is read back from the device, where that can be had.
        self.file.forget_cached();
        Ok(Arc::clone(&self.file))
    }

    pub(super) fn sync(&mut self) -> Result<(), DiskError> {
        self.flush()?;
        self.file.sync()
    }

    fn frame(
        &mut self,
        kind: FrameKind,
        (slot, epoch): (Slot, Epoch),
        parts: &[&[u8]],
    ) -> Result<(), DiskError> {
        let at = self.at();
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let length = u32::try_from(length).expect("it is smaller than what it is made from");
        let header =
            FrameHeader { checksum: 0, kind, length, slot, epoch, prev: self.prev, mark: at };
        let from = self.buffer.len();
        self.buffer.resize(from + FRAME_HEADER_BYTES, 0);
        parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
        self.prev = header.encode(self.key, at, &mut self.buffer[from..]);
        if self.buffer.len() >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), DiskError> {
        self.file.write_at(&self.buffer, u64::from(self.written))?;
        self.written += self.buffer.len() as u32;
        self.buffer.clear();
        Ok(())
    }
}
