//! Instances: a saga folded from its own stream.
//!
//! Invariants: C4 an input that is marked is a duplicate; what is set, asked and awaited is exactly what
//! the steps say and nothing has answered. An ended instance holds nothing.

use super::record::{Answered, Did, Entry, Held, Mark, Named, Parked, Step, Told};
use super::{CarriedOut, End, Saga, Trigger};
use crate::LoadError;
use crate::decide::state::Folded;
use headwater_model::{
    ContextName, EventId, EventStore, From, Incarnation, Metadata, Position, ReadStream,
    RecordedEvent, StreamName, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// An instance, and how far it is.
pub(crate) struct Instance<S: Saga> {
    pub(crate) state: S::State,
    pub(crate) standing: Standing,
    marks: BTreeMap<ContextName, (Incarnation, Position, u32)>,
    /// Set, and neither fired nor cancelled.
    pub(crate) timers: Vec<SetTimer>,
    /// Sent, and not answered.
    pub(crate) requests: BTreeMap<EventId, CarriedOut>,
    /// Events of its own steps that will come back to it.
    pub(crate) awaited: BTreeSet<EventId>,
    /// Told too early, or while it was parked; in order.
    pub(crate) held: VecDeque<Told>,
    /// The last event of its stream.
    pub(crate) last_entry: Option<EventId>,
    /// What its last input was part of.
    pub(crate) part_of: Metadata,
}

/// Where an instance stands.
#[derive(Clone, Debug, Default)]
pub(crate) enum Standing {
    /// Nothing has started it.
    #[default]
    New,
    Running,
    Parked(Box<Parked>),
    Ended(End),
}

/// A timer that is set.
#[derive(Clone, Debug)]
pub(crate) struct SetTimer {
    pub(crate) timer: Named,
    pub(crate) step: EventId,
    pub(crate) index: u32,
    pub(crate) due: Timestamp,
}

impl<S: Saga> Default for Instance<S> {
    fn default() -> Self {
        Self {
            state: S::State::default(),
            standing: Standing::New,
            marks: BTreeMap::new(),
            timers: Vec::new(),
            requests: BTreeMap::new(),
            awaited: BTreeSet::new(),
            held: VecDeque::new(),
            last_entry: None,
            part_of: Metadata::default(),
        }
    }
}

impl<S: Saga> Instance<S> {
    /// Folds the events of its stream that are stored.
    pub(crate) async fn load(
        store: &dyn EventStore,
        stream: &StreamName,
    ) -> Result<Folded<Self>, LoadError> {
        let mut folded = Folded { state: Self::default(), last: None, as_of: None };
        let mut read = ReadStream::forwards(stream.clone());
        loop {
            let page = store.read_stream(read.clone()).await?;
            for event in &page.events {
                folded.state = folded.state.apply_recorded(store.context(), event)?;
            }
            folded.last = folded.last.max(page.last);
            match page.next {
                Some(next) => read.from = From::At(next),
                None => return Ok(folded),
            }
        }
    }

    pub(crate) fn apply_recorded(
        self,
        own: &ContextName,
        event: &RecordedEvent,
    ) -> Result<Self, LoadError> {
        let entry = Entry::decode(event)?;
        let trigger = match &entry {
            Entry::Step(step) => Some(step.on.trigger::<S>(own)?),
            _ => None,
        };
        self.apply(event.id, &entry, trigger.as_ref())
    }

    /// The instance after an event of its stream; `trigger` is what a step was told.
    pub(crate) fn apply(
        mut self,
        id: EventId,
        entry: &Entry,
        trigger: Option<&Trigger<S>>,
    ) -> Result<Self, LoadError> {
        self.last_entry = Some(id);
        Ok(match entry {
            Entry::Step(step) => {
                let trigger = trigger.expect("a step is applied with what it was told");
                self.apply_step(id, step, trigger)?
            }
            Entry::Answered(Answered { request, mark }) => {
                self.requests.remove(request);
                self.mark(mark);
                self
            }
            Entry::Held(Held { on }) => {
                self.was_told(on);
                self.held.push_back(on.clone());
                self
            }
            Entry::Parked(parked) => {
                parked.on.iter().for_each(|on| self.was_told(on));
                self.standing = Standing::Parked(Box::new(parked.clone()));
                self
            }
            Entry::Resumed(_) => {
                self.standing = Standing::Running;
                self
            }
            Entry::Forced(forced) => {
                self.end(forced.end);
                self
            }
        })
    }

    fn apply_step(
        mut self,
        id: EventId,
        step: &Step,
        trigger: &Trigger<S>,
    ) -> Result<Self, LoadError> {
        self.was_told(&step.on);
        self.standing = Standing::Running;
        self.state = S::evolve(self.state, trigger);
        if step.refused.is_some() {
            return Ok(self);
        }
        let mut index = 0;
        for did in &step.actions {
            match did {
                Did::Run { .. } | Did::Next | Did::Answer { .. } => {}
                Did::Send { request, command, label, .. } => {
                    let asked = CarriedOut { command: command.name.clone(), label: label.clone() };
                    self.requests.insert(*request, asked);
                }
                Did::Keep(course) => self.state = S::kept(self.state, course.get())?,
                Did::Wake { timer, due } => {
                    self.unset(timer);
                    self.timers.push(SetTimer { timer: timer.clone(), step: id, index, due: *due });
                    index += 1;
                }
                Did::Cancel { timer } => self.unset(timer),
                Did::End(_) => {}
            }
        }
        self.awaited.extend(&step.awaits);
        // An end holds wherever it stands among the actions.
        let end = step.actions.iter().find_map(|did| match did {
            Did::End(end) => Some(*end),
            _ => None,
        });
        if let Some(end) = end {
            self.end(end);
        }
        Ok(self)
    }

    fn unset(&mut self, timer: &Named) {
        self.timers.retain(|set| set.timer != *timer);
    }

    fn end(&mut self, end: End) {
        self.standing = Standing::Ended(end);
        self.timers.clear();
        self.requests.clear();
        self.awaited.clear();
        self.held.clear();
    }

    /// It has heard this: it is neither awaited nor held nor set any more.
    fn was_told(&mut self, told: &Told) {
        let id = told.id();
        self.held.retain(|held| held.id() != id);
        if let Some(mark) = told.mark() {
            self.mark(mark);
        }
        match told {
            Told::Input(input) => {
                self.awaited.remove(&input.event);
                self.part_of = input.part_of();
            }
            Told::Timer(timer) => {
                let is_it = |set: &SetTimer| set.step == timer.step && set.index == timer.index;
                self.timers.retain(|set| !is_it(set));
            }
            Told::Refused(refusal) => {
                self.requests.remove(&refusal.of);
            }
            Told::Done(done) => {
                self.requests.remove(&done.of);
            }
            Told::Next(_) => {}
            Told::ByHand(by_hand) => self.was_told(&by_hand.on),
        }
    }

    fn mark(&mut self, mark: &Mark) {
        let place = (mark.incarnation, mark.position, mark.part);
        let known = self.marks.entry(mark.context.clone()).or_insert(place);
        *known = place.max(*known);
    }

    /// Whether what stands at this mark was heard already.
    pub(crate) fn has_heard(&self, mark: &Mark) -> bool {
        let place = (mark.incarnation, mark.position, mark.part);
        self.marks.get(&mark.context).is_some_and(|heard| place <= *heard)
    }

    /// The place of the last thing that it heard of a context.
    pub(crate) fn heard_of(&self, context: &ContextName) -> Option<Position> {
        self.marks.get(context).map(|(_, position, _)| *position)
    }

    /// Whether this timer of this step is set.
    pub(crate) fn timer(&self, step: EventId, index: u32) -> Option<&SetTimer> {
        self.timers.iter().find(|set| set.step == step && set.index == index)
    }

    /// Whether nothing will come to it that anybody knows of.
    pub(crate) fn waits_for_nothing(&self) -> bool {
        matches!(self.standing, Standing::Running)
            && self.timers.is_empty()
            && self.requests.is_empty()
            && self.awaited.is_empty()
            && self.held.is_empty()
    }
}
