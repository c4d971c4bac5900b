//! What settings, deletion and age hide of a stream: always a front part.
//!
//! Invariant: the answer is about now, whatever moment is read.

use super::Moment;
use crate::commit::EventRef;
use crate::life::StreamMark;
use crate::state::{State, index_error};
use hashbrown::HashMap;
use headwater_model::{Position, ReadError, Revision, Timestamp};
use std::time::Duration;

/// The first revision of a stream that shows now.
pub(crate) fn first_shown(
    state: &State,
    moment: &Moment,
    stream: &str,
) -> Result<Revision, ReadError> {
    match state.mark(stream) {
        None => Ok(Revision::ZERO),
        Some(mark) => first_under(mark, state, moment, stream),
    }
}

fn first_under(
    mark: StreamMark,
    state: &State,
    moment: &Moment,
    stream: &str,
) -> Result<Revision, ReadError> {
    let now = state.snapshot(moment.head.next);
    let last = now.head(stream).map_err(index_error)?.map(|head| head.last);
    let first = mark.first(last);
    let Some(age_max_ms) = mark.settings.age_max_ms else { return Ok(first) };

    // Whatever was recorded before this is too old: a front part of the context, so of the stream.
    let kept_from = moment.head.recorded_at.as_micros();
    let age_max = u64::try_from(Duration::from_millis(age_max_ms).as_micros()).unwrap_or(u64::MAX);
    let Some(too_old) = kept_from.checked_sub(age_max).and_then(|kept| kept.checked_sub(1)) else {
        return Ok(first);
    };
    let too_old = now.last_at(Timestamp::from_micros(too_old)).map_err(index_error)?;
    let behind = too_old.map_or(Position::ZERO, Position::next);
    let hidden = now.as_of(behind).head(stream).map_err(index_error)?;
    Ok(hidden.map_or(first, |head| first.max(head.last.next())))
}

/// Remembers, for one page, the first shown revision of each marked stream that it meets.
pub(super) struct Hiding<'a> {
    state: &'a State,
    moment: &'a Moment,
    nothing_is_hidden: bool,
    firsts: HashMap<String, Revision>,
}

impl<'a> Hiding<'a> {
    pub(super) fn new(state: &'a State, moment: &'a Moment) -> Self {
        let nothing_is_hidden = state.held.read().marks.is_empty();
        Self { state, moment, nothing_is_hidden, firsts: HashMap::new() }
    }

    pub(super) fn hides(&mut self, event: &EventRef<'_>) -> Result<bool, ReadError> {
        if self.nothing_is_hidden {
            return Ok(false);
        }
        let stream = event.stream.as_str();
        if let Some(first) = self.firsts.get(stream) {
            return Ok(event.revision < *first);
        }
        let Some(mark) = self.state.mark(stream) else { return Ok(false) };
        let first = first_under(mark, self.state, self.moment, stream)?;
        self.firsts.insert(stream.to_owned(), first);
        Ok(event.revision < first)
    }
}
