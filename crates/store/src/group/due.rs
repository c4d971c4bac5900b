//! Answers that are due: true already, and not given yet.
//!
//! Why: to wake sixty tasks takes longer than to plan the next group. The committer gives them while
//! the next group is on its way to the device.
//!
//! Invariant: every answer is given, at the latest when this is dropped, also behind a panic.

use super::slot::Slot;
use crate::writer::AppendAnswer;
use std::sync::Arc;

/// Who waits for which answer.
#[derive(Default)]
pub(crate) struct Due(Vec<(Arc<Slot>, AppendAnswer)>);

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
}

impl Drop for Due {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|(slot, answer)| slot.answer(answer));
    }
}
