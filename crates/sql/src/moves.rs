//! Where checkpoints stand, as far as a writer knows, and where its open transaction moves them.
//!
//! Invariant: C2 a checkpoint never moves back within an incarnation.

use headwater_model::{Checkpoint, ContextName};
use std::collections::HashMap;

/// The checkpoints of one writer.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    /// Where each source's checkpoint stands in the database.
    saved: HashMap<ContextName, Option<Checkpoint>>,
    /// Where each will stand once the open transaction commits.
    moving: HashMap<ContextName, Checkpoint>,
}

impl Moves {
    /// The database said so.
    pub(crate) fn saw(&mut self, source: &ContextName, at: Option<Checkpoint>) {
        self.saved.insert(source.clone(), at);
    }

    /// Where it is moved from.
    pub(crate) fn from(&self, source: &ContextName, to: Checkpoint) -> Option<Checkpoint> {
        let moving = self.moving.get(source).copied();
        let from = moving.or_else(|| self.saved.get(source).copied().flatten());
        assert!(
            from.is_none_or(
                |from| from.incarnation != to.incarnation || from.position <= to.position
            ),
            "C2: the checkpoint of {source} moves back from {from:?} to {to:?}"
        );
        from
    }

    pub(crate) fn moving(&mut self, source: &ContextName, to: Checkpoint) {
        self.moving.insert(source.clone(), to);
    }

    pub(crate) fn committed(&mut self) {
        for (source, checkpoint) in self.moving.drain() {
            self.saved.insert(source, Some(checkpoint));
        }
    }

    /// The transaction does not happen.
    pub(crate) fn forget(&mut self) {
        self.moving.clear();
    }
}
