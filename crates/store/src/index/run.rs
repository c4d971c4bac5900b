//! Runs: the sealed index of some neighbouring segments, in one file that never changes.
//!
//! Why: a file of sorted pages answers any question about its segments in a few page reads, needs
//! no memory for what is not asked, and can be merged with its neighbours front to back.
//!
//! Picture: `build.rs` has the order of its parts, `page.rs` what each page is made of.
//!
//! Invariants: D1 and D3, a page is checked whenever it is read from the disk, and every number in
//! it before it is used. Nothing but the footer is read before it is asked for.

mod blocks;
mod build;
mod bytes;
mod file;
mod filter;
mod footer;
mod ids;
mod kept;
mod page;
mod places;
mod postings;
mod sorted;
mod times;
mod tree;
mod value;
mod walk;

use super::error::IndexError;
use super::key::{Key, id_hash};
pub(crate) use build::{LongList, Plan, RunBuilder};
pub(crate) use file::RunFile;
pub(crate) use footer::Footer;
use headwater_journal_file::Place;
use headwater_model::Timestamp;
pub(crate) use ids::Id;
pub(crate) use kept::Kept;
#[cfg(test)]
pub(crate) use page::Page;
pub(crate) use page::{PageKind, Stamp};
use places::{SegmentShare, read_directory};
pub(crate) use places::{copy as copy_places, write as write_places};
use std::sync::{Arc, OnceLock};
use tree::Tree;
use value::FilterShare;
pub(crate) use value::{Body, SHORT_COUNT_MAX, Value};
pub(crate) use walk::{Entries, IdWalk, PositionWalk};

/// One open run.
pub(crate) struct Run {
    file: RunFile,
    footer: Footer,
    tree: Tree,
    filters: file::Pinned,
    segments: OnceLock<Vec<SegmentShare>>,
}

impl Run {
    /// Opens a run by its last page.
    ///
    /// # Errors
    /// The disk, or a file that is not the run `stamp` of these positions.
    pub(crate) fn open(
        file: RunFile,
        stamp: Stamp,
        (first, end): (u64, u64),
    ) -> Result<Self, IndexError> {
        let last = file.pages() - 1;
        let page = file.read(last, PageKind::Footer)?;
        let footer = Footer::parse(&page).map_err(|why| file.damaged(last, why))?;
        if footer.stamp != stamp || (footer.first, footer.end()) != (first, end) {
            return Err(file.damaged(last, "the file is another run than its name says"));
        }
        // Whoever merges the run makes room by these counts (D3), so its pages must be able to
        // hold them: a key takes four bytes, the place of an event two.
        let bytes = u64::from(file.pages()) * page::BODY_BYTES as u64;
        if footer.keys > bytes / 4 || u64::from(footer.events) > bytes / 2 {
            return Err(file.damaged(last, "the run counts more than its pages hold"));
        }
        let filter_pages = footer.blocks.div_ceil(filter::PAGE_BLOCK_COUNT as u32);
        let filters = file.pins(footer.filter_page, filter_pages)?;
        let tree = Tree::open(&file, footer.tree)?;
        Ok(Self { file, footer, tree, filters, segments: OnceLock::new() })
    }

    /// What the run is.
    pub(crate) fn footer(&self) -> &Footer {
        &self.footer
    }

    /// Its number: no other run of the index has or had it.
    pub(crate) fn id(&self) -> u64 {
        self.footer.stamp.run
    }

    /// The position of its first event.
    pub(crate) fn first(&self) -> u64 {
        self.footer.first
    }

    /// The position behind its last event.
    pub(crate) fn end(&self) -> u64 {
        self.footer.end()
    }

    /// What the run says of a key.
    pub(crate) fn get(&self, key: Key<'_>) -> Result<Option<Arc<Value>>, IndexError> {
        let block = filter::block_of(key.hash, self.footer.key_blocks);
        if !filter::may_hold(self.filter_block(block)?, key.hash) {
            return Ok(None);
        }
        if let Some(value) = self.file.kept().value(self.id(), key) {
            return Ok(Some(value));
        }
        let found = self.look_up(key)?.map(Arc::new);
        if let Some(value) = &found {
            self.file.kept().keep(self.id(), key, value);
        }
        Ok(found)
    }

    fn look_up(&self, key: Key<'_>) -> Result<Option<Value>, IndexError> {
        let mut bytes = [0; sorted::KEY_BYTES_MAX];
        let Some(room) = bytes.get_mut(1..=key.name.len()) else { return Ok(None) };
        room.copy_from_slice(key.name);
        bytes[0] = key.kind as u8;
        let found = self.tree.get(&self.file, &bytes[..=key.name.len()])?;
        let value = |found: tree::Found| {
            Value::parse(key.kind, found.value(), self.footer.events)
                .map_err(|why| self.file.damaged(found.number, why))
        };
        found.map(value).transpose()
    }

    /// The `n`th block of a long list of positions, which are counted from the run's first.
    pub(crate) fn postings_block(
        &self,
        value: &Value,
        rank: u32,
        out: &mut Vec<u32>,
    ) -> Result<u32, IndexError> {
        match &value.body {
            Body::Short { positions, .. } => {
                out.clear();
                out.extend_from_slice(positions);
                Ok(0)
            }
            Body::Long { postings, .. } => {
                let behind = postings.partition(&self.file, |block| block.rank <= rank)?;
                let n = behind.saturating_sub(1);
                postings::read_block(&self.file, postings, n, true, out)
            }
        }
    }

    /// How many of a list's positions stand before one that is counted from the run's first.
    pub(crate) fn rank(&self, value: &Value, position: u32) -> Result<u32, IndexError> {
        match &value.body {
            Body::Short { positions, .. } => {
                Ok(positions.partition_point(|own| *own < position) as u32)
            }
            Body::Long { last, .. } if *last < position => Ok(value.count),
            Body::Long { postings, .. } => {
                let behind = postings.partition(&self.file, |block| block.first < position)?;
                let Some(n) = behind.checked_sub(1) else { return Ok(0) };
                let mut block = Vec::new();
                let start = postings::read_block(&self.file, postings, n, true, &mut block)?;
                Ok(start + block.partition_point(|own| *own < position) as u32)
            }
        }
    }

    /// For each of these fingerprints, by its place among them, the positions, counted from the run's
    /// first, of a stream's events that have it.
    pub(crate) fn candidates(
        &self,
        key: Key<'_>,
        value: &Value,
        fingerprints: &[u32],
        found: &mut Vec<(usize, u32)>,
    ) -> Result<(), IndexError> {
        match &value.body {
            Body::Short { positions, fingerprints: stored } => {
                for (n, asked) in fingerprints.iter().enumerate() {
                    let both = positions.iter().zip(stored);
                    found.extend(both.filter(|(_, own)| *own == asked).map(|(at, _)| (n, *at)));
                }
                Ok(())
            }
            Body::Long { ids: None, .. } => Ok(()),
            Body::Long { ids: Some((ids, share)), .. } => {
                for n in self.may_hold(key, *share, fingerprints)? {
                    let fingerprint = fingerprints[n];
                    ids::find(&self.file, ids, fingerprint, |position| found.push((n, position)))?;
                }
                Ok(())
            }
        }
    }

    /// Which of these fingerprints a long stream may have here.
    ///
    /// Nearly every one is new, and its block of the filter is nowhere near the processor: all are
    /// fetched before the first is looked at, so that the fetches overlap.
    fn may_hold(
        &self,
        key: Key<'_>,
        share: FilterShare,
        fingerprints: &[u32],
    ) -> Result<Vec<usize>, IndexError> {
        let mut blocks = Vec::with_capacity(fingerprints.len());
        for fingerprint in fingerprints {
            let hash = id_hash(key.hash, *fingerprint);
            let n = share.first.saturating_add(filter::block_of(hash, share.count));
            blocks.push((hash, self.filter_block(self.footer.key_blocks.saturating_add(n))?));
        }
        std::hint::black_box(blocks.iter().fold(0, |all, (_, block)| all | block[0]));
        let held =
            blocks.iter().enumerate().filter(|(_, (hash, block))| filter::may_hold(block, *hash));
        Ok(held.map(|(n, _)| n).collect())
    }

    /// Where the record of a position stands.
    pub(crate) fn locate(&self, position: u64) -> Result<Option<Place>, IndexError> {
        let own = position.checked_sub(self.first()).and_then(|n| u32::try_from(n).ok());
        let Some(n) = own.filter(|n| *n < self.footer.events) else { return Ok(None) };
        let segments = self.segments()?;
        let share = &segments[segments.partition_point(|share| share.first <= n) - 1];
        let at = share.locate(&self.file, n - share.first)?;
        Ok(Some(Place { segment: share.segment, at }))
    }

    /// The last position recorded at or before `time`; `None`: all were recorded later.
    pub(crate) fn last_at(&self, time: Timestamp) -> Result<Option<u64>, IndexError> {
        if time < self.footer.first_time {
            return Ok(None);
        }
        if self.footer.last_time <= time {
            return Ok(Some(self.end() - 1));
        }
        let segments = self.segments()?;
        let behind = segments.partition_point(|share| share.time <= time);
        let share = &segments[behind.saturating_sub(1)];
        let last = share.times.last_at(&self.file, share.count, time)?;
        Ok(last.map(|n| self.first() + u64::from(share.first) + u64::from(n)))
    }

    /// The segments it tells of.
    pub(crate) fn segments(&self) -> Result<&[SegmentShare], IndexError> {
        if let Some(segments) = self.segments.get() {
            return Ok(segments);
        }
        let Footer { segments_page, segments, events, .. } = self.footer;
        let read = read_directory(&self.file, segments_page, segments, events)?;
        Ok(self.segments.get_or_init(|| read))
    }

    /// Reads all of it: every page, and every entry in order.
    pub(crate) fn verify(self: &Arc<Self>) -> Result<(), IndexError> {
        for number in 0..self.file.pages() {
            self.file.verify(number)?;
        }
        self.segments()?;
        let mut entries = Entries::new(Arc::clone(self), &[])?;
        while entries.advance()? {}
        Ok(())
    }

    /// The file it is in.
    pub(crate) fn file(&self) -> &RunFile {
        &self.file
    }

    fn filter_block(&self, n: u32) -> Result<&filter::BlockBytes, IndexError> {
        let (page, slot) =
            (n as usize / filter::PAGE_BLOCK_COUNT, n as usize % filter::PAGE_BLOCK_COUNT);
        let first = self.footer.filter_page;
        let blocks = self.file.pinned(&self.filters, first, page, PageKind::Filter)?;
        filter::block_at(blocks, slot).map_err(|why| self.file.damaged(first + page as u32, why))
    }
}
