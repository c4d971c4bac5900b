//! The newest bytes of the journal, in memory.
//!
//! Why: a durable write takes whole blocks, so the block that the journal ends in is written again
//! with each frame and must be at hand. And whoever follows the end reads what was written a
//! moment ago, which a direct write leaves nowhere else in memory. One buffer serves both.
//!
//! Picture:
//! ```text
//!   file    …───────────┬───────────────┬──────────────
//!   memory    previous  │ current       ▲ end
//!                       └ base (a block)
//! ```
//! Invariant: the bytes of the last block behind the end are zeros when it is written.

use crate::format::HEADER_BYTES;
use headwater_env::{AlignedBuf, BLOCK_BYTES};

/// Where the open segment ends, and what the next frame must name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    /// The byte behind the last frame.
    pub(crate) at: u32,
    /// The byte behind the last that was written to the file.
    pub(crate) written: u32,
    /// The byte behind the last that is durable.
    pub(crate) durable: u32,
    /// The checksum that the next frame names.
    pub(crate) prev: u32,
    /// Commits in the segment.
    pub(crate) commit_count: u64,
    /// Whether a seal stands at its end.
    pub(crate) sealed: bool,
}

impl Tail {
    /// Behind the header of a segment that has nothing else, not even that written.
    pub(crate) const fn begun(header_checksum: u32) -> Self {
        let at = HEADER_BYTES as u32;
        Self { at, written: 0, durable: 0, prev: header_checksum, commit_count: 0, sealed: false }
    }
}

/// The bytes of the file from `base` on, as far as they are written.
#[derive(Debug)]
struct Window {
    segment: u32,
    base: u32,
    filled: usize,
    buf: AlignedBuf,
}

impl Window {
    fn new(segment: u32, base: u32, bytes: usize) -> Self {
        Self { segment, base, filled: 0, buf: AlignedBuf::zeroed(bytes) }
    }

    fn index(&self, at: u32) -> usize {
        assert!(at >= self.base, "A2: acknowledged bytes of a block are not at hand");
        (at - self.base) as usize
    }

    fn copy(&self, segment: u32, at: u32, to: &mut [u8]) -> bool {
        if segment != self.segment || at < self.base {
            return false;
        }
        let from = self.index(at);
        if from + to.len() > self.filled {
            return false;
        }
        to.copy_from_slice(&self.buf[from..from + to.len()]);
        true
    }
}

/// Two windows: the one that is written to, and the one before it.
#[derive(Debug)]
pub(crate) struct Recent {
    current: Window,
    previous: Window,
    bytes: usize,
}

impl Recent {
    /// Begins at a block of a segment whose bytes up to the end are `block`.
    pub(crate) fn new(segment: u32, base: u32, block: &[u8], bytes: usize) -> Self {
        assert!(block.len() <= BLOCK_BYTES && (base as usize).is_multiple_of(BLOCK_BYTES), "A2");
        let bytes = bytes.max(2 * BLOCK_BYTES);
        let mut current = Window::new(segment, base, bytes);
        current.buf[..block.len()].copy_from_slice(block);
        current.filled = block.len();
        Self { current, previous: Window::new(segment, base, 0), bytes }
    }

    /// Begins a segment.
    pub(crate) fn begin(&mut self, segment: u32, header: &[u8]) {
        self.turn(segment, 0, header.len());
        self.current.buf[..header.len()].copy_from_slice(header);
        self.current.filled = header.len();
    }

    /// Copies bytes out, if all of them are here.
    pub(crate) fn copy(&self, segment: u32, at: u32, to: &mut [u8]) -> bool {
        self.current.copy(segment, at, to) || self.previous.copy(segment, at, to)
    }

    /// Room for `count` bytes at `at`; what stands from `keep` to `at` stays at hand. The bytes
    /// behind the room, to the end of its block, are zeros.
    pub(crate) fn room(&mut self, keep: u32, at: u32, count: usize) -> &mut [u8] {
        assert!(keep <= at, "A2: what is kept stands before what is written");
        let end = self.current.index(at) + count;
        if end.next_multiple_of(BLOCK_BYTES) > self.current.buf.len() {
            let base = keep - keep % BLOCK_BYTES as u32;
            let kept = (at - base) as usize;
            let segment = self.current.segment;
            self.turn(segment, base, kept + count);
            let from = self.previous.index(base);
            let Self { current, previous, .. } = self;
            current.buf[..kept].copy_from_slice(&previous.buf[from..from + kept]);
        }
        let from = self.current.index(at);
        let end = from + count;
        let padded = end.next_multiple_of(BLOCK_BYTES);
        self.current.buf[end..padded].fill(0);
        self.current.filled = end;
        &mut self.current.buf[from..end]
    }

    /// Forgets what stands behind `end`, and gives the whole blocks from `from` to `to` with zeros
    /// there.
    pub(crate) fn cut(&mut self, from: u32, end: u32, to: u32) -> &[u8] {
        let (from, end, to) =
            (self.current.index(from), self.current.index(end), self.current.index(to));
        assert!(from <= end && end <= to, "D2: what is cut was written last");
        self.current.buf[end..to].fill(0);
        self.current.filled = end;
        &self.current.buf[from..to]
    }

    /// The bytes from `from` to `to`, which are here.
    pub(crate) fn slice(&self, from: u32, to: u32) -> &[u8] {
        let (from, to) = (self.current.index(from), self.current.index(to));
        let blocks = self.current.filled.next_multiple_of(BLOCK_BYTES);
        assert!(to <= blocks, "A2: bytes of before behind what is written");
        &self.current.buf[from..to]
    }

    /// Makes the current window the previous one and the previous one, emptied, the current.
    fn turn(&mut self, segment: u32, base: u32, bytes_min: usize) {
        std::mem::swap(&mut self.current, &mut self.previous);
        let wanted = self.bytes.max(bytes_min + BLOCK_BYTES);
        let current = &mut self.current;
        // A window that one huge commit had made larger is not kept.
        if current.buf.len() < wanted || current.buf.len() > wanted + self.bytes {
            current.buf = AlignedBuf::zeroed(wanted);
        }
        (current.segment, current.base, current.filled) = (segment, base, 0);
    }
}
