//! On/then for reactions.

use crate::{Actions, Reaction, Recorded};
use headwater_model::{Metadata, RecordedEvent};

/// A reaction to be asked what follows from an input.
pub fn reaction<R: Reaction>(reaction: R) -> Reacting<R> {
    Reacting { reaction, envelope: super::envelope("test-1", "Test", 0) }
}

/// A reaction before an input.
pub struct Reacting<R> {
    reaction: R,
    envelope: RecordedEvent,
}

impl<R: Reaction> Reacting<R> {
    /// The input stands in this stream.
    #[must_use]
    pub fn in_stream(mut self, stream: &str) -> Self {
        self.envelope = super::envelope(stream, "Test", 0);
        self
    }

    /// The input carries this metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.envelope.metadata = metadata;
        self
    }

    /// Hands it an input.
    pub fn on(self, input: R::Input) -> On<R> {
        let actions = self.reaction.react(&Recorded::new(input, self.envelope.clone()));
        On { reacting: self, actions }
    }
}

/// What followed from an input.
pub struct On<R> {
    reacting: Reacting<R>,
    actions: Actions,
}

impl<R: Reaction> On<R> {
    /// These actions, in this order.
    ///
    /// # Panics
    /// If others followed.
    #[track_caller]
    pub fn then(self, expected: Actions) -> Reacting<R> {
        assert_eq!(self.actions, expected);
        self.reacting
    }

    /// No actions.
    ///
    /// # Panics
    /// If some followed.
    #[track_caller]
    pub fn then_nothing(self) -> Reacting<R> {
        self.then(Actions::new())
    }
}
