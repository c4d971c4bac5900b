//! What the measurements of read models are built from: movements over a thousand accounts.

use bytes::Bytes;
use headwater_framework::prelude::*;
use headwater_model::memory::MemoryContexts;
use headwater_model::{
    Append, ContentType, ContextName, EventId, EventStore, EventType, ExpectedRevision, Metadata,
    NewEvent, StreamName, Timestamp,
};
use std::sync::Arc;
use uuid::Uuid;

/// Events of one measurement.
pub(crate) const EVENT_COUNT: u64 = 300_000;

/// What is read of them.
#[derive(Input)]
pub(crate) enum AccountEvent {
    /// Money came or went.
    MoneyMoved {
        /// Which movement.
        number: i64,
        /// How much.
        amount: i64,
    },
}

/// A store that holds them.
pub(crate) async fn bank() -> Result<Arc<MemoryContexts>, Box<dyn std::error::Error>> {
    let contexts = Arc::new(MemoryContexts::new(Arc::new(|| Timestamp::ZERO)));
    let store = contexts.store(&ContextName::new("bank")?);
    for number in 0..EVENT_COUNT {
        let event = NewEvent {
            id: EventId(Uuid::from_u128(u128::from(number) + 1)),
            event_type: EventType::new("MoneyMoved")?,
            schema_version: 1,
            content_type: ContentType::Json,
            payload: Bytes::from(format!("{{\"number\":{number},\"amount\":1}}")),
            metadata: Metadata::default(),
            tags: Vec::new(),
        };
        let stream = StreamName::new(format!("account-{}", number % 1_000))?;
        store.append(Append::to(stream, ExpectedRevision::Any, vec![event])).await?;
    }
    Ok(contexts)
}
