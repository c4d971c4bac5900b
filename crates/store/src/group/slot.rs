//! A slot: where one who waits is told its answer, or that it leads.
//!
//! Invariant: a slot is answered once, and only a thread's slot is appointed.

use super::due::Rest;
use crate::writer::AppendAnswer;
use parking_lot::{Condvar, Mutex};
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// What one who waited has to do.
pub(super) enum Turn {
    Lead,
    Answered(AppendAnswer),
}

pub(super) struct Slot {
    turn: Mutex<(Option<Turn>, Option<Waker>)>,
    turned: Condvar,
    is_thread: bool,
    /// Answers that the task gives to others when it takes its own.
    rest: Mutex<Option<Rest>>,
}

impl Slot {
    /// For a caller that blocks, and may lead.
    pub(super) fn of_thread() -> Self {
        Self {
            turn: Mutex::default(),
            turned: Condvar::new(),
            is_thread: true,
            rest: Mutex::default(),
        }
    }

    /// For a caller that must not block.
    pub(super) fn of_task() -> Self {
        Self { is_thread: false, ..Self::of_thread() }
    }

    pub(super) fn is_task(&self) -> bool {
        !self.is_thread
    }

    /// Makes the one who waits the leader, if it can be.
    pub(super) fn appoint(&self) -> bool {
        if self.is_thread {
            self.turn.lock().0 = Some(Turn::Lead);
            self.turned.notify_one();
        }
        self.is_thread
    }

    pub(super) fn answer(&self, answer: AppendAnswer) {
        let waker = {
            let mut turn = self.turn.lock();
            assert!(!matches!(turn.0, Some(Turn::Answered(_))), "A5: one append, one answer");
            turn.0 = Some(Turn::Answered(answer));
            turn.1.take()
        };
        match waker {
            Some(waker) => waker.wake(),
            None => {
                self.turned.notify_one();
            }
        }
    }

    /// As [`Self::answer`], of a task that then gives others theirs.
    pub(super) fn answer_one(&self, answer: AppendAnswer, rest: Rest) {
        *self.rest.lock() = Some(rest);
        self.answer(answer);
    }

    /// Blocks until there is something to do.
    pub(super) fn wait(&self) -> Turn {
        let mut turn = self.turn.lock();
        loop {
            match turn.0.take() {
                Some(turn) => return turn,
                None => self.turned.wait(&mut turn),
            }
        }
    }

    /// Resolves with the answer.
    pub(super) async fn answered(&self) -> AppendAnswer {
        let answer = poll_fn(|task| {
            let mut turn = self.turn.lock();
            match turn.0.take() {
                Some(Turn::Answered(answer)) => Poll::Ready(answer),
                _ => {
                    turn.1 = Some(task.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await;
        let rest = self.rest.lock().take();
        if let Some(rest) = rest {
            rest.give();
        }
        answer
    }
}
