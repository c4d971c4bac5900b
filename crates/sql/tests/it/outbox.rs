//! B1: a row written in the caller's transaction is published if and only if that transaction commits;
//! per key in order; duplicates are recognisable by id and dropped.
//!
//! Each story is told of SQLite, and of servers of PostgreSQL and MariaDB that the test starts itself.

mod crashes;
pub(crate) mod database;
mod fencing;
mod poison;
mod schedule;
mod secure;
mod service;
mod shapes;
mod story;

use headwater_model::memory::MemoryContexts;
use headwater_model::{
    ContextName, EventId, EventStore, EventType, NewEvent, Query, ReadAll, RecordedEvent,
    StreamName, Timestamp,
};
use headwater_sql::outbox::Relay;
use headwater_sql::outbox::relay::RelayTurn;
use std::sync::Arc;
use uuid::Uuid;

fn contexts() -> MemoryContexts {
    MemoryContexts::new(Arc::new(|| Timestamp::from_micros(1)))
}

fn store(contexts: &MemoryContexts) -> Arc<dyn EventStore> {
    contexts.store(&ContextName::new("orders").unwrap())
}

fn event(n: u64) -> NewEvent {
    let id = EventId(Uuid::new_v5(&Uuid::NAMESPACE_OID, &n.to_be_bytes()));
    NewEvent::json(id, EventType::new("Counted").unwrap(), format!(r#"{{"n":{n}}}"#))
}

fn stream(name: &str) -> StreamName {
    StreamName::new(name.to_owned()).unwrap()
}

/// All events, in order.
async fn recorded(store: &Arc<dyn EventStore>) -> Vec<RecordedEvent> {
    let read = ReadAll::forwards(Query::all());
    store.read_all(read).await.unwrap().events
}

/// What the events of a stream say, in order.
async fn said(store: &Arc<dyn EventStore>, name: &str) -> Vec<String> {
    let of = |event: RecordedEvent| {
        let is_it = event.stream.as_str() == name;
        is_it.then(|| String::from_utf8(event.payload.to_vec()).unwrap())
    };
    recorded(store).await.into_iter().filter_map(of).collect()
}

/// Turns until there is nothing more to do. A lease may be another's for a moment.
async fn exhaust(relay: &mut Relay) {
    let mut idle = 0;
    while idle < 2 {
        match relay.turn().await {
            Ok(RelayTurn::Idle) => idle += 1,
            Ok(RelayTurn::Moved(_)) => idle = 0,
            Ok(RelayTurn::StandsBy) => tokio::task::yield_now().await,
            Err(error) => assert_ne!(error.retry(), headwater_model::Retry::Never, "{error}"),
        }
    }
}
