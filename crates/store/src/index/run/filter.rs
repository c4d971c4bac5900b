//! Filters: is this key surely not in this run?
//!
//! Why: most questions an append asks are about what is not there. Each run answers them from
//! one cache line, without touching its keys.
//!
//! Picture: a split-block Bloom filter. A hash picks one block of 256 bits and one bit in each of
//! its eight words:
//! ```text
//!   hash = high 32 ─▶ which block │ low 32 ─▶ eight bits of it
//! ```
//! A few absent keys are taken for present; a present one is never taken for absent.
//! Blocks rather than fuse filters: one probe is one small read, so filters need not be resident,
//! and a filter can be filled by a merge that does not know its keys beforehand.

use super::page::{Fault, Page, PageKind};

/// Bits that a key is given: about 1 in 100 absent keys is taken for present.
pub(crate) const KEY_BITS: usize = 11;

/// Bits that an id is given: 1 in 600. An append of a hundred new ids asks every run for all of them,
/// and each that is taken for present costs as much as a hundred that are not.
pub(crate) const ID_BITS: usize = 16;

/// Blocks of one page.
pub(crate) const PAGE_BLOCK_COUNT: usize = 127;

const BLOCK_BYTES: usize = 32;
const BLOCK_BITS: usize = 8 * BLOCK_BYTES;

/// Odd numbers that spread a hash over the words of a block. They stand in files.
const SALTS: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

/// One block.
pub(crate) type Block = [u32; 8];

/// One block, as it stands in a file.
pub(crate) type BlockBytes = [u8; BLOCK_BYTES];

/// A filter that is being filled.
pub(crate) struct FilterBuilder {
    blocks: Vec<Block>,
    count: usize,
    bits: usize,
}

impl FilterBuilder {
    /// For at most `count_max` keys, each of which is given so many bits.
    pub(crate) fn new(count_max: usize, bits: usize) -> Self {
        // A multiple of four can be folded twice.
        let blocks = block_count(count_max, bits).next_multiple_of(4);
        Self { blocks: vec![[0; 8]; blocks], count: 0, bits }
    }

    pub(crate) fn insert(&mut self, hash: u64) {
        let block = block_of(hash, self.blocks.len() as u32) as usize;
        for (word, bit) in self.blocks[block].iter_mut().zip(bits(hash)) {
            *word |= bit;
        }
        self.count += 1;
    }

    /// The blocks; fewer than was made room for, if fewer keys came.
    ///
    /// Half as many blocks are the same filter with each two neighbours laid over each other,
    /// because the block of a hash is its share of the range.
    pub(crate) fn finish(mut self) -> Vec<Block> {
        while self.blocks.len().is_multiple_of(2)
            && block_count(self.count, self.bits) <= self.blocks.len() / 2
        {
            let folded = self.blocks.chunks_exact(2);
            self.blocks =
                folded.map(|two| std::array::from_fn(|n| two[0][n] | two[1][n])).collect();
        }
        self.blocks
    }
}

/// Which of `count` blocks a hash belongs to. `count` must not be 0.
pub(crate) fn block_of(hash: u64, count: u32) -> u32 {
    (((hash >> 32) * u64::from(count)) >> 32) as u32
}

/// Whether a key of this hash may be in the filter that the block is of.
pub(crate) fn may_hold(block: &BlockBytes, hash: u64) -> bool {
    let (words, _) = block.as_chunks();
    words.iter().zip(bits(hash)).all(|(word, bit)| u32::from_le_bytes(*word) & bit != 0)
}

/// The `n`th block of a page of blocks.
pub(crate) fn block_at(page: &Page, n: usize) -> Result<&BlockBytes, Fault> {
    let block = page.body().get(n * BLOCK_BYTES..).and_then(<[u8]>::first_chunk);
    block.ok_or("there is no such filter block")
}

/// Pages of these blocks.
pub(crate) fn pages(blocks: &[Block]) -> impl Iterator<Item = Page> {
    blocks.chunks(PAGE_BLOCK_COUNT).map(|blocks| {
        let mut page = Page::new(PageKind::Filter);
        page.set_count(blocks.len());
        let words = blocks.iter().flatten();
        for (slot, word) in page.body_mut().chunks_exact_mut(4).zip(words) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
        page
    })
}

fn block_count(count: usize, bits: usize) -> usize {
    (count * bits).div_ceil(BLOCK_BITS).max(1)
}

fn bits(hash: u64) -> [u32; 8] {
    SALTS.map(|salt| 1 << ((hash as u32).wrapping_mul(salt) >> 27))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64;

    fn hash(n: u32) -> u64 {
        xxh3_64(&n.to_le_bytes())
    }

    /// A merge makes room for all keys of its runs, which may be the same keys four times.
    #[test]
    fn a_present_key_is_never_absent_and_few_absent_ones_are_present() {
        for room in [1_000, 4_000, 9_999] {
            let mut filter = FilterBuilder::new(room, KEY_BITS);
            (0..1_000).for_each(|n| filter.insert(hash(n)));
            let blocks = filter.finish();
            let held = |n| {
                let block = block_of(hash(n), blocks.len() as u32) as usize;
                let word = |at: usize| blocks[block][at / 4].to_le_bytes()[at % 4];
                may_hold(&std::array::from_fn(word), hash(n))
            };
            assert!((0..1_000).all(held));
            let wrong = (1_000..101_000).filter(|n| held(*n)).count();
            assert!(wrong < 2_000, "{wrong} of 100000 absent keys seemed present");
            assert!(blocks.len() * BLOCK_BITS <= 24 * 1_000, "{} blocks", blocks.len());
        }
    }
}
