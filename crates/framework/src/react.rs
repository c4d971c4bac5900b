//! The reader of a reaction: inputs in, one append out.
//!
//! Picture:
//! ```text
//!   page of inputs ─▶ due? ─▶ decode ─▶ react ─▶ batch ─▶ append { events, checkpoint old → new }
//!                                                   ▲         │ someone wrote first
//!                                                   └─────────┘ again; then one by one
//! ```
//! Invariants: C1 events and checkpoint are one append. C2 the append is fenced by the old
//! checkpoint: a second instance of this reader, or a late ghost of this one, cannot append. R4 what
//! cannot be decoded halts the reader or is parked. A refusal parks its input, in the same append.
//! After a crash: the reader begins at the stored checkpoint; nothing is done twice, nothing is missed.

mod ahead;
pub(crate) mod batch;
pub(crate) mod carry_out;
pub(crate) mod handler;
pub(crate) mod park;
mod reacting;
pub(crate) mod retry;
pub(crate) mod session;
mod start;
#[cfg(test)]
mod tests;

use crate::parked::{Discarded, ParkedInput, Pick, Retried};
use crate::reader::{ParkedAnswer, Reader, ReaderKind, Status, Turn};
use crate::{Input, Reaction, Service};
use futures_util::future::BoxFuture;
use headwater_model::{ContextName, EventId, Query, Start, Timestamp};
use reacting::Reacting;
use session::{Session, Stop, inputs_of};
use std::sync::Arc;
use std::time::Duration;

/// Reads one context for one reaction.
pub(crate) struct ReactionReader<R> {
    reaction: Arc<R>,
    start: Start,
    status: Status,
    session: tokio::sync::Mutex<Option<Session>>,
    /// What it reads; `None`: what its input names.
    inputs: Option<Query>,
}

impl<R: Reaction> ReactionReader<R> {
    pub(crate) fn new(reaction: Arc<R>, source: ContextName, start: Start) -> Self {
        let kind = match reaction.delay() {
            Duration::ZERO => ReaderKind::Reaction,
            _ => ReaderKind::DelayedReaction,
        };
        let status = Status::new(R::NAME, source, kind);
        Self { reaction, start, status, session: tokio::sync::Mutex::new(None), inputs: None }
    }

    /// Reads these events, from the first on, under a name of its own. Nobody waits for it.
    pub(crate) fn of(
        reaction: Arc<R>,
        name: &'static str,
        source: ContextName,
        inputs: Query,
    ) -> Self {
        let status = Status::new(name, source, ReaderKind::DelayedReaction);
        let session = tokio::sync::Mutex::new(None);
        Self { reaction, start: Start::Beginning, status, session, inputs: Some(inputs) }
    }

    async fn take_turn(&self, service: &Service) -> Result<Turn, Stop> {
        let mut slot = self.session.lock().await;
        let mut session = self.session_of(service, &mut slot).await?;
        let turn = self.read_and_handle(&mut session).await?;
        *slot = Some(session);
        Ok(turn)
    }

    /// Taken out: if what is done with it fails or panics, the next one begins from what is stored.
    async fn session_of(
        &self,
        service: &Service,
        slot: &mut Option<Session>,
    ) -> Result<Session, Stop> {
        if self.status.take_stale() {
            *slot = None;
        }
        match slot.take() {
            Some(session) => Ok(session),
            None => {
                let inputs = match &self.inputs {
                    Some(inputs) => inputs.clone(),
                    None => inputs_of::<R::Input>(service.name(), &self.status.source)?,
                };
                Session::open(service, &self.status, self.start, inputs).await
            }
        }
    }

    async fn read_and_handle(&self, session: &mut Session) -> Result<Turn, Stop> {
        let mut page = session.read().await?;
        let next_due = self.keep_due(&mut page.events, session.now());
        let rest = page.next.is_some();
        if next_due.is_none() && page.events.is_empty() {
            session.pass_over(&page, &self.status).await?;
        }
        if page.events.is_empty() {
            return Ok(match next_due {
                Some(due) => Turn::Waits(due),
                None if rest => Turn::Moved,
                None => Turn::Idle(page.as_of),
            });
        }
        let whole = if next_due.is_none() { page.checkpoint() } else { None };
        let reacting = Reacting(&*self.reaction);
        carry_out::handle(&reacting, session, &self.status, &page, whole).await?;
        Ok(Turn::Moved)
    }

    /// Keeps the events that are old enough; tells when the first of the others will be.
    fn keep_due(
        &self,
        events: &mut Vec<headwater_model::RecordedEvent>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let delay = self.reaction.delay();
        // Behind a clock that was set back events lie ahead of it (A6), and nobody waits for that.
        if delay.is_zero() {
            return None;
        }
        let is_due = |event: &headwater_model::RecordedEvent| event.recorded_at.after(delay) <= now;
        let due = events.iter().take_while(|event| is_due(event)).count();
        let next = events.get(due).map(|event| event.recorded_at.after(delay));
        events.truncate(due);
        next
    }
}

impl<R: Reaction> Reader for ReactionReader<R> {
    fn status(&self) -> &Status {
        &self.status
    }

    fn turn<'a>(&'a self, service: &'a Service) -> BoxFuture<'a, Turn> {
        Box::pin(async move { self.status.after(self.take_turn(service).await) })
    }

    fn parked<'a>(&'a self, service: &'a Service) -> ParkedAnswer<'a, Vec<ParkedInput>> {
        Box::pin(retry::list(service, &self.status))
    }

    fn retry<'a>(&'a self, service: &'a Service, pick: Pick) -> ParkedAnswer<'a, Vec<Retried>> {
        Box::pin(self.retry_parked(service, pick))
    }

    fn discard<'a>(
        &'a self,
        service: &'a Service,
        event: EventId,
        why: &'a str,
    ) -> ParkedAnswer<'a, Discarded> {
        Box::pin(retry::discard(service, &self.status, event, why))
    }
}

/// The contexts that `I` reads, each once, the service's own by its name.
pub(crate) fn sources_of<I: Input>(own: &ContextName) -> Vec<ContextName> {
    let mut sources: Vec<ContextName> = Vec::new();
    for kind in I::TYPES {
        let source = kind.context.map_or_else(|| own.clone(), crate::service::context_name);
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}
