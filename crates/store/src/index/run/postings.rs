//! Long postings: positions, each as its distance from the one before it.
//!
//! Why: an event costs about one byte in each term it belongs to.
//!
//! Picture: `first position │ distance │ distance …` in varints, whole again at each block. A list
//! begins where its predecessor in the page ended, so that a hundred postings cost no page.

use super::blocks::{Block, Blocks, BlocksBuilder};
use super::bytes::{Reader, put_varint};
use super::file::{RunFile, RunWriter};
use super::page::{BODY_BYTES, Fault, Page, PageKind};
use crate::index::error::IndexError;
use headwater_env::DiskError;

/// Positions of a block. A reader decodes half of one to find its place (under a microsecond);
/// its entry in the table of blocks is a 36th of it.
const BLOCK_COUNT_MAX: u32 = 512;

/// A varint of 32 bits.
const VALUE_BYTES_MAX: usize = 5;

/// Writes long lists of positions.
#[derive(Default)]
pub(crate) struct PostingsWriter {
    page: Option<(u32, Page, usize)>,
}

impl PostingsWriter {
    /// Writes one list of rising positions; the table of its blocks is the answer.
    pub(crate) fn write(
        &mut self,
        writer: &mut RunWriter,
        positions: impl Iterator<Item = Result<u32, IndexError>>,
    ) -> Result<BlocksBuilder, IndexError> {
        let mut blocks = BlocksBuilder::default();
        let (mut last, mut block_rank) = (None, 0);
        let mut bytes = Vec::with_capacity(VALUE_BYTES_MAX);
        for (rank, position) in (0_u32..).zip(positions) {
            let position = position?;
            let full = |used: usize| used + VALUE_BYTES_MAX > BODY_BYTES;
            let turn = self.page.as_ref().is_none_or(|(_, _, used)| full(*used));
            if turn {
                self.finish(writer)?;
                self.page = Some((writer.reserve()?, Page::new(PageKind::Postings), 0));
            }
            let (number, page, used) = self.page.as_mut().expect("it was made above");
            bytes.clear();
            match last {
                Some(last) if !turn && rank - block_rank < BLOCK_COUNT_MAX => {
                    assert!(last < position, "A3: positions of a list rise");
                    put_varint(&mut bytes, u64::from(position - last));
                }
                _ => {
                    put_varint(&mut bytes, u64::from(position));
                    block_rank = rank;
                    blocks.push(Block { first: position, rank, page: *number, at: *used as u16 });
                }
            }
            page.body_mut()[*used..*used + bytes.len()].copy_from_slice(&bytes);
            *used += bytes.len();
            last = Some(position);
        }
        Ok(blocks)
    }

    /// Writes the page that is not full.
    pub(crate) fn finish(&mut self, writer: &mut RunWriter) -> Result<(), DiskError> {
        match self.page.take() {
            Some((number, mut page, used)) => {
                page.set_count(used);
                writer.fill(number, page)
            }
            None => Ok(()),
        }
    }
}

/// Reads the `n`th block of a list into `out`; gives the rank of its first position.
pub(crate) fn read_block(
    file: &RunFile,
    blocks: &Blocks,
    n: u32,
    cached: bool,
    out: &mut Vec<u32>,
) -> Result<u32, IndexError> {
    out.clear();
    let (block, ranks) = blocks.extent(file, n, 1)?;
    let page = match cached {
        true => file.page(block.page, PageKind::Postings)?,
        false => file.read(block.page, PageKind::Postings)?,
    };
    let mut rest = Reader(&page.body()[usize::from(block.at)..]);
    read_rising(&mut rest, ranks.len(), out).map_err(|why| file.damaged(block.page, why))?;
    Ok(ranks.start)
}

/// Reads `count` rising positions: the first whole, the others as distances.
pub(crate) fn read_rising(
    rest: &mut Reader<'_>,
    count: usize,
    out: &mut Vec<u32>,
) -> Result<(), Fault> {
    if count == 0 {
        return Ok(());
    }
    if count > rest.0.len() {
        return Err("a list is longer than its bytes");
    }
    out.reserve(count);
    let mut position = rest.varint_u32()?;
    out.push(position);
    for _ in 1..count {
        let distance = rest.varint_u32()?;
        if distance == 0 {
            return Err("a position stands twice in a list");
        }
        position = position.checked_add(distance).ok_or("a position is behind all")?;
        out.push(position);
    }
    Ok(())
}

/// Writes rising positions as [`read_rising`] reads them.
pub(crate) fn put_rising(out: &mut Vec<u8>, positions: &[u32]) {
    let mut last = 0;
    for position in positions {
        put_varint(out, u64::from(position - last));
        last = *position;
    }
}
