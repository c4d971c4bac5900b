//! Delete (a new event revives the stream) and Tombstone (nothing does).
//!
//! Why: a deletion is a change of the stream's settings, so the document that clients read there
//! says it too: the one before, with `$tb`.
//!
//! Invariants: A1 the expectation, the deletion and the document are one append. A stream that
//! never was cannot be deleted, whatever was expected of it.

use super::document;
use super::expected::Expected;
use super::home::Home;
use super::name::Named;
use super::persistent::{Which, parked};
use super::place::commit;
use super::refusal::Refusal;
use super::shown::Shown;
use bytestring::ByteString;
use headwater_model::{
    Append, AppendError, AsOf, Direction, EventStore, ExpectedRevision, From as Begin, Position,
    ReadStream, Revision, StreamChange, StreamLife, StreamName, StreamWrite,
};
use headwater_wire::kurrent::event_store::client::StreamIdentifier;

/// How often a deletion is tried while others change the stream's settings at the same time.
const TRY_COUNT_MAX: usize = 16;

/// Deletes softly; the deletion's commit position.
pub(super) async fn delete(
    home: &Home,
    stream: Option<StreamIdentifier>,
    expected: Expected,
) -> Result<u64, Refusal> {
    let store = home.store().await?;
    let stream = match Named::of(stream.clone())? {
        Named::Parked(which) => return give_up(&*store, &which).await,
        _ => Named::of_subject(stream)?,
    };
    for _ in 0..TRY_COUNT_MAX {
        let state = store.stream(stream.clone()).await?;
        let Some(last) = state.last.filter(|_| state.life != StreamLife::Tombstoned) else {
            return Err(not_there(stream, expected, state.life));
        };
        let append = deletion(&*store, &stream, expected, last).await?;
        let settings = stream.settings_stream();
        match store.append(append).await {
            Ok(appended) => return shown(&*store, appended.position).await,
            Err(AppendError::WrongRevision(wrong)) if wrong.stream == settings => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Refusal::NotReady { why: format!("the settings of '{stream}' do not stop changing") })
}

/// What a group has parked: deleting it gives it up.
async fn give_up(store: &dyn EventStore, which: &Which) -> Result<u64, Refusal> {
    parked::give_up(store, which).await?;
    let (_, head) = store.head().await?;
    shown(store, head).await
}

fn not_there(stream: StreamName, expected: Expected, life: StreamLife) -> Refusal {
    let stream = stream.to_string();
    match life {
        StreamLife::Tombstoned => Refusal::Deleted { stream },
        StreamLife::Alive | StreamLife::Deleted => {
            Refusal::WrongVersion { stream, expected, actual: None }
        }
    }
}

async fn deletion(
    store: &dyn EventStore,
    stream: &StreamName,
    Expected(expected): Expected,
    last: Revision,
) -> Result<Append, Refusal> {
    let settings = stream.settings_stream();
    let before = newest(store, &settings).await?;
    let (at, place) = match &before {
        Some((revision, _)) => (ExpectedRevision::At(*revision), revision.next()),
        None => (ExpectedRevision::NoStream, Revision::ZERO),
    };
    let document = document::deleted(before.as_ref().map(|(_, text)| &**text));
    let mut event = StreamChange::Delete.event(stream, place, last.next());
    event.metadata.free.push((document::KEY.into(), document));
    Ok(Append {
        writes: vec![
            StreamWrite { stream: stream.clone(), expected, events: Vec::new() },
            StreamWrite { stream: settings, expected: at, events: vec![event] },
        ],
        ..Append::default()
    })
}

/// The last event of a settings stream: where it stands, and the document it shows.
async fn newest(
    store: &dyn EventStore,
    settings: &StreamName,
) -> Result<Option<(Revision, ByteString)>, Refusal> {
    let read = ReadStream {
        stream: settings.clone(),
        from: Begin::Edge,
        direction: Direction::Backwards,
        count_max: 1,
        as_of: AsOf::Now,
    };
    let Some(event) = store.read_stream(read).await?.events.into_iter().next() else {
        return Ok(None);
    };
    let revision = event.revision;
    let text = ByteString::try_from(Shown::from(event).data).unwrap_or_default();
    Ok(Some((revision, text)))
}

/// Ends a stream for ever; the tombstone's commit position.
pub(super) async fn tombstone(
    home: &Home,
    stream: Option<StreamIdentifier>,
    Expected(expected): Expected,
) -> Result<u64, Refusal> {
    let stream = Named::of_subject(stream)?;
    let store = home.store().await?;
    let changed = store.change_stream(stream, expected, StreamChange::Tombstone).await?;
    shown(&*store, changed.position).await
}

async fn shown(store: &dyn EventStore, position: Option<Position>) -> Result<u64, Refusal> {
    let (incarnation, _) = store.head().await?;
    Ok(position.map_or(0, |position| commit(incarnation, position)))
}
