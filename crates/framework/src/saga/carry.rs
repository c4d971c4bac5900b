//! Carrying out the actions of a step: commands, requests, timers, its end.
//!
//! Invariant: C4 the ids of commands and requests derive from the step's, which derives from what the
//! saga was told. A refused command undoes all that the step's other actions have put into the batch.

use super::record::{Did, Named, Step, Told};
use super::stepping::Stepping;
use super::{Refused, Saga};
use crate::action::{Action, Ask, Reply, Run};
use crate::decide::Setback;
use crate::input::Source;
use crate::plan::Course;
use crate::planted::{Bug, planted};
use crate::react::batch::Mark;
use crate::request::record::{About, Outcome, Sender, outcomes_stream, request, requests_stream};
use crate::{Cause, EncodeError, Input, Recorded, Route};
use bytes::Bytes;
use headwater_model::{ContextName, EventId, EventType};
use std::time::Duration;

/// What a step's actions came to.
#[derive(Default)]
pub(super) struct Done {
    actions: Vec<Did>,
    /// A command was refused, and nothing of the step is in the batch.
    pub(super) refused: Option<Refused>,
    awaits: Vec<EventId>,
}

impl Done {
    pub(super) fn into_step(self, on: Told) -> Step {
        Step { on, actions: self.actions, refused: self.refused, awaits: self.awaits }
    }
}

/// Why an action is not carried out: the step is told, or the reader stops.
enum Not {
    Refused(Refused),
    Setback(Setback),
}

impl<E: Into<Setback>> From<E> for Not {
    fn from(error: E) -> Self {
        Self::Setback(error.into())
    }
}

type Said = Result<(&'static str, Bytes), EncodeError>;

impl<S: Saga> Stepping<'_, S> {
    /// Carries the actions out, in order, all or none.
    pub(super) async fn carry_out(
        &mut self,
        step: EventId,
        on: &Told,
        actions: &[Action],
    ) -> Result<Done, Setback> {
        let before = self.batch.mark();
        let mut done = Done::default();
        for (n, action) in actions.iter().enumerate() {
            let did = match action {
                Action::Run(run) => self.run(step, n, on, run).await,
                Action::Send(ask) => self.send(step, n, on, ask),
                Action::Wake(after, timer) => self.wake(*after, &timer.0),
                Action::Cancel(timer) => {
                    named(&timer.0).map(|(_, timer)| Did::Cancel { timer }).map_err(Not::Refused)
                }
                Action::End(end) => Ok(Did::End(*end)),
                Action::Keep(course) => keep(course).map_err(Not::Refused),
                Action::Next => Ok(Did::Next),
                Action::Answer(reply) => self.answer(on, reply),
                Action::Park(_) => continue, // met before anything is carried out
            };
            match did {
                Ok(did) => done.actions.push(did),
                Err(Not::Refused(refused)) => {
                    self.batch.back_to(&before);
                    done.refused = Some(refused);
                    return Ok(done);
                }
                Err(Not::Setback(setback)) => return Err(setback),
            }
        }
        done.awaits = self.awaited_since(&before);
        Ok(done)
    }

    async fn run(&mut self, step: EventId, n: usize, on: &Told, run: &Run) -> Result<Did, Not> {
        let (name, command) = named(&run.command).map_err(Not::Refused)?;
        let refused = |code: &str, why: String| {
            let (command, code) = (name.to_owned(), code.to_owned());
            Not::Refused(Refused { command, code, why, label: run.label.clone() })
        };
        let stream = match &run.stream {
            Ok(stream) => stream.clone(),
            Err(error) => return Err(refused("command.invalid_name", error.to_string())),
        };
        let part_of = self.part_of(on);
        let now = self.batch.now();
        let cause = Cause::of(step.derive_named(&format!("run/{n}"))).at(now);
        let cause = cause.part_of(&part_of).caused_by(step.to_string());
        match run.intent.carry_out(self.batch, &cause).await {
            Ok(()) => Ok(Did::Run { on: stream, command, label: run.label.clone() }),
            Err(Setback::Parks { code, why }) => Err(refused(code, why)),
            Err(setback) => Err(Not::Setback(setback)),
        }
    }

    fn send(&mut self, step: EventId, n: usize, on: &Told, ask: &Ask) -> Result<Did, Not> {
        let (name, command) = named(&ask.command).map_err(Not::Refused)?;
        let to = ContextName::new(ask.to)?;
        if !self.heard.contains(&to) {
            let why = format!("{} does not hear {to}: name it in its ASKS", S::NAME);
            let (command, code) = (name.to_owned(), "saga.unheard".to_owned());
            return Err(Not::Refused(Refused { command, code, why, label: ask.label.clone() }));
        }
        let id = self.entry_id(step, &format!("request {n} of"));
        let sender = Sender { saga: S::NAME.to_owned(), instance: self.id.to_string() };
        let mut part_of = self.part_of(on);
        part_of.causation = Some(step.to_string().into());
        let payload = Bytes::copy_from_slice(command.says.get().as_bytes());
        let about = About { target: &ask.target, sender: Some(&sender), under: &ask.under };
        let sent = request(id, name, payload, &about, part_of)?;
        if !planted(Bug::SagaRequestLost) {
            self.batch.add(&requests_stream(&to)?, vec![sent]);
        }
        let (target, label) = (ask.target.clone(), ask.label.clone());
        Ok(Did::Send { to, target, command, request: id, label })
    }

    /// What came of a request that was put off, as its saga hears it.
    fn answer(&mut self, on: &Told, reply: &Reply) -> Result<Did, Not> {
        let to = ContextName::new(&*reply.to)?;
        let refused = reply.refused.as_ref().map(|(code, why)| Refused {
            command: reply.command.to_owned(),
            code: (*code).to_owned(),
            why: why.clone(),
            label: None,
        });
        let (saga, instance) = (reply.saga.clone(), reply.instance.clone());
        let outcome = Outcome { request: reply.request, saga, instance, refused };
        let event = outcome.event(self.part_of(on))?;
        self.batch.add(&outcomes_stream(&to)?, vec![event]);
        Ok(Did::Answer { to, request: reply.request })
    }

    fn wake(&self, after: Duration, timer: &Said) -> Result<Did, Not> {
        let (_, timer) = named(timer).map_err(Not::Refused)?;
        Ok(Did::Wake { timer, due: self.batch.now().after(after) })
    }

    /// The events of this step that will come back to the instance as inputs.
    fn awaited_since(&self, before: &Mark) -> Vec<EventId> {
        let own = self.at.session.own.context();
        let source = Source { context: own.as_str(), own: true };
        let wanted = |name: &EventType| {
            let is_it = |kind: &&crate::InputType| source.is(kind.context);
            S::Input::TYPES.iter().filter(is_it).any(|kind| kind.name == name.as_str())
        };
        let added = self.batch.added_since(before);
        let own_inputs =
            added.filter(|(stream, event)| !stream.is_system() && wanted(&event.event_type));
        let comes_back = |event: &headwater_model::RecordedEvent| {
            let inputs = S::Input::decode(source, event).map(crate::Decoded::into_vec);
            inputs.unwrap_or_default().into_iter().any(|input| {
                match self.saga.route(&Recorded::new(input, event.clone())) {
                    Route::Starts(id) | Route::Continues(id) => id == self.id,
                    Route::Ignore => false,
                }
            })
        };
        own_inputs
            .map(|(stream, event)| self.batch.as_if_recorded(stream, event))
            .filter(comes_back)
            .map(|event| event.id)
            .collect()
    }
}

/// What was said, to be recorded; a value that cannot be written counts as refused.
fn named(said: &Said) -> Result<(&'static str, Named), Refused> {
    let refused = |command: &str, code: &str, why: String| Refused {
        command: command.to_owned(),
        code: code.to_owned(),
        why,
        label: None,
    };
    let (name, says) =
        said.as_ref().map_err(|error| refused(error.name, error.code(), error.to_string()))?;
    match Named::new(name, says) {
        Ok(named) => Ok((name, named)),
        Err(error) => Err(refused(name, "encode.malformed", error.to_string())),
    }
}

/// A course, to be recorded.
fn keep(course: &Course) -> Result<Did, Refused> {
    serde_json::value::to_raw_value(course).map(Did::Keep).map_err(|error| Refused {
        command: "keep".to_owned(),
        code: "encode.malformed".to_owned(),
        why: error.to_string(),
        label: None,
    })
}
