//! The readers of a saga: one for each context that it hears, and in its own also its timers.
//!
//! Picture:
//! ```text
//!   page of inputs and outcomes ─▶ told ─▶ batch ─▶ append { steps, events, requests, checkpoint }
//!   none left: timers that are due ─▶ told ─▶ batch ─▶ append { steps, events, requests }
//! ```
//! Invariants: C1, C2 as a reaction's reader. C4 a step is stored only behind the instance as it was
//! decided on: of two readers or two processes, one is refused and decides anew. Inputs go before
//! timers: an answer that has come in time is heard before the timer that waits for it.

use super::Saga;
use super::census::Census;
use super::record;
use super::telling::Telling;
use crate::decide::Setback;
use crate::decide::asking::{Asked, ask};
use crate::limits::{BATCH_ATTEMPTS_MAX, COMMAND_ATTEMPTS_MAX, REACTION_BATCH_COUNT_MAX};
use crate::parked::{Discarded, ParkedInput, Pick, Retried};
use crate::react::batch::Batch;
use crate::react::handler::{At, Attempt, Handler as _};
use crate::react::session::{Session, Stop, inputs_of};
use crate::react::{carry_out, sources_of};
use crate::reader::{ParkedAnswer, Reader, ReaderKind, Status, Turn};
use crate::request::record::outcomes_stream;
use crate::saga::End;
use crate::timer::{Next, Wake, Wakes};
use crate::{LoadError, Service};
use futures_util::future::BoxFuture;
use headwater_model::{AppendError, ContextName, EventId, QueryItem, Start};
use std::sync::Arc;

/// What the readers of one saga share.
pub(crate) struct Shared<S> {
    pub(super) saga: S,
    /// The contexts that it hears: those of its inputs, those it asks, and its own.
    pub(super) heard: Vec<ContextName>,
    statuses: Vec<Arc<Status>>,
}

impl<S: Saga> Shared<S> {
    /// A batch was stored.
    pub(super) fn stored(&self, batch: &Batch) {
        for source in batch.resumed() {
            let parked_it = self.statuses.iter().find(|status| status.source == *source);
            parked_it.iter().for_each(|status| status.count_retried());
        }
        metrics::counter!("headwater_saga_late_inputs_total", "saga" => S::NAME)
            .increment(batch.late_count());
    }
}

/// Reads one context for one saga.
pub(crate) struct SagaReader<S> {
    pub(super) shared: Arc<Shared<S>>,
    pub(super) status: Arc<Status>,
    start: Start,
    pub(super) post: tokio::sync::Mutex<Option<Post>>,
}

/// What a reader works with, until something fails.
pub(super) struct Post {
    pub(super) session: Session,
    /// Of the own context's reader.
    wakes: Option<Wakes>,
}

/// The readers of a saga of the service `own`.
pub(crate) fn readers<S: Saga>(saga: S, own: &ContextName, start: Start) -> Vec<SagaReader<S>> {
    let asked = S::ASKS.iter().map(|name| crate::service::context_name(name));
    let mut heard = vec![own.clone()];
    for context in sources_of::<S::Input>(own).into_iter().chain(asked) {
        if !heard.contains(&context) {
            heard.push(context);
        }
    }
    let status =
        |source: &ContextName| Arc::new(Status::new(S::NAME, source.clone(), ReaderKind::Reaction));
    let statuses: Vec<_> = heard.iter().map(status).collect();
    let shared = Arc::new(Shared { saga, heard, statuses: statuses.clone() });
    let reader = |status| SagaReader {
        shared: Arc::clone(&shared),
        status,
        start,
        post: tokio::sync::Mutex::new(None),
    };
    statuses.into_iter().map(reader).collect()
}

impl<S: Saga> SagaReader<S> {
    async fn take_turn(&self, service: &Service) -> Result<Turn, Stop> {
        let mut slot = self.post.lock().await;
        let mut post = self.post_of(service, &mut slot).await?;
        let turn = self.work(&mut post).await?;
        *slot = Some(post);
        Ok(turn)
    }

    /// Taken out: if what is done with it fails or panics, the next one begins from what is stored.
    pub(super) async fn post_of(
        &self,
        service: &Service,
        slot: &mut Option<Post>,
    ) -> Result<Post, Stop> {
        if self.status.take_stale() {
            *slot = None;
        }
        if let Some(post) = slot.take() {
            return Ok(post);
        }
        let (own, source) = (service.name(), &self.status.source);
        let mut query = inputs_of::<S::Input>(own, source)?;
        let streams = vec![outcomes_stream(own)?];
        query.items.push(QueryItem { streams, ..QueryItem::default() });
        let session = Session::open(service, &self.status, self.start, query).await?;
        let wakes = match own == source {
            true => Some(Wakes::new(S::NAME, record::category::<S>()?)),
            false => None,
        };
        Ok(Post { session, wakes })
    }

    async fn work(&self, post: &mut Post) -> Result<Turn, Stop> {
        let page = post.session.read().await?;
        let mut has_more = page.next.is_some();
        if page.events.is_empty() {
            post.session.pass_over(&page, &self.status).await?;
        } else {
            has_more = true;
            let (telling, whole) = (self.telling(false), page.checkpoint());
            let session = &mut post.session;
            carry_out::handle(&telling, session, &self.status, &page, whole).await?;
        }
        let now = post.session.now();
        match &mut post.wakes {
            // Timers have their turn also while inputs never run dry.
            Some(wakes) if !has_more || wakes.is_to_be_asked(now) => {
                match wakes.next(&*post.session.own).await? {
                    Next::Waits(_) if has_more => Ok(Turn::Moved),
                    Next::Waits(until) => Ok(Turn::IdleUntil { position: page.as_of, until }),
                    Next::Due(due) => {
                        self.wake_all(&mut post.session, &due).await?;
                        wakes.handled(&*post.session.own, &due).await?;
                        Ok(Turn::Moved)
                    }
                }
            }
            _ if has_more => Ok(Turn::Moved),
            _ => Ok(Turn::Idle(page.as_of)),
        }
    }

    pub(super) fn telling(&self, again: bool) -> Telling<'_, S> {
        Telling { shared: &self.shared, again }
    }

    /// Fires all of these that are set still.
    async fn wake_all(&self, session: &mut Session, due: &[Wake]) -> Result<(), Stop> {
        let (mut count_max, mut done, mut attempts) = (REACTION_BATCH_COUNT_MAX, 0, 0);
        while done < due.len() {
            let these = &due[done..due.len().min(done + count_max)];
            if self.wake(session, these).await? {
                done += these.len();
                continue;
            }
            attempts += 1;
            if attempts >= BATCH_ATTEMPTS_MAX {
                count_max = 1;
            }
            if attempts >= COMMAND_ATTEMPTS_MAX {
                return Err(Stop::ForNow("others keep writing first".to_owned()));
            }
        }
        Ok(())
    }

    /// Fires these in one append; answers whether it was stored.
    async fn wake(&self, session: &mut Session, due: &[Wake]) -> Result<bool, Stop> {
        let mut batch = Batch::new(Arc::clone(&session.own), Arc::clone(&session.caches));
        let telling = self.telling(false);
        for wake in due {
            let at = At { session: &*session, status: &self.status };
            match telling.wake(at, &mut batch, wake).await {
                Ok(()) => {}
                Err(Setback::Torn) => return Ok(false),
                Err(setback) => return Err(stop(setback)),
            }
        }
        if batch.event_count() == 0 {
            return Ok(true);
        }
        let Asked { answer, lost_replies } = ask(&*session.own, batch.append(None)).await;
        match answer {
            Ok(appended) if !appended.replayed || lost_replies => {
                self.status.add_parked(batch.parked_count());
                telling.stored(&batch);
                batch.keep(&appended);
                session.appended(appended.position, &self.status);
                Ok(true)
            }
            // Another instance of this reader was first, with the same or with another outcome.
            Ok(_)
            | Err(
                AppendError::WrongRevision(_)
                | AppendError::ConditionFailed { .. }
                | AppendError::IdReused { .. }
                | AppendError::PartlyRepeated { .. },
            ) => Ok(false),
            Err(AppendError::TooLarge { .. }) if due.len() > 1 => Ok(false),
            Err(error) => Err(Stop::by(error.retry(), error)),
        }
    }
}

/// Why a reader stops that cannot go on with a timer or a parked instance.
pub(super) fn stop(setback: Setback) -> Stop {
    match Attempt::from(setback) {
        Attempt::Taken | Attempt::Torn => Stop::ForNow("others keep writing first".to_owned()),
        Attempt::Refused { why, .. } | Attempt::Undecodable { why, .. } => Stop::ForGood(why),
        Attempt::Stopped(stop) => stop,
    }
}

impl From<LoadError> for Stop {
    fn from(error: LoadError) -> Self {
        Self::by(error.retry(), error)
    }
}

impl<S: Saga> Reader for SagaReader<S> {
    fn status(&self) -> &Status {
        &self.status
    }

    fn turn<'a>(&'a self, service: &'a Service) -> BoxFuture<'a, Turn> {
        Box::pin(async move { self.status.after(self.take_turn(service).await) })
    }

    fn parked<'a>(&'a self, service: &'a Service) -> ParkedAnswer<'a, Vec<ParkedInput>> {
        Box::pin(self.list_parked(service))
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
        Box::pin(self.skip_parked(service, event, why))
    }

    fn end<'a>(
        &'a self,
        service: &'a Service,
        event: EventId,
        end: End,
        why: &'a str,
    ) -> ParkedAnswer<'a, ParkedInput> {
        Box::pin(self.force_parked(service, event, end, why))
    }

    fn census<'a>(&'a self, service: &'a Service) -> BoxFuture<'a, Result<Census, LoadError>> {
        Box::pin(self.count_all(service))
    }
}
