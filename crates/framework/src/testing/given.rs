//! Given/when/then for deciders.

use crate::derived::RecordedEvent;
use crate::{Cause, Decider, Decoded, Event, Source};
use std::fmt::Debug;

/// A decider that has seen these events.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// # use headwater::prelude::*;
/// # #[derive(StreamId)] #[stream("door")] pub struct DoorId(String);
/// # #[derive(Event, Debug, PartialEq)] pub enum DoorEvent { Opened }
/// # #[derive(Command, Debug, Clone)] pub enum DoorCommand { Open }
/// # #[derive(Refusal, Debug, PartialEq)]
/// # pub enum DoorRefusal { #[refusal(conflict, "it is open")] Open }
/// # #[derive(Default)] pub struct Door { open: bool }
/// # impl Decider for Door {
/// #     type Id = DoorId;
/// #     type Command = DoorCommand;
/// #     type Event = DoorEvent;
/// #     type Refusal = DoorRefusal;
/// #     fn decide(&self, _: DoorCommand, _: &Cause) -> Result<Vec<DoorEvent>, DoorRefusal> {
/// #         if self.open { Err(DoorRefusal::Open) } else { Ok(vec![DoorEvent::Opened]) }
/// #     }
/// #     fn evolve(self, _: &DoorEvent) -> Door { Door { open: true } }
/// # }
/// use headwater::testing::given;
///
/// given::<Door>([]).when(DoorCommand::Open).then([DoorEvent::Opened]);
/// given::<Door>([DoorEvent::Opened]).when(DoorCommand::Open).then_refused(DoorRefusal::Open);
/// ```
pub fn given<D: Decider>(events: impl IntoIterator<Item = D::Event>) -> Given<D> {
    let state = events.into_iter().fold(D::default(), |state, event| state.evolve(&event));
    Given { state, cause: Cause::keyed("a test").at(super::TEST_BEGIN) }
}

/// A decider before a command.
pub struct Given<D> {
    state: D,
    cause: Cause,
}

impl<D: Decider> Given<D> {
    /// The command comes of this cause; its time and ids are told to the decider.
    #[must_use]
    pub fn by(mut self, cause: Cause) -> Self {
        self.cause = cause;
        self
    }

    /// Decides.
    pub fn when(self, command: D::Command) -> When<D> {
        let answer = self.state.decide(command, &self.cause);
        When { state: self.state, answer }
    }
}

/// A decider's answer.
pub struct When<D: Decider> {
    state: D,
    answer: Result<Vec<D::Event>, D::Refusal>,
}

impl<D: Decider> When<D>
where
    D::Event: Debug + PartialEq,
    D::Refusal: PartialEq,
{
    /// These events, which must also read back as they were written.
    ///
    /// # Panics
    /// If the answer is another.
    #[track_caller]
    pub fn then(self, events: impl IntoIterator<Item = D::Event>) -> Given<D> {
        let expected: Vec<_> = events.into_iter().collect();
        let events = match self.answer {
            Ok(events) => events,
            Err(refusal) => panic!("refused: {refusal}; expected {expected:?}"),
        };
        assert_eq!(events, expected);
        events.iter().for_each(reads_back);
        let state = events.iter().fold(self.state, Decider::evolve);
        Given { state, cause: Cause::keyed("the next").at(super::TEST_BEGIN) }
    }

    /// There was nothing to do.
    ///
    /// # Panics
    /// If there was.
    #[track_caller]
    pub fn then_nothing(self) -> Given<D> {
        self.then([])
    }

    /// This refusal.
    ///
    /// # Panics
    /// If the answer is another.
    #[track_caller]
    pub fn then_refused(self, expected: D::Refusal) {
        match self.answer {
            Ok(events) => panic!("not refused, but {events:?}; expected: {expected}"),
            Err(refusal) => {
                assert!(refusal == expected, "refused: {refusal}; expected: {expected}")
            }
        }
    }
}

/// An event that does not survive being stored would be lost on the first restart.
#[track_caller]
fn reads_back<E: Event + Debug + PartialEq>(event: &E) {
    let recorded = as_recorded(event);
    match E::decode(Source { context: "test", own: true }, &recorded) {
        Ok(Decoded::One(read)) => assert_eq!(*event, read, "what was written reads differently"),
        other => panic!("{event:?} was written, and reads as {:?}", other.map(Decoded::into_vec)),
    }
}

/// The event as it would be stored.
#[track_caller]
pub(super) fn as_recorded<E: Event + Debug>(event: &E) -> RecordedEvent {
    let stored = match event.encode(super::test_id()) {
        Ok(stored) => stored,
        Err(error) => panic!("{event:?}: {error}"),
    };
    RecordedEvent {
        schema_version: stored.schema_version,
        payload: stored.payload,
        tags: stored.tags,
        ..super::envelope("test-1", stored.event_type.as_str(), 0)
    }
}
