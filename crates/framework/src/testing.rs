//! Tests of services: given/when/then, and whole worlds on a virtual clock.
//!
//! Why: pure code is tested by calling it; what surrounds it is tested by running several services
//! over one store, in one thread, with every crash and every minute under control.
//!
//! Read first: [`given`] for a decider, [`reaction`], [`saga`], [`projection`], then [`World`].

mod conducting;
mod contract;
mod faults;
mod given;
mod golden;
mod memory;
mod projecting;
mod reacting;
mod schema;
pub mod simulation;
mod what_if;
mod world;

pub use conducting::{Conducting, Told, saga};
pub use contract::{keeps_contracts, writes_contract};
pub use given::{Given, When, given};
pub use golden::{reads_golden, writes_golden};
pub use memory::{MemoryDatabase, MemoryReader, MemoryTx};
pub use projecting::{Projected, QueryRows, projection};
pub use reacting::{On, Reacting, reaction};
pub use schema::{EventSchema, check_schema, schema_of};
pub use what_if::{Otherwise, WhatIf, WhatIfError, what_if};
pub use world::World;

use crate::Store;
use headwater_model::memory::MemoryContexts;
use headwater_model::{
    ContentType, EventId, EventType, Metadata, Position, RecordedEvent, Revision, StreamName,
    Timestamp,
};
use std::future::Future;
use std::sync::Arc;

/// The moment at which tests begin, unless they say otherwise: 2026-01-01T00:00:00Z.
pub const TEST_BEGIN: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// An empty store in memory, on a clock that stands still.
pub fn memory_store() -> Store {
    Store::new(Arc::new(MemoryContexts::new(Arc::new(|| TEST_BEGIN))))
}

/// Runs a future to its end on this thread.
///
/// # Panics
/// Within a runtime, where it would block others.
pub fn block_on<F: Future>(future: F) -> F::Output {
    runtime().block_on(future)
}

fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime without I/O takes nothing that could be refused")
}

/// What an input looks like that was read at this place.
pub(crate) fn envelope(stream: &str, event_type: &str, n: u64) -> RecordedEvent {
    fn good<T>(name: Result<T, headwater_model::InvalidName>) -> T {
        name.unwrap_or_else(|error| panic!("in a test's event: {error}"))
    }
    RecordedEvent {
        id: crate::Cause::keyed(format!("{stream} {n}")).id(),
        stream: good(StreamName::new(stream)),
        revision: Revision(n),
        position: Position(n),
        recorded_at: TEST_BEGIN,
        event_type: good(EventType::new(event_type)),
        schema_version: 1,
        content_type: ContentType::Json,
        payload: bytes::Bytes::from_static(b"{}"),
        metadata: Metadata::default(),
        tags: Vec::new(),
    }
}

/// An id for events that a test makes.
fn test_id() -> EventId {
    crate::Cause::keyed("a test").id()
}
