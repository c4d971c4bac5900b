//! Alarms: the smallest owner of timers. An alarm is a stream; setting, firing and cancelling are its
//! events, and a timer fires by an append at the revision at which it was seen to be set.

use crate::Cause;
use crate::decide::asking::ask;
use crate::testing::World;
use crate::timer::{DUES_KEY, Next, Wake, WakeError, Wakes, due_tags, dues_of, dues_text};
use headwater_model::{
    Append, AppendError, Category, ContextName, EventId, EventStore, EventType, ExpectedRevision,
    Metadata, NewEvent, ReadStream, RecordedEvent, Revision, StreamName, Timestamp,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const READER: &str = "alarm";

const SET: &str = "$AlarmSet";
const FIRED: &str = "$AlarmFired";
const CANCELLED: &str = "$AlarmCancelled";

/// A world with alarms in it.
pub(super) struct Alarms {
    pub(super) world: World,
    pub(super) own: Arc<dyn EventStore>,
    set_count: u32,
}

/// One instance of the service that owns the alarms.
pub(super) struct Instance {
    pub(super) wakes: Wakes,
    held: Vec<Wake>,
    fired: Vec<Wake>,
}

/// What a step of an instance came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Went,
    Waits(Timestamp),
    Died,
}

pub(super) fn wakes() -> Wakes {
    Wakes::new(READER, Category::new("$alarm").unwrap())
}

impl Instance {
    pub(super) fn new(count_max: usize) -> Self {
        Self { wakes: wakes().holding(count_max), held: Vec::new(), fired: Vec::new() }
    }
}

fn stream(alarm: u32) -> StreamName {
    StreamName::system(format!("$alarm-{alarm}")).unwrap()
}

fn event(id: EventId, kind: &'static str, of: EventId) -> NewEvent {
    let metadata = Metadata { causation: Some(of.to_string().into()), ..Metadata::default() };
    NewEvent { metadata, ..NewEvent::json(id, EventType::new(kind).unwrap(), "{}") }
}

fn is_about(event: &RecordedEvent, kind: &str, id: EventId) -> bool {
    event.event_type.as_str() == kind
        && event.metadata.causation.as_deref() == Some(&*id.to_string())
}

fn firing_of(set: EventId, index: usize) -> EventId {
    set.derive(u32::try_from(index).unwrap())
}

impl Alarms {
    pub(super) fn new() -> Self {
        let world = World::new();
        let context = world.store.context(ContextName::new("alarms").unwrap());
        let own = world.block_on(context).unwrap();
        Self { world, own, set_count: 0 }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Sets timers by one event. A crash that was asked for may strike here as well: then nothing is set.
    pub(super) fn set(&mut self, alarm: u32, dues: &[Timestamp]) {
        self.set_count += 1;
        let id = Cause::keyed(format!("set {}", self.set_count)).id();
        let mut set = event(id, SET, id);
        set.metadata.free = vec![(DUES_KEY.into(), dues_text(dues))];
        set.tags = due_tags(READER, dues).unwrap();
        let append = Append::to(stream(alarm), ExpectedRevision::Any, vec![set]);
        drop(self.world.block_on(ask(&*self.own, append)));
    }

    /// Cancels what the alarm's last event sets.
    pub(super) fn cancel(&mut self, alarm: u32) {
        let events = self.stream(alarm);
        let last = events.iter().rev().find(|event| event.event_type.as_str() == SET);
        let Some(set) = last else { return };
        let cancelled = event(set.id.derive_named("cancelled"), CANCELLED, set.id);
        let append = Append::to(stream(alarm), ExpectedRevision::Any, vec![cancelled]);
        drop(self.world.block_on(ask(&*self.own, append)));
    }

    fn stream(&self, alarm: u32) -> Vec<RecordedEvent> {
        self.world.block_on(events_of(&*self.own, stream(alarm)))
    }

    /// One step of an instance: looks for what is due, fires one, or says that it has fired all.
    pub(super) fn step(&self, instance: &mut Instance) -> Step {
        let step = self.world.block_on(self.take_step(instance));
        step.unwrap_or_else(|_| {
            instance.held.clear();
            instance.fired.clear();
            Step::Died
        })
    }

    async fn take_step(&self, instance: &mut Instance) -> Result<Step, WakeError> {
        if let Some(wake) = instance.held.pop() {
            self.fire(&wake).await?;
            instance.fired.push(wake);
            if instance.held.is_empty() {
                let fired = std::mem::take(&mut instance.fired);
                instance.wakes.handled(&*self.own, &fired).await?;
            }
            return Ok(Step::Went);
        }
        match instance.wakes.next(&*self.own).await? {
            Next::Waits(until) => {
                assert!(until > self.now(), "it waits for what is past");
                Ok(Step::Waits(until))
            }
            Next::Due(wakes) => {
                let place = |wake: &Wake| (wake.due, wake.event.position, wake.index);
                assert!(wakes.is_sorted_by_key(place), "out of order: {wakes:?}");
                let early = wakes.iter().find(|wake| wake.due > self.now());
                assert_eq!(early, None, "C5: handed out before its time");
                instance.held = wakes;
                instance.held.reverse();
                Ok(Step::Went)
            }
        }
    }

    /// Once, if it is set still: at the revision at which that was seen.
    async fn fire(&self, wake: &Wake) -> Result<(), WakeError> {
        let (set, stream) = (wake.event.id, wake.event.stream.clone());
        let id = firing_of(set, wake.index);
        loop {
            let events = events_of(&*self.own, stream.clone()).await;
            let is_over = |event: &RecordedEvent| event.id == id || is_about(event, CANCELLED, set);
            if events.iter().any(is_over) {
                return Ok(());
            }
            let last = events.last().map_or(Revision::ZERO, |event| event.revision);
            let fired = event(id, FIRED, set);
            let append = Append::to(stream.clone(), ExpectedRevision::At(last), vec![fired]);
            match ask(&*self.own, append).await.answer {
                Ok(_) => return Ok(()),
                Err(AppendError::WrongRevision(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Lets the instance work until it waits for a time to come.
    pub(super) fn settle(&self, instance: &mut Instance) -> Timestamp {
        for _ in 0..1_000_000 {
            if let Step::Waits(until) = self.step(instance) {
                return until;
            }
        }
        panic!("it never comes to an end");
    }

    /// Moves the clock to `to`, stopping whenever the instance wants to be woken.
    pub(super) fn run_to(&self, instance: &mut Instance, to: Timestamp) {
        loop {
            let until = self.settle(instance);
            if until > to {
                break;
            }
            self.world.clock().advance_to(until);
        }
        self.world.clock().advance_to(to);
        self.settle(instance);
    }

    /// When the timers of all alarms have fired, in the order in which they did, by their dues.
    pub(super) fn fired(&self) -> Vec<Timestamp> {
        let events = self.all();
        let mut dues = BTreeMap::new();
        for set in events.iter().filter(|event| event.event_type.as_str() == SET) {
            for (index, due) in dues_of(set).into_iter().enumerate() {
                dues.insert(firing_of(set.id, index), due);
            }
        }
        let fired = events.iter().filter(|event| event.event_type.as_str() == FIRED);
        fired.map(|event| dues[&event.id]).collect()
    }

    /// Everything recorded, in order.
    fn all(&self) -> Vec<RecordedEvent> {
        let streams = self.own.streams("$alarm-".to_owned(), None, 1_000);
        let streams = self.world.block_on(streams).unwrap();
        let mut all: Vec<RecordedEvent> = Vec::new();
        for state in streams {
            all.extend(self.world.block_on(events_of(&*self.own, state.stream)));
        }
        all.sort_by_key(|event| event.position);
        all
    }

    /// C5, for everything that was ever set and is due by now.
    pub(super) fn check(&self) {
        let events = self.all();
        for set in events.iter().filter(|event| event.event_type.as_str() == SET) {
            let cancelled = events.iter().find(|event| is_about(event, CANCELLED, set.id));
            for (index, due) in dues_of(set).into_iter().enumerate() {
                let id = firing_of(set.id, index);
                let fired: Vec<_> = events.iter().filter(|event| event.id == id).collect();
                match (fired.as_slice(), cancelled) {
                    ([], None) => {
                        assert!(due > self.now(), "C5: lost: {index} of {set:?}, due {due}");
                    }
                    ([], Some(_)) => {}
                    ([fired], _) => {
                        assert!(fired.recorded_at >= due, "C5: early by {due}: {fired:?}");
                        let in_time = cancelled.is_none_or(|at| at.position > fired.position);
                        assert!(in_time, "fired behind its cancellation: {fired:?}");
                    }
                    (more, _) => panic!("C5: fired {} times: {set:?}", more.len()),
                }
            }
        }
    }
}

async fn events_of(own: &dyn EventStore, stream: StreamName) -> Vec<RecordedEvent> {
    own.read_stream(ReadStream::forwards(stream)).await.unwrap().events
}
