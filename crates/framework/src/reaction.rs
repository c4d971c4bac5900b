//! Reactions: input in, actions out; no memory.
//!
//! Why: "when the credit is reserved, approve the order" is one sentence and should be one
//! function: no loop, no subscription, no acknowledgement.
//!
//! Invariants: C1, C2 an input's events and the reader's checkpoint are one append, fenced by the
//! old checkpoint; the ids of the events derive from the input's. Each input counts once.

use crate::{Actions, Input, Poison, Recorded};
use std::time::Duration;

/// What follows from an input. Pure, like a decider.
///
/// A refusal parks the input: it is recorded, in the same append as the checkpoint, in the system
/// stream `$parked-<reader>`, and the reader goes on. Inputs stand each by itself: one that is parked
/// holds up no other. It waits to be retried or discarded: [`parked`](crate::parked).
pub trait Reaction: Send + Sync + 'static {
    /// The reader's name: its checkpoints are kept under it, per context.
    const NAME: &'static str;
    /// What it reads.
    type Input: Input;

    /// The actions that follow from `input`.
    fn react(&self, input: &Recorded<Self::Input>) -> Actions;

    /// Each input is handed over when it is this old: a timer that stores nothing.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    /// What happens to an event that cannot be decoded (R4).
    fn undecodable(&self) -> Poison {
        Poison::Halt
    }
}
