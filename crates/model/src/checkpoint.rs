//! Checkpoints: how far each reader has come.
//!
//! Why: without them a restart would replay the whole log. They are *control items* of a commit:
//! they take no position and no reader sees them.
//!
//! Invariants: C1 saved in the same append as their effect. C2 never beyond what was handled,
//! never back except by an explicit reset, never across a restore: they carry the incarnation.

use crate::{CheckpointName, Incarnation, Position};
use serde::{Deserialize, Serialize};

/// The last position fully handled (inclusive), in one incarnation of the context that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which history of the context that was read.
    pub incarnation: Incarnation,
    /// The last position handled, or filtered out, with all before it.
    pub position: Position,
}

/// Moves a checkpoint as part of an append: the append is refused if it is not where `expected` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SaveCheckpoint {
    /// Whose.
    pub name: CheckpointName,
    /// Where it is now; `None` for a reader that never saved one.
    pub expected: Option<Checkpoint>,
    /// Where it will be.
    pub to: Checkpoint,
}
