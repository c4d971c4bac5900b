//! Telling: what is read is told to the instances that it concerns.
//!
//! Invariants: C4 an input that an instance has heard is not told again, wherever the reader begins. A
//! timer that is set no longer, or a request that was answered, changes nothing.

use super::instance::Standing;
use super::reader::Shared;
use super::record::{Answered, Entry, Mark, Told, ToldDone, ToldInput, ToldRefusal, ToldTimer};
use super::stepping::Stepping;
use super::{Note, Refused, Route, Saga, Trigger};
use crate::decide::Setback;
use crate::planted::{Bug, planted};
use crate::react::batch::Batch;
use crate::react::handler::{At, Attempt, Handler};
use crate::react::session::Stop;
use crate::request::record::{Outcome, outcomes_stream};
use crate::timer::Wake;
use crate::{DecodeError, Input, LoadError, Poison, Recorded, Source, Timer};
use headwater_model::{ContextName, RecordedEvent};

/// A saga's reader at work on one input.
pub(super) struct Telling<'a, S: Saga> {
    pub(super) shared: &'a Shared<S>,
    /// What is told may stand behind what was heard since: it had been set aside.
    pub(super) again: bool,
}

impl<S: Saga> Handler for Telling<'_, S> {
    async fn attempt(&self, at: At<'_>, batch: &mut Batch, event: &RecordedEvent) -> Attempt {
        let mark = batch.mark();
        let told = match outcomes_stream(at.session.own.context()) {
            Ok(outcomes) if outcomes == event.stream => self.outcome(at, batch, event).await,
            Ok(_) => self.input(at, batch, event).await,
            Err(error) => Err(error.into()),
        };
        match told {
            Ok(()) => Attempt::Taken,
            Err(setback) => {
                batch.back_to(&mark);
                setback.into()
            }
        }
    }

    fn undecodable(&self) -> Poison {
        self.shared.saga.undecodable()
    }

    fn stored(&self, batch: &Batch) {
        self.shared.stored(batch);
    }
}

impl<S: Saga> Telling<'_, S> {
    async fn open<'b>(
        &'b self,
        at: At<'b>,
        batch: &'b mut Batch,
        id: S::Id,
    ) -> Result<Stepping<'b, S>, Setback> {
        Stepping::open(&self.shared.saga, at, &self.shared.heard, batch, id).await
    }

    async fn input(
        &self,
        at: At<'_>,
        batch: &mut Batch,
        event: &RecordedEvent,
    ) -> Result<(), Setback> {
        let context = at.session.source.context();
        let own = context == at.session.own.context();
        let source = Source { context: context.as_str(), own };
        let inputs = S::Input::decode(source, event).map_err(undecodable)?.into_vec();
        for (part, input) in (0..).zip(inputs) {
            let input = Recorded::new(input, event.clone());
            let (id, starts) = match self.shared.saga.route(&input) {
                Route::Starts(id) => (id, true),
                Route::Continues(id) => (id, false),
                Route::Ignore => continue,
            };
            let mark = mark(at, context, event, part);
            let mut instance = self.open(at, batch, id).await?;
            if self.again || !instance.has_heard(&mark) {
                let told = ToldInput::new(mark, event).map_err(|error| {
                    undecodable(DecodeError::Malformed {
                        name: event.event_type.to_string(),
                        schema_version: event.schema_version,
                        why: error.to_string(),
                    })
                })?;
                let (told, trigger) = (Told::Input(Box::new(told)), Trigger::Input(input.event));
                instance.tell(told, trigger, starts).await?;
            }
            instance.finish();
        }
        Ok(())
    }

    /// What came of a request.
    async fn outcome(
        &self,
        at: At<'_>,
        batch: &mut Batch,
        event: &RecordedEvent,
    ) -> Result<(), Setback> {
        let outcome = Outcome::decode(event).map_err(|error| {
            undecodable(DecodeError::Malformed {
                name: event.event_type.to_string(),
                schema_version: event.schema_version,
                why: error.to_string(),
            })
        })?;
        if outcome.saga != S::NAME {
            return Ok(());
        }
        let mark = mark(at, at.session.source.context(), event, 0);
        let mut instance = self.open(at, batch, S::Id::from(outcome.instance)).await?;
        let asked = instance.instance().requests.get(&outcome.request).cloned();
        if let Some(done) = asked {
            match outcome.refused {
                Some(refused) => {
                    let refused = Refused { label: done.label, ..refused };
                    let trigger = Trigger::Refused(refused.clone());
                    let refusal = ToldRefusal { refused, of: outcome.request, mark: Some(mark) };
                    instance.tell(Told::Refused(refusal), trigger, false).await?;
                }
                None if S::NOTES => {
                    let trigger = Trigger::Note(Note::CarriedOut(done.clone()));
                    let done = ToldDone { done, of: outcome.request, mark };
                    instance.tell(Told::Done(done), trigger, false).await?;
                }
                None => {
                    let id = instance.entry_id(outcome.request, "answered");
                    let answered = Answered { request: outcome.request, mark };
                    instance.add(id, Entry::Answered(answered), None)?;
                    instance.go_on().await?;
                }
            }
        }
        instance.finish();
        Ok(())
    }

    /// A timer whose time has come.
    pub(super) async fn wake(
        &self,
        at: At<'_>,
        batch: &mut Batch,
        wake: &Wake,
    ) -> Result<(), Setback> {
        let id = self.shared.instance_of(&wake.event.stream)?;
        let index = u32::try_from(wake.index).unwrap_or(u32::MAX);
        let mut instance = self.open(at, batch, id).await?;
        let set = instance.instance().timer(wake.event.id, index).cloned();
        let set = match set {
            None if planted(Bug::SagaTimerUnset) || planted(Bug::SagaAfterEnd) => {
                instance.timer_of(&wake.event, wake.index)?
            }
            set => set,
        };
        if let Some(set) = set {
            let trigger = S::Timer::decode(&set.timer.name, set.timer.says.get().as_bytes());
            let trigger = Trigger::Timer(trigger.map_err(undecodable)?);
            let told = ToldTimer { timer: set.timer, step: wake.event.id, index };
            instance.tell(Told::Timer(told), trigger, false).await?;
        }
        instance.finish();
        Ok(())
    }
}

impl<S: Saga> Stepping<'_, S> {
    /// The timer that a step has set, whether or not it is set still.
    fn timer_of(
        &self,
        step: &RecordedEvent,
        index: usize,
    ) -> Result<Option<super::instance::SetTimer>, Setback> {
        let Entry::Step(taken) = Entry::decode(step)? else { return Ok(None) };
        if matches!(self.instance().standing, Standing::New) {
            return Ok(None);
        }
        let timers = taken.actions.into_iter().filter_map(|did| match did {
            super::record::Did::Wake { timer, due } => Some((timer, due)),
            _ => None,
        });
        let timer = timers.into_iter().nth(index);
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        Ok(timer.map(|(timer, due)| super::instance::SetTimer { timer, step: step.id, index, due }))
    }
}

fn mark(at: At<'_>, context: &ContextName, event: &RecordedEvent, part: u32) -> Mark {
    let incarnation = at.session.incarnation;
    Mark { context: context.clone(), incarnation, position: event.position, part }
}

fn undecodable(error: DecodeError) -> Setback {
    Setback::Load(LoadError::Undecodable(error))
}

impl<S: Saga> Shared<S> {
    /// Whose stream this is.
    fn instance_of(&self, stream: &headwater_model::StreamName) -> Result<S::Id, Stop> {
        let category = super::record::category::<S>()?;
        let id =
            stream.as_str().strip_prefix(category.as_str()).and_then(|id| id.strip_prefix('-'));
        match id {
            Some(id) => Ok(S::Id::from(id.to_owned())),
            None => Err(Stop::ForGood(format!("{stream} is no stream of {}", S::NAME))),
        }
    }
}
