//! Reading a file in large pieces and handing out slices of them.
//!
//! Why: one system call and one allocation for a megabyte of frames, and no copy.

use crate::limits::CHUNK_BYTES;
use bytes::Bytes;

/// The piece that is being read.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    chunk: Bytes,
    at: u32,
}

impl Chunks {
    /// Forgets the piece: the next bytes are of another file.
    pub(crate) fn forget(&mut self) {
        self.chunk = Bytes::new();
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
        if let Some(from) = from.filter(|from| from + count <= self.chunk.len()) {
            return Ok(from);
        }
        let left = end.saturating_sub(at) as usize;
        let wanted = left.min(count.max(CHUNK_BYTES));
        // Memory that nobody kept a slice of is used again: fresh memory costs as much as the read.
        let mut chunk = std::mem::take(&mut self.chunk).try_into_mut().unwrap_or_default();
        chunk.resize(wanted, 0);
        read(at, &mut chunk)?;
        self.chunk = chunk.freeze();
        self.at = at;
        Ok(0)
    }
}
