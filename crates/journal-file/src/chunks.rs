//! Reading a file in large pieces and handing out slices of them.
//!
//! Why: one system call and one allocation for a megabyte of frames, and no copy.

use crate::limits::CHUNK_BYTES;
use bytes::{Bytes, BytesMut};

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
    ) -> Result<Bytes, E> {
        let from = at.checked_sub(self.at).map(|from| from as usize);
        if let Some(from) = from.filter(|from| from + count <= self.chunk.len()) {
            return Ok(self.chunk.slice(from..from + count));
        }
        let left = end.saturating_sub(at) as usize;
        let mut chunk = BytesMut::zeroed(left.min(count.max(CHUNK_BYTES)));
        read(at, &mut chunk)?;
        self.chunk = chunk.freeze();
        self.at = at;
        Ok(self.chunk.slice(..count))
    }
}
