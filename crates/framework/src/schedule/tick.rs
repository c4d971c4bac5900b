//! Ticks: that a time of a schedule has come, as an event and as an input.

use super::when::When;
use crate::planted::{Bug, planted};
use crate::{
    Actions, Cause, DecodeError, Decoded, Input, InputType, Poison, Reaction, Recorded, Source,
};
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{
    ContentType, EventId, EventType, InvalidName, Metadata, NewEvent, Position, RecordedEvent,
    Revision, StreamName, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, Ordering};

/// The types of the events of a schedule.
pub(super) const STARTED: &str = "$ScheduleStarted";
pub(super) const CHANGED: &str = "$ScheduleChanged";
pub(super) const TICKED: &str = "$ScheduleTicked";
pub(super) const REFUSED: &str = "$ScheduleTickRefused";
pub(super) const SKIPPED: &str = "$ScheduleTicksSkipped";

/// A time of a schedule that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// The time. What is to be done is a matter of it, and not of the moment at which it is done.
    pub at: Timestamp,
    /// The first of the ticks before this one that were missed, and that it stands for under
    /// [`Missed::Once`](super::Missed::Once), or that are left out under
    /// [`Missed::Skip`](super::Missed::Skip).
    pub missed_from: Option<Timestamp>,
}

/// What an event of a schedule says.
#[derive(Serialize, Deserialize)]
pub(super) struct Entry {
    /// The times it goes by.
    pub(super) when: String,
    /// Everything up to here is settled: the next tick lies behind it. For a tick, its time.
    pub(super) until: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) missed_from: Option<Timestamp>,
}

impl Entry {
    pub(super) fn of(when: &When, until: Timestamp) -> Self {
        Self { when: when.to_string(), until, missed_from: None }
    }

    pub(super) fn read(event: &RecordedEvent) -> Result<Self, DecodeError> {
        crate::derived::read(event)
    }

    /// As an event. Its id follows from the schedule and the time, so whoever records it records the same.
    pub(super) fn event(
        &self,
        stream: &StreamName,
        kind: &'static str,
    ) -> Result<NewEvent, InvalidName> {
        let payload = serde_json::to_vec(self).expect("texts and instants make JSON");
        let event_type = EventType::new(ByteString::from_static(kind))?;
        Ok(NewEvent::json(self.id(stream, kind), event_type, Bytes::from(payload)))
    }

    fn id(&self, stream: &StreamName, kind: &str) -> EventId {
        if planted(Bug::TickTwice) {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            return Cause::keyed("drawn").id().derive(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        // A tick is made once, whatever came of it.
        let kind = if kind == REFUSED { TICKED } else { kind };
        let schedule = Cause::keyed(stream.as_str()).id();
        schedule.derive_named(&format!("{kind} {}", self.until.as_micros()))
    }
}

/// An event as what follows from it sees it before it is recorded.
pub(super) fn as_if_recorded(
    event: &NewEvent,
    stream: &StreamName,
    now: Timestamp,
) -> RecordedEvent {
    RecordedEvent {
        id: event.id,
        stream: stream.clone(),
        revision: Revision::ZERO,
        position: Position::ZERO,
        recorded_at: now,
        event_type: event.event_type.clone(),
        schema_version: event.schema_version,
        content_type: ContentType::Json,
        payload: event.payload.clone(),
        metadata: Metadata::default(),
        tags: Vec::new(),
    }
}

/// What follows from ticks, as a reaction to the events that record them.
pub(super) struct OnTick<F>(pub(super) F);

impl<F: Fn(&Tick) -> Actions + Send + Sync + 'static> Reaction for OnTick<F> {
    /// Not used: a schedule is named where it is wired.
    const NAME: &'static str = "schedule";
    type Input = Tick;

    fn react(&self, input: &Recorded<Tick>) -> Actions {
        (self.0)(&input.event)
    }

    /// A decider's past that cannot be read holds up this tick, and not the next.
    fn undecodable(&self) -> Poison {
        Poison::Park
    }
}

impl Input for Tick {
    /// A schedule reads its own stream only, and nobody publishes to it.
    const TYPES: &'static [InputType] = &[];

    fn decode(_: Source<'_>, event: &RecordedEvent) -> Result<Decoded<Self>, DecodeError> {
        let Entry { until, missed_from, .. } = Entry::read(event)?;
        Ok(Decoded::One(Tick { at: until, missed_from }))
    }
}
