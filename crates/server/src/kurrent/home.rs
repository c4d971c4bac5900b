//! Home: the one context that this protocol sees.
//!
//! Why: clients of this protocol know streams and nothing above them; which context they mean is
//! decided by who starts the server.

use super::refusal::Refusal;
use crate::Host;
use headwater_model::{ContextName, EventStore};
use std::sync::Arc;

/// The context, and the server it is served by. Cheap to clone.
#[derive(Clone)]
pub(super) struct Home {
    host: Host,
    context: ContextName,
}

impl Home {
    pub(super) const fn new(host: Host, context: ContextName) -> Self {
        Self { host, context }
    }

    /// The store behind it.
    pub(super) async fn store(&self) -> Result<Arc<dyn EventStore>, Refusal> {
        Ok(self.host.contexts().context(self.context.clone()).await?)
    }

    /// Resolves when what never ends by itself must end.
    pub(super) fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        self.host.closing()
    }
}
