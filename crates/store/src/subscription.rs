//! Subscriptions: one reader, from where it begins to whatever is still to come.
//!
//! Why: stored and live events come the same way, by pages; at the end the reader waits for an
//! event that it asked for and reads the next page. There is no switch, hence no seam.
//!
//! Picture:
//! ```text
//!   look ─▶ page ─▶ events: deliver        at the end: say so once, then sleep
//!    ▲       └ none: look on (others first)                 │
//!    └── an event that matches ◀────────────────────────────┤
//!        none matched up to here: say so ◀──────────────────┘  at most once a second
//! ```
//! Invariants: R3 every matching event once, in order. C2 the checkpoint of a delivery is the last
//! position that was delivered or filtered out. The reader's place moves only when its step is
//! handed over: a dropped future loses nothing.

use crate::planted::{Bug, planted};
use crate::read::{check_query, read_within};
use crate::state::State;
use crate::waking::{Entered, Woken};
use headwater_model::limits::{DELIVERED_EVENT_BYTES, PAGE_BYTES_MAX, PAGE_EVENT_COUNT_MAX};
use headwater_model::{
    Answer, AsOf, Checkpoint, Delivery, Direction, From, Page, Position, Query, ReadAll, ReadError,
    Start, Subscribe, Subscription, Timestamp, Unavailable,
};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

/// One reader of a context.
pub(crate) struct Reader {
    state: Arc<State>,
    entered: Entered,
    query: Query,
    /// Everything up to here was delivered or filtered out.
    done: Option<Position>,
    /// That the end was reached here has been said.
    said: bool,
    /// Of one delivery.
    bytes_max: usize,
}

impl Reader {
    pub(crate) fn new(state: Arc<State>, subscribe: Subscribe) -> Result<Self, ReadError> {
        check_query(&subscribe.query)?;
        let last = state.head().next.previous();
        let done = match subscribe.start {
            Start::Beginning => None,
            Start::Now => last,
            Start::After(checkpoint) => Some(known(&state, checkpoint, last)?),
        };
        let entered = state.waking.enter(subscribe.query.clone());
        let (query, said, bytes_max) = (subscribe.query, false, PAGE_BYTES_MAX);
        Ok(Self { state, entered, query, done, said, bytes_max })
    }

    /// Looks once: a bounded amount of work.
    fn look(&mut self) -> Result<Look, ReadError> {
        if self.state.head().next.previous() == self.done {
            return Ok(self.at_the_end());
        }
        let page = read_within(&self.state, &self.behind(), Timestamp::ZERO, self.bytes_max)?;
        let checkpoint = page.checkpoint();
        self.come(checkpoint.map(|checkpoint| checkpoint.position));
        match (checkpoint, page) {
            (Some(checkpoint), Page { events, .. }) if !events.is_empty() => {
                let last = events.last().map(|event| event.position);
                assert!(last <= Some(checkpoint.position), "C2: a checkpoint is behind its events");
                Ok(Look::Delivers(Delivery::Events { events, checkpoint }))
            }
            (_, Page { next: Some(_), .. }) => Ok(Look::GoesOn),
            _ => Ok(self.at_the_end()),
        }
    }

    /// The end was reached: it is said once.
    fn at_the_end(&mut self) -> Look {
        let checkpoint = self.done.map(|position| self.checkpoint(position));
        let said = std::mem::replace(&mut self.said, true);
        if said { Look::Waits } else { Look::Delivers(Delivery::CaughtUp { checkpoint }) }
    }

    /// Everything up to `position` was delivered or filtered out.
    fn come(&mut self, position: Option<Position>) {
        assert!(position >= self.done, "C2: a checkpoint went back");
        self.said &= position == self.done;
        self.done = position;
    }

    fn behind(&self) -> ReadAll {
        let next = self.done.map(Position::next);
        let next = match next {
            Some(next) if planted(Bug::DropEventAtLiveSwitch) && self.said => Some(next.next()),
            next => next,
        };
        ReadAll {
            query: self.query.clone(),
            from: next.map_or(From::Edge, From::At),
            direction: Direction::Forwards,
            count_max: (self.bytes_max / DELIVERED_EVENT_BYTES).clamp(1, PAGE_EVENT_COUNT_MAX),
            as_of: AsOf::Now,
        }
    }

    fn checkpoint(&self, position: Position) -> Checkpoint {
        Checkpoint { incarnation: self.state.incarnation(), position }
    }
}

/// C2: a checkpoint means something only in the history that it was saved in.
fn known(
    state: &State,
    checkpoint: Checkpoint,
    last: Option<Position>,
) -> Result<Position, ReadError> {
    let Checkpoint { incarnation, position } = checkpoint;
    let held = state.held.read();
    let is_ours = held.identity.as_ref().is_none_or(|identity| identity.knows(checkpoint));
    drop(held);
    if is_ours && Some(position) <= last {
        return Ok(position);
    }
    Err(ReadError::Diverged { position, had: incarnation, is: state.incarnation() })
}

/// What a look came to.
enum Look {
    Delivers(Delivery),
    /// Nothing matched so far, and there is more.
    GoesOn,
    /// There is nothing to say.
    Waits,
}

/// Lets others go first: a reader that looks through much must not keep its thread for itself.
async fn give_way() {
    let mut gave_way = false;
    poll_fn(|task| {
        if std::mem::replace(&mut gave_way, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.state.waking.leave(&self.entered);
    }
}

impl Subscription for Reader {
    fn bound(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max.min(PAGE_BYTES_MAX);
    }

    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(async move {
            loop {
                // Before the look, so that what it does not see wakes this reader.
                self.entered.looks();
                match self.look()? {
                    Look::Delivers(delivery) => return Ok(delivery),
                    Look::GoesOn => {
                        give_way().await;
                        continue;
                    }
                    Look::Waits => {}
                }
                if self.state.is_closed() {
                    return Err(ReadError::Unavailable(Unavailable::Closed));
                }
                if let Woken::Passed(position) = self.entered.woken().await
                    && Some(position) > self.done
                {
                    self.come(Some(position));
                    if let Look::Delivers(delivery) = self.at_the_end() {
                        return Ok(delivery);
                    }
                }
            }
        })
    }
}
