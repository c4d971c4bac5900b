//! The registry from outside, over a store in memory.

#![expect(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod comparing;
mod enforcing;
mod registering;

use headwater_model::memory::MemoryContexts;
use headwater_model::{ContextName, Contexts, EventStore, Timestamp};
use headwater_registry::{EnforcedContexts, Registry};
use std::sync::Arc;

/// The context of the orders, behind what enforces its rules.
async fn orders() -> Arc<dyn EventStore> {
    let memory = MemoryContexts::new(Arc::new(|| Timestamp::from_micros(1_767_225_600_000_000)));
    let contexts = EnforcedContexts::new(Arc::new(memory));
    contexts.context(ContextName::new("orders").unwrap()).await.unwrap()
}

async fn registry() -> Registry {
    Registry::new(orders().await)
}
