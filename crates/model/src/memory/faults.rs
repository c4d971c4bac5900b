//! Lost replies, by choice: the n-th append from now answers `Unknown`.
//!
//! Why: a service may die, or lose its store, at every append it makes. A test that counts the
//! appends of a run can lose each of them once, before and after it was stored.
//!
//! Invariant: appends are counted over all contexts that share the faults, in the order in which
//! they ask, refused ones included.

use std::sync::{Mutex, PoisonError};

/// Which side of the store an append was lost on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// On the way in: nothing was done.
    BeforeStored,
    /// On the way out: it was done (or refused), and nobody was told.
    AfterStored,
}

#[derive(Debug, Default)]
struct State {
    asked_count: u64,
    armed: Option<(u64, Loss)>,
    fired: bool,
}

/// Shared by the contexts of one [`super::MemoryContexts`].
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<State>);

impl Faults {
    /// Loses the `n`th append from now; 1 is the next.
    pub(super) fn arm(&self, n: u64, loss: Loss) {
        let mut state = self.state();
        state.armed = Some((state.asked_count + n, loss));
        state.fired = false;
    }

    /// Counts an append, and tells whether it is the one to lose.
    pub(super) fn ask(&self) -> Option<Loss> {
        let mut state = self.state();
        state.asked_count += 1;
        let (nth, loss) = state.armed?;
        if nth != state.asked_count {
            return None;
        }
        state.armed = None;
        state.fired = true;
        Some(loss)
    }

    pub(super) fn fired(&self) -> bool {
        self.state().fired
    }

    pub(super) fn asked_count(&self) -> u64 {
        self.state().asked_count
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
