//! Buffers that begin at a multiple of the block size in memory.
//!
//! Why: direct writes go from our memory to the device without a copy, and the kernel asks for
//! an address it can hand over. A vector that is one block too long always has such a place in it.
//! Invariant: the vector is never grown, so that the place found stays where it is.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// What direct writes are aligned to, in memory and in the file.
///
/// Devices ask for 512 or 4,096; a multiple of both serves either.
pub const BLOCK_BYTES: usize = 4_096;

/// Zeroed bytes that begin at a multiple of [`BLOCK_BYTES`] in memory.
pub struct AlignedBuf {
    bytes: Vec<u8>,
    from: usize,
    len: usize,
}

impl AlignedBuf {
    /// `len` zeros, rounded up to whole blocks. Memory is taken from the system when it is first
    /// written to, so a large one that is used a little costs a little.
    pub fn zeroed(len: usize) -> Self {
        let len = len.next_multiple_of(BLOCK_BYTES);
        let bytes = vec![0; len + BLOCK_BYTES];
        let address = bytes.as_ptr().addr();
        let from = address.next_multiple_of(BLOCK_BYTES) - address;
        Self { bytes, from, len }
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[self.from..self.from + self.len]
    }
}

impl DerefMut for AlignedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.from..self.from + self.len]
    }
}

impl fmt::Debug for AlignedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlignedBuf({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_begins_at_a_block_and_holds_whole_blocks() {
        for len in [0, 1, BLOCK_BYTES, BLOCK_BYTES + 1, 1_000_000] {
            let buf = AlignedBuf::zeroed(len);
            assert_eq!(buf.as_ptr().addr() % BLOCK_BYTES, 0);
            assert_eq!(buf.len(), len.next_multiple_of(BLOCK_BYTES));
            assert!(buf.iter().all(|byte| *byte == 0));
        }
    }
}
