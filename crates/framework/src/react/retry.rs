//! Retrying what a reaction has set aside.
//!
//! Why: a refusal may rest on what has changed since: the order is there now, the code that could
//! not read the event was replaced.
//!
//! Picture: as a batch of one input, with its release instead of a checkpoint:
//! ```text
//!   shelf ─▶ event ─▶ react ─▶ decide ─▶ one append: events · $InputRetried behind what was read
//!                        └ refused: nothing is stored, it stays parked
//! ```
//! Invariants: C1 effect and release are one append. The shelf is demanded to be as it was read: two
//! who retry the same input cannot both be stored. The ids of what follows are derived as in the
//! reader itself, so even without that demand nothing would count twice (A4).

use super::ReactionReader;
use super::batch::Batch;
use super::carry_out::Work;
use super::handler::{Attempt, Handler};
use super::park::{self, Release, Shelf};
use super::reacting::Reacting;
use crate::decide::asking::ask;
use crate::limits::COMMAND_ATTEMPTS_MAX;
use crate::parked::{Discarded, ParkedError, ParkedInput, Pick, Retried, RetryOutcome};
use crate::planted::{Bug, planted};
use crate::react::session::{Session, Stop};
use crate::reader::Status;
use crate::{Reaction, Service};
use headwater_model::{Append, AppendError, Appended, EventId, ExpectedRevision, NewEvent};
use std::sync::Arc;

impl<R: Reaction> ReactionReader<R> {
    pub(super) async fn retry_parked(
        &self,
        service: &Service,
        pick: Pick,
    ) -> Result<Vec<Retried>, ParkedError> {
        let mut slot = self.session.lock().await;
        let state = self.status.state();
        let opened = self.session_of(service, &mut slot).await;
        self.status.set_state(state); // it was opened for this, not to read on
        let mut session = opened?;
        let reacting = Reacting(&*self.reaction);
        let retried = all(&reacting, &mut session, &self.status, pick).await?;
        *slot = Some(session);
        Ok(retried)
    }
}

/// What the reader has set aside, in order.
pub(crate) async fn list(
    service: &Service,
    status: &Status,
) -> Result<Vec<ParkedInput>, ParkedError> {
    Ok(Shelf::read(&*service.own().await?, status).await?.list())
}

/// Tries again what is picked of what the reader has set aside.
pub(crate) async fn all<H: Handler>(
    handler: &H,
    session: &mut Session,
    status: &Status,
    pick: Pick,
) -> Result<Vec<Retried>, ParkedError> {
    let mut shelf = Shelf::read(&*session.own, status).await?;
    let picked = pick.of(status, shelf.list())?;
    let mut retried = Vec::with_capacity(picked.len());
    for input in picked {
        let outcome = one(handler, session, status, &mut shelf, &input).await?;
        retried.push(Retried { input, outcome });
    }
    Ok(retried)
}

/// Tries one input again.
pub(crate) async fn one<H: Handler>(
    handler: &H,
    session: &mut Session,
    status: &Status,
    shelf: &mut Shelf,
    input: &ParkedInput,
) -> Result<RetryOutcome, ParkedError> {
    let found = session.source.find(input.stream.clone(), input.event).await?;
    let Some(event) = found else { return Ok(RetryOutcome::event_gone()) };
    let released = park::released(status, input, &Release::Retried)?;
    let work = Work { handler, session, status };
    for _ in 0..COMMAND_ATTEMPTS_MAX {
        still_parked(status, shelf, input)?;
        // R2: a state that was cached may be older than what a person has mended.
        let mut batch = Batch::new(Arc::clone(&work.session.own), Arc::default());
        match work.attempt(&mut batch, &event).await {
            Attempt::Taken => {}
            Attempt::Torn => continue,
            Attempt::Stopped(stop) => return Err(stop.into()),
            Attempt::Refused { code, why } | Attempt::Undecodable { code, why } => {
                return Ok(RetryOutcome::StillParked { code: code.to_owned(), why });
            }
        }
        match store(&work, batch, shelf, released.clone()).await {
            Ok(appended) => {
                shelf.release(input);
                work.session.appended(appended.position, status);
                status.count_retried();
                tracing::info!(reader = %status, event = %event.id, "parked input retried");
                return Ok(RetryOutcome::Done);
            }
            Err(AppendError::WrongRevision(_) | AppendError::ConditionFailed { .. }) => {
                *shelf = Shelf::read(&*work.session.own, status).await?;
            }
            Err(error @ (AppendError::TooLarge { .. } | AppendError::Tombstoned { .. })) => {
                let (code, why) = (error.code().to_owned(), error.to_string());
                return Ok(RetryOutcome::StillParked { code, why });
            }
            Err(error) => return Err(Stop::by(error.retry(), error).into()),
        }
    }
    Err(Stop::ForNow("others keep writing first".to_owned()).into())
}

/// Stores what follows from the input, and its release.
async fn store<H: Handler>(
    work: &Work<'_, H>,
    mut batch: Batch,
    shelf: &Shelf,
    released: NewEvent,
) -> Result<Appended, AppendError> {
    let own = &*work.session.own;
    let release = release(work.status, shelf, released)?;
    if planted(Bug::ReleasedBeforeEffect) {
        ask(own, release.clone()).await.answer?;
        return ask(own, batch.append(None)).await.answer;
    }
    if batch.parked_count() > 0 {
        // What follows is set aside in its turn, on the same shelf.
        batch.release_onto(release.clone());
    } else {
        batch.release(release.clone());
    }
    match ask(own, batch.append(None)).await.answer {
        Ok(appended) => {
            work.status.add_parked(batch.parked_count());
            work.handler.stored(&batch);
            batch.keep(&appended);
            Ok(appended)
        }
        // What follows from it is stored already, under these ids: only the release is missing.
        Err(AppendError::IdReused { .. } | AppendError::PartlyRepeated { .. }) => {
            ask(own, release).await.answer
        }
        Err(error) => Err(error),
    }
}

/// The release alone, behind all that was read of the shelf.
fn release(status: &Status, shelf: &Shelf, released: NewEvent) -> Result<Append, AppendError> {
    let stream = park::stream(status);
    let stream = stream.map_err(|error| AppendError::Invalid { why: error.to_string() })?;
    let expected = shelf.last.map_or(ExpectedRevision::NoStream, ExpectedRevision::At);
    Ok(Append::to(stream, expected, vec![released]))
}

/// Gives an input up, for a reason.
pub(crate) async fn discard(
    service: &Service,
    status: &Status,
    event: EventId,
    why: &str,
) -> Result<Discarded, ParkedError> {
    let own = service.own().await?;
    for _ in 0..COMMAND_ATTEMPTS_MAX {
        let shelf = Shelf::read(&*own, status).await?;
        let mut picked = Pick::One(event).of(status, shelf.list())?;
        let input = picked.swap_remove(0);
        let released = park::released(status, &input, &Release::Discarded { why })?;
        let release = release(status, &shelf, released).map_err(stopped)?;
        match ask(&*own, release).await.answer {
            Ok(_) => {
                status.count_discarded();
                tracing::warn!(reader = %status, %event, why, "parked input discarded");
                return Ok(Discarded { input, behind_count: 0 });
            }
            Err(AppendError::WrongRevision(_)) => {}
            Err(error) => return Err(stopped(error)),
        }
    }
    Err(Stop::ForNow("others keep writing first".to_owned()).into())
}

fn still_parked(status: &Status, shelf: &Shelf, input: &ParkedInput) -> Result<(), ParkedError> {
    if shelf.inputs.contains_key(&(input.position, input.event)) {
        return Ok(());
    }
    Err(ParkedError::NotParked { reader: status.to_string(), event: input.event })
}

fn stopped(error: AppendError) -> ParkedError {
    Stop::by(error.retry(), error).into()
}

impl RetryOutcome {
    /// The store does not have the event any more.
    pub(crate) fn event_gone() -> Self {
        Self::StillParked {
            code: "parked.event_gone".to_owned(),
            why: "its event is not in the store any more; discard it".to_owned(),
        }
    }
}
