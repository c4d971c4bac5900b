//! Identity: events that stand already answer with their first result (A4).
//!
//! Why: a reply may be lost after the commit was made; asking again must be safe for ever, also
//! with `Any`, also when the expectations of the first time no longer hold.
//!
//! Picture, for each write with events:
//! ```text
//!   none of the ids stand    → new
//!   all stand, in one run    → known         one is known and one is new → PartlyRepeated
//!   some stand, or scattered → PartlyRepeated
//!   one says something else  → IdReused
//! ```

use super::View;
use super::overlay::{Loaded, Overlay, Written};
use headwater_model::{
    AppendError, Appended, EventId, NewEvent, Position, RecordedEvent, Revision, StreamName,
    StreamWrite,
};

/// Where the last event of a known write stands.
struct Run {
    last: Revision,
    position: Position,
}

/// Loads the streams of `writes`, and gives the first answer if all events stand already. None of
/// them stands before `new_before`.
pub(super) fn look_up<V: View>(
    overlay: &mut Overlay<'_, '_, V>,
    writes: &[StreamWrite],
    new_before: Position,
) -> Result<(Vec<Loaded>, Option<Appended>), AppendError> {
    let mut streams = Vec::with_capacity(writes.len());
    let mut known = Vec::with_capacity(writes.len());
    for write in writes {
        let ids: Vec<_> = ids(write).collect();
        let (stream, stored) = overlay.load_with(&write.stream, &ids, new_before)?;
        known.push(run_of(overlay, write, stream, stored)?);
        streams.push(stream);
    }
    let Some(position) = known.iter().flatten().map(|run| run.position).max() else {
        return Ok((streams, None));
    };
    check_none_is_new(writes, &known)?;
    let mut revisions = Vec::with_capacity(writes.len());
    for ((write, run), stream) in writes.iter().zip(known).zip(&streams) {
        revisions.push(match run {
            Some(run) => Some(run.last),
            None => last_then(overlay, &write.stream, *stream, position)?,
        });
    }
    let first_answer = Appended { position: Some(position), revisions, replayed: true };
    Ok((streams, Some(first_answer)))
}

/// One write known and another new: the two were not one append.
fn check_none_is_new(writes: &[StreamWrite], known: &[Option<Run>]) -> Result<(), AppendError> {
    let is_new =
        |(write, run): (&StreamWrite, &Option<Run>)| !write.events.is_empty() && run.is_none();
    if !writes.iter().zip(known).any(is_new) {
        return Ok(());
    }
    let (write, _) = writes
        .iter()
        .zip(known)
        .find(|(_, run)| run.is_some())
        .expect("a position was found, so one of the writes is known");
    Err(partly_repeated(&write.stream, ids(write).collect()))
}

/// What is known of a write: nothing, or all of it in one run of revisions.
fn run_of<'r, V: View>(
    overlay: &mut Overlay<'_, 'r, V>,
    write: &StreamWrite,
    stream: Loaded,
    stored: Vec<(usize, RecordedEvent)>,
) -> Result<Option<Run>, AppendError> {
    if stored.is_empty() && overlay.is_untouched(stream) {
        return Ok(None);
    }
    let mut standing: Vec<_> = write
        .events
        .iter()
        .enumerate()
        .filter_map(|(n, event)| Some((n, Stands::Written(overlay.written(stream, event.id)?))))
        .chain(stored.into_iter().map(|(n, event)| (n, Stands::Stored(Box::new(event)))))
        .collect();
    standing.sort_by_key(|(n, _)| *n);
    for (n, stands) in &standing {
        stands.check_content(&write.events[*n], &write.stream)?;
    }
    let (Some((_, first)), Some((_, last))) = (standing.first(), standing.last()) else {
        return Ok(None);
    };
    let first = first.place().0;
    let follows =
        |(n, (_, stands)): (usize, &(usize, Stands<'_>))| stands.place().0.0 == first.0 + n as u64;
    if standing.len() == write.events.len() && standing.iter().enumerate().all(follows) {
        let (last, position) = last.place();
        return Ok(Some(Run { last, position }));
    }
    let repeated = standing.iter().map(|(n, _)| write.events[*n].id).collect();
    Err(partly_repeated(&write.stream, repeated))
}

/// An event that stands already, in the log or in the group.
enum Stands<'r> {
    Stored(Box<RecordedEvent>),
    Written(Written<'r>),
}

impl Stands<'_> {
    fn place(&self) -> (Revision, Position) {
        match self {
            Self::Stored(event) => (event.revision, event.position),
            Self::Written(event) => (event.revision, event.position),
        }
    }

    /// A4's "same content".
    fn check_content(&self, asked: &NewEvent, stream: &StreamName) -> Result<(), AppendError> {
        let same = match self {
            Self::Stored(event) => asked.same_content(event),
            Self::Written(Written { event, .. }) => {
                asked.event_type == event.event_type
                    && asked.schema_version == event.schema_version
                    && asked.content_type == event.content_type
                    && asked.payload == event.payload
                    && asked.tags == event.tags
            }
        };
        if same {
            return Ok(());
        }
        let (revision, _) = self.place();
        Err(AppendError::IdReused { id: asked.id, stream: stream.clone(), revision })
    }
}

/// The last revision of a stream when the append that ends at `position` was made.
fn last_then<V: View>(
    overlay: &Overlay<'_, '_, V>,
    name: &StreamName,
    stream: Loaded,
    position: Position,
) -> Result<Option<Revision>, AppendError> {
    if let Some(last) = overlay.written_before(stream, position) {
        return Ok(Some(last));
    }
    overlay.view.last_revision_before(name, position.next()).map_err(super::unreadable)
}

fn ids(write: &StreamWrite) -> impl Iterator<Item = EventId> {
    write.events.iter().map(|event| event.id)
}

fn partly_repeated(stream: &StreamName, repeated: Vec<EventId>) -> AppendError {
    AppendError::PartlyRepeated { stream: stream.clone(), repeated }
}
