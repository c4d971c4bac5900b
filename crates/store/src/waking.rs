//! Waking: who waits for which events, and whom a commit concerns.
//!
//! Why: ten thousand readers that want one stream each must not each look at every event. A commit
//! goes by the terms of its events to the readers that asked for one of them, and wakes those whose
//! query really matches. Nobody else notices.
//!
//! Picture:
//! ```text
//!   commit ─▶ the head moves ─▶ terms of its events ─▶ readers of those terms ─▶ matches? ─▶ woken
//!                                                      readers of everything ──────┘
//! ```
//! Invariants: R3 a reader is entered before it looks, and a commit is matched after the head has
//! moved: what a look did not see wakes. C2 whoever was not woken since its look may pass all that
//! was matched since: it is told so now and then, without looking.

mod routes;

use crate::commit::{Commit, EventRef, Malformed};
use headwater_model::query::Queryable;
use headwater_model::{Position, Query};
use parking_lot::Mutex;
use routes::Routes;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// All who wait for events of one context.
#[derive(Default)]
pub(crate) struct Waking {
    readers: Mutex<Readers>,
}

#[derive(Default)]
struct Readers {
    /// By their number; `None`: free.
    entered: Vec<Option<Arc<Waiter>>>,
    free: Vec<usize>,
    routes: Routes,
    /// Everything before this was matched with everyone.
    matched: Position,
    /// Everyone was told how far that was, up to here.
    told: Position,
    /// Whom the commit concerns that is being matched, by number.
    marked: Vec<bool>,
}

/// One who waits.
struct Waiter {
    query: Query,
    turn: Mutex<Turn>,
}

#[derive(Default)]
struct Turn {
    /// An event came that the query matches, or nobody knows.
    is_due: bool,
    /// Nothing up to here matches.
    passed: Option<Position>,
    waker: Option<Waker>,
}

/// Why a reader was woken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Woken {
    /// There may be something to deliver: look.
    Due,
    /// Nothing up to here is asked for.
    Passed(Position),
}

/// A reader's place among those who wait, until it is dropped.
pub(crate) struct Entered {
    waiter: Arc<Waiter>,
    number: usize,
}

impl Waking {
    /// Enters a reader. What it has not seen when it looks from now on, wakes it.
    pub(crate) fn enter(&self, query: Query) -> Entered {
        let waiter = Arc::new(Waiter { query, turn: Mutex::default() });
        let mut readers = self.readers.lock();
        let number = readers.free.pop().unwrap_or(readers.entered.len());
        if number == readers.entered.len() {
            readers.entered.push(None);
        }
        readers.routes.add(&waiter.query, number);
        let before = readers.entered[number].replace(Arc::clone(&waiter));
        assert!(before.is_none(), "R3: two readers wait in one place");
        Entered { waiter, number }
    }

    /// Takes a reader out again.
    pub(crate) fn leave(&self, entered: &Entered) {
        let mut readers = self.readers.lock();
        readers.routes.remove(&entered.waiter.query, entered.number);
        let left = readers.entered[entered.number].take();
        assert!(left.is_some(), "R3: a reader left twice");
        readers.free.push(entered.number);
    }

    /// Wakes those whom the events of a commit concern. Its end is the published head already.
    pub(crate) fn commit(&self, body: &[u8], behind: Position) {
        let wakers: Vec<Waker> = {
            let mut readers = self.readers.lock();
            assert!(readers.matched <= behind, "C2: commits are matched in order");
            // R3: made due under the lock, or one of them could be told in between that it may pass.
            let mut wakers = Vec::new();
            if !readers.is_empty() && readers.concerned(body, &mut wakers).is_err() {
                // What cannot be read here is for every reader to find out.
                wakers.extend(readers.everyone());
            }
            readers.matched = behind;
            wakers
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// C2: tells everyone who was not woken how far it may pass.
    pub(crate) fn tell(&self) {
        let mut readers = self.readers.lock();
        let Some(passed) = readers.matched.previous().filter(|_| readers.told < readers.matched)
        else {
            return;
        };
        readers.told = readers.matched;
        // Under the lock: no commit is matched in between.
        let told = readers.entered.iter().flatten().filter_map(|waiter| waiter.may_pass(passed));
        let wakers: Vec<Waker> = told.collect();
        drop(readers);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Makes everyone look.
    pub(crate) fn everyone(&self) {
        let everyone = self.readers.lock().everyone();
        everyone.into_iter().for_each(Waker::wake);
    }
}

impl Readers {
    fn is_empty(&self) -> bool {
        self.free.len() == self.entered.len()
    }

    /// Makes everyone due; whom to wake for it.
    fn everyone(&self) -> Vec<Waker> {
        self.entered.iter().flatten().filter_map(|waiter| waiter.is_due()).collect()
    }

    /// Makes due whose query matches an event of the commit, and notes whom to wake for it.
    fn concerned(&mut self, body: &[u8], wakers: &mut Vec<Waker>) -> Result<(), Malformed> {
        let Self { entered, routes, marked, .. } = self;
        marked.clear();
        marked.resize(entered.len(), false);
        let mut of_everything = routes.of_everything().to_vec();
        for event in Commit::read(body)?.records() {
            let event: EventRef<'_> = event?;
            // One reader is led to by many events, and many readers by each: it is asked until it matches.
            let mut lead = |number: usize| {
                let waiter = entered.get(number).and_then(Option::as_ref);
                let waiter = waiter.expect("R3: a route leads to a reader that is there");
                if !marked[number] && waiter.query.matches(&event) {
                    marked[number] = true;
                    wakers.extend(waiter.is_due());
                }
                marked[number]
            };
            of_everything.retain(|number| !lead(*number));
            routes.each(event.stream(), event.event_type(), event.tags.iter(), |number| {
                lead(number);
            });
        }
        Ok(())
    }
}

impl Waiter {
    /// The reader has to look; whom to wake for it.
    fn is_due(&self) -> Option<Waker> {
        let mut turn = self.turn.lock();
        turn.is_due = true;
        turn.waker.take()
    }

    /// The reader may pass everything up to `position`; whom to wake for it.
    fn may_pass(&self, position: Position) -> Option<Waker> {
        let mut turn = self.turn.lock();
        turn.passed = Some(position);
        turn.waker.take()
    }
}

impl Entered {
    /// Called before the reader looks: it wants to know of what comes from here on.
    pub(crate) fn looks(&self) {
        let mut turn = self.waiter.turn.lock();
        (turn.is_due, turn.passed) = (false, None);
    }

    /// Resolves when there is a reason to go on. Dropping the future loses nothing.
    pub(crate) async fn woken(&self) -> Woken {
        poll_fn(|task| {
            let mut turn = self.waiter.turn.lock();
            let passed = turn.passed.take();
            if std::mem::take(&mut turn.is_due) {
                return Poll::Ready(Woken::Due);
            }
            match passed {
                Some(position) => Poll::Ready(Woken::Passed(position)),
                None => {
                    turn.waker = Some(task.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}
