//! The mark: up to when everything was handled, as a checkpoint in the owner's own context.
//!
//! Why: without it a restart would look at every timer ever set. It is a position, like every
//! checkpoint, and stands for the moment at which the event there was recorded: all timers that had been
//! set and were due by that moment were handled. So it needs nothing that the store does not have: it is
//! a control item, which takes no position, is backed up and restored with the events it is about, and
//! moves by compare-and-set.
//!
//! Invariants: C2, C5 never ahead of what was handled; never back. It may be far behind: then a restart
//! hands out again what was handled, and takes longer; nothing else. It is therefore written seldom.

use super::bucket::Names;
use super::error::WakeError;
use super::soon::Soon;
use crate::decide::asking::ask;
use crate::limits::{MARK_WAIT, MARK_WORK_COUNT};
use crate::planted::{Bug, planted};
use headwater_model::{
    Append, AppendError, AsOf, Checkpoint, Direction, EventStore, From, Incarnation, Page,
    Position, ReadAll, ReadError, SaveCheckpoint, Timestamp,
};

pub(super) struct Mark {
    saved: Option<Checkpoint>,
    incarnation: Incarnation,
    /// Timers that a restart would have to look at again.
    work_count: usize,
    /// When it was last thought about.
    looked_at: Timestamp,
}

impl Mark {
    pub(super) async fn read(own: &dyn EventStore, names: &Names) -> Result<Self, ReadError> {
        let saved = own.checkpoint(names.mark.clone()).await?;
        let (incarnation, head) = own.head().await?;
        match saved {
            // Both stand in one journal, so this cannot be, unless it is not the journal it was.
            Some(at) if Some(at.position) > head => {
                let (had, is, position) = (at.incarnation, incarnation, at.position);
                Err(ReadError::Diverged { position, had, is })
            }
            _ => Ok(Self { saved, incarnation, work_count: 0, looked_at: own.now() }),
        }
    }

    /// All timers set up to here were handled, if they were due by [`until`](Self::until).
    pub(super) fn position(&self) -> Option<Position> {
        self.saved.map(|at| at.position)
    }

    /// When the last event of an owner up to the mark was recorded: that is no later than the mark stands
    /// for, and little earlier, since the mark moves when owners have done something.
    pub(super) async fn until(
        &self,
        own: &dyn EventStore,
        names: &Names,
    ) -> Result<Option<Timestamp>, ReadError> {
        let Some(at) = self.saved else { return Ok(None) };
        let mut read = ReadAll {
            from: From::At(at.position),
            direction: Direction::Backwards,
            count_max: 1,
            ..ReadAll::forwards(names.owners())
        };
        loop {
            let page = own.read_all(read.clone()).await?;
            match (page.events.first(), page.next) {
                (Some(event), _) => return Ok(Some(event.recorded_at)),
                (None, Some(next)) => read.from = From::At(next),
                (None, None) => return Ok(Some(Timestamp::ZERO)),
            }
        }
    }

    /// C2: a page of another history says nothing about what was seen of this one.
    pub(super) fn is_of(&self, page: &Page) -> Result<(), ReadError> {
        let (had, is) = (self.incarnation, page.incarnation);
        match had == is {
            true => Ok(()),
            false => {
                let position = self.position().unwrap_or(Position::ZERO);
                Err(ReadError::Diverged { position, had, is })
            }
        }
    }

    /// So many timers more were seen, or handled.
    pub(super) fn count(&mut self, timers: usize) {
        self.work_count += timers;
    }

    /// Moves the mark, if that is worth an append.
    pub(super) async fn settle(
        &mut self,
        own: &dyn EventStore,
        names: &Names,
        soon: &Soon,
        seen: Option<Position>,
    ) -> Result<(), WakeError> {
        let now = own.now();
        let waited = now.since(self.looked_at) >= MARK_WAIT;
        if self.work_count == 0 || !(waited || self.work_count >= MARK_WORK_COUNT) {
            return Ok(());
        }
        self.looked_at = now;
        // Whatever is due before this was handled; what is due at it may not have been.
        let until = match planted(Bug::MarkTooFar) {
            true => now,
            false => now.min(just_before(soon.next())),
        };
        let Some(to) = self.reached(own, names, until, seen).await? else { return Ok(()) };
        let save = SaveCheckpoint { name: names.mark.clone(), expected: self.saved, to };
        match ask(own, Append::default().saving(save)).await.answer {
            Ok(_) => (self.saved, self.work_count) = (Some(to), 0),
            // Another instance has moved it, and what it says is true as well; or a reply was lost.
            Err(AppendError::CheckpointMoved { actual, .. }) => self.saved = actual,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The last position recorded by `until`, of those that were seen, if that is progress.
    async fn reached(
        &mut self,
        own: &dyn EventStore,
        names: &Names,
        until: Timestamp,
        seen: Option<Position>,
    ) -> Result<Option<Checkpoint>, ReadError> {
        let read = ReadAll {
            direction: Direction::Backwards,
            count_max: 1,
            as_of: AsOf::Time(until),
            ..ReadAll::forwards(names.setting())
        };
        let page = own.read_all(read).await?;
        self.is_of(&page)?;
        let position = page.as_of.min(seen);
        let is_progress = position > self.position();
        let to = position.filter(|_| is_progress);
        Ok(to.map(|position| Checkpoint { incarnation: page.incarnation, position }))
    }
}

fn just_before(instant: Timestamp) -> Timestamp {
    Timestamp::from_micros(instant.as_micros().saturating_sub(1))
}
