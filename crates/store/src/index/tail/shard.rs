//! One shard of the tail: streams and terms by hash, each with its postings.
//!
//! Why: an append needs a stream's head and to know that its ids are new; both are one lookup.
//! A short stream's fingerprints are scanned beside its postings (one cache line); a long one
//! gets a table of them.
//!
//! Invariants: A3, a stream's revisions are dense. A4, every id of a stream is found again.

use crate::index::key::Key;
use hashbrown::HashTable;

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

    pub(super) fn add_stream(&mut self, key: Key<'_>, revision: u64, posting: Posting) {
        let slot = self
            .streams
            .entry(key.hash, |slot| slot.is(key), |slot| slot.hash)
            .or_insert_with(|| StreamSlot::new(key, revision))
            .into_mut();
        assert_eq!(
            slot.revision + slot.postings.len() as u64,
            revision,
            "A3: the index was not told of every revision"
        );
        slot.push(posting);
    }

    pub(super) fn add_term(&mut self, key: Key<'_>, ordinal: u32) {
        let slot = self
            .terms
            .entry(key.hash, |slot| slot.is(key), |slot| slot.hash)
            .or_insert_with(|| TermSlot::new(key))
            .into_mut();
        if slot.postings.last() != Some(&ordinal) {
            slot.postings.push(ordinal);
        }
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

    fn push(&mut self, posting: Posting) {
        self.postings.push(posting);
        if let Some(ids) = &mut self.ids {
            insert_id(ids, posting);
        } else if self.postings.len() > SCANNED_COUNT_MAX {
            let mut ids = HashTable::with_capacity(2 * self.postings.len());
            self.postings.iter().for_each(|posting| insert_id(&mut ids, *posting));
            self.ids = Some(Box::new(ids));
        }
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

    pub(super) fn candidates(&self, fingerprint: u32) -> impl Iterator<Item = u32> {
        let (scanned, table) = match &self.ids {
            Some(ids) => (&[][..], Some(ids.iter_hash(spread(fingerprint)))),
            None => (&self.postings[..], None),
        };
        scanned
            .iter()
            .chain(table.into_iter().flatten())
            .filter(move |posting| posting.fingerprint == fingerprint)
            .map(|posting| posting.ordinal)
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

fn insert_id(ids: &mut HashTable<Posting>, posting: Posting) {
    ids.insert_unique(spread(posting.fingerprint), posting, |own| spread(own.fingerprint));
}

/// A table takes its tag from the top bits, which a fingerprint does not have.
fn spread(fingerprint: u32) -> u64 {
    u64::from(fingerprint).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
