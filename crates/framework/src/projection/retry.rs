//! Retrying what a projection has set aside.
//!
//! Why: a parked event holds up the rows of its key. Once its cause is mended it is applied as if it
//! came now, and those behind it follow.
//!
//! Picture: for each key, in the order of positions, each in a transaction of its own:
//! ```text
//!   begin ─ apply ─ release ─ commit ─▶ the next of its key
//!             └ it fails: roll back; begin ─ the reason as it is now ─ commit; the rest stays
//! ```
//! Invariants: C1 rows and release are one transaction. C3 an event is applied behind all earlier
//! ones of its key; the key counts as held up until none of it is parked. The reader takes no turn
//! meanwhile, so no new event overtakes.

use super::place::Place;
use super::reader::{ModelOf, ProjectionReader};
use super::{Database, Key, ParkedEvent, ParkedRow, Projection, ReadModel};
use crate::parked::{Discarded, ParkedError, ParkedInput, Pick, Retried, RetryOutcome};
use crate::planted::{Bug, planted};
use crate::react::session::Stop;
use crate::{Failed, Service};
use headwater_model::{EventId, RecordedEvent};
use std::collections::HashSet;

/// The code of everything that a projection parks: the reason is in the words.
const PARKED: &str = "projection.parked";

impl<P: Projection> ProjectionReader<P> {
    pub(super) async fn list_parked(&self, _: &Service) -> Result<Vec<ParkedInput>, ParkedError> {
        let Some(name) = self.view.of(self.side).await? else { return Ok(Vec::new()) };
        let mut slot = self.half().lock().await;
        let mut model = match slot.take() {
            Some((generation, model)) if generation == name.generation => model,
            Some(_) | None => self.view.database.open(name).await?,
        };
        let rows = model.parked(&self.status.source).await?;
        *slot = Some((name.generation, model));
        Ok(rows.into_iter().map(|row| self.input(row)).collect())
    }

    fn input(&self, row: ParkedRow) -> ParkedInput {
        ParkedInput {
            reader: self.status.name.to_owned(),
            source: self.status.source.clone(),
            event: row.event,
            event_type: row.event_type,
            stream: row.stream,
            revision: row.revision,
            position: row.position,
            key: Some(row.key),
            code: PARKED.to_owned(),
            why: row.why,
            parked_at: None,
        }
    }

    pub(super) async fn retry_parked(
        &self,
        service: &Service,
        pick: Pick,
    ) -> Result<Vec<Retried>, ParkedError> {
        let mut slot = self.place.lock().await;
        let mut place = self.place_for_parked(service, &mut slot).await?;
        let picked = pick.of(&self.status, self.list_parked(service).await?)?;
        let mut retried = Vec::with_capacity(picked.len());
        let mut held_up: HashSet<Option<Key>> = HashSet::new();
        for input in picked {
            if held_up.contains(&input.key) {
                continue;
            }
            let outcome = self.retry_one(&place, &input).await?;
            if outcome == RetryOutcome::Done {
                self.status.count_retried();
                tracing::info!(reader = %self.status, event = %input.event, "parked event retried");
            } else {
                held_up.insert(input.key.clone());
            }
            retried.push(Retried { input, outcome });
        }
        self.look_who_is_held_up(&mut place, service).await?;
        if planted(Bug::FollowersOvertaken) {
            place.held_up.clear();
        }
        *slot = Some(place);
        Ok(retried)
    }

    /// The reader's place, opened for this and not to read on.
    async fn place_for_parked(
        &self,
        service: &Service,
        slot: &mut Option<Place>,
    ) -> Result<Place, ParkedError> {
        let state = self.status.state();
        let opened = self.place_of(service, slot).await;
        self.status.set_state(state);
        opened?.ok_or_else(|| Stop::ForNow(format!("{} is being built", P::NAME)).into())
    }

    async fn look_who_is_held_up(
        &self,
        place: &mut Place,
        service: &Service,
    ) -> Result<(), ParkedError> {
        let parked = self.list_parked(service).await?;
        place.held_up = parked.into_iter().filter_map(|input| input.key).collect();
        Ok(())
    }

    async fn retry_one(
        &self,
        place: &Place,
        input: &ParkedInput,
    ) -> Result<RetryOutcome, ParkedError> {
        let found = place.source.find(input.stream.clone(), input.event).await?;
        let Some(event) = found else { return Ok(RetryOutcome::event_gone()) };
        let mut slot = self.half().lock().await;
        let mut model = self.begin(slot.take(), place).await?;
        if let Err(failed) = self.apply_parked(&mut model, place, &event).await {
            model.rollback().await?;
            let why = format!("{} at position {}: {failed}", event.event_type, event.position);
            model.begin().await?;
            let key = input.key.as_ref().expect("a projection's inputs have keys");
            let source = &self.status.source;
            model.park(ParkedEvent { source, key, event: &event, why: &why }).await?;
            model.commit().await?;
            *slot = Some((place.generation, model));
            return Ok(RetryOutcome::StillParked { code: PARKED.to_owned(), why });
        }
        if planted(Bug::ReleasedOutsideTransaction) {
            model.commit().await?;
            model.begin().await?;
        }
        if !model.release(&self.status.source, input.position).await? {
            let (reader, event) = (self.status.to_string(), input.event);
            return Err(ParkedError::NotParked { reader, event }); // and the model is rolled back
        }
        model.commit().await?;
        *slot = Some((place.generation, model));
        Ok(RetryOutcome::Done)
    }

    async fn apply_parked(
        &self,
        model: &mut ModelOf<P>,
        place: &Place,
        event: &RecordedEvent,
    ) -> Result<(), Failed> {
        let inputs = self.decode(place, event)?;
        self.apply_inputs(model, &inputs).await
    }

    pub(super) async fn discard_parked(
        &self,
        service: &Service,
        event: EventId,
        why: &str,
    ) -> Result<Discarded, ParkedError> {
        let mut slot = self.place.lock().await;
        let mut place = self.place_for_parked(service, &mut slot).await?;
        let parked = self.list_parked(service).await?;
        let not_parked = || ParkedError::NotParked { reader: self.status.to_string(), event };
        let input = parked.iter().find(|input| input.event == event).cloned();
        let input = input.ok_or_else(not_parked)?;
        self.give_up(&place, &input, why).await?;
        self.status.count_discarded();
        tracing::warn!(reader = %self.status, %event, why, "parked event discarded");
        self.look_who_is_held_up(&mut place, service).await?;
        *slot = Some(place);
        let behind = parked.iter().filter(|one| one.key == input.key && one.event != event);
        Ok(Discarded { behind_count: behind.count() as u64, input })
    }

    async fn give_up(
        &self,
        place: &Place,
        input: &ParkedInput,
        why: &str,
    ) -> Result<(), ParkedError> {
        let mut slot = self.half().lock().await;
        let mut model = self.begin(slot.take(), place).await?;
        if !model.give_up(&self.status.source, input.position, why).await? {
            let (reader, event) = (self.status.to_string(), input.event);
            return Err(ParkedError::NotParked { reader, event });
        }
        model.commit().await?;
        *slot = Some((place.generation, model));
        Ok(())
    }
}
