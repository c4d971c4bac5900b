//! Whether a stream goes on, and its last word.

use tonic::Status;

pub(super) enum Ended {
    /// It goes on.
    No,
    /// The client has no more, or there is no more for it.
    Finished,
    /// For this reason, which is said when the last is answered.
    Broken(Status),
}

impl Ended {
    pub(super) const fn is_over(&self) -> bool {
        !matches!(self, Self::No)
    }

    /// Said once.
    pub(super) fn last_word(&mut self) -> Option<Status> {
        match std::mem::replace(self, Self::Finished) {
            Self::Broken(status) => Some(status),
            Self::No | Self::Finished => None,
        }
    }
}
