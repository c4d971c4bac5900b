//! The reader of a projection: a page of inputs in, one transaction out.
//!
//! Picture:
//! ```text
//!   page ─▶ begin ─ apply 0 … apply n ─ save checkpoint ─ commit
//!                      │ event i fails: roll back
//!                      ├─ i > 0: the same again up to i; then i comes first
//!                      │         (refused as a whole: the same again with half as many)
//!                      └─ i = 0: try again later, as the policy says; then halt, or park it:
//!                                begin ─ park ─ save checkpoint ─ commit
//! ```
//! Invariants: C1 rows, parked events and checkpoint are one transaction. C3 what comes behind a
//! parked event of its key is parked, too. R4 an event that cannot be decoded is poison at once.
//! After a crash: the database says where to begin, and it says the truth.

use super::place::Place;
use super::view::{Half, Side, View};
use super::{Database, Forget, Key, ParkedEvent, Projection, ReadModel, Skipped};
use crate::limits::{PROJECTION_BATCH_COUNT_MAX, RESTART_WAIT_MAX, UNSAVED_POSITION_COUNT_MAX};
use crate::parked::{Discarded, ParkedInput, Pick, Retried};
use crate::personal::{FORGOTTEN, subject_of};
use crate::planted::{Bug, planted};
use crate::react::session::Stop;
use crate::reader::{ParkedAnswer, Reader, ReaderKind, ReaderState, Status, Turn};
use crate::testing::simulation::gate::{Fate, Gate, pass};
use crate::view::{SeekTo, ViewError};
use crate::{Failed, Input, Poison, Recorded, Service, Source, trace};
use futures_util::future::BoxFuture;
use headwater_model::{Checkpoint, ContextName, EventId, Page, RecordedEvent, Retry};
use std::sync::Arc;
use tracing::Instrument as _;

pub(super) type ModelOf<P> = <<P as Projection>::Database as Database>::Model;

/// Reads one context for one projection.
pub(crate) struct ProjectionReader<P: Projection> {
    pub(super) view: Arc<View<P>>,
    pub(super) side: Side,
    pub(super) status: Arc<Status>,
    pub(super) place: tokio::sync::Mutex<Option<Place>>,
}

/// An event that was not applied; what came before it on its page could be.
struct NotApplied {
    index: usize,
    failed: Failed,
    /// It was not even read.
    undecodable: bool,
}

/// What a transaction came to.
enum Written {
    /// It is committed, and this many events were parked with it.
    Committed { parked: Vec<Key> },
    /// It is rolled back because of one event.
    NotApplied(NotApplied),
    /// It is rolled back because the database refused it as a whole.
    Refused(Failed),
    /// It is rolled back because a subject was forgotten, and the model is to be built anew.
    BeginAnew,
}

/// Commits; a simulation may have it fail, before or behind.
async fn commit<M: ReadModel>(model: &mut M) -> Result<(), Failed> {
    let lost = || Failed::for_now("the database went away");
    if pass(Gate::BeforeCommit).await == Fate::Fails {
        return Err(lost());
    }
    model.commit().await?;
    match pass(Gate::BehindCommit).await {
        Fate::Passes => Ok(()),
        Fate::Fails => Err(lost()),
    }
}

impl<P: Projection> ProjectionReader<P> {
    pub(crate) fn new(view: Arc<View<P>>, side: Side, source: ContextName) -> Self {
        let kind = match side {
            Side::Live => ReaderKind::Projection,
            Side::Built => ReaderKind::Builder,
        };
        let status = Arc::new(Status::new(P::NAME, source, kind));
        view.follow(side, Arc::clone(&status));
        Self { view, side, status, place: tokio::sync::Mutex::new(None) }
    }

    pub(super) fn half(&self) -> &Half<P> {
        self.view.half(self.side)
    }

    async fn take_turn(&self, service: &Service) -> Result<Turn, Stop> {
        let mut slot = self.place.lock().await;
        if let Some(why) = self.view.generations().await?.paused {
            self.status.set_state(ReaderState::Paused { why });
            return Ok(Turn::Rests);
        }
        let Some(mut place) = self.place_of(service, &mut slot).await? else {
            return Ok(Turn::Rests);
        };
        let page = place.read().await?;
        let mut turn = match page.events.is_empty() {
            true => self.pass_over(&mut place, &page).await?,
            false => self.write(service, &mut place, &page).await?,
        };
        if self.side == Side::Built && matches!(turn, Turn::Idle(_)) {
            turn = self.built(&mut place).await?;
        }
        *slot = Some(place);
        Ok(turn)
    }

    /// Taken out: if what is done with it fails or panics, the next one asks the database. `None`: there
    /// is no model for this reader to fill.
    pub(super) async fn place_of(
        &self,
        service: &Service,
        slot: &mut Option<Place>,
    ) -> Result<Option<Place>, Stop> {
        if self.status.take_stale() {
            *slot = None;
            *self.half().lock().await = None;
        }
        let open = slot.take();
        let known = self.view.of(self.side).await?;
        if let (Some(place), Some(model)) = (open, known)
            && place.generation == model.generation
        {
            return Ok(Some(place));
        }
        let now = if known.is_some() { self.view.of_now(self.side).await? } else { None };
        let Some(model) = now else {
            *self.half().lock().await = None;
            self.status.set_state(ReaderState::Rebuilding);
            return Ok(None);
        };
        let (of, count_max) = ((self.side, model), PROJECTION_BATCH_COUNT_MAX);
        Ok(Some(Place::open(service, &self.view, of, &self.status, count_max).await?))
    }

    /// A page without inputs: everything on it was filtered out.
    async fn pass_over(&self, place: &mut Place, page: &Page) -> Result<Turn, Stop> {
        let ahead = |to: &Checkpoint| place.at.is_none_or(|at| to.position > at.position);
        if let Some(to) = page.checkpoint().filter(ahead) {
            if place.unsaved_count(to) >= UNSAVED_POSITION_COUNT_MAX {
                let mut slot = self.half().lock().await;
                let mut model = self.begin(slot.take(), place).await?;
                model.save_checkpoint(&self.status.source, to).await?;
                model.commit().await?;
                *slot = Some((place.generation, model));
                place.saved = Some(to);
            }
            place.come_to(to, &self.status);
        }
        Ok(if page.next.is_some() { Turn::Moved } else { Turn::Idle(page.as_of) })
    }

    async fn write(&self, service: &Service, place: &mut Place, page: &Page) -> Result<Turn, Stop> {
        let whole = page.checkpoint().unwrap_or_else(|| behind(page, &page.events));
        let span = trace::batch(&self.status, &page.events);
        match self.transaction(place, &page.events, whole).instrument(span).await? {
            Written::Committed { parked } => self.committed(place, whole, parked),
            Written::BeginAnew => {
                self.begin_anew(service).await?;
                return Ok(Turn::Moved);
            }
            Written::NotApplied(NotApplied { index: 0, failed, undecodable }) => {
                return self.failed(place, page, failed, undecodable).await;
            }
            // What came before the one that failed; that one then comes first.
            Written::NotApplied(NotApplied { index, .. }) => {
                let (events, to) = (&page.events[..index], behind(page, &page.events[..index]));
                match self.transaction(place, events, to).await? {
                    Written::Committed { parked } => self.committed(place, to, parked),
                    Written::NotApplied(NotApplied { failed, .. }) | Written::Refused(failed) => {
                        return narrowed(place, index, failed);
                    }
                    Written::BeginAnew => {
                        self.begin_anew(service).await?;
                        return Ok(Turn::Moved);
                    }
                }
            }
            Written::Refused(failed) if place.batch_count_max == 1 => {
                return self.failed(place, page, failed, false).await;
            }
            Written::Refused(failed) => return narrowed(place, page.events.len(), failed),
        }
        place.batch_count_max = (place.batch_count_max * 2).min(PROJECTION_BATCH_COUNT_MAX);
        Ok(Turn::Moved)
    }

    fn committed(&self, place: &mut Place, to: Checkpoint, parked: Vec<Key>) {
        if !parked.is_empty() {
            self.status.add_parked(parked.len() as u64);
        }
        place.held_up.extend(parked);
        place.saved = Some(to);
        place.come_to(to, &self.status);
    }

    /// Applies `events` and moves the checkpoint to `to`, together.
    async fn transaction(
        &self,
        place: &Place,
        events: &[RecordedEvent],
        to: Checkpoint,
    ) -> Result<Written, Stop> {
        let mut slot = self.half().lock().await;
        let mut model = self.begin(slot.take(), place).await?;
        let mut parked = Vec::new();
        let mut forgot = false;
        for (index, event) in events.iter().enumerate() {
            let applied = match event.event_type.as_str() {
                FORGOTTEN => match self.forget(&mut model, place, event).await {
                    Ok(Forget::Rebuild) => {
                        model.rollback().await?;
                        return Ok(Written::BeginAnew);
                    }
                    Ok(Forget::Done) => {
                        forgot = true;
                        Ok(())
                    }
                    Err(failed) => Err((failed, false)),
                },
                _ => self.apply(&mut model, place, event, &mut parked).await,
            };
            if let Err((failed, undecodable)) = applied {
                model.rollback().await?;
                *slot = Some((place.generation, model));
                let failed = NotApplied { index, failed, undecodable };
                return Ok(Written::NotApplied(failed));
            }
        }
        if planted(Bug::CheckpointOutsideTransaction) {
            model.commit().await?;
            model.begin().await?;
        }
        if let Err(failed) = model.save_checkpoint(&self.status.source, to).await {
            return Ok(Written::Refused(failed)); // dropping the model rolls back
        }
        match commit(&mut model).await {
            Ok(()) => {
                if forgot {
                    model.scrub().await?;
                }
                *slot = Some((place.generation, model));
                Ok(Written::Committed { parked })
            }
            // Dropping the model rolls back; the next one is opened anew.
            Err(failed) => Ok(Written::Refused(failed)),
        }
    }

    /// Takes a forgotten subject out of the rows.
    async fn forget(
        &self,
        model: &mut ModelOf<P>,
        place: &Place,
        event: &RecordedEvent,
    ) -> Result<Forget, Failed> {
        if place.begun_at >= Some(event.position) {
            return Ok(Forget::Done);
        }
        let subject = subject_of(event).map_err(Failed::for_good)?;
        self.view.projection.forget(model.tx(), &subject).await
    }

    /// Applies one event, or parks it behind another of its key.
    async fn apply(
        &self,
        model: &mut ModelOf<P>,
        place: &Place,
        event: &RecordedEvent,
        parked: &mut Vec<Key>,
    ) -> Result<(), (Failed, bool)> {
        let inputs = self.decode(place, event).map_err(|failed| (failed, true))?;
        let Some(first) = inputs.first() else { return Ok(()) };
        let key = self.view.projection.key(first);
        if place.held_up.contains(&key) || parked.contains(&key) {
            let why = "an earlier event of its key is parked";
            self.park(model, event, &key, why).await.map_err(|failed| (failed, false))?;
            parked.push(key);
            return Ok(());
        }
        self.apply_inputs(model, &inputs).await.map_err(|failed| (failed, false))
    }

    /// What the projection makes of an event: nothing, one input, or several.
    pub(super) fn decode(
        &self,
        place: &Place,
        event: &RecordedEvent,
    ) -> Result<Vec<Recorded<P::Input>>, Failed> {
        let source = Source { context: self.status.source.as_str(), own: place.is_own };
        let decoded = P::Input::decode(source, event).map_err(Failed::for_good)?;
        let inputs = decoded.into_vec().into_iter();
        Ok(inputs.map(|input| Recorded::new(input, event.clone())).collect())
    }

    pub(super) async fn apply_inputs(
        &self,
        model: &mut ModelOf<P>,
        inputs: &[Recorded<P::Input>],
    ) -> Result<(), Failed> {
        for input in inputs {
            self.view.projection.apply(model.tx(), input).await?;
        }
        Ok(())
    }

    pub(super) async fn park(
        &self,
        model: &mut ModelOf<P>,
        event: &RecordedEvent,
        key: &Key,
        why: &str,
    ) -> Result<(), Failed> {
        tracing::warn!(reader = %self.status, event = %event.id, why, "event parked");
        model.park(ParkedEvent { source: &self.status.source, key, event, why }).await
    }

    /// The first event of the page could not be applied.
    async fn failed(
        &self,
        place: &mut Place,
        page: &Page,
        failed: Failed,
        undecodable: bool,
    ) -> Result<Turn, Stop> {
        let policy = self.view.projection.policy();
        let event = &page.events[0];
        let why = format!("{} at position {}: {failed}", event.event_type, event.position);
        if undecodable {
            let reader = self.status.to_string();
            metrics::counter!("headwater_events_undecodable_total", "reader" => reader)
                .increment(1);
        }
        if failed.retry() != Retry::Never && place.failures < policy.retries {
            place.failures += 1;
            let doubled = policy.backoff.saturating_mul(1 << (place.failures - 1).min(16));
            let wait = doubled.min(RESTART_WAIT_MAX);
            return Ok(Turn::Failed { why, wait: Some(wait) });
        }
        match policy.then {
            Poison::Halt => Err(Stop::ForGood(why)),
            Poison::Park => {
                let key = self.key_of(place, event);
                let to = behind(page, &page.events[..1]);
                let mut slot = self.half().lock().await;
                let mut model = self.begin(slot.take(), place).await?;
                self.park(&mut model, event, &key, &why).await?;
                model.save_checkpoint(&self.status.source, to).await?;
                model.commit().await?;
                *slot = Some((place.generation, model));
                self.committed(place, to, vec![key]);
                Ok(Turn::Moved)
            }
        }
    }

    /// What a parked event holds up; its stream, if it cannot be read.
    fn key_of(&self, place: &Place, event: &RecordedEvent) -> Key {
        let inputs = self.decode(place, event).unwrap_or_default();
        let key = inputs.first().map(|first| self.view.projection.key(first));
        key.unwrap_or_else(|| event.stream.clone().into())
    }

    /// Begins a transaction, if the database is where this reader left it: it was not rebuilt, and
    /// no other process has written to it.
    pub(super) async fn begin(
        &self,
        open: Option<(u32, ModelOf<P>)>,
        place: &Place,
    ) -> Result<ModelOf<P>, Stop> {
        let mut model = match open {
            Some((generation, model)) if generation == place.generation => model,
            Some(_) | None => self.view.database.open(View::<P>::model(place.generation)).await?,
        };
        model.begin().await?;
        let saved = model.checkpoint(&self.status.source).await?;
        if saved == place.saved {
            return Ok(model);
        }
        let why = format!("the model is at {saved:?}, this reader left it at {:?}", place.saved);
        Err(Stop::ForNow(why))
    }
}

/// A database that answers late does not say which of these events it refused: the next transaction is
/// half as large, until it is that event's own.
fn narrowed(place: &mut Place, count: usize, failed: Failed) -> Result<Turn, Stop> {
    if failed.retry() != Retry::Never {
        return Err(failed.into());
    }
    place.batch_count_max = (count / 2).max(1);
    Ok(Turn::Moved)
}

/// Where a reader is that has handled these events of the page, at least one, and not the rest.
fn behind(page: &Page, events: &[RecordedEvent]) -> Checkpoint {
    let last = events.last().expect("only called with events");
    Checkpoint { incarnation: page.incarnation, position: last.position }
}

impl<P: Projection> Reader for ProjectionReader<P> {
    fn status(&self) -> &Status {
        &self.status
    }

    fn turn<'a>(&'a self, service: &'a Service) -> BoxFuture<'a, Turn> {
        Box::pin(async move { self.status.after(self.take_turn(service).await) })
    }

    fn seek<'a>(
        &'a self,
        service: &'a Service,
        to: SeekTo,
        why: &'a str,
    ) -> BoxFuture<'a, Result<Skipped, ViewError>> {
        Box::pin(self.seek_to(service, to, why))
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
        Box::pin(self.discard_parked(service, event, why))
    }
}
