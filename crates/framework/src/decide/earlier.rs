//! Earlier answers: what a command led to when it was first carried out.
//!
//! Why: a retry must not decide again on a state that its first try has changed.
//! Invariants: A4 the ids of a command's events derive from its own, so they are found by asking
//! for them; a stored digest tells the same command from another one under the same key.

use crate::command::{CommandDigest, DIGEST_KEY};
use crate::{CommandError, Decider, Input, Receipt, Source};
use headwater_model::{EventId, EventStore, RecordedEvent, StreamName};

/// The command's answer, if it was carried out before.
pub(crate) async fn earlier<D: Decider>(
    store: &dyn EventStore,
    stream: &StreamName,
    command: EventId,
    digest: CommandDigest,
) -> Result<Option<Receipt<D::Event>>, CommandError<D::Refusal>> {
    let mut recorded: Vec<RecordedEvent> = Vec::new();
    for n in 0.. {
        let found = store.find(stream.clone(), command.derive(n)).await;
        match found.map_err(|error| CommandError::from(crate::LoadError::from(error)))? {
            Some(event) => recorded.push(event),
            None => break,
        }
    }
    let (Some(first), Some(last)) = (recorded.first(), recorded.last()) else { return Ok(None) };
    if first.metadata.get(DIGEST_KEY) != Some(&*digest.to_text()) {
        return Err(CommandError::KeyReused { stream: stream.clone() });
    }
    let source = Source { context: store.context().as_str(), own: true };
    let mut events = Vec::with_capacity(recorded.len());
    for event in &recorded {
        let decoded = D::Event::decode(source, event).map_err(CommandError::Undecodable)?;
        events.extend(decoded.into_vec());
    }
    let (context, position) = (store.context().clone(), Some(last.position));
    Ok(Some(Receipt { context, position, events, replayed: true }))
}
