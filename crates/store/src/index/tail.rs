//! The tail: what is known of the events of one unsealed segment, in memory.
//!
//! Why: a sorted file cannot take single events; memory can. What is here is lost with the
//! process and told again from the segment, so a segment's worth of events bounds an open.
//!
//! Picture:
//! ```text
//!            ┌ shard 0: streams, terms   (hash of the key picks the shard)
//!   append ──┼ shard 1 …                  ordinal n ↔ position first + n
//!            └ log: ordinal → place, time
//! ```
//!
//! Invariants: A3, ordinals are dense. A reader looks only below its own end (`Snapshot::until`),
//! so it does not matter that a batch arrives lock by lock. Once the next segment has begun, a
//! part never changes again.

mod closed;
mod log;
mod shard;

pub(crate) use closed::Closed;

use super::entry::{Entry, category};
use super::key::{Key, Kind, fingerprint};
use headwater_journal_file::Place;
use headwater_model::{EventId, Position, StreamName, Timestamp};
use log::Log;
use parking_lot::RwLock;
use shard::Shard;
pub(crate) use shard::{Posting, StreamSlot, TermSlot};

/// Tables of one part. Enough that a reader seldom meets the writer, and that the growth of one
/// table (it moves every entry) stays under a few milliseconds.
const SHARD_COUNT: usize = 16;

/// The unsealed events of one segment.
pub(crate) struct Part {
    first: u64,
    segment: u32,
    shards: [RwLock<Shard>; SHARD_COUNT],
    log: RwLock<Log>,
}

impl Part {
    /// An empty part whose first event will be `first`. Makes room for as much as `like` came to,
    /// so that a steady load never waits for a table to grow.
    pub(crate) fn new(first: u64, segment: u32, like: Option<&Self>) -> Self {
        let shard = |n: usize| match like {
            Some(part) => Shard::with_room_of(&part.shards[n].read()),
            None => Shard::default(),
        };
        Self {
            first,
            segment,
            shards: std::array::from_fn(|n| RwLock::new(shard(n))),
            log: RwLock::default(),
        }
    }

    /// The position of its first event.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The position behind its last event.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.log.read().count())
    }

    /// The segment it tells of.
    pub(crate) fn segment(&self) -> u32 {
        self.segment
    }

    /// Takes in the next event. Only one thread adds.
    pub(crate) fn add(&self, entry: &Entry<'_>) {
        let ordinal = self.log.read().count();
        assert_eq!(
            entry.position.0,
            self.first + u64::from(ordinal),
            "A3: the index was not told of every position"
        );
        let stream = Key::new(Kind::Stream, entry.stream);
        let posting = Posting { ordinal, fingerprint: fingerprint(entry.id) };
        self.shard(stream).write().add_stream(stream, entry.revision.0, posting);
        self.add_term(Key::new(Kind::Category, category(entry.stream)), ordinal);
        self.add_term(Key::new(Kind::Type, entry.event_type), ordinal);
        for tag in entry.tags {
            self.add_term(Key::new(Kind::Tag, tag), ordinal);
        }
        self.log.write().push(entry.place.at, entry.recorded_at);
    }

    /// For each of these ids, by its place among them, the positions below `until` of a stream's
    /// events whose ids have the same fingerprint. The stream is looked up once for all of them.
    pub(crate) fn candidates(
        &self,
        key: Key<'_>,
        ids: &[EventId],
        until: u64,
        out: &mut Vec<(usize, Position)>,
    ) {
        let shard = self.shard(key).read();
        let Some(slot) = shard.stream(key) else { return };
        for (n, id) in ids.iter().enumerate() {
            let own = slot.candidates(fingerprint(*id)).map(|own| self.first + u64::from(own));
            let below = own.filter(|position| *position < until);
            out.extend(below.map(|position| (n, Position(position))));
        }
    }

    /// How many postings a key has below `until`, and for a stream the revision of the first;
    /// `None` if there are none.
    pub(crate) fn count(&self, key: Key<'_>, until: u64) -> Option<(u64, u64)> {
        let below = self.ordinals_below(until);
        let shard = self.shard(key).read();
        let (count, revision) = match key.kind {
            Kind::Stream => {
                shard.stream(key).map(|own| (own.count_below(below), own.revision()))?
            }
            _ => (shard.term(key)?.count_below(below), 0),
        };
        (count > 0).then_some((count as u64, revision))
    }

    /// How many postings of a key stand before `position`.
    pub(crate) fn rank(&self, key: Key<'_>, position: u64) -> u64 {
        self.count(key, position).map_or(0, |(count, _)| count)
    }

    /// Positions of a term's postings `skip..skip + count`.
    pub(crate) fn positions(&self, key: Key<'_>, skip: u64, count: usize, out: &mut Vec<u64>) {
        let shard = self.shard(key).read();
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let position = |ordinal: u32| self.first + u64::from(ordinal);
        if key.kind == Kind::Stream {
            let postings = shard.stream(key).map_or(&[][..], StreamSlot::postings);
            out.extend(postings.iter().skip(skip).take(count).map(|own| position(own.ordinal)));
        } else {
            let postings = shard.term(key).map_or(&[][..], TermSlot::postings);
            out.extend(postings.iter().skip(skip).take(count).map(|ordinal| position(*ordinal)));
        }
    }

    /// Names of streams that begin with `prefix`, stand behind `after` and have an event below
    /// `until`: the first `count_max` in order.
    pub(crate) fn names(
        &self,
        prefix: &[u8],
        after: &[u8],
        until: u64,
        count_max: usize,
    ) -> Vec<StreamName> {
        let below = self.ordinals_below(until);
        let mut names: Vec<Box<[u8]>> = Vec::new();
        for shard in &self.shards {
            let shard = shard.read();
            let wanted = |slot: &&StreamSlot| {
                let name = slot.name();
                name.starts_with(prefix) && name > after && slot.count_below(below) > 0
            };
            names.extend(shard.streams().filter(wanted).map(|slot| Box::from(slot.name())));
            names.sort_unstable();
            names.truncate(count_max);
        }
        let name = |name: Box<[u8]>| {
            let name = String::from_utf8(name.into()).expect("it was told as a str");
            StreamName::system(name).expect("it was told as a stream's name")
        };
        names.into_iter().map(name).collect()
    }

    /// Where the record of `position` stands.
    pub(crate) fn locate(&self, position: u64) -> Option<Place> {
        let ordinal = u32::try_from(position.checked_sub(self.first)?).ok()?;
        let at = self.log.read().place(ordinal)?;
        Some(Place { segment: self.segment, at })
    }

    /// The last position recorded at or before `time`.
    pub(crate) fn last_at(&self, time: Timestamp) -> Option<u64> {
        self.log.read().last_at(time).map(|ordinal| self.first + u64::from(ordinal))
    }

    /// Everything it knows, for sealing. Nothing may be added while this lives.
    pub(crate) fn closed(&self) -> Closed<'_> {
        let shards = self.shards.iter().map(RwLock::read).collect();
        Closed { shards, log: self.log.read() }
    }

    fn shard(&self, key: Key<'_>) -> &RwLock<Shard> {
        // From the middle: the tables inside use the low bits and the top seven.
        &self.shards[(key.hash >> 40) as usize % SHARD_COUNT]
    }

    fn ordinals_below(&self, until: u64) -> u32 {
        u32::try_from(until.saturating_sub(self.first)).unwrap_or(u32::MAX)
    }

    fn add_term(&self, key: Key<'_>, ordinal: u32) {
        self.shard(key).write().add_term(key, ordinal);
    }
}
