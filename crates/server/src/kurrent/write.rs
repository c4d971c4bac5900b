//! Writing events to one stream: what Append and BatchAppend have in common.
//!
//! Why: an event for a settings stream must become a change that the store understands, whichever
//! call brings it.
//!
//! Invariants: A1 what a client asked is one append. A4 its ids stay its ids.

use super::document::Document;
use super::event::{Proposed, metadata_of};
use super::expected::Expected;
use super::name::{Named, is_not_written};
use super::place::commit;
use super::refusal::Refusal;
use super::shown::METADATA_TYPE;
use headwater_model::limits::{APPEND_BYTES_MAX, APPEND_EVENT_COUNT_MAX};
use headwater_model::{
    Append, AppendError, EventStore, NewEvent, Revision, StreamChange, StreamLife, StreamName,
    StreamWrite,
};

/// Events for one stream, as they arrive in parts.
pub(super) struct Write {
    pub(super) stream: Named,
    pub(super) expected: Expected,
    events: Vec<Proposed>,
    bytes: usize,
}

/// Where a write ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Written {
    /// The stream's last revision; `None`: it has no events, and none were written.
    pub(super) revision: Option<u64>,
    /// The last event's commit position; `None`: nothing was ever written.
    pub(super) commit: Option<u64>,
}

impl Write {
    pub(super) const fn to(stream: Named, expected: Expected) -> Self {
        Self { stream, expected, events: Vec::new(), bytes: 0 }
    }

    /// Takes one more event, if the append stays within its limits.
    pub(super) fn take(&mut self, event: Proposed) -> Result<(), Refusal> {
        self.bytes += event.bytes();
        if self.bytes > APPEND_BYTES_MAX {
            let (size, size_max) = (self.bytes as u64, APPEND_BYTES_MAX as u64);
            return Err(Refusal::AppendTooLarge { size, size_max });
        }
        if self.events.len() == APPEND_EVENT_COUNT_MAX {
            let why = format!("an append has at most {APPEND_EVENT_COUNT_MAX} events");
            return Err(Refusal::invalid(why));
        }
        self.events.push(event);
        Ok(())
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends it all.
    pub(super) async fn append(self, store: &dyn EventStore) -> Result<Written, Refusal> {
        let write = of_stream(store, self.stream, self.expected, self.events).await?;
        let stream = write.stream.clone();
        let append = Append { writes: vec![write], ..Append::default() };
        match store.append(append).await {
            Ok(appended) => {
                let (incarnation, _) = store.head().await?;
                Ok(Written {
                    revision: appended.revisions.first().copied().flatten().map(|at| at.0),
                    commit: appended.position.map(|position| commit(incarnation, position)),
                })
            }
            Err(error) => Err(refused(store, stream, self.expected, error).await),
        }
    }
}

/// Events for a stream, as the store takes them.
pub(super) async fn of_stream(
    store: &dyn EventStore,
    named: Named,
    Expected(expected): Expected,
    events: Vec<Proposed>,
) -> Result<StreamWrite, Refusal> {
    match named {
        Named::Derived(derived) => Err(derived.is_not_written()),
        Named::Parked(which) => Err(is_not_written(&which)),
        Named::Plain(stream) => {
            let name = stream.clone();
            let events = events.into_iter().map(|event| event.for_stream(name.as_str()));
            Ok(StreamWrite { stream, expected, events: events.collect::<Result<_, _>>()? })
        }
        Named::Settings { own, subject } => {
            let mut changes = Vec::with_capacity(events.len());
            for event in events {
                changes.extend(changes_of(store, &subject, event).await?);
            }
            Ok(StreamWrite { stream: own, expected, events: changes })
        }
    }
}

/// The changes that a client's `$metadata` event asks for: settings, and perhaps a deletion.
async fn changes_of(
    store: &dyn EventStore,
    subject: &StreamName,
    event: Proposed,
) -> Result<Vec<NewEvent>, Refusal> {
    if event.event_type != METADATA_TYPE {
        let (id, kind) = (event.id, &event.event_type);
        let why =
            format!("'$${subject}' takes events of type {METADATA_TYPE} only; {id} is a {kind}");
        return Err(Refusal::invalid(why));
    }
    let document = Document::of(event.data)?;
    let state = store.stream(subject.clone()).await?;
    let behind = state.last.map_or(Revision::ZERO, Revision::next);
    let mut metadata = metadata_of(event.custom);
    document.keep(&mut metadata);
    let made = |change: StreamChange, id| NewEvent {
        id,
        metadata: metadata.clone(),
        ..change.event(subject, Revision::ZERO, behind)
    };
    let mut changes = vec![made(StreamChange::Settings(document.settings), event.id)];
    if document.deletes && state.life == StreamLife::Alive {
        changes.push(made(StreamChange::Delete, event.id.derive_named("delete")));
    }
    Ok(changes)
}

/// The store's refusal, in this protocol's words.
async fn refused(
    store: &dyn EventStore,
    stream: StreamName,
    expected: Expected,
    error: AppendError,
) -> Refusal {
    match error {
        // There ids that stand already, but not as this append, are a wrong version.
        AppendError::PartlyRepeated { .. } => match store.stream(stream).await {
            Ok(state) => Refusal::WrongVersion {
                stream: state.stream.to_string(),
                expected,
                actual: state.last.map(|revision| revision.0),
            },
            Err(error) => error.into(),
        },
        error => error.into(),
    }
}
