//! Healing the index: what a damaged run told is told again from the segments.
//!
//! Why: the index is a copy of what the segments say, sorted. Damage in it is met by a read, which
//! gets an error; then the run is built again here, beside the readers and the writer, a segment's
//! worth of memory at a time.
//!
//! Invariants: D1 what is damaged is reported, never believed, and never grows: if the segments are
//! damaged too, they are reported and the run is left as it is.

use crate::apply;
use crate::commit::{Commit, Item, Malformed};
use crate::index::{AddError, Entry, IndexError, Rebuild};
use crate::state::{State, corrupt, index_error, journal_error};
use headwater_journal_file::{Frame, Place, Segments};
use headwater_model::{Corrupt, Position, ReadError, Revision};

/// Builds one damaged run again; `false`: there is none. When `keep_going` says no it is left for
/// later.
///
/// # Errors
/// The disk, and it is tried again when the damage is met again; or the segments are damaged too.
pub(crate) fn heal_step(state: &State, keep_going: &dyn Fn() -> bool) -> Result<bool, ReadError> {
    let Some(mut rebuild) = state.index.rebuild() else { return Ok(false) };
    let range = rebuild.range();
    match tell(state, &mut rebuild, keep_going) {
        Ok(true) => rebuild.finish().map_err(index_error)?,
        Ok(false) => return Ok(false),
        Err(cause @ ReadError::Corrupt(_)) => {
            rebuild.give_up();
            return Err(cause);
        }
        Err(cause) => return Err(cause),
    }
    let (first, last) = (range.start, range.end.previous().unwrap_or_default());
    tracing::warn!(%first, %last, "the index was damaged here, and was built again");
    Ok(true)
}

/// Tells of every event of the range; `false`: it was not wanted any more.
fn tell(
    state: &State,
    rebuild: &mut Rebuild<'_>,
    keep_going: &dyn Fn() -> bool,
) -> Result<bool, ReadError> {
    let segments = &state.segments;
    let range = rebuild.range();
    let mut next = range.start;
    for frame in segments.frames(begin_of(segments, range.start)?) {
        let frame = frame.map_err(journal_error)?;
        let malformed = |cause: Malformed| corrupt(frame.place, &cause);
        let commit = Commit::read(&frame.body).map_err(malformed)?;
        if commit.header().first != next || next >= range.end {
            break;
        }
        next = commit.header().next();
        tell_commit(state, rebuild, &frame, &commit)?;
        if !keep_going() {
            return Ok(false);
        }
    }
    if next == range.end {
        return Ok(true);
    }
    let why = format!("the segments go on to position {next}, the index to {}", range.end);
    Err(ReadError::Corrupt(Corrupt { file: "the index".to_owned(), at: range.end.0, why }))
}

fn tell_commit(
    state: &State,
    rebuild: &mut Rebuild<'_>,
    frame: &Frame,
    commit: &Commit<'_>,
) -> Result<(), ReadError> {
    let malformed = |cause: Malformed| corrupt(frame.place, &cause);
    let mut events = Vec::new();
    let mut records = commit.records();
    while let Some((at, item)) = records.next_item().map_err(malformed)? {
        let place = frame.place.plus(u32::try_from(at).unwrap_or(u32::MAX));
        let tags = match &item {
            Item::Event(event) => event.tags.iter().collect::<Vec<_>>(),
            Item::Gone(_) => Vec::new(),
        };
        events.push((place, item, tags));
    }
    let mut entries = Vec::with_capacity(events.len());
    for (place, item, tags) in &events {
        match item {
            Item::Event(event) => {
                let (stream, event_type) = (event.stream.as_str(), event.event_type.as_str());
                let entry = apply::entry(event, stream, event_type, *place);
                entries.push(Entry { tags, ..entry });
            }
            Item::Gone(gone) => entries.extend(apply::left_of(gone, *place)),
        }
    }
    // The events of a stream before what was given up of it may be gone. While a context is opened
    // it is not known yet what was: that is looked at when all is applied.
    let begins = |stream: &str, revision: Revision| {
        state.is_recovering() || state.mark(stream).is_some_and(|mark| revision <= mark.released)
    };
    rebuild.add_from(&entries, &begins).map_err(|cause| match cause {
        AddError::Unreadable(cause @ IndexError::Unavailable(_)) => index_error(cause),
        cause => malformed(Malformed::new(0, cause.to_string())),
    })
}

/// Where the segment begins whose first event is the one of `position`.
fn begin_of(segments: &Segments, position: Position) -> Result<Place, ReadError> {
    let begin = |segment| Place { segment, ..segments.start() };
    let list = segments.list();
    let (mut low, mut high) = (0, list.len());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let from = begin(list[middle].segment);
        let frame = segments.frames(from).next().transpose().map_err(journal_error)?;
        let first = frame.map(|frame| {
            let commit = Commit::read(&frame.body).map_err(|cause| corrupt(frame.place, &cause))?;
            Ok(commit.header().first)
        });
        match first.transpose()? {
            Some(first) if first <= position => low = middle,
            _ => high = middle,
        }
    }
    Ok(begin(list.get(low).map_or(0, |info| info.segment)))
}
