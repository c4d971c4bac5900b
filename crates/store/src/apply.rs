//! Applying: what a commit decided becomes the state.
//!
//! Why: the same few steps at recovery, live, and on a replica; nothing is decided here, so all of
//! them come to the same state.
//!
//! Invariants: A3 positions and revisions follow without a gap, checked although the plan saw to
//! it. A6 the instants do not go back. What does not fit is an answer, not a panic: the commit may
//! come from a disk.

use crate::commit::{self, Commit, Control, EventRef, Gone, Item, Malformed, Text};
use crate::index::Entry;
use crate::life;
use crate::planted::{Bug, planted};
use crate::state::{Head, Held, State};
use bytestring::ByteString;
use headwater_journal_file::Place;
use headwater_model::{EventId, Position, Revision, StreamChange};
use uuid::Uuid;

/// Which parts of a commit are not in the state yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parts {
    /// All of it: a new commit.
    All,
    /// While recovering: the index knows all events before this, and what is held may be known too.
    Recovering {
        /// The index's end.
        indexed_until: Position,
        /// Whether what is held was kept with this commit in it.
        held_is_known: bool,
    },
}

impl Parts {
    fn indexes(self, position: Position) -> bool {
        match self {
            Self::All => true,
            Self::Recovering { indexed_until, .. } => position >= indexed_until,
        }
    }

    fn holds(self) -> bool {
        !matches!(self, Self::Recovering { held_is_known: true, .. })
    }
}

/// Room that is made at once for what a commit tells the index.
const ENTRY_COUNT_USUAL: usize = 1_024;

/// Applies the commit whose body stands at `place`, and gives the head behind it. It is not
/// published yet.
pub(crate) fn apply(
    state: &State,
    before: Head,
    place: Place,
    body: &[u8],
    parts: Parts,
) -> Result<Head, Malformed> {
    index(state, before, place, body, parts)?.hold(state)
}

/// A commit whose events the index was told of: nobody sees them before the head is published, so
/// this may be done before the commit is durable.
pub(crate) struct Indexed<'b> {
    body: &'b [u8],
    head: Head,
    /// Which stream was changed, by the record that begins where, of the event at which position.
    changes: Vec<(&'b str, usize, Position)>,
    controls: Vec<Control>,
}

/// Applies the events of a commit.
pub(crate) fn index<'b>(
    state: &State,
    before: Head,
    place: Place,
    body: &'b [u8],
    parts: Parts,
) -> Result<Indexed<'b>, Malformed> {
    let commit = Commit::read(body)?;
    let header = commit.header();
    check_follows(before, header)?;
    let room = usize::try_from(header.event_count).unwrap_or(usize::MAX).min(ENTRY_COUNT_USUAL);
    let mut entries = Vec::with_capacity(room);
    let (mut tags, mut tagged, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut stream_name, mut type_name) = (Name::default(), Name::default());
    let mut records = commit.records();
    while let Some((at, item)) = records.next_item()? {
        let event = match item {
            Item::Event(event) => event,
            Item::Gone(gone) => {
                let place = place.plus(u32::try_from(at).map_err(|_| too_long(at))?);
                let left = left_of(&gone, place);
                entries.extend(left.filter(|entry| parts.indexes(entry.position)));
                continue;
            }
        };
        let stream = stream_name.of(event.stream);
        if parts.indexes(event.position) {
            if !event.tags.is_empty() {
                let from = tags.len();
                tags.extend(event.tags.iter());
                tagged.push((entries.len(), from..tags.len()));
            }
            let place = place.plus(u32::try_from(at).map_err(|_| too_long(at))?);
            entries.push(entry(&event, stream, type_name.of(event.event_type), place));
        }
        if parts.holds() {
            changes.extend(life::subject(stream).map(|subject| (subject, at, event.position)));
        }
    }
    let mut controls = commit.controls(records)?;
    controls.truncate(if parts.holds() { controls.len() } else { 0 });
    for (n, own) in tagged {
        entries[n].tags = &tags[own];
    }
    let added = match parts {
        Parts::All => state.index.add(&entries),
        // What was removed is accounted for when all is applied.
        Parts::Recovering { .. } => state.index.add_from(&entries, &|stream, revision| {
            state.begins_at(stream, revision);
            true
        }),
    };
    added.map_err(|cause| Malformed::new(0, cause.to_string()))?;
    let recorded_at = if header.event_count > 0 { header.recorded_at } else { before.recorded_at };
    let head = Head { next: header.next(), recorded_at };
    Ok(Indexed { body, head, changes, controls })
}

/// The name that was seen last: neighbours often share theirs, and it is decoded once.
#[derive(Default)]
struct Name<'b>(Option<(Text<'b>, &'b str)>);

impl<'b> Name<'b> {
    fn of(&mut self, text: Text<'b>) -> &'b str {
        match self.0 {
            Some((last, name)) if last == text => name,
            _ => self.0.insert((text, text.as_str())).1,
        }
    }
}

impl Indexed<'_> {
    /// Applies the rest: what everyone sees at once, and therefore only once it is durable.
    pub(crate) fn hold(self, state: &State) -> Result<Head, Malformed> {
        let Self { body, head, changes, controls } = self;
        for (subject, at, position) in changes {
            mark(state, subject, body, at, position)?;
        }
        if !controls.is_empty() {
            let mut held = state.held.write();
            controls.into_iter().for_each(|control| held.take(control));
        }
        Ok(head)
    }
}

fn check_follows(before: Head, header: &commit::Header) -> Result<(), Malformed> {
    if header.first != before.next {
        let why =
            format!("the commit begins at position {}, expected {}", header.first, before.next);
        return Err(Malformed::new(0, why));
    }
    if header.event_count > 0
        && header.recorded_at < before.recorded_at
        && !planted(Bug::RecordedAtFollowsClock)
    {
        let (this, last) = (header.recorded_at, before.recorded_at);
        let why = format!("the commit was recorded at {this}, the one before it at {last}");
        return Err(Malformed::new(0, why));
    }
    Ok(())
}

fn too_long(at: usize) -> Malformed {
    Malformed::new(at, "the commit is longer than a segment")
}

/// What the index is told of an event, its tags left out.
pub(crate) fn entry<'a>(
    event: &EventRef<'a>,
    stream: &'a str,
    event_type: &'a str,
    place: Place,
) -> Entry<'a> {
    Entry {
        position: event.position,
        place,
        stream,
        revision: event.revision,
        id: forget(event.id),
        event_type,
        tags: &[],
        recorded_at: event.recorded_at,
    }
}

/// What the index is told of events that were removed: of the last of a stream what is kept of it.
pub(crate) fn left_of<'a>(
    gone: &Gone<'a>,
    place: Place,
) -> impl Iterator<Item = Entry<'a>> + use<'a> {
    let Gone { first, count, recorded_at, stub } = *gone;
    let position = move |n: u32| Position(first.0 + u64::from(n));
    (0..count).map(move |n| Entry {
        position: position(n),
        place,
        stream: stub.map_or("", |stub| stub.stream.as_str()),
        revision: stub.map_or(Revision::ZERO, |stub| stub.revision),
        id: stub.map_or(EventId(Uuid::nil()), |stub| stub.id),
        event_type: stub.map_or("", |stub| stub.event_type.as_str()),
        tags: &[],
        recorded_at,
    })
}

fn forget(id: EventId) -> EventId {
    if planted(Bug::ForgetIds) { EventId(Uuid::nil()) } else { id }
}

/// A settings stream has a new event: what it says becomes the mark of its subject.
fn mark(
    state: &State,
    subject: &str,
    body: &[u8],
    at: usize,
    position: Position,
) -> Result<(), Malformed> {
    let event = commit::read_owned(&body[at..], position)?;
    let Some(change) = StreamChange::recorded_by(&event) else {
        let (name, kind) = (&event.stream, &event.event_type);
        return Err(Malformed::new(at, format!("stream {name} has an event of type {kind}")));
    };
    let last = state.index.snapshot(position).head(subject);
    let last = last.map_err(|cause| Malformed::new(at, cause.to_string()))?;
    let Held { marks, .. } = &mut *state.held.write();
    let mark = marks.entry(ByteString::from(subject)).or_default();
    *mark = mark.changed(change, last.map(|head| head.last));
    Ok(())
}
