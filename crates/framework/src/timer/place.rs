//! Places: how far a reader of timers has come in the order of its context, and in time.
//!
//! Picture:
//! ```text
//!   pull    events that set timers, behind `seen`      ─▶ soon, if due before the horizon
//!   extend  buckets behind the horizon, up to `seen`   ─▶ soon; the horizon moves on
//! ```
//! A timer comes in by exactly one of the two ways: it was set behind what was seen, or before.

use super::bucket::{Names, Reach};
use super::dues_of;
use super::error::WakeError;
use super::fetch;
use super::mark::Mark;
use super::pin::pin;
use super::soon::{Key, Soon};
use super::wakes::{Next, Wake};
use crate::limits::{WAKE_COUNT_MAX, WAKES_ASKED_WAIT};
use crate::planted::{Bug, planted};
use headwater_model::{
    AsOf, EventStore, From, Page, Position, ReadAll, ReadError, RecordedEvent, Timestamp,
};
use std::time::Duration;

/// What is known between two asks; a copy of what is stored.
pub(super) struct Place {
    names: Names,
    soon: Soon,
    /// Events up to here were looked at.
    seen: Option<Position>,
    mark: Mark,
    reach: Reach,
    /// Nothing is recorded at or before this instant any more.
    pinned: Timestamp,
    /// When it was last asked what is due.
    asked_at: Timestamp,
}

impl Place {
    /// Begins at the mark; without one, with the first event there is.
    pub(super) async fn open(
        own: &dyn EventStore,
        names: Names,
        count_max: usize,
    ) -> Result<Self, WakeError> {
        let mark = Mark::read(own, &names).await?;
        let horizon = match mark.until(own, &names).await? {
            Some(until) => until,
            None => own.now(),
        };
        let (soon, seen) = (Soon::new(horizon, count_max), mark.position());
        let (reach, pinned, asked_at) = (Reach::FIRST, Timestamp::ZERO, Timestamp::ZERO);
        Ok(Self { names, soon, seen, mark, reach, pinned, asked_at })
    }

    pub(super) async fn next(&mut self, own: &dyn EventStore) -> Result<Next, WakeError> {
        self.pull(own).await?;
        let now = match planted(Bug::TimerEarly) {
            true => own.now().after(Duration::from_micros(1)),
            false => own.now(),
        };
        self.asked_at = now;
        loop {
            while self.soon.is_empty() && self.soon.horizon().due <= now {
                self.extend(own).await?;
            }
            let due = self.soon.due(now, WAKE_COUNT_MAX);
            let Some(last) = due.last() else { break };
            self.pin(own, last.due, now).await?;
            let wakes = self.fetch(own, &due).await?;
            if !wakes.is_empty() {
                return Ok(Next::Due(wakes));
            }
        }
        self.mark.settle(own, &self.names, &self.soon, self.seen).await?;
        Ok(Next::Waits(self.soon.next()))
    }

    pub(super) fn is_to_be_asked(&self, now: Timestamp) -> bool {
        self.soon.next() <= now || now.since(self.asked_at) >= WAKES_ASKED_WAIT
    }

    /// Looks at what came since.
    async fn pull(&mut self, own: &dyn EventStore) -> Result<(), WakeError> {
        loop {
            let from = self.seen.map_or(From::Edge, |seen| From::At(seen.next()));
            let read = ReadAll { from, ..ReadAll::forwards(self.names.setting()) };
            let page = own.read_all(read).await?;
            self.mark.is_of(&page)?;
            self.mark.count(page.events.len());
            for event in &page.events {
                keys_of(event).for_each(|key| self.soon.insert(key));
            }
            self.seen = self.seen.max(page.checkpoint().map(|at| at.position));
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    /// Looks further ahead in time, among what was seen.
    async fn extend(&mut self, own: &dyn EventStore) -> Result<(), WakeError> {
        let from = self.soon.horizon();
        let cover = self.names.cover(from.due, self.reach)?;
        let to = Key::first_at(cover.to);
        self.soon.raise(to);
        let Some(seen) = self.seen else { return Ok(()) };
        let is_asked_for = |key: &Key| match planted(Bug::TimerLostAtBorder) {
            true => key.due > from.due,
            false => *key >= from,
        };
        let mut read = ReadAll { as_of: AsOf::Position(seen), ..ReadAll::forwards(cover.query) };
        loop {
            let Page { events, next, .. } = own.read_all(read.clone()).await?;
            for event in &events {
                keys_of(event).filter(is_asked_for).for_each(|key| self.soon.insert(key));
            }
            let Some(next) = next else { break };
            read.from = From::At(next);
        }
        let all_fitted = self.soon.horizon() == to;
        self.reach = if all_fitted { self.reach.grown() } else { self.reach.shrunk() };
        Ok(())
    }

    /// C5: sees to it that nothing is recorded at or before `due`, also if the clock is set back: the
    /// store was asked for the context as of an instant, and keeps to its answer (A6).
    async fn pin(
        &mut self,
        own: &dyn EventStore,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<(), WakeError> {
        if due <= self.pinned {
            return Ok(());
        }
        pin(own, self.names.setting(), now).await?;
        self.pinned = now;
        Ok(())
    }

    /// The timers with their events. A timer whose event is not there any more went with it.
    async fn fetch(&mut self, own: &dyn EventStore, due: &[Key]) -> Result<Vec<Wake>, ReadError> {
        let events = fetch::events(own, &self.names.setting(), due).await?;
        let mut wakes = Vec::with_capacity(due.len());
        for key in due {
            match events.get(&key.position) {
                Some(event) => wakes.push(Wake {
                    event: event.clone(),
                    index: key.index as usize,
                    due: key.due,
                }),
                None => self.soon.remove(key),
            }
        }
        Ok(wakes)
    }

    pub(super) async fn handled(
        &mut self,
        own: &dyn EventStore,
        wakes: &[Wake],
    ) -> Result<(), WakeError> {
        for Wake { event, index, due } in wakes {
            let index = u32::try_from(*index).unwrap_or(u32::MAX);
            self.soon.remove(&Key { due: *due, position: event.position, index });
        }
        self.mark.count(wakes.len());
        self.mark.settle(own, &self.names, &self.soon, self.seen).await
    }
}

fn keys_of(event: &RecordedEvent) -> impl Iterator<Item = Key> {
    let position = event.position;
    (0..).zip(dues_of(event)).map(move |(index, due)| Key { due, position, index })
}
