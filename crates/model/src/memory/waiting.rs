//! Who waits for the next event.
//!
//! Why: this crate knows no runtime; the standard library's wakers are enough.

use std::task::Waker;

/// Tasks to wake when something was written.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    wakers: Vec<Waker>,
}

impl Waiting {
    /// Remembers a task, once.
    pub(super) fn add(&mut self, waker: &Waker) {
        if !self.wakers.iter().any(|known| known.will_wake(waker)) {
            self.wakers.push(waker.clone());
        }
    }

    /// All of them, to be woken once the lock is gone.
    pub(super) fn take(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakers)
    }
}
