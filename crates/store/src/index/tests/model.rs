//! The model: what the index must answer, by looking at every event.

use crate::index::{Entry, Index, Snapshot, StreamHead, Term};
use headwater_journal_file::Place;
use headwater_model::{Direction, EventId, From, Position, Revision, StreamName, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An event as the model keeps it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) stream: String,
    pub(super) revision: u64,
    pub(super) place: Place,
    pub(super) event_type: String,
    pub(super) tags: Vec<String>,
    pub(super) time: u64,
}

/// All events of a context.
#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) events: Vec<Event>,
    revisions: BTreeMap<String, u64>,
}

pub(super) fn id(position: u64) -> EventId {
    EventId(Uuid::from_u128(0xabcd_0000 + u128::from(position)))
}

impl Model {
    /// The next event; `step` is how far its record stands from the one before it.
    pub(super) fn push(&mut self, stream: &str, event_type: &str, tags: &[&str], step: Step) {
        let revision = self.revisions.entry(stream.to_owned()).or_default();
        let place = match self.events.last() {
            Some(last) if !step.new_segment => {
                Place { at: last.place.at + step.bytes, ..last.place }
            }
            Some(last) => Place { segment: last.place.segment + 1, at: 64 },
            None => Place { segment: 3, at: 64 },
        };
        let time = self.events.last().map_or(1_000, |last| last.time) + step.micros;
        self.events.push(Event {
            stream: stream.to_owned(),
            revision: *revision,
            place,
            event_type: event_type.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            time,
        });
        *revision += 1;
    }

    /// Tells the index of all that it does not know.
    pub(super) fn tell(&self, index: &Index) {
        let known = usize::try_from(index.end().0).expect("a test's model is small");
        let tags: Vec<Vec<&str>> =
            self.events.iter().map(|e| e.tags.iter().map(String::as_str).collect()).collect();
        let mut entries = Vec::new();
        for (n, event) in self.events.iter().enumerate().skip(known) {
            entries.push(Entry {
                position: Position(n as u64),
                place: event.place,
                stream: &event.stream,
                revision: Revision(event.revision),
                id: id(n as u64),
                event_type: &event.event_type,
                tags: &tags[n],
                recorded_at: Timestamp::from_micros(event.time),
            });
        }
        for segment in entries.chunk_by(|one, next| one.place.segment == next.place.segment) {
            for commit in segment.chunks(7) {
                index.add(commit).expect("A3: the model's revisions are dense");
            }
        }
    }

    /// Compares everything that `snapshot` can be asked.
    pub(super) fn compare(&self, snapshot: &Snapshot) {
        let seen = usize::try_from(snapshot.until().0).expect("a test's model is small");
        let events = &self.events[..seen];
        let mut terms: BTreeMap<(u8, String), Vec<u64>> = BTreeMap::new();
        for (n, event) in events.iter().enumerate() {
            let category = event.stream.split('-').next().expect("split gives one at least");
            let own = [(1, category), (3, &*event.event_type), (4, &*event.stream)];
            let tags = event.tags.iter().map(|tag| (2, &**tag)).collect::<BTreeSet<_>>();
            for (kind, name) in own.into_iter().chain(tags) {
                terms.entry((kind, name.to_owned())).or_default().push(n as u64);
            }
        }
        for ((kind, name), positions) in &terms {
            match kind {
                1 => compare_term(snapshot, Term::Category(name), positions),
                2 => compare_term(snapshot, Term::Tag(name), positions),
                3 => compare_term(snapshot, Term::Type(name), positions),
                _ => {
                    compare_term(snapshot, Term::Stream(name), positions);
                    compare_stream(snapshot, name, positions);
                }
            }
        }
        compare_absent(snapshot);
        compare_places(snapshot, events);
        compare_names(snapshot, events);
    }
}

/// How far an event is from the one before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) new_segment: bool,
    pub(super) bytes: u32,
    pub(super) micros: u64,
}

impl Step {
    pub(super) const SMALL: Self = Self { new_segment: false, bytes: 300, micros: 7 };
    pub(super) const SEGMENT: Self = Self { new_segment: true, bytes: 0, micros: 7 };
}

/// A few ranks of a list: its ends, its middle, and around blocks.
fn ranks(count: usize) -> impl Iterator<Item = usize> {
    let some = [0, 1, 47, 48, 255, 256, count / 2, count.saturating_sub(1)];
    some.into_iter().filter(move |rank| *rank < count)
}

fn compare_term(snapshot: &Snapshot, term: Term<'_>, positions: &[u64]) {
    let postings = snapshot.postings(term).expect("an undamaged index");
    assert_eq!(postings.count(), positions.len() as u64, "{term}");
    let walk = |direction, from: Option<u64>| {
        let mut cursor = postings.clone().cursor(direction);
        if let Some(from) = from {
            cursor.seek(Position(from)).expect("an undamaged index");
        }
        std::iter::from_fn(move || cursor.next().expect("an undamaged index"))
            .map(|position| position.0)
            .collect::<Vec<_>>()
    };
    let backwards: Vec<u64> = positions.iter().rev().copied().collect();
    assert_eq!(walk(Direction::Forwards, None), positions, "{term}");
    assert_eq!(walk(Direction::Backwards, None), backwards, "{term}");
    for rank in ranks(positions.len()) {
        let from = positions[rank];
        assert_eq!(walk(Direction::Forwards, Some(from)), positions[rank..], "{term} from {from}");
        let behind = positions.partition_point(|own| *own <= from + 1);
        let rest = &backwards[positions.len() - behind..];
        assert_eq!(walk(Direction::Backwards, Some(from + 1)), rest, "{term} back from {from} + 1");
    }
}

fn compare_stream(snapshot: &Snapshot, stream: &str, positions: &[u64]) {
    let last = positions.len() - 1;
    let head = StreamHead { last: Revision(last as u64), position: Position(positions[last]) };
    assert_eq!(snapshot.head(stream), Ok(Some(head)), "{stream}");
    for rank in ranks(positions.len()) {
        for count_max in [1, 10, 1_000] {
            compare_page(snapshot, stream, positions, rank, count_max);
        }
        let ids = [id(u64::MAX / 2), id(positions[rank])];
        let check = snapshot.check(stream, &ids, Position::ZERO).expect("an undamaged index");
        assert_eq!(check.head, Some(head), "{stream}");
        assert_eq!(check.candidates, [(1, Position(positions[rank]))], "{stream} at {rank}");
    }
}

fn compare_page(
    snapshot: &Snapshot,
    stream: &str,
    positions: &[u64],
    rank: usize,
    count_max: usize,
) {
    let read = |from, direction| {
        let read = snapshot.read_stream(stream, from, direction, count_max);
        let events = read.expect("an undamaged index").events;
        events.into_iter().map(|(revision, at)| (revision.0, at.0)).collect::<Vec<_>>()
    };
    let all = (0..).zip(positions.iter().copied());
    let forwards: Vec<(u64, u64)> = all.clone().skip(rank).take(count_max).collect();
    let before = all.take(rank + 1).collect::<Vec<_>>();
    let backwards: Vec<(u64, u64)> = before.into_iter().rev().take(count_max).collect();
    let at = From::At(Revision(rank as u64));
    assert_eq!(read(at, Direction::Forwards), forwards, "{stream} from {rank}");
    assert_eq!(read(at, Direction::Backwards), backwards, "{stream} back from {rank}");
    if rank == 0 {
        assert_eq!(read(From::Edge, Direction::Forwards), forwards, "{stream}");
    }
    if rank == positions.len() - 1 {
        assert_eq!(read(From::Edge, Direction::Backwards), backwards, "{stream}");
        let behind = From::At(Revision(rank as u64 + 1));
        assert_eq!(read(behind, Direction::Forwards), [], "{stream}");
    }
}

fn compare_absent(snapshot: &Snapshot) {
    for name in ["", "absent-1", "zzz", "a-0\u{7f}"] {
        assert_eq!(snapshot.head(name), Ok(None), "{name}");
        let postings = snapshot.postings(Term::Tag(name)).expect("an undamaged index");
        assert!(postings.is_empty(), "{name}");
    }
}

fn compare_places(snapshot: &Snapshot, events: &[Event]) {
    for (n, event) in events.iter().enumerate() {
        assert_eq!(snapshot.locate(Position(n as u64)), Ok(Some(event.place)), "position {n}");
    }
    assert_eq!(snapshot.locate(Position(events.len() as u64)), Ok(None));
    let times = events.iter().flat_map(|event| [event.time - 1, event.time, event.time + 1]);
    for time in times.collect::<BTreeSet<_>>() {
        let behind = events.partition_point(|event| event.time <= time);
        let last = behind.checked_sub(1).map(|n| Position(n as u64));
        assert_eq!(snapshot.last_at(Timestamp::from_micros(time)), Ok(last), "as of {time}");
    }
}

fn compare_names(snapshot: &Snapshot, events: &[Event]) {
    let names: BTreeSet<&str> = events.iter().map(|event| &*event.stream).collect();
    for prefix in ["", "a", "a-1", "b-", "zz"] {
        let expected: Vec<&str> =
            names.iter().copied().filter(|name| name.starts_with(prefix)).collect();
        let mut found: Vec<StreamName> = Vec::new();
        loop {
            let page = snapshot.streams(prefix, found.last(), 3).expect("an undamaged index");
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 3);
            found.extend(page);
        }
        assert_eq!(found.iter().map(StreamName::as_str).collect::<Vec<_>>(), expected, "{prefix}");
    }
}
