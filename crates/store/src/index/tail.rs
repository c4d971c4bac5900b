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
use super::error::{AddError, IndexError};
use super::key::{Key, Kind, fingerprint};
use headwater_journal_file::Place;
use headwater_model::{Position, Revision, StreamName, Timestamp};
use log::Log;
use parking_lot::RwLock;
use shard::Shard;
pub(crate) use shard::{Posting, StreamSlot, TermSlot};
use std::ops::Range;

/// Tables of one part. Enough that a reader seldom meets the writer, and that the growth of one
/// table (it moves every entry) stays under a few milliseconds.
const SHARD_COUNT: usize = 16;

/// What a part knows of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    /// How many events it has here, at least one.
    pub(crate) count: u64,
    /// The revision of the first of them.
    pub(crate) revision: u64,
    /// The position of the last.
    pub(crate) last: u64,
}

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

    /// Takes in the next events, which are of this part's segment. Only one thread adds.
    ///
    /// Neighbours that share a stream, a category or a type are told of together: one lock and one
    /// lookup for all of them. `before` gives the revision that a stream which is not here yet goes
    /// on at. `begins` says whether all events of a stream before a revision may be gone.
    pub(crate) fn add(
        &self,
        entries: &[Entry<'_>],
        before: impl Fn(&str) -> Result<u64, IndexError>,
        begins: &dyn Fn(&str, Revision) -> bool,
    ) -> Result<(), AddError> {
        let first = self.log.read().count();
        for (entry, position) in entries.iter().zip(self.first + u64::from(first)..) {
            assert_eq!(entry.position.0, position, "A3: the index was not told of every position");
        }
        let mut ordinal = first;
        let mut categories = Terms::new(self, Kind::Category, first);
        for run in entries.chunk_by(|one, next| one.stream == next.stream) {
            if !run[0].is_gone() {
                self.add_stream(run, ordinal, &before, begins)?;
            }
            ordinal += run.len() as u32;
            categories.add((!run[0].is_gone()).then(|| category(run[0].stream)), ordinal);
        }
        categories.finish();
        let mut types = Terms::new(self, Kind::Type, first);
        for (entry, ordinal) in entries.iter().zip(first..) {
            types.add((!entry.is_gone()).then_some(entry.event_type), ordinal + 1);
        }
        types.finish();
        for (entry, ordinal) in entries.iter().zip(first..) {
            for tag in entry.tags {
                let key = Key::new(Kind::Tag, tag);
                self.shard(key).write().add_term(key, ordinal..ordinal + 1);
            }
        }
        let mut log = self.log.write();
        entries.iter().for_each(|entry| log.push(entry.place.at, entry.recorded_at));
        Ok(())
    }

    /// Takes in events of one stream that follow each other, from `ordinal` on.
    fn add_stream(
        &self,
        run: &[Entry<'_>],
        ordinal: u32,
        before: impl Fn(&str) -> Result<u64, IndexError>,
        begins: &dyn Fn(&str, Revision) -> bool,
    ) -> Result<(), AddError> {
        let Some(first) = run.first() else { return Ok(()) };
        let key = Key::new(Kind::Stream, first.stream);
        let postings = || {
            let posting = |(entry, ordinal): (&Entry<'_>, u32)| Posting {
                ordinal,
                fingerprint: fingerprint(entry.id),
            };
            run.iter().zip(ordinal..).map(posting)
        };
        let shard = self.shard(key);
        if let Some(slot) = shard.write().stream_mut(key) {
            let next = slot.next_revision();
            if first.revision.0 > next && begins(first.stream, first.revision) {
                // A3: what is gone was a front part, so what is here before it is as good as gone.
                slot.restart(first.revision.0);
            } else {
                check_revisions(run, next)?;
            }
            slot.extend(postings());
            return Ok(());
        }
        // Looked up in older parts and runs, while nobody is kept from this shard.
        let next = before(first.stream)?;
        if first.revision.0 <= next || !begins(first.stream, first.revision) {
            check_revisions(run, next)?;
        }
        shard.write().new_stream(key, first.revision.0).extend(postings());
        Ok(())
    }

    /// Forgets the events from position `end` on. Looks at every slot: seldom is a commit refused
    /// that the index was told of.
    pub(crate) fn forget_from(&self, end: u64) {
        let below = self.ordinals_below(end);
        self.shards.iter().for_each(|shard| shard.write().forget_from(below));
        self.log.write().forget_from(below);
    }

    /// What an append must know of a stream below `until`, in one lookup: how many postings, the
    /// revision of the first and the position of the last. To `out` go, for each id by its place
    /// among them, the positions of events whose ids have the same fingerprint.
    pub(crate) fn check(
        &self,
        key: Key<'_>,
        fingerprints: &[u32],
        until: u64,
        out: &mut Vec<(usize, Position)>,
    ) -> Option<Standing> {
        let below = self.ordinals_below(until);
        let shard = self.shard(key).read();
        let slot = shard.stream(key)?;
        let count = slot.count_below(below);
        let last = slot.postings().get(count.checked_sub(1)?)?.ordinal;
        slot.candidates(fingerprints, |n, ordinal| {
            if ordinal < below {
                out.push((n, Position(self.first + u64::from(ordinal))));
            }
        });
        let last = self.first + u64::from(last);
        Some(Standing { count: count as u64, revision: slot.revision(), last })
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
}

/// Terms of one kind, one name after the other: neighbours of the same name are told of together.
struct Terms<'a> {
    part: &'a Part,
    kind: Kind,
    name: Option<&'a str>,
    ordinals: Range<u32>,
}

impl<'a> Terms<'a> {
    fn new(part: &'a Part, kind: Kind, first: u32) -> Self {
        Self { part, kind, name: None, ordinals: first..first }
    }

    /// The ordinals from the last added up to `end` have this name, or none.
    fn add(&mut self, name: Option<&'a str>, end: u32) {
        if name != self.name {
            self.tell();
            (self.name, self.ordinals.start) = (name, self.ordinals.end);
        }
        self.ordinals.end = end;
    }

    fn finish(self) {
        self.tell();
    }

    fn tell(&self) {
        if let Some(name) = self.name {
            let key = Key::new(self.kind, name);
            self.part.shard(key).write().add_term(key, self.ordinals.clone());
        }
    }
}

/// A3: the revisions of a stream follow each other.
fn check_revisions(run: &[Entry<'_>], next: u64) -> Result<(), AddError> {
    let gap = |(entry, expected): &(&Entry<'_>, u64)| entry.revision.0 != *expected;
    match run.iter().zip(next..).find(gap) {
        None => Ok(()),
        Some((entry, expected)) => Err(AddError::Gap {
            stream: entry.stream.to_owned(),
            revision: entry.revision,
            expected: Revision(expected),
        }),
    }
}
