//! Ids of long streams: fingerprints in order, each with its position.
//!
//! Why: A4 asks of every append whether its ids are new. In a short stream they stand beside the
//! positions; a long one is not walked through, but asked in one page, and that only if its filter
//! does not say no.
//!
//! Picture: `fingerprint u32 │ position u32`, sorted; lists share pages as postings do.

use super::blocks::{Block, Blocks, BlocksBuilder};
use super::bytes::Reader;
use super::file::{RunFile, RunWriter};
use super::page::{BODY_BYTES, Page, PageKind};
use crate::index::error::IndexError;
use headwater_env::DiskError;

const ID_BYTES: usize = 8;

/// A fingerprint and the position of the event it is of.
pub(crate) type Id = (u32, u32);

/// Writes ids of long streams.
#[derive(Default)]
pub(crate) struct IdsWriter {
    page: Option<(u32, Page, usize)>,
}

impl IdsWriter {
    /// Writes the ids of one stream, in order.
    pub(crate) fn write(
        &mut self,
        writer: &mut RunWriter,
        ids: impl Iterator<Item = Result<Id, IndexError>>,
    ) -> Result<BlocksBuilder, IndexError> {
        let mut blocks = BlocksBuilder::default();
        for (rank, id) in (0_u32..).zip(ids) {
            let (fingerprint, position) = id?;
            let turn = self.page.as_ref().is_none_or(|(_, _, used)| *used == BODY_BYTES);
            if turn {
                self.finish(writer)?;
                self.page = Some((writer.reserve()?, Page::new(PageKind::Ids), 0));
            }
            let (number, page, used) = self.page.as_mut().expect("it was made above");
            if turn || rank == 0 {
                let at = *used as u16;
                blocks.push(Block { first: fingerprint, rank, page: *number, at });
            }
            let slot = &mut page.body_mut()[*used..*used + ID_BYTES];
            slot[..4].copy_from_slice(&fingerprint.to_le_bytes());
            slot[4..].copy_from_slice(&position.to_le_bytes());
            *used += ID_BYTES;
        }
        Ok(blocks)
    }

    /// Writes the page that is not full.
    pub(crate) fn finish(&mut self, writer: &mut RunWriter) -> Result<(), DiskError> {
        match self.page.take() {
            Some((number, mut page, used)) => {
                page.set_count(used / ID_BYTES);
                writer.fill(number, page)
            }
            None => Ok(()),
        }
    }
}

/// Positions of the events with this fingerprint.
pub(crate) fn find(
    file: &RunFile,
    blocks: &Blocks,
    fingerprint: u32,
    mut found: impl FnMut(u32),
) -> Result<(), IndexError> {
    // The block before the first that begins at the fingerprint may end with it.
    let behind = blocks.partition(file, |block| block.first < fingerprint)?;
    for n in behind.saturating_sub(1)..blocks.count() {
        let (block, ranks) = blocks.extent(file, n, ID_BYTES)?;
        if block.first > fingerprint {
            break;
        }
        let page = file.page(block.page, PageKind::Ids)?;
        let at = usize::from(block.at);
        let ids = &page.body()[at..at + ranks.len() * ID_BYTES];
        let (ids, _) = ids.as_chunks::<ID_BYTES>();
        let at = ids.partition_point(|id| split(*id).0 < fingerprint);
        let same = ids[at..].iter().map(|id| split(*id));
        same.take_while(|id| id.0 == fingerprint).for_each(|id| found(id.1));
    }
    Ok(())
}

/// Reads the `n`th block of a list of ids into `out`, past the cache.
pub(crate) fn read_block(
    file: &RunFile,
    blocks: &Blocks,
    n: u32,
    out: &mut Vec<Id>,
) -> Result<(), IndexError> {
    out.clear();
    let (block, ranks) = blocks.extent(file, n, ID_BYTES)?;
    let page = file.read(block.page, PageKind::Ids)?;
    let mut rest = Reader(&page.body()[usize::from(block.at)..]);
    for _ in ranks {
        let word = |rest: &mut Reader<'_>| rest.u32().map_err(|why| file.damaged(block.page, why));
        out.push((word(&mut rest)?, word(&mut rest)?));
    }
    Ok(())
}

fn split(id: [u8; ID_BYTES]) -> Id {
    let word = |n: usize| u32::from_le_bytes([id[n], id[n + 1], id[n + 2], id[n + 3]]);
    (word(0), word(4))
}
