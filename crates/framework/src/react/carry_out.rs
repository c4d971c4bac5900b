//! Carrying out a page of inputs: as one batch, or one by one where that does not work.
//!
//! Picture:
//! ```text
//!   fill a batch ─▶ append ─▶ stored: next inputs
//!        ▲             ├─ someone wrote first: again; the third time, one by one
//!        └─────────────┼─ too large, or a stream is tombstoned: one by one; alone, it is parked
//!                      └─ carried out before: save the checkpoint alone, go on
//! ```
//! Invariant: an input is left behind only when the checkpoint has moved past it.

use super::batch::Batch;
use super::handler::{At, Attempt, Handler};
use super::park;
use super::session::{Session, Stop};
use crate::decide::asking::{Asked, ask};
use crate::limits::{
    BATCH_ATTEMPTS_MAX, COMMAND_ATTEMPTS_MAX, REACTION_EVENT_COUNT_MAX, REACTION_PAYLOAD_BYTES_MAX,
};
use crate::planted::{Bug, planted};
use crate::reader::Status;
use crate::{Poison, trace};
use headwater_model::{AppendError, Checkpoint, Page, Position, RecordedEvent};
use std::sync::Arc;
use tracing::Instrument as _;

/// Carries out all events of the page; `whole` is what to save behind the last of them.
pub(crate) async fn handle<H: Handler>(
    handler: &H,
    session: &mut Session,
    status: &Status,
    page: &Page,
    whole: Option<Checkpoint>,
) -> Result<(), Stop> {
    let (mut pace, mut done, count) = (Pace::new(), 0, page.events.len());
    while done < count {
        let inputs = &page.events[done..count.min(done.saturating_add(pace.batch_count_max))];
        let mut work = Work { handler, session: &mut *session, status };
        let span = trace::batch(status, inputs);
        let Some((batch, taken)) = work.fill(inputs).instrument(span.clone()).await? else {
            pace.contended()?;
            continue;
        };
        let position = inputs[taken - 1].position;
        let behind = Checkpoint { incarnation: page.incarnation, position };
        let to = whole.filter(|_| done + taken == count).unwrap_or(behind);
        match work.store(batch, &inputs[..taken], to).instrument(span).await? {
            Outcome::Done => done += taken,
            Outcome::Contended => pace.contended()?,
            Outcome::OneByOne => pace.batch_count_max = 1,
        }
    }
    Ok(())
}

/// How boldly a page is carried out.
struct Pace {
    batch_count_max: usize,
    attempts: u32,
}

impl Pace {
    fn new() -> Self {
        Self { batch_count_max: usize::MAX, attempts: 0 }
    }

    fn contended(&mut self) -> Result<(), Stop> {
        self.attempts += 1;
        if self.attempts >= BATCH_ATTEMPTS_MAX {
            self.batch_count_max = 1;
        }
        match self.attempts < COMMAND_ATTEMPTS_MAX {
            true => Ok(()),
            false => Err(Stop::ForNow("others keep writing first".to_owned())),
        }
    }
}

/// What an append of a batch came to, short of stopping the reader.
enum Outcome {
    Done,
    Contended,
    OneByOne,
}

/// What one input came to within its batch.
enum Taken {
    Yes,
    /// Two states were read at different moments.
    Torn,
    /// Nothing of it is in the batch; the reader stops in front of it.
    No(Stop),
}

/// A reader at one batch.
pub(crate) struct Work<'a, H> {
    pub(crate) handler: &'a H,
    pub(crate) session: &'a mut Session,
    pub(crate) status: &'a Status,
}

impl<H: Handler> Work<'_, H> {
    /// A batch of the first inputs, at least one, and how many; `None` if it must be done again.
    async fn fill(&mut self, inputs: &[RecordedEvent]) -> Result<Option<(Batch, usize)>, Stop> {
        let mut batch = self.batch();
        for (n, event) in inputs.iter().enumerate() {
            let full = batch.event_count() >= REACTION_EVENT_COUNT_MAX
                || batch.payload_bytes() >= REACTION_PAYLOAD_BYTES_MAX;
            if n > 0 && full {
                return Ok(Some((batch, n)));
            }
            match self.take(&mut batch, event).await? {
                Taken::Yes => {}
                Taken::Torn => return Ok(None),
                // What came before it is stored first.
                Taken::No(_) if n > 0 => return Ok(Some((batch, n))),
                Taken::No(stop) => return Err(stop),
            }
        }
        Ok(Some((batch, inputs.len())))
    }

    /// A batch with nothing in it.
    pub(crate) fn batch(&self) -> Batch {
        Batch::new(Arc::clone(&self.session.own), Arc::clone(&self.session.caches))
    }

    /// Adds what follows from one input, or sets it aside.
    async fn take(&mut self, batch: &mut Batch, event: &RecordedEvent) -> Result<Taken, Stop> {
        match self.attempt(batch, event).await {
            Attempt::Taken => Ok(Taken::Yes),
            Attempt::Torn => Ok(Taken::Torn),
            Attempt::Refused { code, why } => {
                self.park(batch, event, code, &why).map(|()| Taken::Yes)
            }
            Attempt::Undecodable { code, why } => self.poison(batch, event, code, &why),
            Attempt::Stopped(stop) => Ok(Taken::No(stop)),
        }
    }

    /// Adds what follows from one input: all of it, or nothing.
    pub(crate) async fn attempt(&self, batch: &mut Batch, event: &RecordedEvent) -> Attempt {
        let at = At { session: &*self.session, status: self.status };
        let (span, event) = trace::input(self.status, event);
        self.handler.attempt(at, batch, &event).instrument(span).await
    }

    /// R4: an event that cannot be read stops the reader or is parked, and is counted.
    fn poison(
        &self,
        batch: &mut Batch,
        event: &RecordedEvent,
        code: &'static str,
        why: &str,
    ) -> Result<Taken, Stop> {
        let reader = self.status.to_string();
        metrics::counter!("headwater_events_undecodable_total", "reader" => reader).increment(1);
        match self.handler.undecodable() {
            Poison::Park => self.park(batch, event, code, why).map(|()| Taken::Yes),
            Poison::Halt => {
                let why = format!("{} at position {}: {why}", event.event_type, event.position);
                Ok(Taken::No(Stop::ForGood(why)))
            }
        }
    }

    fn park(
        &self,
        batch: &mut Batch,
        event: &RecordedEvent,
        code: &str,
        why: &str,
    ) -> Result<(), Stop> {
        tracing::warn!(reader = %self.status, event = %event.id, code, why, "input parked");
        let what = park::What::of(event);
        let parked = what.event(self.status, code, why, batch.now())?;
        batch.park(&park::stream(self.status)?, parked);
        Ok(())
    }

    async fn store(
        &mut self,
        batch: Batch,
        inputs: &[RecordedEvent],
        to: Checkpoint,
    ) -> Result<Outcome, Stop> {
        let mut append = batch.append(Some(self.session.moving(to)));
        if planted(Bug::CheckpointBeforeEffect) {
            append.checkpoints.clear();
            self.session.save(to).await?;
        }
        let unfenced = planted(Bug::Unfenced).then(|| append.clone());
        let Asked { mut answer, lost_replies } = ask(&*self.session.own, append).await;
        if let (Some(mut again), Err(AppendError::CheckpointMoved { actual, .. })) =
            (unfenced, &answer)
        {
            again.checkpoints.iter_mut().for_each(|save| save.expected = *actual);
            answer = ask(&*self.session.own, again).await.answer;
        }
        match answer {
            Ok(appended) if !appended.replayed || lost_replies => {
                let position = appended.position.filter(|_| batch.event_count() > 0);
                self.status.add_parked(batch.parked_count());
                self.handler.stored(&batch);
                batch.keep(&appended);
                Ok(self.done(to, position))
            }
            // A lost reply: it was done.
            Err(AppendError::CheckpointMoved { actual, .. })
                if lost_replies && actual == Some(to) =>
            {
                Ok(self.done(to, None))
            }
            Err(AppendError::WrongRevision(_) | AppendError::ConditionFailed { .. }) => {
                Ok(Outcome::Contended)
            }
            Ok(appended) => self.pass(to, appended.position).await,
            Err(AppendError::IdReused { .. } | AppendError::PartlyRepeated { .. }) => {
                if inputs.len() == 1 { self.pass(to, None).await } else { Ok(Outcome::OneByOne) }
            }
            Err(AppendError::TooLarge { .. } | AppendError::Tombstoned { .. })
                if inputs.len() > 1 =>
            {
                Ok(Outcome::OneByOne)
            }
            Err(error @ (AppendError::TooLarge { .. } | AppendError::Tombstoned { .. })) => {
                self.park_alone(&inputs[0], &error, to).await
            }
            Err(error) => Err(Stop::by(error.retry(), error)),
        }
    }

    /// The ids tell that these inputs were carried out before: only the checkpoint is behind.
    async fn pass(&mut self, to: Checkpoint, at: Option<Position>) -> Result<Outcome, Stop> {
        self.session.save(to).await?;
        Ok(self.done(to, at))
    }

    /// The checkpoint is stored.
    fn done(&mut self, to: Checkpoint, appended: Option<Position>) -> Outcome {
        self.session.saved(to);
        self.session.come_to(to, appended, self.status);
        Outcome::Done
    }

    /// What follows from this input can never be stored.
    async fn park_alone(
        &mut self,
        event: &RecordedEvent,
        error: &AppendError,
        to: Checkpoint,
    ) -> Result<Outcome, Stop> {
        let mut batch = self.batch();
        self.park(&mut batch, event, error.code(), &error.to_string())?;
        let append = batch.append(Some(self.session.moving(to)));
        match ask(&*self.session.own, append).await.answer {
            Ok(_) => {
                self.status.add_parked(1);
                Ok(self.done(to, None))
            }
            Err(error) => Err(Stop::by(error.retry(), error)),
        }
    }
}
