//! Reading a file in large pieces and handing out slices of them.
//!
//! Why: one system call for some hundred kilobytes of frames, into memory that is used again, and no
//! copy but of what a piece ends within.
//!
//! Picture: the next piece begins with the frame that did not fit the last one.
//! ```text
//!   piece   │ frame │ frame │ fra          filled │ old bytes │
//!   next                    │ fra│me │ frame │ f  filled      │
//! ```
//! Invariant: nothing behind what was read is handed out.

use crate::limits::CHUNK_BYTES;
use bytes::{Bytes, BytesMut};

/// The piece that is being read.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    chunk: Bytes,
    /// Where it begins in the file.
    at: u32,
    /// How much of it was read. It may be longer: memory is cleared once, not for every piece.
    filled: usize,
}

impl Chunks {
    /// Forgets the piece: the next bytes are of another file.
    pub(crate) fn forget(&mut self) {
        self.filled = 0;
    }

    /// `count` bytes at `at`. The caller has checked that they are before `end`, up to where
    /// `read` may be asked.
    pub(crate) fn get<E>(
        &mut self,
        at: u32,
        count: usize,
        end: u32,
        read: impl FnOnce(u32, &mut [u8]) -> Result<(), E>,
    ) -> Result<&[u8], E> {
        let from = self.load(at, count, end, read)?;
        Ok(&self.chunk[from..from + count])
    }

    /// The same bytes once more, to be kept.
    pub(crate) fn keep(&self, at: u32, count: usize) -> Bytes {
        let from = (at - self.at) as usize;
        assert!(from + count <= self.filled, "D3: only what was read is handed out");
        self.chunk.slice(from..from + count)
    }

    /// Sees to it that the bytes are in the piece, and tells where.
    fn load<E>(
        &mut self,
        at: u32,
        count: usize,
        end: u32,
        read: impl FnOnce(u32, &mut [u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        let from = at.checked_sub(self.at).map(|from| from as usize);
        if let Some(from) = from.filter(|from| from + count <= self.filled) {
            return Ok(from);
        }
        let kept = from.filter(|from| *from < self.filled);
        let kept = kept.map_or(0..0, |from| from..self.filled);
        let have = kept.len();
        let behind = u64::from(end).saturating_sub(u64::from(at) + have as u64);
        let left = usize::try_from(behind).unwrap_or(usize::MAX);
        let wanted = have + left.min(count.saturating_sub(have).max(CHUNK_BYTES));
        self.filled = 0;
        // Memory that nobody kept a slice of is used again: fresh memory costs as much as the read.
        let mut chunk = match std::mem::take(&mut self.chunk).try_into_mut() {
            Ok(mut own) => {
                own.copy_within(kept, 0);
                own
            }
            Err(shared) => BytesMut::from(&shared[kept]),
        };
        if chunk.len() < wanted {
            chunk.resize(wanted.next_multiple_of(CHUNK_BYTES), 0);
        }
        let read = read(at + have as u32, &mut chunk[have..wanted]);
        self.chunk = chunk.freeze();
        read?;
        (self.at, self.filled) = (at, wanted);
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn byte_at(at: usize) -> u8 {
        (at * 31 % 251) as u8
    }

    /// Frames of all sizes, also larger than a piece; every third is kept while later ones are read,
    /// so that memory is now used again and now left to whoever holds it.
    #[test]
    fn what_is_handed_out_is_what_stands_there_also_across_pieces() {
        let end = 9 * CHUNK_BYTES + 17;
        let mut chunks = Chunks::default();
        let (mut at, mut kept, mut read_bytes) = (0, Vec::new(), 0);
        for n in 0_usize.. {
            let count = [32, 700, CHUNK_BYTES - 1, 1, 2 * CHUNK_BYTES + 5, 40_000][n % 6];
            let count = count.min(end - at);
            let read = |from: u32, buf: &mut [u8]| {
                read_bytes += buf.len();
                let bytes = (from as usize..).map(byte_at);
                buf.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = byte);
                Ok::<_, Infallible>(())
            };
            let got = chunks.get(at as u32, count, end as u32, read).unwrap();
            assert!(got.iter().copied().eq((at..at + count).map(byte_at)), "{count} at {at}");
            if n % 3 == 0 {
                kept.push((at, chunks.keep(at as u32, count)));
            }
            at += count;
            if at == end {
                break;
            }
        }
        for (at, bytes) in kept {
            assert!(bytes.iter().copied().eq((at..at + bytes.len()).map(byte_at)), "kept at {at}");
        }
        assert_eq!(read_bytes, end, "nothing is read twice");
    }
}
