//! Footers: the last page of a run, which says what the run is and where its parts are.
//!
//! Why: a run is written from front to back, so what it holds is known at its end; and opening
//! it costs one page.
//!
//! Invariants: D3, a footer of another format is refused by its number, before anything in it is
//! believed. Pages it refers to are checked against the file when they are pinned or read.

use super::bytes::Reader;
use super::page::{BODY_BYTES, Fault, Page, PageKind, Stamp};
use super::tree::TreeShape;
use headwater_model::Timestamp;

/// `hwindex` and the format's version.
const MAGIC: u64 = u64::from_le_bytes(*b"hwindex1");

/// What a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Footer {
    /// Whose, and which.
    pub(crate) stamp: Stamp,
    /// Its first position.
    pub(crate) first: u64,
    /// How many events it tells of.
    pub(crate) events: u32,
    /// How often it was merged.
    pub(crate) level: u32,
    /// Its keys.
    pub(crate) tree: TreeShape,
    /// How many keys it has.
    pub(crate) keys: u64,
    /// The first page of its filters.
    pub(crate) filter_page: u32,
    /// Blocks of the filter of keys.
    pub(crate) key_blocks: u32,
    /// Blocks of all filters.
    pub(crate) blocks: u32,
    /// The first page of its directory of segments.
    pub(crate) segments_page: u32,
    /// How many segments it tells of.
    pub(crate) segments: u32,
    /// When its first event was recorded.
    pub(crate) first_time: Timestamp,
    /// When its last event was recorded.
    pub(crate) last_time: Timestamp,
}

impl Footer {
    /// The position behind its last.
    pub(crate) fn end(&self) -> u64 {
        self.first.saturating_add(u64::from(self.events))
    }

    pub(crate) fn page(&self) -> Page {
        let mut bytes = Vec::with_capacity(128);
        for word in [MAGIC, self.stamp.identity, self.stamp.run, self.first, self.keys] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        for time in [self.first_time, self.last_time] {
            bytes.extend_from_slice(&time.as_micros().to_le_bytes());
        }
        let TreeShape { branch_first, branch_count, twig_count, height } = self.tree;
        let tree = [branch_first, branch_count, twig_count, height];
        let filter = [self.filter_page, self.key_blocks, self.blocks];
        let rest = [self.events, self.level, self.segments_page, self.segments];
        for word in tree.into_iter().chain(filter).chain(rest) {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        let mut page = Page::new(PageKind::Footer);
        page.body_mut()[..bytes.len()].copy_from_slice(&bytes);
        page
    }

    pub(crate) fn parse(page: &Page) -> Result<Self, Fault> {
        let mut rest = Reader(page.body());
        if rest.u64()? != MAGIC {
            return Err("the file is no index of this format");
        }
        let footer = Self {
            stamp: Stamp { identity: rest.u64()?, run: rest.u64()? },
            first: rest.u64()?,
            keys: rest.u64()?,
            first_time: Timestamp::from_micros(rest.u64()?),
            last_time: Timestamp::from_micros(rest.u64()?),
            tree: TreeShape {
                branch_first: rest.u32()?,
                branch_count: rest.u32()?,
                twig_count: rest.u32()?,
                height: rest.u32()?,
            },
            filter_page: rest.u32()?,
            key_blocks: rest.u32()?,
            blocks: rest.u32()?,
            events: rest.u32()?,
            level: rest.u32()?,
            segments_page: rest.u32()?,
            segments: rest.u32()?,
        };
        let counts = footer.events > 0 && footer.segments > 0 && footer.segments <= footer.events;
        let blocks = footer.key_blocks > 0 && footer.key_blocks <= footer.blocks;
        let ends = footer.first.checked_add(u64::from(footer.events)).is_some();
        let room = page.count() == 0 && rest.0.len() < BODY_BYTES;
        match counts && blocks && ends && room {
            true => Ok(footer),
            false => Err("the footer contradicts itself"),
        }
    }
}
