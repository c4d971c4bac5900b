//! Snapshots: a decider's state, kept beside its stream, so that a long one is not read from its
//! first event each time.
//!
//! Why opt-in: most streams are short, and a state that is stored is one more shape to keep. What
//! is stored is only ever a shortcut: it is used if it was made by this shape of the code from events
//! that still show, and otherwise passed over, never migrated.
//!
//! Picture:
//! ```text
//!   order-8f3a                              0 1 2 … 499 500 … 731
//!   $snapshot-<fingerprint>-order-8f3a              └ state after 499: read from 500 on
//! ```
//! Invariant: a state from a snapshot is the state that all events lead to. Hiding events (by deletion,
//! truncation, age or count) therefore voids the snapshots that were made of them.

use super::state::{Folded, load_stream};
use crate::{Decider, Input, LoadError};
use bytestring::ByteString;
use headwater_model::{
    Append, AsOf, Direction, EventStore, EventType, ExpectedRevision, NewEvent, ReadError,
    ReadStream, Revision, StreamLife, StreamName,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::num::NonZeroU32;

/// The type of the events that hold snapshots.
const SNAPSHOT: &str = "$Snapshot";

/// How the states of one decider are kept.
pub(crate) struct Snapshots<D> {
    every: NonZeroU32,
    fingerprint: String,
    write: fn(&D) -> serde_json::Result<serde_json::Value>,
    read: fn(serde_json::Value) -> serde_json::Result<D>,
}

/// What is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The last event that is folded in.
    revision: Revision,
    /// The first event that showed.
    first: Revision,
    state: serde_json::Value,
}

impl<D: Decider + Serialize + DeserializeOwned> Snapshots<D> {
    pub(crate) fn new(every: NonZeroU32, shape: &str) -> Self {
        let fingerprint = fingerprint::<D>(shape);
        let write = |state: &D| serde_json::to_value(state);
        Self { every, fingerprint, write, read: serde_json::from_value }
    }
}

/// Which shape of the code made a snapshot: what its author calls it, and the events it folds.
fn fingerprint<D: Decider>(shape: &str) -> String {
    let mut sha = Sha256::new();
    sha.update(std::any::type_name::<D>());
    sha.update([0]);
    sha.update(shape);
    for kind in <D::Event as Input>::TYPES {
        sha.update([0]);
        sha.update(format!("{kind:?}"));
    }
    hex::encode(&sha.finalize()[..8])
}

/// Reads the stream as of now, from the latest snapshot on if there is one; keeps a new one if that
/// was far.
pub(crate) async fn load_latest<D: Decider>(
    store: &dyn EventStore,
    snapshots: Option<&Snapshots<D>>,
    stream: &StreamName,
) -> Result<Folded<D>, LoadError> {
    let Some(snapshots) = snapshots else {
        return load_stream(store, stream, AsOf::Now, Folded::empty()).await;
    };
    let Some(first) = first_if_all_show(store, stream).await? else {
        return load_stream(store, stream, AsOf::Now, Folded::empty()).await;
    };
    let base = snapshots.latest(store, stream, first).await?;
    let from = base.last.map_or(0, |last| last.next().0);
    let folded = load_stream(store, stream, AsOf::Now, base).await?;
    let to = folded.last.map_or(0, |last| last.next().0);
    if to.saturating_sub(from) >= u64::from(snapshots.every.get())
        && let Err(why) = snapshots.keep(store, stream, first, &folded).await
    {
        // The state is right without it.
        tracing::warn!(%stream, why, "no snapshot was kept");
    }
    Ok(folded)
}

/// The first event that shows, if no setting hides others from one day to the next.
async fn first_if_all_show(
    store: &dyn EventStore,
    stream: &StreamName,
) -> Result<Option<Revision>, ReadError> {
    let whole = store.stream(stream.clone()).await?;
    let steady = whole.settings.age_max_ms.is_none() && whole.settings.count_max.is_none();
    Ok(Some(whole.first).filter(|_| steady && whole.life == StreamLife::Alive))
}

impl<D: Decider> Snapshots<D> {
    fn stream(&self, of: &StreamName) -> Result<StreamName, LoadError> {
        Ok(StreamName::system(format!("$snapshot-{}-{of}", self.fingerprint))?)
    }

    /// The latest snapshot, or nothing folded at all.
    async fn latest(
        &self,
        store: &dyn EventStore,
        stream: &StreamName,
        first: Revision,
    ) -> Result<Folded<D>, LoadError> {
        let read = ReadStream {
            direction: Direction::Backwards,
            count_max: 1,
            ..ReadStream::forwards(self.stream(stream)?)
        };
        let page = store.read_stream(read).await?;
        let stored = page.events.first().map(|event| serde_json::from_slice(&event.payload));
        let state = match stored {
            Some(Ok(Stored { revision, first: then, state })) if then == first => {
                (self.read)(state).ok().map(|state| (revision, state))
            }
            _ => None,
        };
        let fold = |(revision, state)| Folded { state, last: Some(revision), as_of: page.as_of };
        Ok(state.map_or_else(Folded::empty, fold))
    }

    async fn keep(
        &self,
        store: &dyn EventStore,
        stream: &StreamName,
        first: Revision,
        folded: &Folded<D>,
    ) -> Result<(), String> {
        let Some(revision) = folded.last else { return Ok(()) };
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let state = (self.write)(&folded.state).map_err(|error| text(&error))?;
        let stored = Stored { revision, first, state };
        let payload = serde_json::to_vec(&stored).map_err(|error| text(&error))?;
        let snapshots = self.stream(stream).map_err(|error| text(&error))?;
        let name = EventType::new(ByteString::from_static(SNAPSHOT)).map_err(|e| text(&e))?;
        let id = crate::Cause::keyed(format!("{snapshots} {first} {revision}")).id();
        let append =
            Append::to(snapshots, ExpectedRevision::Any, vec![NewEvent::json(id, name, payload)]);
        store.append(append).await.map(drop).map_err(|error| text(&error))
    }
}
