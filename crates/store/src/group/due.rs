//! Answers that are due: true already, and not given yet.
//!
//! Why: to wake sixty tasks takes longer than to plan the next group. The committer gives them while
//! the next group is on its way to the device, and wakes one task only: that one wakes the others,
//! beside it on threads of their own runtime, where it costs a tenth.
//!
//! Picture:
//! ```text
//!   committer ─wakes─▶ one task ─gives─▶ all others
//!       └ once its write is done: what that task did not come to
//! ```
//! Invariant: every answer is given, at the latest when this is dropped, also behind a panic; a task
//! that does not run keeps nobody else waiting for longer than a durable write.

use super::slot::Slot;
use crate::writer::AppendAnswer;
use parking_lot::Mutex;
use std::sync::Arc;

/// So many tasks are worth a hand-over; fewer are woken as quickly one by one.
const SHARED_COUNT_MIN: usize = 4;

/// Who waits for which answer.
#[derive(Default)]
pub(crate) struct Due(Vec<(Arc<Slot>, AppendAnswer)>);

/// Answers that either that one task gives or the committer, whoever comes first.
#[derive(Clone, Default)]
pub(crate) struct Rest(Arc<Mutex<Due>>);

impl Due {
    pub(super) fn new(slots: Vec<Arc<Slot>>, answers: Vec<AppendAnswer>) -> Self {
        assert_eq!(slots.len(), answers.len(), "A5: each is answered once");
        Self(slots.into_iter().zip(answers).collect())
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Gives them.
    pub(crate) fn give(self) {
        drop(self);
    }

    /// Gives one of them, and leaves the others to it. Whoever calls this gives the rest when
    /// there is time: the one may have gone to sleep for ever.
    pub(crate) fn give_one(mut self) -> Rest {
        let are_tasks = self.0.len() >= SHARED_COUNT_MIN && self.0.iter().all(|(s, _)| s.is_task());
        let Some((slot, answer)) = are_tasks.then(|| self.0.pop()).flatten() else {
            self.give();
            return Rest::default();
        };
        let rest = Rest(Arc::new(Mutex::new(self)));
        slot.answer_one(answer, rest.clone());
        rest
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|(slot, answer)| slot.answer(answer));
    }
}

impl Rest {
    /// Gives what nobody gave yet.
    pub(crate) fn give(&self) {
        let due = std::mem::take(&mut *self.0.lock());
        due.give();
    }
}
