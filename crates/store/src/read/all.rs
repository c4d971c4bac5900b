//! A page of the context, and the first event that matches.
//!
//! Why: a selective query walks postings; any other walks positions. Both propose positions, and
//! every record is asked itself, so the two differ in cost only.
//!
//! Invariants: R1 in order, each once. A bounded number of events is looked at for a page: it may be
//! empty and still go on.

use super::fetch::Fetch;
use super::filling::Filling;
use super::hiding::Hiding;
use super::terms::{Terms, Walk};
use super::{Moment, check_query, checked_count};
use crate::commit::EventRef;
use crate::plan::Look;
use crate::state::{State, index_error};
use bytes::Bytes;
use headwater_model::limits::PAGE_BYTES_MAX;
use headwater_model::{Direction, From, Page, Position, Query, ReadAll, ReadError, Timestamp};
use std::ops::{ControlFlow, Range};

/// Events looked at for one page: what a reader waits for at most, some tens of milliseconds.
const LOOK_COUNT_MAX: usize = 65_536;

/// Events fetched at once.
const STEP_COUNT: usize = 512;

/// A record found by its posting costs as much as so many that are passed in order.
const POSTING_COST: u64 = 4;

pub(crate) fn read_all(state: &State, read: &ReadAll, now: Timestamp) -> Result<Page, ReadError> {
    read_within(state, read, now, PAGE_BYTES_MAX)
}

/// A page of no more than so many bytes, or of one event.
pub(crate) fn read_within(
    state: &State,
    read: &ReadAll,
    now: Timestamp,
    bytes_max: usize,
) -> Result<Page, ReadError> {
    let count_max = checked_count(read.count_max)?;
    check_query(&read.query)?;
    let moment = Moment::of(state, read.as_of, now)?;
    let incarnation = state.incarnation();
    let as_of = moment.last();
    let mut page = Page { events: Vec::new(), next: None, as_of, incarnation };
    let Some(range) = range(read, as_of) else { return Ok(page) };
    let mut filling = Filling::new(count_max, bytes_max);
    if read.query.items.is_empty() {
        filling.expect(usize::try_from(range.end.0 - range.start.0).unwrap_or(usize::MAX));
    }
    let mut proposals = Proposals::of(&read.query, &moment, range, read.direction)?;
    let fetch = Fetch::new(state, &moment.snapshot);
    let mut hiding = Hiding::new(state, &moment);
    let mut looked = 0;
    while page.next.is_none() {
        // As many as fill the page if all match; more once it is seen that they do not.
        let step = (filling.room() + 1).max(looked).clamp(16, STEP_COUNT);
        let batch = proposals.take(step)?;
        if batch.is_empty() {
            break;
        }
        looked += batch.len() + proposals.take_passed();
        batch.each(&fetch, |event, bytes| {
            let shows = read.query.matches(&event) && !hiding.hides(&event)?;
            if filling.is_full() || (shows && !filling.takes(&fetch, event, bytes)?) {
                page.next = Some(event.position);
            }
            Ok(if page.next.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if page.next.is_none() && (filling.is_full() || looked >= LOOK_COUNT_MAX) {
            page.next = proposals.take(1)?.first();
        }
    }
    page.events = filling.events;
    Ok(page)
}

/// Looks for the first event in `positions` that matches; each that is looked at is taken off
/// `looks_left`.
pub(crate) fn first_match(
    state: &State,
    moment: &Moment,
    query: &Query,
    positions: Range<Position>,
    looks_left: &mut u64,
) -> Result<Look, ReadError> {
    let end = positions.end.min(moment.snapshot.until());
    if positions.start >= end {
        return Ok(Look::Nothing);
    }
    let range = positions.start..end;
    let mut proposals = Proposals::of(query, moment, range, Direction::Forwards)?;
    let fetch = Fetch::new(state, &moment.snapshot);
    // A match is likely among the first few, and most conditions have none.
    let mut step = 8;
    loop {
        let left = usize::try_from(*looks_left).unwrap_or(usize::MAX);
        let batch = proposals.take(step.min(left).max(1))?;
        if batch.is_empty() {
            return Ok(Look::Nothing);
        }
        if left == 0 {
            return Ok(Look::TooMany);
        }
        let mut found = None;
        batch.each(&fetch, |event, _| {
            // What was given up is as if it had never been there.
            let is_there = || !state.is_released(event.stream.as_str(), event.revision);
            if query.matches(&event) && is_there() {
                found = Some(event.position);
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if let Some(position) = found {
            return Ok(Look::Match(position));
        }
        let looked = batch.len() + proposals.take_passed();
        *looks_left = looks_left.saturating_sub(looked as u64);
        step = STEP_COUNT;
    }
}

/// The positions that a page may show: from the first that is looked at, in the direction asked,
/// to the end of the moment or the beginning of the context. As a rising range.
fn range(read: &ReadAll, as_of: Option<Position>) -> Option<Range<Position>> {
    let end = as_of?;
    match (read.direction, read.from) {
        (Direction::Forwards, From::Edge) => Some(Position::ZERO..end.next()),
        (Direction::Forwards, From::At(from)) => (from <= end).then(|| from..end.next()),
        (Direction::Backwards, From::Edge) => Some(Position::ZERO..end.next()),
        (Direction::Backwards, From::At(from)) => Some(Position::ZERO..from.min(end).next()),
    }
}

/// Positions that may match, in order.
enum Proposals {
    /// All of them.
    Every { left: Range<Position>, direction: Direction },
    /// Those of the query's terms, within a range.
    Walk { walk: Walk, range: Range<Position> },
}

impl Proposals {
    fn of(
        query: &Query,
        moment: &Moment,
        range: Range<Position>,
        direction: Direction,
    ) -> Result<Self, ReadError> {
        let passed = range.end.0 - range.start.0;
        let every = Self::Every { left: range.clone(), direction };
        // So few are looked at in order before the terms are even found.
        if passed <= 16 {
            return Ok(every);
        }
        match Terms::of(query, &moment.snapshot).map_err(index_error)? {
            Some(terms) if terms.count().saturating_mul(POSTING_COST) < passed => {
                let from = match direction {
                    Direction::Forwards => range.start,
                    Direction::Backwards => Position(range.end.0 - 1),
                };
                let walk = terms.walk(from, direction).map_err(index_error)?;
                Ok(Self::Walk { walk, range })
            }
            _ => Ok(every),
        }
    }

    /// Postings that were passed over since this was asked last.
    fn take_passed(&mut self) -> usize {
        match self {
            Self::Every { .. } => 0,
            Self::Walk { walk, .. } => {
                usize::try_from(walk.take_seek_count()).unwrap_or(usize::MAX)
            }
        }
    }

    fn take(&mut self, count: usize) -> Result<Batch, ReadError> {
        match self {
            Self::Every { left, direction } => {
                let count = (left.end.0 - left.start.0).min(count as u64);
                match direction {
                    Direction::Forwards => {
                        let end = Position(left.start.0 + count);
                        let taken = left.start..end;
                        left.start = end;
                        Ok(Batch::Range(taken))
                    }
                    Direction::Backwards => {
                        let taken = left.end.0 - count..left.end.0;
                        left.end = Position(taken.start);
                        Ok(Batch::List(taken.rev().map(Position).collect()))
                    }
                }
            }
            Self::Walk { walk, range } => {
                let mut taken = Vec::with_capacity(count.min(64));
                while taken.len() < count {
                    match walk.next().map_err(index_error)? {
                        Some(position) if range.contains(&position) => taken.push(position),
                        _ => break,
                    }
                    if walk.seek_count() >= LOOK_COUNT_MAX as u64 {
                        break;
                    }
                }
                Ok(Batch::List(taken))
            }
        }
    }
}

/// Some of the proposals.
enum Batch {
    Range(Range<Position>),
    List(Vec<Position>),
}

impl Batch {
    fn len(&self) -> usize {
        match self {
            Self::Range(range) => {
                usize::try_from(range.end.0 - range.start.0).unwrap_or(usize::MAX)
            }
            Self::List(list) => list.len(),
        }
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn first(&self) -> Option<Position> {
        match self {
            Self::Range(range) => (!range.is_empty()).then_some(range.start),
            Self::List(list) => list.first().copied(),
        }
    }

    fn each(
        &self,
        fetch: &Fetch<'_>,
        take: impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<(), ReadError> {
        match self {
            Self::Range(range) => fetch.every(range.clone(), take),
            Self::List(list) => fetch.each(list, take),
        }
    }
}
