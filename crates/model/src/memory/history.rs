//! What a context in memory holds, and what is hidden of it.
//!
//! Why: events are kept in one list, in order; everything else is a view of it.
//!
//! Invariants: A3 an event's position is its place in the list, its revision its place in its
//! stream's list. Hidden events are always a front part of a stream.

use crate::{
    AsOf, Checkpoint, CheckpointName, EventId, NewEvent, Position, RecordedEvent, Revision,
    StreamChange, StreamLife, StreamName, StreamSettings, StreamState, Timestamp,
};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// One stream: where its events are, and what is shown of them.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Its events' positions, by revision.
    pub(super) positions: Vec<Position>,
    /// Its events' revisions, by id.
    pub(super) ids: HashMap<EventId, Revision>,
    pub(super) settings: StreamSettings,
    pub(super) life: StreamLife,
    /// A deletion hid everything before this.
    deleted_before: Revision,
    /// A scavenge gave up everything before this, for ever.
    pub(super) released: Revision,
}

impl Stream {
    /// The last revision, hidden ones included.
    pub(super) fn last(&self) -> Option<Revision> {
        self.next().previous()
    }

    /// The revision that the next event takes.
    pub(super) fn next(&self) -> Revision {
        Revision(self.positions.len() as u64)
    }

    /// The first revision that settings and life show; age comes on top at the read.
    pub(super) fn first(&self) -> Revision {
        let by_count = match self.settings.count_max {
            Some(count) => Revision(self.next().0.saturating_sub(count)),
            None => Revision::ZERO,
        };
        let by_life = match self.life {
            StreamLife::Alive => self.deleted_before,
            StreamLife::Deleted | StreamLife::Tombstoned => self.next(),
        };
        let by_settings = by_count.max(self.settings.truncate_before.unwrap_or(Revision::ZERO));
        by_life.max(by_settings).max(self.released)
    }

    /// The last revision as of a moment that `seen_count` of its events are before: of what is
    /// given up nobody can say any more when it came.
    pub(super) fn last_as_of(&self, seen_count: usize) -> Option<Revision> {
        Revision(seen_count as u64).previous().max(self.released.previous())
    }

    /// Whether it has events in the sense of an expectation: never had, or deleted, is "no".
    pub(super) fn is_there(&self) -> bool {
        self.life == StreamLife::Alive && !self.positions.is_empty()
    }
}

/// A context.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) events: Vec<RecordedEvent>,
    pub(super) streams: BTreeMap<StreamName, Stream>,
    pub(super) checkpoints: BTreeMap<CheckpointName, Checkpoint>,
    /// A reader was told what the context looked like as of this instant: whatever comes is later.
    told: Option<Timestamp>,
}

impl History {
    /// The last position there is.
    pub(super) fn head(&self) -> Option<Position> {
        Position(self.events.len() as u64).previous()
    }

    pub(super) fn event(&self, at: Position) -> Option<&RecordedEvent> {
        self.events.get(usize::try_from(at.0).ok()?)
    }

    /// The last position that is seen as of `moment`, and A6: nothing is recorded at or before an
    /// instant that was asked about, so that the same question has the same answer for ever.
    pub(super) fn resolve(&mut self, moment: AsOf, now: Timestamp) -> Option<Position> {
        match moment {
            AsOf::Now => self.head(),
            AsOf::Position(position) => self.head().map(|head| head.min(position)),
            AsOf::Time(instant) => {
                let instant = instant.min(self.recorded_last().max(now));
                self.told = self.told.max(Some(instant));
                let count = self.events.partition_point(|event| event.recorded_at <= instant);
                Position(count as u64).previous()
            }
        }
    }

    /// A6: when the next commit is recorded, if the clock says `now`.
    pub(super) fn instant(&self, now: Timestamp) -> Timestamp {
        let behind_told = self.told.map_or(Timestamp::ZERO, |told| told.after(MICROSECOND));
        now.max(self.recorded_last()).max(behind_told)
    }

    /// Appends events to a stream. All checks were made.
    pub(super) fn write(&mut self, name: &StreamName, events: Vec<NewEvent>, at: Timestamp) {
        let stream = self.streams.entry(name.clone()).or_default();
        if stream.life == StreamLife::Deleted && !events.is_empty() {
            stream.life = StreamLife::Alive;
            stream.deleted_before = stream.next();
        }
        for event in events {
            let position = Position(self.events.len() as u64);
            let revision = stream.next();
            stream.positions.push(position);
            stream.ids.insert(event.id, revision);
            self.events.push(RecordedEvent {
                id: event.id,
                stream: name.clone(),
                revision,
                position,
                recorded_at: at,
                event_type: event.event_type,
                schema_version: event.schema_version,
                content_type: event.content_type,
                payload: event.payload,
                metadata: event.metadata,
                tags: event.tags,
            });
        }
    }

    /// Changes a stream as a whole; its `$$` event was written.
    pub(super) fn change(&mut self, name: &StreamName, change: StreamChange) {
        let stream = self.streams.entry(name.clone()).or_default();
        match change {
            StreamChange::Settings(settings) => stream.settings = settings,
            StreamChange::Delete => stream.life = StreamLife::Deleted,
            StreamChange::Tombstone => stream.life = StreamLife::Tombstoned,
        }
    }

    /// Whether settings, life or age hide this event now.
    pub(super) fn hides(&self, event: &RecordedEvent) -> bool {
        match self.streams.get(&event.stream) {
            Some(stream) => {
                event.revision < stream.first() || self.is_too_old(stream, event.recorded_at)
            }
            None => false,
        }
    }

    fn is_too_old(&self, stream: &Stream, recorded_at: Timestamp) -> bool {
        let age = self.recorded_last().since(recorded_at);
        stream.settings.age_max_ms.is_some_and(|ms| age > Duration::from_millis(ms))
    }

    fn recorded_last(&self) -> Timestamp {
        self.events.last().map_or(Timestamp::ZERO, |event| event.recorded_at)
    }

    /// The event of this id, hidden or not.
    pub(super) fn find(&self, name: &StreamName, id: EventId) -> Option<&RecordedEvent> {
        let stream = self.streams.get(name)?;
        self.event_of(stream, *stream.ids.get(&id)?)
    }

    pub(super) fn event_of(&self, stream: &Stream, at: Revision) -> Option<&RecordedEvent> {
        let position = stream.positions.get(usize::try_from(at.0).ok()?)?;
        self.event(*position)
    }

    /// A stream as a whole.
    pub(super) fn state(&self, name: &StreamName) -> StreamState {
        match self.streams.get(name) {
            None => StreamState::unknown(name.clone()),
            Some(stream) => StreamState {
                stream: name.clone(),
                last: stream.last(),
                first: stream.first(),
                settings: stream.settings,
                life: stream.life,
            },
        }
    }
}

const MICROSECOND: Duration = Duration::from_micros(1);
