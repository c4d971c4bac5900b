//! The log itself: dense, once, in order of time, and the same by every path.

use super::{Found, Seen};
use headwater_model::{EventId, Position, RecordedEvent, StreamName};
use std::collections::{BTreeMap, HashMap};

/// The final log, with where each event stands.
pub(super) struct Log<'a> {
    pub(super) events: &'a [RecordedEvent],
    places: HashMap<(&'a StreamName, EventId), usize>,
    /// The places of each stream's events.
    streams: HashMap<&'a StreamName, Vec<usize>>,
}

impl<'a> Log<'a> {
    pub(super) fn of(events: &'a [RecordedEvent]) -> Self {
        let mut streams: HashMap<_, Vec<usize>> = HashMap::new();
        for (n, event) in events.iter().enumerate() {
            streams.entry(&event.stream).or_default().push(n);
        }
        let place = |(n, event): (usize, &'a RecordedEvent)| ((&event.stream, event.id), n);
        Self { events, places: events.iter().enumerate().map(place).collect(), streams }
    }

    /// Where this event stands.
    pub(super) fn place(&self, stream: &StreamName, id: EventId) -> Option<usize> {
        self.places.get(&(stream, id)).copied()
    }

    /// How many events a stream had when the log had `count`.
    pub(super) fn stream_count(&self, stream: &StreamName, count: usize) -> u64 {
        let places = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        places.partition_point(|place| *place < count) as u64
    }

    pub(super) fn at(&self, position: Position) -> Option<&RecordedEvent> {
        self.events.get(usize::try_from(position.0).ok()?)
    }
}

pub(super) fn check(seen: &Seen, found: &mut Found) {
    check_places(&seen.forwards, found);
    let reversed = seen.backwards.iter().rev().eq(&seen.forwards);
    found.unless(reversed, "R1", || "backwards is not forwards, reversed".to_owned());
    let mut by_stream: BTreeMap<&StreamName, Vec<&RecordedEvent>> = BTreeMap::new();
    for event in &seen.forwards {
        by_stream.entry(&event.stream).or_default().push(event);
    }
    for (name, events) in &seen.streams {
        let in_context = by_stream.remove(name).unwrap_or_default();
        let same = in_context.into_iter().eq(events);
        found.unless(same, "R2", || format!("stream {name} read alone differs"));
    }
    let unread = by_stream.keys().next().filter(|_| !seen.streams.is_empty());
    found.unless(unread.is_none(), "R2", || format!("stream {unread:?} was not found"));
}

fn check_places(events: &[RecordedEvent], found: &mut Found) {
    let mut revisions: HashMap<&StreamName, u64> = HashMap::new();
    let mut ids = HashMap::new();
    let mut before = None;
    for (n, event) in events.iter().enumerate() {
        let stands = event.position.0 == n as u64;
        found.unless(stands, "A3", || format!("place {n} holds position {}", event.position));
        let next = revisions.entry(&event.stream).or_default();
        let dense = event.revision.0 == *next;
        found.unless(dense, "A3", || {
            format!("{} has revision {} where {next} follows", event.stream, event.revision)
        });
        *next = event.revision.0.saturating_add(1);
        let twice = ids.insert((&event.stream, event.id), n);
        found
            .unless(twice.is_none(), "A4", || format!("{} stands twice: {twice:?}, {n}", event.id));
        let later = before.is_none_or(|before| before <= event.recorded_at);
        found.unless(later, "A6", || format!("position {n} was recorded before the one before"));
        before = Some(event.recorded_at);
    }
}
