//! Building a run: places first, then keys in order, then what finds them.
//!
//! Why: a sealed part and a merge of runs end in the same file, so both feed the same builder,
//! which holds a few pages, the branches of the tree and the filters, however long the run.
//!
//! Picture:
//! ```text
//!   places … │ leaves, postings, ids, tables … │ branches │ filters │ segments │ footer
//! ```

use super::file::RunWriter;
use super::filter::{self, FilterBuilder};
use super::footer::Footer;
use super::ids::{Id, IdsWriter};
use super::page::Stamp;
use super::places::{self, SegmentShare};
use super::postings::PostingsWriter;
use super::tree::TreeBuilder;
use super::value::{SHORT_COUNT_MAX, put_head, put_short};
use crate::index::error::IndexError;
use crate::index::key::{Key, id_hash};
use headwater_env::{DiskError, File};
use headwater_model::Timestamp;
use std::sync::Arc;

/// Builds one run.
pub(crate) struct RunBuilder {
    stamp: Stamp,
    first: u64,
    level: u32,
    writer: RunWriter,
    segments: Vec<SegmentShare>,
    tree: TreeBuilder,
    postings: PostingsWriter,
    ids: IdsWriter,
    keys: FilterBuilder,
    key_count: u64,
    id_blocks: Vec<filter::Block>,
    key_bytes: Vec<u8>,
    value: Vec<u8>,
}

/// What a builder must know before it begins.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Whose run, and which.
    pub(crate) stamp: Stamp,
    /// Its first position.
    pub(crate) first: u64,
    /// How often it was merged.
    pub(crate) level: u32,
    /// Keys, at most.
    pub(crate) keys_max: usize,
}

/// A long list that is to be written: how many events, and for a stream the first revision.
#[derive(Clone, Copy)]
pub(crate) struct LongList {
    /// For a stream: the revision of its first event.
    pub(crate) revision: Option<u64>,
    /// How many events there are.
    pub(crate) count: usize,
    /// The last position, counted from the run's first.
    pub(crate) last: u32,
}

impl RunBuilder {
    pub(crate) fn new(file: Arc<dyn File>, plan: Plan) -> Self {
        Self {
            stamp: plan.stamp,
            first: plan.first,
            level: plan.level,
            writer: RunWriter::new(file, plan.stamp),
            segments: Vec::new(),
            tree: TreeBuilder::new(),
            postings: PostingsWriter::default(),
            ids: IdsWriter::default(),
            keys: FilterBuilder::new(plan.keys_max, filter::KEY_BITS),
            key_count: 0,
            id_blocks: Vec::new(),
            key_bytes: Vec::new(),
            value: Vec::new(),
        }
    }

    /// Adds a segment by a writer of its places, which is given the segment's first position
    /// counted from the run's. All segments come before all keys.
    pub(crate) fn segment<E>(
        &mut self,
        write: impl FnOnce(&mut RunWriter, u32) -> Result<SegmentShare, E>,
    ) -> Result<(), E> {
        let first = self.events();
        let share = write(&mut self.writer, first)?;
        self.segments.push(share);
        Ok(())
    }

    /// Adds a key with few events.
    pub(crate) fn short(
        &mut self,
        key: Key<'_>,
        revision: Option<u64>,
        positions: &[u32],
        fingerprints: &[u32],
    ) -> Result<(), DiskError> {
        assert!(positions.len() <= SHORT_COUNT_MAX, "a long list was taken for a short one");
        let mut value = std::mem::take(&mut self.value);
        value.clear();
        put_short(&mut value, revision, positions, fingerprints);
        self.key(key, value)
    }

    /// Adds a key with many events: its rising positions, and for a stream its sorted ids.
    pub(crate) fn long(
        &mut self,
        key: Key<'_>,
        list: LongList,
        positions: impl Iterator<Item = Result<u32, IndexError>>,
        ids: Option<impl Iterator<Item = Result<Id, IndexError>>>,
    ) -> Result<(), IndexError> {
        let mut value = std::mem::take(&mut self.value);
        value.clear();
        put_head(&mut value, list.revision, list.count, true);
        super::bytes::put_varint(&mut value, u64::from(list.last));
        let blocks = self.postings.write(&mut self.writer, positions)?;
        blocks.finish(&mut self.writer, &mut value)?;
        if let Some(ids) = ids {
            let mut filter = FilterBuilder::new(list.count, filter::ID_BITS);
            let seen = ids.inspect(|id| {
                if let Ok((fingerprint, _)) = id {
                    filter.insert(id_hash(key.hash, *fingerprint));
                }
            });
            let blocks = self.ids.write(&mut self.writer, seen)?;
            blocks.finish(&mut self.writer, &mut value)?;
            let filter = filter.finish();
            // Counted from the first filter of ids: how many blocks the keys take is not known yet.
            for n in [self.id_blocks.len(), filter.len()] {
                super::bytes::put_varint(&mut value, n as u64);
            }
            self.id_blocks.extend(filter);
        }
        Ok(self.key(key, value)?)
    }

    /// Writes what is left and makes the run durable.
    pub(crate) fn finish(
        mut self,
        first_time: Timestamp,
        last_time: Timestamp,
    ) -> Result<Footer, DiskError> {
        let events = self.events();
        self.postings.finish(&mut self.writer)?;
        self.ids.finish(&mut self.writer)?;
        let tree = self.tree.finish(&mut self.writer)?;
        let mut blocks = self.keys.finish();
        let key_blocks = blocks.len() as u32;
        blocks.append(&mut self.id_blocks);
        let filter_page = self.writer.next();
        for page in filter::pages(&blocks) {
            self.writer.push(page)?;
        }
        let segments_page = places::write_directory(&mut self.writer, &self.segments)?;
        let footer = Footer {
            stamp: self.stamp,
            first: self.first,
            events,
            level: self.level,
            tree,
            keys: self.key_count,
            filter_page,
            key_blocks,
            blocks: u32::try_from(blocks.len()).expect("filters are smaller than the run"),
            segments_page,
            segments: self.segments.len() as u32,
            first_time,
            last_time,
        };
        self.writer.push(footer.page())?;
        self.writer.finish()?;
        Ok(footer)
    }

    fn events(&self) -> u32 {
        self.segments.last().map_or(0, |share| share.first + share.count)
    }

    fn key(&mut self, key: Key<'_>, value: Vec<u8>) -> Result<(), DiskError> {
        self.key_bytes.clear();
        self.key_bytes.push(key.kind as u8);
        self.key_bytes.extend_from_slice(key.name);
        self.tree.push(&mut self.writer, &self.key_bytes, &value)?;
        self.keys.insert(key.hash);
        self.key_count += 1;
        self.value = value;
        Ok(())
    }
}
