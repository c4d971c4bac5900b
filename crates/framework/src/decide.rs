//! Carrying out commands.

use crate::Decider;

/// A command to a decider, kept until it is carried out.
pub(crate) struct Intent<D: Decider> {
    #[expect(dead_code, reason = "read by the runtime, which follows")]
    id: D::Id,
    #[expect(dead_code, reason = "read by the runtime, which follows")]
    command: D::Command,
}

impl<D: Decider> Intent<D> {
    pub(crate) fn new(id: D::Id, command: D::Command) -> Self {
        Self { id, command }
    }
}

/// An [`Intent`] whose decider's type is not known.
pub(crate) trait ErasedIntent: Send + Sync {}

impl<D: Decider> ErasedIntent for Intent<D> {}
