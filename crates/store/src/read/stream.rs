//! A page of one stream.

use super::fetch::Fetch;
use super::filling::Filling;
use super::hiding::first_shown;
use super::{Moment, checked_count};
use crate::state::{State, index_error};
use headwater_model::limits::PAGE_BYTES_MAX;
use headwater_model::{
    Direction, From, Position, ReadError, ReadStream, Revision, StreamPage, Timestamp,
};
use std::ops::ControlFlow;

/// Events looked up at once: a page of ten needs one step, a long one is not looked up in vain
/// when its bytes end it.
const STEP_COUNT: usize = 512;

pub(crate) fn read_stream(
    state: &State,
    read: &ReadStream,
    now: Timestamp,
) -> Result<StreamPage, ReadError> {
    let count_max = checked_count(read.count_max)?;
    let moment = Moment::of(state, read.as_of, now)?;
    let first = first_shown(state, &moment, read.stream.as_str())?;
    let mark = state.mark(read.stream.as_str()).unwrap_or_default();
    let mut from = match (read.direction, read.from) {
        (Direction::Forwards, From::Edge) => From::At(first),
        (Direction::Forwards, From::At(from)) => From::At(from.max(first)),
        (Direction::Backwards, from) => from,
    };
    let reader = Reader { state, moment: &moment, read, first };
    let mut filling = Filling::new(count_max, PAGE_BYTES_MAX);
    loop {
        let step = reader.step(from, &mut filling)?;
        match step.next {
            Some(next) if !step.page_is_full => from = From::At(next),
            next => {
                let (events, as_of) = (filling.events, moment.last());
                let last = mark.last_as_of(step.last);
                return Ok(StreamPage { events, next, last, as_of });
            }
        }
    }
}

struct Reader<'a> {
    state: &'a State,
    moment: &'a Moment,
    read: &'a ReadStream,
    first: Revision,
}

struct Step {
    /// The stream's last revision as of the moment.
    last: Option<Revision>,
    /// The next revision that shows and was not taken.
    next: Option<Revision>,
    page_is_full: bool,
}

impl Reader<'_> {
    fn step(&self, from: From<Revision>, filling: &mut Filling) -> Result<Step, ReadError> {
        let (stream, direction) = (self.read.stream.as_str(), self.read.direction);
        let count = filling.room().min(STEP_COUNT);
        let found = self.moment.snapshot.read_stream(stream, from, direction, count);
        let found = found.map_err(index_error)?;
        let last = found.head.map(|head| head.last);

        let is_shown = |(revision, _): &(Revision, Position)| *revision >= self.first;
        let shown: Vec<_> = found.events.into_iter().filter(is_shown).collect();
        let taken = self.take(&shown, filling)?;
        if let Some((revision, _)) = shown.get(taken) {
            return Ok(Step { last, next: Some(*revision), page_is_full: true });
        }
        let end = shown.last().map(|(revision, _)| *revision);
        let next = end.and_then(|end| self.behind(end, last));
        Ok(Step { last, next, page_is_full: filling.is_full() })
    }

    /// Where the stream goes on behind `revision`, if it does.
    fn behind(&self, revision: Revision, last: Option<Revision>) -> Option<Revision> {
        let next = match self.read.direction {
            Direction::Forwards => revision.next(),
            Direction::Backwards => revision.previous()?,
        };
        (next >= self.first && Some(next) <= last).then_some(next)
    }

    /// Takes events until the page has enough; says how many.
    fn take(
        &self,
        shown: &[(Revision, Position)],
        filling: &mut Filling,
    ) -> Result<usize, ReadError> {
        let positions: Vec<_> = shown.iter().map(|(_, position)| *position).collect();
        let fetch = Fetch::new(self.state, &self.moment.snapshot);
        let mut taken = 0;
        let mut is_full = false;
        filling.expect(positions.len());
        fetch.each(&positions, |event, page| {
            // What was given up and removed since the settings were looked at is passed over.
            while shown.get(taken).is_some_and(|(_, position)| *position != event.position) {
                taken += 1;
            }
            let wanted = shown.get(taken).map(|(revision, _)| *revision);
            let is_it = event.stream == self.read.stream.as_str() && Some(event.revision) == wanted;
            if !is_it {
                return Err(fetch.misled(event.position));
            }
            if !filling.takes(&fetch, event, page)? {
                is_full = true;
                return Ok(ControlFlow::Break(()));
            }
            taken += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(if is_full { taken } else { shown.len() })
    }
}
