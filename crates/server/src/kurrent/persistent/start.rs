//! Where a group begins: the event of a revision or a place, inclusive, as this protocol counts.

use super::super::name::Named;
use super::super::place::{Asked, commit_of};
use super::super::refusal::Refusal;
use super::note::Note;
use super::which::Which;
use headwater_model::{
    AsOf, Checkpoint, Direction, EventStore, From as Place, Position, ReadStream, Revision, Start,
    StreamName,
};
use headwater_wire::kurrent::event_store::client::persistent_subscriptions as pb;

/// The start and the end of a stream, as they are written.
const EDGES: (&str, &str) = ("0", "-1");

/// The start and the end of everything, as they are written.
const EDGES_OF_ALL: (&str, &str) = ("C:0/P:0", "C:-1/P:-1");

/// Where a client wants a group to begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Start,
    End,
    Revision(u64),
    /// A commit position.
    Commit(u64),
}

impl Wanted {
    pub(super) fn of_stream(stream: &pb::StreamOptions) -> Result<Self, Refusal> {
        use pb::stream_options::RevisionOption;
        match stream.revision_option {
            Some(RevisionOption::Start(_)) => Ok(Self::Start),
            Some(RevisionOption::End(_)) => Ok(Self::End),
            Some(RevisionOption::Revision(revision)) => Ok(Self::of_revision(revision)),
            None => Err(Refusal::invalid("the group does not say where it begins")),
        }
    }

    /// As older clients say it: the largest number is the end.
    pub(super) const fn of_revision(revision: u64) -> Self {
        match revision {
            0 => Self::Start,
            u64::MAX => Self::End,
            revision => Self::Revision(revision),
        }
    }

    pub(super) fn of_all(all: &pb::AllOptions) -> Result<Self, Refusal> {
        use pb::all_options::AllOption;
        match &all.all_option {
            Some(AllOption::Start(_)) => Ok(Self::Start),
            Some(AllOption::End(_)) => Ok(Self::End),
            Some(AllOption::Position(position)) => Ok(Self::Commit(position.commit_position)),
            None => Err(Refusal::invalid("the group does not say where it begins")),
        }
    }
}

/// Where a group begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Begin {
    pub(super) start: Start,
    /// As it is written.
    pub(super) text: String,
    /// Its first revision, if there is no event there yet.
    pub(super) first: Option<u64>,
}

impl Begin {
    /// As it was noted; the start has been taken long since.
    pub(super) fn noted(note: &Note) -> Self {
        Self { start: Start::Beginning, text: note.start.clone(), first: note.first }
    }

    pub(super) async fn of(
        store: &dyn EventStore,
        which: &Which,
        wanted: Wanted,
    ) -> Result<Self, Refusal> {
        let (start, end) = if which.is_all() { EDGES_OF_ALL } else { EDGES };
        match wanted {
            Wanted::Start => Ok(Self::at(Start::Beginning, start.to_owned())),
            Wanted::End => Ok(Self::at(Start::Now, end.to_owned())),
            Wanted::Commit(commit) => Ok(match Asked::of(commit) {
                Asked::Start => Self::at(Start::Beginning, start.to_owned()),
                Asked::End => Self::at(Start::Now, end.to_owned()),
                Asked::At(at) => Self::at(before(at), place(commit_of(at))),
            }),
            Wanted::Revision(revision) => Self::of_revision(store, which, revision).await,
        }
    }

    async fn of_revision(
        store: &dyn EventStore,
        which: &Which,
        revision: u64,
    ) -> Result<Self, Refusal> {
        let (incarnation, head) = store.head().await?;
        let found = match Named::of_text(which.source.clone())? {
            // A revision of a derived stream is the position of an event.
            Named::Derived(_) => Some(Position(revision)).filter(|place| Some(*place) <= head),
            Named::Plain(stream) | Named::Settings { own: stream, .. } => {
                position(store, stream, Revision(revision)).await?
            }
            Named::Parked(_) => None,
        };
        let text = revision.to_string();
        Ok(match found {
            Some(position) => Self::at(before(Checkpoint { incarnation, position }), text),
            None => Self { start: Start::Now, text, first: Some(revision) },
        })
    }

    const fn at(start: Start, text: String) -> Self {
        Self { start, text, first: None }
    }
}

/// The start of everything, as it is written.
pub(in crate::kurrent) const fn start_of_all() -> &'static str {
    EDGES_OF_ALL.0
}

/// A place among all events, as it is written.
pub(in crate::kurrent) fn place(commit: u64) -> String {
    format!("C:{commit}/P:{commit}")
}

/// So that the event of the checkpoint is the first.
fn before(at: Checkpoint) -> Start {
    let position = at.position.previous();
    position.map_or(Start::Beginning, |position| Start::After(Checkpoint { position, ..at }))
}

/// Where the first event at or behind a revision stands.
async fn position(
    store: &dyn EventStore,
    stream: StreamName,
    revision: Revision,
) -> Result<Option<Position>, Refusal> {
    let read = ReadStream {
        stream,
        from: Place::At(revision),
        direction: Direction::Forwards,
        count_max: 1,
        as_of: AsOf::Now,
    };
    Ok(store.read_stream(read).await?.events.first().map(|event| event.position))
}
