//! One shard of the tail: streams and terms by hash, each with its postings.
//!
//! Why: an append needs a stream's head and to know that its ids are new; both are one lookup.
//! A short stream's fingerprints are scanned beside its postings (one cache line); a long one
//! gets a table of them.
//!
//! Invariants: A3, a stream's revisions are dense. A4, every id of a stream is found again.

use crate::index::key::Key;
use hashbrown::HashTable;
use std::ops::Range;

/// From this many events on a stream has a table of its fingerprints: before, scanning them is
/// as fast as asking a table.
const SCANNED_COUNT_MAX: usize = 32;

/// One event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) ordinal: u32,
    pub(crate) fingerprint: u32,
}

#[derive(Default)]
pub(super) struct Shard {
    streams: HashTable<StreamSlot>,
    terms: HashTable<TermSlot>,
}

/// A stream in the tail.
pub(crate) struct StreamSlot {
    hash: u64,
    revision: u64,
    name: Box<[u8]>,
    postings: Vec<Posting>,
    /// Fingerprint → ordinal, once the stream is long.
    ids: Option<Box<HashTable<Posting>>>,
}

/// A category, type or tag in the tail.
pub(crate) struct TermSlot {
    hash: u64,
    kind: crate::index::key::Kind,
    name: Box<[u8]>,
    postings: Vec<u32>,
}

impl Shard {
    pub(super) fn with_room_of(other: &Self) -> Self {
        Self {
            streams: HashTable::with_capacity(other.streams.len()),
            terms: HashTable::with_capacity(other.terms.len()),
        }
    }

    /// The slot of a stream that has one.
    pub(super) fn stream_mut(&mut self, key: Key<'_>) -> Option<&mut StreamSlot> {
        self.streams.find_mut(key.hash, |slot| slot.is(key))
    }

    /// A slot for a stream that has none, whose first event here has this revision.
    pub(super) fn new_stream(&mut self, key: Key<'_>, revision: u64) -> &mut StreamSlot {
        let slot = StreamSlot::new(key, revision);
        self.streams.insert_unique(key.hash, slot, |slot| slot.hash).into_mut()
    }

    /// Adds ordinals to a term. One that the term ends with already is not added again.
    pub(super) fn add_term(&mut self, key: Key<'_>, mut ordinals: Range<u32>) {
        let slot = self
            .terms
            .entry(key.hash, |slot| slot.is(key), |slot| slot.hash)
            .or_insert_with(|| TermSlot::new(key))
            .into_mut();
        if slot.postings.last() == Some(&ordinals.start) {
            ordinals.start += 1;
        }
        slot.postings.extend(ordinals);
    }

    /// Forgets the ordinals from `below` on, and what was only in them.
    pub(super) fn forget_from(&mut self, below: u32) {
        self.streams.retain(|slot| {
            slot.forget_from(below);
            !slot.postings.is_empty()
        });
        self.terms.retain(|slot| {
            slot.postings.truncate(slot.count_below(below));
            !slot.postings.is_empty()
        });
    }

    pub(super) fn stream(&self, key: Key<'_>) -> Option<&StreamSlot> {
        self.streams.find(key.hash, |slot| slot.is(key))
    }

    pub(super) fn term(&self, key: Key<'_>) -> Option<&TermSlot> {
        self.terms.find(key.hash, |slot| slot.is(key))
    }

    pub(super) fn streams(&self) -> impl Iterator<Item = &StreamSlot> {
        self.streams.iter()
    }

    pub(super) fn terms(&self) -> impl Iterator<Item = &TermSlot> {
        self.terms.iter()
    }
}

impl StreamSlot {
    fn new(key: Key<'_>, revision: u64) -> Self {
        let (hash, name) = (key.hash, Box::from(key.name));
        Self { hash, revision, name, postings: Vec::new(), ids: None }
    }

    fn is(&self, key: Key<'_>) -> bool {
        self.hash == key.hash && *self.name == *key.name
    }

    /// Adds the events behind the last.
    pub(super) fn extend(&mut self, postings: impl Iterator<Item = Posting>) {
        let before = self.postings.len();
        self.postings.extend(postings);
        let added = &self.postings[before..];
        match &mut self.ids {
            Some(ids) => insert_ids(ids, added),
            None if self.postings.len() > SCANNED_COUNT_MAX => {
                let mut ids = HashTable::with_capacity(2 * self.postings.len());
                insert_ids(&mut ids, &self.postings);
                self.ids = Some(Box::new(ids));
            }
            None => {}
        }
    }

    /// Forgets all events: they are gone, and the stream begins at this revision.
    pub(super) fn restart(&mut self, revision: u64) {
        self.postings.clear();
        self.ids = None;
        self.revision = revision;
    }

    fn forget_from(&mut self, below: u32) {
        let kept = self.count_below(below);
        if kept == self.postings.len() {
            return;
        }
        self.postings.truncate(kept);
        if let Some(ids) = &mut self.ids {
            ids.retain(|own| own.ordinal < below);
        }
    }

    /// The revision that its next event has.
    pub(super) fn next_revision(&self) -> u64 {
        self.revision + self.postings.len() as u64
    }

    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    /// The revision of its first event here.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn postings(&self) -> &[Posting] {
        &self.postings
    }

    pub(super) fn count_below(&self, below: u32) -> usize {
        match self.postings.last() {
            Some(last) if last.ordinal < below => self.postings.len(),
            _ => self.postings.partition_point(|posting| posting.ordinal < below),
        }
    }

    /// Tells `found` of the ordinals that have one of these fingerprints: which, and where.
    pub(super) fn candidates(&self, fingerprints: &[u32], mut found: impl FnMut(usize, u32)) {
        for (n, asked) in fingerprints.iter().enumerate() {
            let mut meet = |own: &Posting| {
                if own.fingerprint == *asked {
                    found(n, own.ordinal);
                }
            };
            match &self.ids {
                Some(ids) => ids.iter_hash(spread(*asked)).for_each(&mut meet),
                None => self.postings.iter().for_each(&mut meet),
            }
        }
    }
}

impl TermSlot {
    fn new(key: Key<'_>) -> Self {
        let (hash, kind, name) = (key.hash, key.kind, Box::from(key.name));
        Self { hash, kind, name, postings: Vec::new() }
    }

    fn is(&self, key: Key<'_>) -> bool {
        self.hash == key.hash && self.kind == key.kind && *self.name == *key.name
    }

    pub(crate) fn kind(&self) -> crate::index::key::Kind {
        self.kind
    }

    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    pub(crate) fn postings(&self) -> &[u32] {
        &self.postings
    }

    pub(super) fn count_below(&self, below: u32) -> usize {
        match self.postings.last() {
            Some(last) if *last < below => self.postings.len(),
            _ => self.postings.partition_point(|ordinal| *ordinal < below),
        }
    }
}

fn insert_ids(ids: &mut HashTable<Posting>, added: &[Posting]) {
    let hash = |own: &Posting| spread(own.fingerprint);
    ids.reserve(added.len(), hash);
    for posting in added {
        ids.insert_unique(spread(posting.fingerprint), *posting, hash);
    }
}

/// A table takes its tag from the top bits, which a fingerprint does not have.
fn spread(fingerprint: u32) -> u64 {
    u64::from(fingerprint).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
