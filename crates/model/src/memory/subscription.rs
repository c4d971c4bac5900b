//! One reader of a context in memory.
//!
//! Invariants: R3 a reader's place moves only when its batch is handed over, so a dropped future
//! loses nothing, and stored and live events come the same way: there is no switch.

use super::store::Shared;
use crate::limits::PAGE_EVENT_COUNT_MAX;
use crate::{
    Answer, AsOf, Checkpoint, Delivery, Direction, From, Incarnation, Position, Query, ReadAll,
    ReadError, Subscription, Timestamp,
};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

pub(super) struct MemorySubscription {
    shared: Arc<Shared>,
    query: Query,
    /// Everything up to here was delivered or filtered out.
    done: Option<Position>,
    /// That the end was reached here has been said.
    said: bool,
}

impl MemorySubscription {
    pub(super) fn new(shared: Arc<Shared>, query: Query, done: Option<Position>) -> Self {
        Self { shared, query, done, said: false }
    }

    fn poll_next(&mut self, task: &Context<'_>) -> Poll<Result<Delivery, ReadError>> {
        self.shared.waiting().add(task.waker());
        loop {
            let mut history = self.shared.history();
            if history.head() == self.done {
                let checkpoint = self.done.map(checkpoint);
                return match std::mem::replace(&mut self.said, true) {
                    true => Poll::Pending,
                    false => Poll::Ready(Ok(Delivery::CaughtUp { checkpoint })),
                };
            }
            let page = history.read_all(&self.behind(), Timestamp::ZERO)?;
            self.said = false;
            self.done = page.checkpoint().map(|checkpoint| checkpoint.position);
            if let (false, Some(checkpoint)) = (page.events.is_empty(), page.checkpoint()) {
                return Poll::Ready(Ok(Delivery::Events { events: page.events, checkpoint }));
            }
        }
    }

    fn behind(&self) -> ReadAll {
        ReadAll {
            query: self.query.clone(),
            from: self.done.map_or(From::Edge, |done| From::At(done.next())),
            direction: Direction::Forwards,
            count_max: PAGE_EVENT_COUNT_MAX,
            as_of: AsOf::Now,
        }
    }
}

impl Subscription for MemorySubscription {
    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(poll_fn(move |task| self.poll_next(task)))
    }
}

fn checkpoint(position: Position) -> Checkpoint {
    Checkpoint { incarnation: Incarnation(0), position }
}
