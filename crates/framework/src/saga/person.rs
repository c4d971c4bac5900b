//! What a person does with a parked instance: retry, skip, end.
//!
//! Picture:
//! ```text
//!   retry ─▶ told again, as the code is now ─▶ parks again: nothing is stored, it stays parked
//!   skip  ─▶ passed over, with the reason   ─┬▶ what was held meanwhile, in order
//!   end   ─▶ completed or compensated, with the reason: somebody has seen to it by hand
//! ```
//! Invariants: C4 what follows and the release are one append, behind the instance as it was read: of
//! two people, one is told that it is parked no longer.

use super::instance::Standing;
use super::reader::{SagaReader, stop};
use super::record::{Entry, Forced, How, Parked, Told, ToldByHand};
use super::stepping::Stepping;
use super::{End, Saga, Verb};
use crate::Service;
use crate::decide::Setback;
use crate::decide::asking::{Asked, ask};
use crate::limits::COMMAND_ATTEMPTS_MAX;
use crate::parked::{Discarded, ParkedError, ParkedInput, Pick, Retried, RetryOutcome};
use crate::react::batch::Batch;
use crate::react::handler::{At, Handler as _};
use crate::react::park::{Release, Shelf};
use crate::react::retry;
use crate::react::session::{Session, Stop};
use headwater_model::{AppendError, EventId, Retry};
use std::sync::Arc;

/// What is done.
#[derive(Clone, Copy)]
enum Deed<'a> {
    Retry,
    Skip { why: &'a str },
    End { end: End, why: &'a str },
}

/// What a deed came to within its batch.
enum Came {
    Done,
    StillParked { code: String, why: String },
}

impl<S: Saga> SagaReader<S> {
    pub(super) async fn list_parked(
        &self,
        service: &Service,
    ) -> Result<Vec<ParkedInput>, ParkedError> {
        retry::list(service, &self.status).await
    }

    pub(super) async fn retry_parked(
        &self,
        service: &Service,
        pick: Pick,
    ) -> Result<Vec<Retried>, ParkedError> {
        let own = service.own().await?;
        let mut shelf = Shelf::read(&*own, &self.status).await?;
        let picked = pick.of(&self.status, shelf.list())?;
        let mut retried = Vec::with_capacity(picked.len());
        for input in picked {
            let outcome = match input.key {
                Some(_) => match self.see_to(service, &input, Deed::Retry).await? {
                    Came::Done => RetryOutcome::Done,
                    Came::StillParked { code, why } => RetryOutcome::StillParked { code, why },
                },
                None => {
                    let mut post = self.for_a_person(service).await?;
                    let (telling, session) = (self.telling(true), &mut post.session);
                    retry::one(&telling, session, &self.status, &mut shelf, &input).await?
                }
            };
            retried.push(Retried { input, outcome });
        }
        Ok(retried)
    }

    pub(super) async fn skip_parked(
        &self,
        service: &Service,
        event: EventId,
        why: &str,
    ) -> Result<Discarded, ParkedError> {
        let input = self.find(service, event).await?;
        if input.key.is_none() {
            return retry::discard(service, &self.status, event, why).await;
        }
        if let Came::StillParked { why, .. } =
            self.see_to(service, &input, Deed::Skip { why }).await?
        {
            let why = format!("it cannot go on without it: {why}");
            return Err(ParkedError::Stopped { why, retry: Retry::Never });
        }
        tracing::warn!(reader = %self.status, %event, why, "parked saga goes on without it");
        Ok(Discarded { input, behind_count: 0 })
    }

    pub(super) async fn force_parked(
        &self,
        service: &Service,
        event: EventId,
        end: End,
        why: &str,
    ) -> Result<ParkedInput, ParkedError> {
        let input = self.find(service, event).await?;
        if input.key.is_none() {
            return Err(ParkedError::NoSaga { reader: self.status.to_string(), event });
        }
        self.see_to(service, &input, Deed::End { end, why }).await?;
        tracing::warn!(reader = %self.status, %event, ?end, why, "parked saga ended by a person");
        Ok(input)
    }

    async fn find(&self, service: &Service, event: EventId) -> Result<ParkedInput, ParkedError> {
        let parked = self.list_parked(service).await?;
        let mut picked = Pick::One(event).of(&self.status, parked)?;
        Ok(picked.swap_remove(0))
    }

    /// What the reader works with, opened for this and not to read on.
    async fn for_a_person(&self, service: &Service) -> Result<super::reader::Post, ParkedError> {
        let mut slot = self.post.lock().await;
        let state = self.status.state();
        let opened = self.post_of(service, &mut slot).await;
        self.status.set_state(state);
        Ok(opened?)
    }

    async fn see_to(
        &self,
        service: &Service,
        input: &ParkedInput,
        deed: Deed<'_>,
    ) -> Result<Came, ParkedError> {
        let post = self.for_a_person(service).await?;
        let session = &post.session;
        for _ in 0..COMMAND_ATTEMPTS_MAX {
            // R2: a state that was cached may be older than what a person has mended.
            let mut batch = Batch::new(Arc::clone(&session.own), Arc::default());
            match self.deed(session, &mut batch, input, deed).await? {
                Ok(Came::Done) => {}
                Ok(still) => return Ok(still),
                Err(Setback::Torn) => continue,
                Err(setback) => return Err(stop(setback).into()),
            }
            let Asked { answer, .. } = ask(&*session.own, batch.append(None)).await;
            match answer {
                Ok(appended) => {
                    self.status.add_parked(batch.parked_count());
                    self.telling(false).stored(&batch);
                    batch.keep(&appended);
                    session.appended(appended.position, &self.status);
                    return Ok(Came::Done);
                }
                Err(
                    AppendError::WrongRevision(_)
                    | AppendError::ConditionFailed { .. }
                    | AppendError::IdReused { .. }
                    | AppendError::PartlyRepeated { .. },
                ) => {}
                Err(error @ (AppendError::TooLarge { .. } | AppendError::Tombstoned { .. })) => {
                    let (code, why) = (error.code().to_owned(), error.to_string());
                    return Ok(Came::StillParked { code, why });
                }
                Err(error) => return Err(Stop::by(error.retry(), error).into()),
            }
        }
        Err(Stop::ForNow("others keep writing first".to_owned()).into())
    }

    /// Adds to the batch what the deed comes to.
    async fn deed(
        &self,
        session: &Session,
        batch: &mut Batch,
        input: &ParkedInput,
        deed: Deed<'_>,
    ) -> Result<Result<Came, Setback>, ParkedError> {
        let at = At { session, status: &self.status };
        let not_parked =
            || ParkedError::NotParked { reader: self.status.to_string(), event: input.event };
        let key = input.key.as_ref().ok_or_else(not_parked)?;
        let id = S::Id::from(key.as_str().to_owned());
        let (saga, heard) = (&self.shared.saga, &self.shared.heard);
        let mut instance = match Stepping::open(saga, at, heard, batch, id).await {
            Ok(instance) => instance,
            Err(setback) => return Ok(Err(setback)),
        };
        let parked = match &instance.instance().standing {
            Standing::Parked(parked) if parked.event == input.event => parked.clone(),
            _ => return Err(not_parked()),
        };
        let came = instance.see_to(&parked, deed).await;
        if matches!(came, Ok(Came::Done)) {
            instance.finish();
        }
        Ok(came)
    }
}

/// What it was told, as it is told when a person has seen to it.
fn seen_to<S: Saga>(parked: &Parked, on: Told, verb: Verb, why: Option<&str>) -> Told {
    let (code, refused, why) =
        (parked.code.clone(), parked.refused.clone(), why.map(str::to_owned));
    match on {
        on if !S::NOTES => on,
        Told::ByHand(again) => {
            Told::ByHand(Box::new(ToldByHand { verb, code, refused, why, ..*again }))
        }
        on => Told::ByHand(Box::new(ToldByHand { verb, on, code, refused, why })),
    }
}

impl<S: Saga> Stepping<'_, S> {
    async fn see_to(&mut self, parked: &Parked, deed: Deed<'_>) -> Result<Came, Setback> {
        match deed {
            Deed::Retry => {
                self.resume(parked, How::Retried, None)?;
                if let Some(on) = parked.on.clone() {
                    let on = seen_to::<S>(parked, on, Verb::Retry, None);
                    let trigger = self.trigger(&on)?;
                    self.step(on, trigger).await?;
                }
                self.go_on().await?;
                Ok(self.still(parked))
            }
            Deed::Skip { why } => {
                self.resume(parked, How::Skipped, Some(why))?;
                // Who passes over being stuck knows what will come.
                let Some(on) = parked.on.clone() else { return Ok(Came::Done) };
                if S::NOTES {
                    let on = seen_to::<S>(parked, on, Verb::Skip, Some(why));
                    let trigger = self.trigger(&on)?;
                    self.step(on, trigger).await?;
                }
                self.go_on().await?;
                Ok(self.still(parked))
            }
            Deed::End { end, why } => {
                let forced = Forced { end, why: why.to_owned() };
                let id = self.entry_id(parked.event, "ended");
                self.add(id, Entry::Forced(forced), None)?;
                self.release(parked, &Release::Discarded { why })?;
                Ok(Came::Done)
            }
        }
    }

    /// Whether it is parked again for the same reason: what it was told, or that nothing will come.
    fn still(&self, before: &Parked) -> Came {
        match &self.instance().standing {
            Standing::Parked(now) if now.event == before.event || before.on.is_none() => {
                Came::StillParked { code: now.code.clone(), why: now.why.clone() }
            }
            _ => Came::Done,
        }
    }
}
