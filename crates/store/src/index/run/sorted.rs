//! Sorted pages: keys in order, each with a few bytes of value.
//!
//! Why: names of streams share their beginnings; stored once, a name costs what tells it from
//! its neighbour.
//!
//! Picture:
//! ```text
//!   body: entry entry … entry │ free │ … u16 u16       one u16 per 16th entry: where it begins
//!   entry: shared │ suffix bytes │ suffix │ value bytes │ value      (numbers are varints)
//! ```
//!
//! Invariants: keys rise strictly. Every 16th entry has its whole key, so that a search is a
//! bisection and at most 15 steps.

use super::bytes::{Reader, put_varint, u16_at};
use super::page::{BODY_BYTES, Fault, Page, PageKind};
use std::cmp::Ordering;
use std::ops::Range;

/// Entries between two that have their whole key.
const STRIDE: usize = 16;

/// The longest key: a kind and the longest name.
pub(crate) const KEY_BYTES_MAX: usize = 1 + 512;

const DISORDER: Fault = "an entry shares more than its neighbour has";

/// Fills one sorted page.
pub(crate) struct SortedBuilder {
    kind: PageKind,
    entries: Vec<u8>,
    restarts: Vec<u16>,
    count: usize,
    last: Vec<u8>,
    first: Vec<u8>,
}

impl SortedBuilder {
    pub(crate) fn new(kind: PageKind) -> Self {
        let entries = Vec::with_capacity(BODY_BYTES);
        Self { kind, entries, restarts: Vec::new(), count: 0, last: Vec::new(), first: Vec::new() }
    }

    /// Takes an entry in, or says that the page is full. A page takes at least one.
    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) -> bool {
        assert!(self.count == 0 || self.last.as_slice() < key, "D1: keys of a run rise");
        assert!(key.len() <= KEY_BYTES_MAX, "a name was longer than its limit");
        let restart = self.count.is_multiple_of(STRIDE);
        let shared = if restart { 0 } else { shared(&self.last, key) };
        let before = self.entries.len();
        put_varint(&mut self.entries, shared as u64);
        put_varint(&mut self.entries, (key.len() - shared) as u64);
        self.entries.extend_from_slice(&key[shared..]);
        put_varint(&mut self.entries, value.len() as u64);
        self.entries.extend_from_slice(value);
        let restarts = self.restarts.len() + usize::from(restart);
        if self.entries.len() + 2 * restarts > BODY_BYTES {
            assert!(self.count > 0, "an entry is smaller than a page");
            self.entries.truncate(before);
            return false;
        }
        if restart {
            self.restarts.push(u16::try_from(before).expect("a body is shorter than 2^16"));
        }
        if self.count == 0 {
            self.first = key.to_vec();
        }
        self.last.clear();
        self.last.extend_from_slice(key);
        self.count += 1;
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The last key it took.
    pub(crate) fn last(&self) -> &[u8] {
        &self.last
    }

    /// The page and its first key; begins the next.
    pub(crate) fn take(&mut self) -> (Page, Vec<u8>) {
        let mut page = Page::new(self.kind);
        page.set_count(self.count);
        let body = page.body_mut();
        body[..self.entries.len()].copy_from_slice(&self.entries);
        let table = BODY_BYTES - 2 * self.restarts.len();
        for (slot, restart) in body[table..].chunks_exact_mut(2).zip(&self.restarts) {
            slot.copy_from_slice(&restart.to_le_bytes());
        }
        self.entries.clear();
        self.restarts.clear();
        self.last.clear();
        self.count = 0;
        (page, std::mem::take(&mut self.first))
    }
}

/// Walks the entries of one sorted page, which it must be given at every step.
pub(crate) struct Walk {
    at: usize,
    left: usize,
    key: Vec<u8>,
}

impl Walk {
    /// From the first entry on.
    pub(crate) fn new(page: &Page) -> Self {
        Self { at: 0, left: page.count(), key: Vec::with_capacity(64) }
    }

    /// From at most 16 entries before the first that is at or behind `key`.
    pub(crate) fn near(page: &Page, key: &[u8]) -> Result<Self, Fault> {
        let entries = entries(page)?;
        let whole_key = |n: usize| -> Result<(&[u8], usize), Fault> {
            let at = usize::from(u16_at(page.body(), entries.len() + 2 * n)?);
            let mut rest = Reader(entries.get(at..).ok_or("an entry begins behind its page")?);
            if rest.varint()? != 0 {
                return Err(DISORDER);
            }
            let bytes = rest.varint_u32()? as usize;
            Ok((rest.take(bytes)?, at))
        };
        let mut walk = Self::new(page);
        let (mut low, mut high) = (0, page.count().div_ceil(STRIDE));
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let (found, at) = whole_key(middle)?;
            if found <= key {
                (low, walk.at) = (middle, at);
            } else {
                high = middle;
            }
        }
        walk.left -= low * STRIDE;
        Ok(walk)
    }

    /// Where in the body the next entry's value stands; its key is then [`Walk::key`].
    pub(crate) fn next(&mut self, page: &Page) -> Result<Option<Range<usize>>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let entries = entries(page)?;
        let mut rest = Reader(entries.get(self.at..).ok_or("an entry begins behind its page")?);
        let shared = rest.varint_u32()? as usize;
        let suffix_bytes = rest.varint_u32()? as usize;
        let suffix = rest.take(suffix_bytes)?;
        if shared > self.key.len() || shared + suffix.len() > KEY_BYTES_MAX {
            return Err(DISORDER);
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(suffix);
        let value_bytes = rest.varint_u32()? as usize;
        rest.take(value_bytes)?;
        self.at = entries.len() - rest.0.len();
        Ok(Some(self.at - value_bytes..self.at))
    }

    /// The key of the entry that [`Walk::next`] gave.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }
}

/// Where the value of exactly this key stands in the page's body.
pub(crate) fn find(page: &Page, key: &[u8]) -> Result<Option<Range<usize>>, Fault> {
    let mut walk = Walk::near(page, key)?;
    while let Some(value) = walk.next(page)? {
        match walk.key().cmp(key) {
            Ordering::Less => {}
            Ordering::Equal => return Ok(Some(value)),
            Ordering::Greater => return Ok(None),
        }
    }
    Ok(None)
}

/// Where the value of the last key that is not behind `key` stands; `None` if all are.
pub(crate) fn floor(page: &Page, key: &[u8]) -> Result<Option<Range<usize>>, Fault> {
    let mut walk = Walk::near(page, key)?;
    let mut found = None;
    while let Some(value) = walk.next(page)? {
        if walk.key() > key {
            break;
        }
        found = Some(value);
    }
    Ok(found)
}

/// The part of the body that entries stand in.
fn entries(page: &Page) -> Result<&[u8], Fault> {
    let table = 2 * page.count().div_ceil(STRIDE);
    let end = BODY_BYTES.checked_sub(table).ok_or("a page counts more than it holds")?;
    Ok(&page.body()[..end])
}

fn shared(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
