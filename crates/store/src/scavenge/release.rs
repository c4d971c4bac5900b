//! Releasing: what nobody can read any more is given up, in a commit.
//!
//! Why: settings can be widened again, and then hidden events show again. Before bytes go, the order
//! itself must say that they never will: a decision like any other, the same for every copy of the
//! context, and durable before anything is removed.
//!
//! Picture:
//! ```text
//!   looked at: mark, first shown ──▶ Release { mark, before } ──▶ plan: still this mark? ──▶ commit
//! ```

use crate::plan::Release;
use crate::read::{Moment, first_shown};
use crate::state::{State, index_error};
use bytestring::ByteString;
use headwater_model::{Direction, From, ReadError, Revision, StreamName};
use std::collections::BTreeSet;

/// Events looked up at once.
const STEP_COUNT: usize = 1_024;

/// The streams of which something may be hidden.
pub(super) fn marked(state: &State) -> Vec<ByteString> {
    let mut names: Vec<_> = state.held.read().marks.keys().cloned().collect();
    // So that the same history is scavenged in the same order.
    names.sort_unstable();
    names
}

/// What is hidden of a stream now and was not released yet.
pub(super) fn hidden(state: &State, name: &ByteString) -> Result<Option<Release>, ReadError> {
    let Ok(stream) = StreamName::system(name.clone()) else { return Ok(None) };
    let Some(mark) = state.mark(name) else { return Ok(None) };
    let moment = Moment::now(state);
    let shown = first_shown(state, &moment, name)?;
    let head = moment.snapshot.head(name).map_err(index_error)?;
    let behind = head.map_or(Revision::ZERO, |head| head.last.next());
    let before = shown.min(behind);
    Ok((before > mark.released).then_some(Release { stream, mark, before }))
}

/// The segments that hold what a release gives up.
pub(super) fn segments_of(
    state: &State,
    release: &Release,
    segments: &mut BTreeSet<u32>,
) -> Result<(), ReadError> {
    let snapshot = Moment::now(state).snapshot;
    let mut from = release.mark.released;
    while from < release.before {
        let (stream, at) = (release.stream.as_str(), From::At(from));
        let read = snapshot.read_stream(stream, at, Direction::Forwards, STEP_COUNT);
        let read = read.map_err(index_error)?;
        let Some((last, _)) = read.events.last().copied() else { break };
        for (_, position) in read.events.iter().filter(|(own, _)| *own < release.before) {
            let place = snapshot.locate(*position).map_err(index_error)?;
            segments.extend(place.map(|place| place.segment));
        }
        from = last.next();
    }
    Ok(())
}
