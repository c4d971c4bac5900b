//! Block tables: where the blocks of a long list are, searchable without reading them.
//!
//! Why: one type may have 100 million postings; a reader goes to the right page of them at once,
//! and so does an append to the right fingerprints.
//!
//! Picture: a list lies in pages it may share with its neighbours; each block is its part of one
//! page, and the table says of each block its first value, the rank of that value, and where it is:
//! ```text
//!   value in the tree: count, up to 16 × (first, rank, page, at)
//!                      or the first of some pages that hold the table
//! ```
//!
//! Invariant: first values and ranks rise through a table (firsts of fingerprints may repeat).

use super::bytes::{Reader, put_varint, u16_at, u32_at};
use super::file::{RunFile, RunWriter};
use super::page::{BODY_BYTES, Fault, Page, PageKind};
use crate::index::error::IndexError;
use headwater_env::DiskError;
use std::ops::Range;

/// Blocks whose places stand in the tree itself; more of them get pages of their own.
const INLINE_COUNT_MAX: usize = 16;

const BLOCK_BYTES: usize = 14;
const PAGE_BLOCK_COUNT: usize = BODY_BYTES / BLOCK_BYTES;

/// A part of a list within one page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// The first value in it.
    pub(crate) first: u32,
    /// How many values of the list stand before it.
    pub(crate) rank: u32,
    /// Its page.
    pub(crate) page: u32,
    /// Where in its page it begins.
    pub(crate) at: u16,
}

/// The blocks of one list, as they are written.
#[derive(Default)]
pub(crate) struct BlocksBuilder {
    blocks: Vec<Block>,
}

impl BlocksBuilder {
    pub(crate) fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// Appends the table to a value; pages of its own are written first.
    pub(crate) fn finish(
        self,
        writer: &mut RunWriter,
        value: &mut Vec<u8>,
    ) -> Result<(), DiskError> {
        put_varint(value, self.blocks.len() as u64);
        if self.blocks.len() <= INLINE_COUNT_MAX {
            for Block { first, rank, page, at } in self.blocks {
                let words = [first, rank, page, u32::from(at)];
                words.into_iter().for_each(|word| put_varint(value, u64::from(word)));
            }
            return Ok(());
        }
        put_varint(value, u64::from(writer.next()));
        for blocks in self.blocks.chunks(PAGE_BLOCK_COUNT) {
            let mut page = Page::new(PageKind::Blocks);
            page.set_count(blocks.len());
            for (slot, block) in page.body_mut().chunks_exact_mut(BLOCK_BYTES).zip(blocks) {
                slot[..4].copy_from_slice(&block.first.to_le_bytes());
                slot[4..8].copy_from_slice(&block.rank.to_le_bytes());
                slot[8..12].copy_from_slice(&block.page.to_le_bytes());
                slot[12..].copy_from_slice(&block.at.to_le_bytes());
            }
            writer.push(page)?;
        }
        Ok(())
    }
}

/// The blocks of one list, as they are read.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    count: u32,
    /// How many values the list has.
    values: u32,
    table: Table,
}

#[derive(Clone, Debug)]
enum Table {
    Inline(Vec<Block>),
    Pages(u32),
}

impl Blocks {
    /// Reads a table from a value. `values`: how many the list has.
    pub(crate) fn parse(rest: &mut Reader<'_>, values: u32) -> Result<Self, Fault> {
        let count = rest.varint_u32()?;
        if count == 0 || count > values {
            return Err("a list has no blocks, or more than values");
        }
        let table = if count as usize <= INLINE_COUNT_MAX {
            let mut block = || -> Result<Block, Fault> {
                let (first, rank) = (rest.varint_u32()?, rest.varint_u32()?);
                let (page, at) = (rest.varint_u32()?, rest.varint()?);
                let at = u16::try_from(at).map_err(|_| "a block begins behind its page")?;
                Ok(Block { first, rank, page, at })
            };
            Table::Inline((0..count).map(|_| block()).collect::<Result<_, _>>()?)
        } else {
            Table::Pages(rest.varint_u32()?)
        };
        Ok(Self { count, values, table })
    }

    /// How many blocks there are.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The `n`th block.
    pub(crate) fn get(&self, file: &RunFile, n: u32) -> Result<Block, IndexError> {
        match &self.table {
            Table::Inline(blocks) => blocks
                .get(n as usize)
                .copied()
                .ok_or_else(|| file.damaged(0, "a list has fewer blocks than it says")),
            Table::Pages(first) => {
                let number = first.saturating_add(n / PAGE_BLOCK_COUNT as u32);
                let page = file.page(number, PageKind::Blocks)?;
                let at = n as usize % PAGE_BLOCK_COUNT * BLOCK_BYTES;
                let block = || -> Result<Block, Fault> {
                    let word = |n: usize| u32_at(page.body(), at + 4 * n);
                    let (first, rank, page_of) = (word(0)?, word(1)?, word(2)?);
                    Ok(Block { first, rank, page: page_of, at: u16_at(page.body(), at + 12)? })
                };
                block().map_err(|why| file.damaged(number, why))
            }
        }
    }

    /// The block and the ranks of its values; refuses what cannot be.
    pub(crate) fn extent(
        &self,
        file: &RunFile,
        n: u32,
        value_bytes_min: usize,
    ) -> Result<(Block, Range<u32>), IndexError> {
        let block = self.get(file, n)?;
        let end = match n + 1 < self.count {
            true => self.get(file, n + 1)?.rank,
            false => self.values,
        };
        let count = end.saturating_sub(block.rank) as usize;
        let bytes_min = usize::from(block.at) + count * value_bytes_min;
        if (n == 0) != (block.rank == 0) || count == 0 || bytes_min > BODY_BYTES {
            return Err(file.damaged(block.page, "a block has another length than its page holds"));
        }
        Ok((block, block.rank..end))
    }

    /// How many blocks, from the first on, satisfy `before`.
    pub(crate) fn partition(
        &self,
        file: &RunFile,
        before: impl Fn(&Block) -> bool,
    ) -> Result<u32, IndexError> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(&self.get(file, middle)?) { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }
}
