//! Who asks, as far as it is known.

/// Who asks. Put into a request's extensions by the layer that authenticates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    /// This server asks nobody who they are: everybody may do everything.
    Anybody,
    /// There were no credentials.
    Nobody,
}
