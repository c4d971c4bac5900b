//! Pages: the 4 KiB that runs are made of.
//!
//! Why: one size for all that is stored means one reader, one cache, one checksum, and no length
//! in a file that anything is allocated by (D3).
//!
//! Picture:
//! ```text
//!   0     1   2       4                                4092      4096
//!   │kind │ 0 │ count │ body, 4088 bytes                 │ checksum │
//! ```
//!
//! Invariant: D1, the checksum covers every byte and, by its salt, whose index, which run and
//! which page this is; a page in another's place does not match.

use crc_fast::{CrcAlgorithm, checksum};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// A page, whole.
pub(crate) const PAGE_BYTES: usize = 4_096;

/// What a page holds for its kind.
pub(crate) const BODY_BYTES: usize = PAGE_BYTES - HEAD_BYTES - CHECKSUM_BYTES;

const HEAD_BYTES: usize = 4;
const CHECKSUM_BYTES: usize = 4;

/// What a page's body means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum PageKind {
    /// Sorted keys with their values.
    Keys = 1,
    /// Sorted keys with the pages that begin with them.
    Branch = 2,
    /// Positions of long lists.
    Postings = 3,
    /// Fingerprints of long streams.
    Ids = 4,
    /// Where the blocks of a very long list are.
    Blocks = 5,
    /// Offsets of records.
    Places = 6,
    /// Times of events.
    Times = 7,
    /// Segments, and where their places and times are.
    Segments = 8,
    /// Blocks of filters.
    Filter = 9,
    /// What the run is; the last page.
    Footer = 10,
}

/// Whose pages: what the checksum is salted with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    /// Whose index.
    pub(crate) identity: u64,
    /// Which run of it.
    pub(crate) run: u64,
}

/// What does not fit, in words.
pub(crate) type Fault = &'static str;

/// One page in memory; a clone is the same page.
#[derive(Clone)]
pub(crate) struct Page(Arc<[u8; PAGE_BYTES]>);

impl Stamp {
    fn salt(self, number: u32) -> u32 {
        let mut place = [0; 20];
        place[..8].copy_from_slice(&self.identity.to_le_bytes());
        place[8..16].copy_from_slice(&self.run.to_le_bytes());
        place[16..].copy_from_slice(&number.to_le_bytes());
        xxh3_64(&place) as u32
    }
}

impl Page {
    pub(crate) fn new(kind: PageKind) -> Self {
        let mut bytes = [0; PAGE_BYTES];
        bytes[0] = kind as u8;
        Self(Arc::new(bytes))
    }

    /// Reads a page as it came from the disk.
    pub(crate) fn check(
        bytes: Arc<[u8; PAGE_BYTES]>,
        kind: PageKind,
        stamp: Stamp,
        number: u32,
    ) -> Result<Self, Fault> {
        let page = Self::check_any(bytes, stamp, number)?;
        match page.is(kind) && page.0[1] == 0 {
            true => Ok(page),
            false => Err("the page is of another kind"),
        }
    }

    /// Reads a page of any kind as it came from the disk.
    pub(crate) fn check_any(
        bytes: Arc<[u8; PAGE_BYTES]>,
        stamp: Stamp,
        number: u32,
    ) -> Result<Self, Fault> {
        let page = Self(bytes);
        match page.stored_checksum() == page.checksum(stamp, number) {
            true => Ok(page),
            false => Err("the checksum does not match"),
        }
    }

    /// Makes the page fit to be written as this one.
    pub(crate) fn seal(&mut self, stamp: Stamp, number: u32) -> &[u8; PAGE_BYTES] {
        let sum = self.checksum(stamp, number);
        let bytes = Arc::make_mut(&mut self.0);
        bytes[HEAD_BYTES + BODY_BYTES..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Whether its body means this.
    pub(crate) fn is(&self, kind: PageKind) -> bool {
        self.0[0] == kind as u8
    }

    /// How many things are in it.
    pub(crate) fn count(&self) -> usize {
        usize::from(u16::from_le_bytes([self.0[2], self.0[3]]))
    }

    pub(crate) fn set_count(&mut self, count: usize) {
        let count = u16::try_from(count).expect("a page has fewer bytes than a u16 counts");
        Arc::make_mut(&mut self.0)[2..HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.0[HEAD_BYTES..HEAD_BYTES + BODY_BYTES]
    }

    pub(crate) fn body_mut(&mut self) -> &mut [u8] {
        &mut Arc::make_mut(&mut self.0)[HEAD_BYTES..HEAD_BYTES + BODY_BYTES]
    }

    /// Takes whatever bytes, to see what they do.
    #[cfg(test)]
    pub(crate) fn overwrite(&mut self, bytes: &[u8]) {
        Arc::make_mut(&mut self.0).copy_from_slice(bytes);
    }

    fn stored_checksum(&self) -> u32 {
        let mut sum = [0; CHECKSUM_BYTES];
        sum.copy_from_slice(&self.0[HEAD_BYTES + BODY_BYTES..]);
        u32::from_le_bytes(sum)
    }

    fn checksum(&self, stamp: Stamp, number: u32) -> u32 {
        let covered = &self.0[..HEAD_BYTES + BODY_BYTES];
        checksum(CrcAlgorithm::Crc32Iscsi, covered) as u32 ^ stamp.salt(number)
    }
}
