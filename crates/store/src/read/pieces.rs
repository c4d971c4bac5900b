//! Pieces: the memory that pages of events are slices of, used again and again.
//!
//! Why: a page of a thousand events stands in some seven pieces. Fresh memory for each must be
//! asked of the system, cleared, and given back with the page; that costs more than the reading.
//!
//! Picture:
//! ```text
//!   free ──take──▶ read into ──▶ page: events are slices ──last one dropped──▶ free
//! ```
//! Invariant: a piece is handed out again only when nobody holds a slice of it.

use bytes::Bytes;
use parking_lot::Mutex;

/// Bytes of a piece, at most.
pub(super) const PIECE_BYTES: usize = 65 * 1_024;

/// Less than this is not worth holding a whole piece for.
const SMALL_BYTES: usize = 16 * 1_024;

/// Free pieces that are kept, by all contexts together: the largest page, 10 MiB.
const FREE_COUNT_MAX: usize = 160;

/// The pieces of this process.
pub(super) static PIECES: Pieces = Pieces { free: Mutex::new(Vec::new()) };

/// The pieces that are free.
pub(super) struct Pieces {
    free: Mutex<Vec<Box<[u8]>>>,
}

/// A piece that is in use.
struct Lent {
    bytes: Box<[u8]>,
    count: usize,
    home: &'static Pieces,
}

impl Pieces {
    /// As many bytes as `read` fills, of `count` that it is given.
    pub(super) fn fill<E>(
        &'static self,
        count: usize,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<Bytes, E> {
        if !(SMALL_BYTES..=PIECE_BYTES).contains(&count) {
            let mut bytes = vec![0; count];
            let filled = read(&mut bytes)?;
            bytes.truncate(filled);
            return Ok(bytes.into());
        }
        let free = self.free.lock().pop();
        let mut bytes = free.unwrap_or_else(|| vec![0; PIECE_BYTES].into());
        let count = read(&mut bytes[..count])?;
        Ok(Bytes::from_owner(Lent { bytes, count, home: self }))
    }
}

impl Pieces {
    /// A whole piece, for as long as `work` takes.
    pub(super) fn lend<T>(&'static self, work: impl FnOnce(&mut [u8]) -> T) -> T {
        let free = self.free.lock().pop();
        let bytes = free.unwrap_or_else(|| vec![0; PIECE_BYTES].into());
        let mut lent = Lent { bytes, count: 0, home: self };
        work(&mut lent.bytes)
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.count]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut free = self.home.free.lock();
        if free.len() < FREE_COUNT_MAX {
            free.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn filled(pieces: &'static Pieces, byte: u8, count: usize) -> Bytes {
        let fill = |buffer: &mut [u8]| {
            buffer[..count - 1].fill(byte);
            Ok::<_, Infallible>(count - 1)
        };
        pieces.fill(count, fill).unwrap()
    }

    #[test]
    fn a_piece_is_used_again_only_when_its_last_slice_is_gone() {
        let pieces: &Pieces = Box::leak(Box::new(Pieces { free: Mutex::default() }));
        let first = filled(pieces, 1, PIECE_BYTES);
        let slice = first.slice(100..200);
        drop(first);
        let second = filled(pieces, 2, SMALL_BYTES);
        assert!(slice.iter().all(|byte| *byte == 1), "it is still held");
        assert_eq!((second.len(), pieces.free.lock().len()), (SMALL_BYTES - 1, 0));
        drop(slice);
        assert_eq!(pieces.free.lock().len(), 1);
        // The longer bytes of the one before are not seen through it.
        let third = filled(pieces, 3, SMALL_BYTES);
        assert!(third.iter().all(|byte| *byte == 3));
        let small = filled(pieces, 4, SMALL_BYTES - 1);
        drop((second, third, small));
        assert_eq!(pieces.free.lock().len(), 2, "small ones are not pieces");
    }
}
