//! The store as services see it: contexts by name.
//!
//! Why: a service is wired before anything is opened, and does not know whether its store is in
//! its own process, behind a socket, or in a test's memory.

use headwater_model::{Answer, ContextName, Contexts, EventStore, ReadError};
use std::fmt;
use std::sync::Arc;

/// Contexts by name. Clones share one store.
#[derive(Clone)]
pub struct Store {
    contexts: Arc<dyn Contexts>,
}

impl Store {
    /// The store behind these contexts.
    pub fn new(contexts: Arc<dyn Contexts>) -> Self {
        Self { contexts }
    }

    /// The context of this name; made if it is not there.
    pub fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        self.contexts.context(name)
    }

    /// All contexts.
    pub fn contexts(&self) -> &Arc<dyn Contexts> {
        &self.contexts
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
