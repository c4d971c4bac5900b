//! Steps: what an instance is told, and all that follows, in the reader's batch.
//!
//! Picture:
//! ```text
//!   told ─▶ ended?  counted                          parked, or not begun?  held
//!        └▶ react ─▶ park ─▶ parked
//!                 └▶ run … ─▶ refused ─▶ undone; told of the refusal ─▶ react …
//!                          └▶ step recorded with its requests and timers ─▶ what was held ─▶ stuck?
//! ```
//! Invariants: C4 an entry's id derives from what the instance was told, so that it is recorded once
//! whatever else fails. A step that ran a refused command left nothing but its record.

use super::instance::{Instance, Standing};
use super::record::{self, Entry, Held, How, Parked, Resumed, Step, Told, ToldRefusal};
use super::{Note, Refused, Saga, Trigger, WhenStuck};
use crate::Key;
use crate::action::Action;
use crate::decide::Setback;
use crate::limits::{SAGA_NEXT_COUNT_MAX, SAGA_REFUSAL_COUNT_MAX};
use crate::planted::{Bug, planted};
use crate::react::batch::{Batch, Decided};
use crate::react::handler::At;
use crate::react::park::{self, Label, Release, What};
use bytestring::ByteString;
use headwater_model::{
    ContextName, EventId, EventType, Metadata, NewEvent, Position, Revision, StreamName, Tag,
};

/// An instance at work within a batch.
pub(super) struct Stepping<'a, S: Saga> {
    pub(super) saga: &'a S,
    pub(super) at: At<'a>,
    /// The contexts that the saga hears.
    pub(super) heard: &'a [ContextName],
    pub(super) batch: &'a mut Batch,
    pub(super) id: S::Id,
    pub(super) stream: StreamName,
    held: Decided<Instance<S>>,
}

impl<'a, S: Saga> Stepping<'a, S> {
    /// The instance as it is with all that the batch holds of it.
    pub(super) async fn open(
        saga: &'a S,
        at: At<'a>,
        heard: &'a [ContextName],
        batch: &'a mut Batch,
        id: S::Id,
    ) -> Result<Self, Setback> {
        let invalid = |error: headwater_model::InvalidName| Setback::Parks {
            code: "command.invalid_name",
            why: error.to_string(),
        };
        let stream = record::stream::<S>(&id).map_err(invalid)?;
        let held = load::<S>(batch, &stream).await?;
        Ok(Self { saga, at, heard, batch, id, stream, held })
    }

    /// Gives the instance back to the batch.
    pub(super) fn finish(self) {
        self.batch.put_state(self.stream, self.held);
    }

    pub(super) fn instance(&self) -> &Instance<S> {
        &self.held.folded.state
    }

    /// Whether it has heard what stands at this mark.
    pub(super) fn has_heard(&self, mark: &record::Mark) -> bool {
        self.instance().has_heard(mark) && !planted(Bug::SagaStepTwice)
    }

    /// Tells it something: now, or when it goes on.
    pub(super) async fn tell(
        &mut self,
        told: Told,
        trigger: Trigger<S>,
        starts: bool,
    ) -> Result<(), Setback> {
        match &self.instance().standing {
            Standing::Ended(_) if !planted(Bug::SagaAfterEnd) => {
                self.batch.count_late();
                return Ok(());
            }
            Standing::New if !starts => return self.hold(told),
            Standing::Parked(parked) if parked.on.is_some() => return self.hold(told),
            Standing::Parked(parked) => {
                let parked = parked.clone();
                self.resume(&parked, How::Told, None)?;
            }
            Standing::New | Standing::Running | Standing::Ended(_) => {}
        }
        self.step(told, trigger).await?;
        self.go_on().await
    }

    /// Takes up what was held, and parks the instance if nothing will come to it any more.
    pub(super) async fn go_on(&mut self) -> Result<(), Setback> {
        while matches!(self.instance().standing, Standing::Running) {
            let Some(told) = self.instance().held.front().cloned() else { break };
            let trigger = self.trigger(&told)?;
            self.step(told, trigger).await?;
        }
        if self.instance().waits_for_nothing() && self.saga.when_stuck() == WhenStuck::Park {
            let why = "no timer is set, no request is unanswered, and none of its own events is on \
                       its way to it";
            self.park(None, None, "saga.stuck", why)?;
        }
        Ok(())
    }

    pub(super) fn trigger(&self, told: &Told) -> Result<Trigger<S>, Setback> {
        let own = self.at.session.own.context();
        told.trigger(own).map_err(|error| Setback::Load(error.into()))
    }

    /// One step, and those that follow from refusals within it, or because it says so.
    pub(super) async fn step(&mut self, told: Told, trigger: Trigger<S>) -> Result<(), Setback> {
        let mut before = self.batch.mark();
        let (mut on, mut trigger, mut first) = (told, trigger, None);
        let (mut refusals, mut nexts) = (0, 0);
        while refusals < SAGA_REFUSAL_COUNT_MAX && nexts < SAGA_NEXT_COUNT_MAX {
            let actions = self.saga.react(&self.id, &self.instance().state, &trigger).into_list();
            let parks = actions.iter().find_map(|action| match action {
                Action::Park(parking) => Some(parking.clone()),
                _ => None,
            });
            if let Some(parking) = parks {
                let refused = refused_in(&trigger);
                let code = match (parking.code, &refused) {
                    (Some(code), _) => code.to_owned(),
                    (None, Some(refused)) => refused.code.clone(),
                    (None, None) => "saga.parked".to_owned(),
                };
                return self.set_aside(&before, on, first, refused, &code, &parking.why).await;
            }
            let goes_on = actions.contains(&Action::Next);
            let step_id = self.entry_id(on.id(), "step of");
            let done = self.carry_out(step_id, &on, &actions).await?;
            let (refused, step) = (done.refused.clone(), done.into_step(on.clone()));
            self.add(step_id, Entry::Step(step), Some(&trigger))?;
            match refused {
                Some(refused) => {
                    let of = (refused.clone(), step_id);
                    let next = ToldRefusal { refused: of.0, of: of.1, mark: None };
                    first.get_or_insert(std::mem::replace(&mut on, Told::Refused(next)));
                    trigger = Trigger::Refused(refused);
                    refusals += 1;
                }
                // What led here holds, whatever becomes of what follows.
                None if goes_on => {
                    (before, first, refusals) = (self.batch.mark(), None, 0);
                    (on, trigger) = (Told::Next(step_id), Trigger::Note(Note::Next));
                    nexts += 1;
                }
                None => return Ok(()),
            }
        }
        let why = "what it answers to refusals is refused as well, time after time";
        let refused = refused_in(&trigger);
        self.set_aside(&before, on, first, refused, "saga.refused_again", why).await
    }

    /// Parks what it was told. Whatever steps led here from it are undone: it will be told again.
    async fn set_aside(
        &mut self,
        before: &crate::react::batch::Mark,
        on: Told,
        first: Option<Told>,
        refused: Option<Refused>,
        code: &str,
        why: &str,
    ) -> Result<(), Setback> {
        let Some(first) = first else { return self.park(Some(on), refused, code, why) };
        self.batch.back_to(before);
        self.held = load::<S>(self.batch, &self.stream).await?;
        self.park(Some(first), refused, code, why)
    }

    fn park(
        &mut self,
        on: Option<Told>,
        refused: Option<Refused>,
        code: &str,
        why: &str,
    ) -> Result<(), Setback> {
        let status = self.at.status;
        tracing::warn!(reader = %status, instance = %self.id, code, why, "saga parked");
        let what = self.what(on.as_ref())?;
        let (event, position, now) = (what.event, what.position, self.batch.now());
        let shelved = what.event(status, code, why, now)?;
        let parked = Parked {
            on,
            event,
            source: status.source.clone(),
            position,
            code: code.to_owned(),
            why: why.to_owned(),
            refused,
        };
        self.add(self.entry_id(event, "parked by"), Entry::Parked(parked), None)?;
        self.batch.park(&park::stream(status)?, shelved);
        Ok(())
    }

    /// What is set aside: what it was told, or the instance itself.
    fn what(&self, on: Option<&Told>) -> Result<What, Setback> {
        let instance = self.instance();
        let key = Some(Key::from(self.id.to_string()));
        let part_of = instance.part_of.clone();
        if let Some(Told::Input(input)) = on {
            return Ok(What {
                event: on.map(Told::id).expect("it was told this"),
                event_type: input.event_type.clone(),
                stream: input.stream.clone(),
                revision: input.revision,
                position: input.mark.position,
                key,
                part_of,
            });
        }
        let heard = instance.heard_of(&self.at.status.source);
        Ok(What {
            event: on.map_or_else(|| self.stuck_id(), Told::id),
            event_type: EventType::new(ByteString::from_static(record::STEP))?,
            stream: self.stream.clone(),
            revision: self.held.folded.last.unwrap_or(Revision::ZERO),
            position: heard.unwrap_or(Position::ZERO),
            key,
            part_of,
        })
    }

    /// The id under which it is parked when it is stuck.
    fn stuck_id(&self) -> EventId {
        let last = self.instance().last_entry;
        last.expect("what is stuck has taken a step").derive_named("stuck")
    }

    fn hold(&mut self, told: Told) -> Result<(), Setback> {
        let id = self.entry_id(told.id(), "held by");
        self.add(id, Entry::Held(Held { on: told }), None)
    }

    /// It goes on, and is parked no longer.
    pub(super) fn resume(
        &mut self,
        parked: &Parked,
        how: How,
        why: Option<&str>,
    ) -> Result<(), Setback> {
        let resumed = Resumed { how, why: why.map(str::to_owned) };
        self.add(self.entry_id(parked.event, "resumed"), Entry::Resumed(resumed), None)?;
        match why {
            None => self.release(parked, &Release::Retried),
            Some(why) => self.release(parked, &Release::Discarded { why }),
        }
    }

    /// Takes it from the shelf.
    pub(super) fn release(
        &mut self,
        parked: &Parked,
        release: &Release<'_>,
    ) -> Result<(), Setback> {
        let label = Label {
            reader: S::NAME,
            source: parked.source.clone(),
            event: parked.event,
            position: parked.position,
        };
        let released = label.released(release)?;
        self.batch.add(&park::stream(self.at.status)?, vec![released]);
        self.batch.resume(parked.source.clone());
        Ok(())
    }

    /// The id of an entry: from what it is about and what it says, for ever.
    pub(super) fn entry_id(&self, about: EventId, says: &str) -> EventId {
        if planted(Bug::SagaStepTwice) {
            return crate::decide::state::drawn();
        }
        about.derive_named(&format!("{says} {}/{}", S::NAME, self.id))
    }

    /// Adds an entry to the batch, and the instance goes on with it.
    pub(super) fn add(
        &mut self,
        id: EventId,
        entry: Entry,
        trigger: Option<&Trigger<S>>,
    ) -> Result<(), Setback> {
        let (event_type, payload) = entry.encode()?;
        let (metadata, tags) = self.about(&entry)?;
        let event = NewEvent { metadata, tags, ..NewEvent::json(id, event_type, payload) };
        self.batch.add(&self.stream, vec![event]);
        let instance = std::mem::take(&mut self.held.folded.state);
        self.held.folded.state = instance.apply(id, &entry, trigger)?;
        self.held.seen += 1;
        Ok(())
    }

    /// The metadata of an entry, and the tags by which its timers are found.
    fn about(&self, entry: &Entry) -> Result<(Metadata, Vec<Tag>), Setback> {
        let on = match entry {
            Entry::Step(step) => Some(&step.on),
            Entry::Held(held) => Some(&held.on),
            Entry::Parked(parked) => parked.on.as_ref(),
            Entry::Answered(_) | Entry::Resumed(_) | Entry::Forced(_) => None,
        };
        let mut metadata =
            on.map_or_else(|| self.instance().part_of.clone(), |on| self.part_of(on));
        let text = |key: &'static str, value: String| {
            (ByteString::from_static(key), ByteString::from(value))
        };
        metadata.free.push(text("saga-version", S::VERSION.to_string()));
        if let Some(mark) = on.and_then(Told::mark) {
            metadata.free.push(text("mark", mark.to_string()));
        }
        let dues = match entry {
            Entry::Step(Step { refused: None, actions, .. }) => record::dues(actions),
            _ => Vec::new(),
        };
        if dues.is_empty() {
            return Ok((metadata, Vec::new()));
        }
        let key = ByteString::from_static(crate::timer::DUES_KEY);
        metadata.free.push((key, crate::timer::dues_text(&dues)));
        Ok((metadata, crate::timer::due_tags(S::NAME, &dues)?))
    }

    /// What follows from what it was told belongs to this, and this has led to it.
    pub(super) fn part_of(&self, on: &Told) -> Metadata {
        let (part_of, causation) = match on {
            Told::Input(input) => (input.part_of(), input.event),
            Told::Timer(timer) => (self.instance().part_of.clone(), timer.step),
            Told::Refused(refusal) => (self.instance().part_of.clone(), refusal.of),
            Told::Done(done) => (self.instance().part_of.clone(), done.of),
            Told::Next(step) => (self.instance().part_of.clone(), *step),
            Told::ByHand(by_hand) => return self.part_of(&by_hand.on),
        };
        Metadata { causation: Some(causation.to_string().into()), ..part_of }
    }
}

/// The refusal that it is about, if it is about one.
fn refused_in<S: Saga>(trigger: &Trigger<S>) -> Option<Refused> {
    match trigger {
        Trigger::Refused(refused) => Some(refused.clone()),
        Trigger::Note(Note::ByHand(by_hand)) => by_hand.refused.clone(),
        Trigger::Input(_) | Trigger::Timer(_) | Trigger::Note(_) => None,
    }
}

async fn load<S: Saga>(
    batch: &mut Batch,
    stream: &StreamName,
) -> Result<Decided<Instance<S>>, Setback> {
    if let Some(held) = batch.take_state::<Instance<S>>(stream) {
        return Ok(held);
    }
    let cached = batch.caches().of::<Instance<S>>().take(stream);
    let folded = match cached {
        Some(folded) => folded,
        None => Instance::<S>::load(&**batch.store(), stream).await?,
    };
    batch.touch(stream, folded.expected())?;
    let mut held = Decided { folded, seen: 0 };
    let own = batch.store().context().clone();
    for event in batch.pending(stream) {
        let event = batch.as_if_recorded(stream, event);
        held.folded.state = held.folded.state.apply_recorded(&own, &event)?;
        held.seen += 1;
    }
    Ok(held)
}
