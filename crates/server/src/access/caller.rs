//! One caller at this host: what they can reach, and nothing else.

use super::Identity;
use crate::Host;
use headwater_model::{ContextName, Contexts, EventStore, ReadError};
use std::sync::Arc;

/// Who asks, at this host. Cheap to clone.
#[derive(Clone)]
pub struct Caller {
    host: Host,
    identity: Identity,
}

impl Caller {
    /// Made by [`Host::caller`] only.
    pub(crate) const fn new(host: Host, identity: Identity) -> Self {
        Self { host, identity }
    }

    /// Who it is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The host that they are at.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The contexts, as this caller may use them. Their calls may be awaited on the server's own
    /// threads, also where the store beneath reads the disk in them.
    pub fn contexts(&self) -> Arc<dyn Contexts> {
        Arc::clone(self.host.unguarded())
    }

    /// The context of this name if it is there: unlike [`Contexts::context`] it makes none.
    ///
    /// # Errors
    /// `Invalid` if there is no such context, `Denied` if nothing in it is this caller's, or whatever
    /// the store says when it opens it.
    pub async fn existing(&self, name: ContextName) -> Result<Arc<dyn EventStore>, ReadError> {
        self.host.unguarded_existing(name).await
    }

    /// Resolves when what never ends by itself must end.
    pub fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        self.host.closing()
    }
}
