//! The reader of a schedule: makes its ticks, and sees to those that were refused.
//!
//! Picture:
//! ```text
//!   book ─▶ occasion ─▶ tick ─▶ actions ─▶ one append: Ticked at the book's revision · their events
//!    ▲         │ waits              └ refused ─▶ TickRefused alone ─▶ tried once more, and parked
//!    │         ▼                                                       as the input of a reaction is
//!    └── someone wrote first
//! ```

use super::Missed;
use super::book::Book;
use super::occasion::{self, Occasion};
use super::tick::{Entry, OnTick, REFUSED, SKIPPED, TICKED, Tick, as_if_recorded};
use super::when::When;
use crate::decide::asking::ask;
use crate::parked::{Discarded, ParkedInput, Pick, Retried};
use crate::planted::{Bug, planted};
use crate::react::ReactionReader;
use crate::react::batch::Batch;
use crate::react::handler::Attempt;
use crate::react::session::Stop;
use crate::reader::{ParkedAnswer, Reader, Status, Turn};
use crate::timer::pin;
use crate::{Actions, Service};
use bytestring::ByteString;
use futures_util::future::BoxFuture;
use headwater_model::{
    Append, AppendError, Appended, ContextName, EventId, EventStore, EventType, ExpectedRevision,
    InvalidName, Query, QueryItem, StreamName, Timestamp,
};
use std::sync::Arc;

/// A schedule at work.
pub(crate) struct ScheduleReader<F> {
    stream: StreamName,
    when: When,
    missed: Missed,
    /// Works out what follows from ticks; reads those that were refused.
    refused: ReactionReader<OnTick<F>>,
    book: tokio::sync::Mutex<Option<Book>>,
}

impl<F: Fn(&Tick) -> Actions + Send + Sync + 'static> ScheduleReader<F> {
    pub(crate) fn new(
        name: &'static str,
        own: ContextName,
        when: When,
        missed: Missed,
        actions: F,
    ) -> Result<Self, InvalidName> {
        let stream = StreamName::system(format!("$schedule-{name}"))?;
        let inputs = Query::from(QueryItem {
            streams: vec![stream.clone()],
            types: vec![EventType::new(ByteString::from_static(REFUSED))?],
            ..QueryItem::default()
        });
        let refused = ReactionReader::of(Arc::new(OnTick(actions)), name, own, inputs);
        Ok(Self { stream, when, missed, refused, book: tokio::sync::Mutex::default() })
    }

    async fn take_turn(&self, service: &Service) -> Result<Turn, Stop> {
        let own = service.own().await?;
        let mut slot = self.book.lock().await;
        if self.status().take_stale() {
            *slot = None;
            self.status().forget(); // as told: the other half forgets as well
        }
        let mut book = match slot.take() {
            Some(book) => book,
            None => Book::open(&*own, &self.stream, &self.when).await?,
        };
        let now = own.now();
        let occasion = occasion::at(&self.when, self.missed, book.until, now);
        let turn = match occasion {
            Occasion::Waits(next) => self.see_to_refused(service, next).await,
            Occasion::Skips { from, to } => {
                let entry = Entry { missed_from: Some(from), ..Entry::of(&self.when, to) };
                tracing::warn!(schedule = %self.status(), %from, %to, "ticks were skipped");
                self.record_alone(&*own, &mut book, &entry, SKIPPED).await?;
                Turn::Moved
            }
            Occasion::Ticks(tick) => {
                pin(&*own, Query::stream(self.stream.clone()), now).await?;
                self.tick(service, &*own, &mut book, tick).await?;
                Turn::Moved
            }
        };
        *slot = Some(book);
        Ok(turn)
    }

    /// Parks what was refused; then the next tick is waited for.
    async fn see_to_refused(&self, service: &Service, next: Option<Timestamp>) -> Turn {
        match self.refused.turn(service).await {
            Turn::Idle(_) => Turn::Waits(next.unwrap_or(Timestamp::from_micros(u64::MAX))),
            turn => turn,
        }
    }

    /// Records a tick with what follows from it.
    async fn tick(
        &self,
        service: &Service,
        own: &dyn EventStore,
        book: &mut Book,
        tick: Tick,
    ) -> Result<(), Stop> {
        let entry = Entry { missed_from: tick.missed_from, ..Entry::of(&self.when, tick.at) };
        let ticked = entry.event(&self.stream, TICKED)?;
        let as_if = as_if_recorded(&ticked, &self.stream, own.now());
        let (mut batch, attempt) = self.refused.work_out(service, &as_if).await?;
        let recorded = match attempt {
            Attempt::Torn => return Ok(()),
            Attempt::Stopped(stop) => return Err(stop),
            Attempt::Taken => ticked,
            Attempt::Refused { code, why } | Attempt::Undecodable { code, why } => {
                tracing::warn!(schedule = %self.status(), at = %tick.at, code, why, "tick refused");
                entry.event(&self.stream, REFUSED)?
            }
        };
        let expected = match planted(Bug::TickTwice) {
            true => ExpectedRevision::Any,
            false => book.expected(),
        };
        if batch.touch(&self.stream, expected).is_err() {
            return Ok(());
        }
        batch.add(&self.stream, vec![recorded]);
        self.store(own, book, &entry, batch).await
    }

    async fn store(
        &self,
        own: &dyn EventStore,
        book: &mut Book,
        entry: &Entry,
        batch: Batch,
    ) -> Result<(), Stop> {
        match ask(own, batch.append(None)).await.answer {
            Ok(appended) => {
                book.recorded(self.revision_in(&batch, &appended), entry.until);
                batch.keep(&appended);
                metrics::counter!("headwater_ticks_total", "schedule" => self.status().to_string())
                    .increment(1);
                Ok(())
            }
            // Another instance was first, or someone wrote what the actions were decided on.
            Err(
                AppendError::WrongRevision(_)
                | AppendError::ConditionFailed { .. }
                | AppendError::IdReused { .. }
                | AppendError::PartlyRepeated { .. },
            ) => book.catch_up(own).await,
            // What follows from it can never be stored: it is set aside for a person.
            Err(AppendError::TooLarge { .. } | AppendError::Tombstoned { .. }) => {
                self.record_alone(own, book, entry, REFUSED).await
            }
            Err(error) => Err(Stop::by(error.retry(), error)),
        }
    }

    /// The revision at which the batch's entry stands.
    fn revision_in(&self, batch: &Batch, appended: &Appended) -> Option<headwater_model::Revision> {
        let n = batch.place_of(&self.stream)?;
        appended.revisions.get(n).copied().flatten()
    }

    async fn record_alone(
        &self,
        own: &dyn EventStore,
        book: &mut Book,
        entry: &Entry,
        kind: &'static str,
    ) -> Result<(), Stop> {
        let event = entry.event(&self.stream, kind)?;
        let append = Append::to(self.stream.clone(), book.expected(), vec![event]);
        match ask(own, append).await.answer {
            Ok(appended) => {
                book.recorded(appended.revisions.first().copied().flatten(), entry.until);
                Ok(())
            }
            Err(
                AppendError::WrongRevision(_)
                | AppendError::IdReused { .. }
                | AppendError::PartlyRepeated { .. },
            ) => book.catch_up(own).await,
            Err(error) => Err(Stop::by(error.retry(), error)),
        }
    }
}

impl<F: Fn(&Tick) -> Actions + Send + Sync + 'static> Reader for ScheduleReader<F> {
    fn status(&self) -> &Status {
        self.refused.status()
    }

    fn turn<'a>(&'a self, service: &'a Service) -> BoxFuture<'a, Turn> {
        Box::pin(async move { self.status().after(self.take_turn(service).await) })
    }

    fn parked<'a>(&'a self, service: &'a Service) -> ParkedAnswer<'a, Vec<ParkedInput>> {
        self.refused.parked(service)
    }

    fn retry<'a>(&'a self, service: &'a Service, pick: Pick) -> ParkedAnswer<'a, Vec<Retried>> {
        self.refused.retry(service, pick)
    }

    fn discard<'a>(
        &'a self,
        service: &'a Service,
        event: EventId,
        why: &'a str,
    ) -> ParkedAnswer<'a, Discarded> {
        self.refused.discard(service, event, why)
    }
}
