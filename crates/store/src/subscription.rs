//! Subscriptions: one reader, from where it begins to whatever is still to come.
//!
//! Why: stored and live events come the same way, by pages; at the end the reader waits for the
//! head to move and reads the next page. There is no switch, hence no seam.
//!
//! Invariants: R3 every matching event once, in order. C2 the checkpoint of a delivery is the last
//! position that was delivered or filtered out. The reader's place moves only when its step is
//! handed over: a dropped future loses nothing.

use crate::planted::{Bug, planted};
use crate::read::{check_query, read_all};
use crate::state::{Head, State};
use headwater_model::limits::PAGE_EVENT_COUNT_MAX;
use headwater_model::{
    Answer, AsOf, Checkpoint, Delivery, Direction, From, Page, Position, Query, ReadAll, ReadError,
    Start, Subscribe, Subscription, Timestamp, Unavailable,
};
use std::sync::Arc;
use tokio::sync::watch;

/// One reader of a context.
pub(crate) struct Reader {
    state: Arc<State>,
    head: watch::Receiver<Head>,
    query: Query,
    /// Everything up to here was delivered or filtered out.
    done: Option<Position>,
    /// That the end was reached here has been said.
    said: bool,
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
        let head = state.watch();
        Ok(Self { state, head, query: subscribe.query, done, said: false })
    }

    /// What there is to say now; `None`: wait for the head to move.
    fn step(&mut self) -> Result<Option<Delivery>, ReadError> {
        loop {
            // Looked at before the page is read, so that what comes behind it wakes this reader.
            let head = *self.head.borrow_and_update();
            if head.next.previous() == self.done {
                let checkpoint = self.done.map(|position| self.checkpoint(position));
                let said = std::mem::replace(&mut self.said, true);
                return Ok((!said).then_some(Delivery::CaughtUp { checkpoint }));
            }
            let page = read_all(&self.state, &self.behind(), Timestamp::ZERO)?;
            let checkpoint = page.checkpoint();
            self.said = false;
            self.done = checkpoint.map(|checkpoint| checkpoint.position);
            if let (Some(checkpoint), Page { events, .. }) = (checkpoint, page)
                && !events.is_empty()
            {
                return Ok(Some(Delivery::Events { events, checkpoint }));
            }
        }
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
            count_max: PAGE_EVENT_COUNT_MAX,
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

impl Subscription for Reader {
    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(async move {
            loop {
                if let Some(delivery) = self.step()? {
                    return Ok(delivery);
                }
                if self.state.is_closed() || self.head.changed().await.is_err() {
                    return Err(ReadError::Unavailable(Unavailable::Closed));
                }
            }
        })
    }
}
