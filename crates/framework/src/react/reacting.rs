//! What a reaction does with an input: its actions, carried out in the reader's batch.

use super::batch::Batch;
use super::handler::{At, Attempt, Handler};
use crate::action::{Action, Actions};
use crate::decide::Setback;
use crate::planted::{Bug, planted};
use crate::request::record::{About, request, requests_stream};
use crate::{Cause, Input, Poison, Reaction, Recorded, Source};
use bytestring::ByteString;
use headwater_model::{ContextName, Metadata, RecordedEvent, Timestamp};

/// A reaction at work.
pub(super) struct Reacting<'a, R>(pub(super) &'a R);

impl<R: Reaction> Handler for Reacting<'_, R> {
    async fn attempt(&self, at: At<'_>, batch: &mut Batch, event: &RecordedEvent) -> Attempt {
        let context = at.session.source.context();
        let own = context == at.session.own.context();
        let source = Source { context: context.as_str(), own };
        let inputs = match R::Input::decode(source, event) {
            Ok(decoded) => decoded.into_vec(),
            Err(_) if planted(Bug::SkipUndecodable) => return Attempt::Taken,
            Err(error) => {
                return Attempt::Undecodable { code: error.code(), why: error.to_string() };
            }
        };
        let mark = batch.mark();
        for (k, input) in inputs.into_iter().enumerate() {
            let actions = self.0.react(&Recorded::new(input, event.clone()));
            if let Err(setback) = act(at, batch, event, k, actions).await {
                batch.back_to(&mark);
                return setback.into();
            }
        }
        Attempt::Taken
    }

    fn undecodable(&self) -> Poison {
        self.0.undecodable()
    }
}

/// Carries out the actions of the `k`th input that an event came to.
async fn act(
    at: At<'_>,
    batch: &mut Batch,
    event: &RecordedEvent,
    k: usize,
    actions: Actions,
) -> Result<(), Setback> {
    let parks = |code, why: &dyn ToString| Setback::Parks { code, why: why.to_string() };
    for (n, action) in actions.into_list().into_iter().enumerate() {
        let place = format!("{}/{k}/{n}", at.status);
        match action {
            Action::Park(parking) => return Err(parks("reaction.parked", &parking.why)),
            Action::Run(run) => {
                let cause = cause(event, &place, batch.now());
                run.intent.carry_out(batch, &cause).await?;
            }
            Action::Send(ask) => {
                let said = ask.command.map_err(|error| parks(error.code(), &error))?;
                let to = ContextName::new(ask.to)?;
                let id = event.id.derive_named(&place);
                let about = About { target: &ask.target, sender: None, under: &ask.under };
                let sent = request(id, said.0, said.1, &about, part_of(event))?;
                batch.add(&requests_stream(&to)?, vec![sent]);
            }
            Action::Wake(..)
            | Action::Cancel(_)
            | Action::End(_)
            | Action::Keep(_)
            | Action::Next
            | Action::Answer(_) => {
                let why = "a reaction remembers nothing: it has no timers and no end";
                return Err(parks("reaction.not_its_action", &why));
            }
        }
    }
    Ok(())
}

/// What a request belongs to that follows from `event`, and what led to it.
fn part_of(event: &RecordedEvent) -> Metadata {
    let id = ByteString::from(event.id.to_string());
    let correlation = event.metadata.correlation.clone().unwrap_or_else(|| id.clone());
    Metadata {
        correlation: Some(correlation),
        causation: Some(id),
        free: Vec::new(),
        ..event.metadata.clone()
    }
}

/// The cause of a command: derived from the input, and part of what the input was part of.
pub(crate) fn cause(event: &RecordedEvent, place: &str, now: Timestamp) -> Cause {
    let id = ByteString::from(event.id.to_string());
    let metadata = &event.metadata;
    let cause = Cause::of(event.id.derive_named(place))
        .at(now)
        .correlated(metadata.correlation.clone().unwrap_or_else(|| id.clone()))
        .caused_by(id);
    let cause = match &metadata.traceparent {
        Some(trace) => cause.traced(trace.clone()),
        None => cause,
    };
    match &metadata.actor {
        Some(actor) => cause.on_behalf_of(actor.clone()),
        None => cause,
    }
}
