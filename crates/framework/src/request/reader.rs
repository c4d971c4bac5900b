//! The reader of requests: what another service has recorded for this one, carried out in order, once.
//!
//! Picture:
//! ```text
//!   sender's $requests-me ─▶ decide ─▶ append { own events, $outcomes-sender, checkpoint old → new }
//! ```
//! Invariants: C1 events, outcome and checkpoint are one append; a refusal is an outcome as well, so a
//! request is answered once, whatever crashes. Requests of one sender are carried out in the order in
//! which they were recorded. A refusal that no saga waits for is set aside here.

use super::accept::{Acceptors, NotAccepted};
use super::record::{Outcome, outcomes_stream, requests_stream, sender_of, under_of};
use crate::decide::{ErasedIntent, Setback};
use crate::lock::{self, Holder};
use crate::parked::{Discarded, ParkedInput, Pick, Retried};
use crate::planted::{Bug, planted};
use crate::react::batch::Batch;
use crate::react::handler::{At, Attempt, Handler};
use crate::react::session::{Session, Stop};
use crate::react::{carry_out, retry};
use crate::reader::{ParkedAnswer, Reader, ReaderKind, Status, Turn};
use crate::saga::Refused;
use crate::{Cause, Poison, Service};
use futures_util::future::BoxFuture;
use headwater_model::{ContextName, EventId, Query, RecordedEvent, Start};
use std::sync::Arc;

/// The name of every service's reader of requests.
pub(crate) const NAME: &str = "requests";

/// Reads the requests of one sender.
pub(crate) struct RequestsReader {
    acceptors: Arc<Acceptors>,
    status: Status,
    session: tokio::sync::Mutex<Option<Session>>,
}

impl RequestsReader {
    pub(crate) fn new(from: ContextName, acceptors: Arc<Acceptors>) -> Self {
        let status = Status::new(NAME, from, ReaderKind::Reaction);
        Self { acceptors, status, session: tokio::sync::Mutex::new(None) }
    }

    async fn take_turn(&self, service: &Service) -> Result<Turn, Stop> {
        let mut slot = self.session.lock().await;
        let mut session = self.session_of(service, &mut slot).await?;
        let turn = self.work(&mut session).await?;
        *slot = Some(session);
        Ok(turn)
    }

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
                let requests = Query::stream(requests_stream(service.name())?);
                // What was asked before the receiver was there is to be answered as well.
                Session::open(service, &self.status, Start::Beginning, requests).await
            }
        }
    }

    async fn work(&self, session: &mut Session) -> Result<Turn, Stop> {
        let page = session.read().await?;
        if page.events.is_empty() {
            session.pass_over(&page, &self.status).await?;
            return Ok(if page.next.is_some() { Turn::Moved } else { Turn::Idle(page.as_of) });
        }
        carry_out::handle(&self.answering(), session, &self.status, &page, page.checkpoint())
            .await?;
        Ok(Turn::Moved)
    }

    fn answering(&self) -> Answering<'_> {
        Answering { acceptors: &self.acceptors }
    }

    async fn retry_parked(
        &self,
        service: &Service,
        pick: Pick,
    ) -> Result<Vec<Retried>, crate::ParkedError> {
        let mut slot = self.session.lock().await;
        let state = self.status.state();
        let opened = self.session_of(service, &mut slot).await;
        self.status.set_state(state); // it was opened for this, not to read on
        let mut session = opened?;
        let retried = retry::all(&self.answering(), &mut session, &self.status, pick).await?;
        *slot = Some(session);
        Ok(retried)
    }
}

/// What is done with one request.
struct Answering<'a> {
    acceptors: &'a Acceptors,
}

impl Handler for Answering<'_> {
    async fn attempt(&self, at: At<'_>, batch: &mut Batch, request: &RecordedEvent) -> Attempt {
        let mark = batch.mark();
        match self.answer(at, batch, request).await {
            Ok(()) => Attempt::Taken,
            Err(setback) => {
                batch.back_to(&mark);
                setback.into()
            }
        }
    }

    fn undecodable(&self) -> Poison {
        Poison::Halt
    }
}

/// What a request that was carried out came to.
enum Came {
    /// Its sender is told.
    Answered,
    /// Its sender is told by an answer to come.
    PutOff,
}

impl Answering<'_> {
    async fn carry_out(
        &self,
        at: At<'_>,
        batch: &mut Batch,
        request: &RecordedEvent,
    ) -> Result<Came, Setback> {
        let parks = |not: NotAccepted| Setback::Parks { code: not.code, why: not.why };
        let cause = cause(request, batch);
        let (context, sender) = (at.session.source.context(), sender_of(request));
        let holder = sender.map(|sender| Holder::of(context, sender, request.id));
        for held in guards(request, holder.as_ref()).map_err(parks)? {
            held.carry_out(batch, &cause).await?;
        }
        let accepted = self.acceptors.read(request, holder).map_err(parks)?;
        accepted.intent.carry_out(batch, &cause).await?;
        Ok(if accepted.put_off { Came::PutOff } else { Came::Answered })
    }

    async fn answer(
        &self,
        at: At<'_>,
        batch: &mut Batch,
        request: &RecordedEvent,
    ) -> Result<(), Setback> {
        let mark = batch.mark();
        let refused = match self.carry_out(at, batch, request).await {
            Ok(Came::Answered) => None,
            Ok(Came::PutOff) => return Ok(()),
            Err(Setback::Parks { code, why }) => {
                batch.back_to(&mark);
                Some((code, why))
            }
            Err(setback) => return Err(setback),
        };
        let Some(sender) = sender_of(request) else {
            // A reaction has asked, and remembers nothing: a no is seen to here.
            return match refused {
                Some((code, why)) => Err(Setback::Parks { code, why }),
                None => Ok(()),
            };
        };
        let command = request.event_type.to_string();
        let outcome = Outcome {
            request: request.id,
            saga: sender.saga,
            instance: sender.instance,
            refused: refused.map(|(code, why)| Refused {
                command,
                code: code.to_owned(),
                why,
                label: None,
            }),
        };
        let stream = outcomes_stream(at.session.source.context())?;
        batch.add(&stream, vec![outcome.event(request.metadata.clone())?]);
        Ok(())
    }
}

/// That its sender holds the locks under which it asks.
fn guards(
    request: &RecordedEvent,
    holder: Option<&Holder>,
) -> Result<Vec<Arc<dyn ErasedIntent>>, NotAccepted> {
    if planted(Bug::LockUnfenced) {
        return Ok(Vec::new());
    }
    let keys = under_of(request).map_err(|error| NotAccepted {
        code: "request.malformed",
        why: format!("the locks that it names: {error}"),
    })?;
    keys.iter().map(|key| lock::held_by(key, holder)).collect()
}

/// The request's own id is the command's: carried out again, it would be found.
fn cause(request: &RecordedEvent, batch: &Batch) -> Cause {
    let id = match planted(Bug::RequestTwice) {
        true => crate::decide::state::drawn(),
        false => request.id,
    };
    Cause::of(id).at(batch.now()).part_of(&request.metadata).caused_by(request.id.to_string())
}

impl Reader for RequestsReader {
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
