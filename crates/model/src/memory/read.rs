//! Pages, in memory: scan, filter, stop at a bound.
//!
//! Invariants: R1 what a page shows ends at one moment. A page ends before the event with which it
//! would pass a bound, and holds at least one if there is one.

use super::history::{History, Stream};
use crate::limits::{PAGE_BYTES_MAX, PAGE_EVENT_COUNT_MAX, QUERY_ITEM_COUNT_MAX};
use crate::{
    Direction, From, Incarnation, Page, Position, Query, ReadAll, ReadError, ReadStream,
    RecordedEvent, Revision, StreamName, StreamPage, StreamState, Timestamp,
};

impl History {
    pub(super) fn read_stream(
        &mut self,
        read: &ReadStream,
        now: Timestamp,
    ) -> Result<StreamPage, ReadError> {
        let count_max = checked_count(read.count_max)?;
        let as_of = self.resolve(read.as_of, now);
        let Some(stream) = self.streams.get(&read.stream) else {
            return Ok(StreamPage { events: Vec::new(), next: None, last: None, as_of });
        };
        let seen_count = stream.positions.partition_point(|at| Some(*at) <= as_of);
        let last = stream.last_as_of(seen_count);
        let shown = self.shown(stream, seen_count);
        let places: Vec<u64> = match (read.direction, read.from) {
            (Direction::Forwards, From::Edge) => shown.collect(),
            (Direction::Forwards, From::At(from)) => shown.filter(|r| *r >= from.0).collect(),
            (Direction::Backwards, From::Edge) => shown.rev().collect(),
            (Direction::Backwards, From::At(from)) => {
                shown.rev().filter(|r| *r <= from.0).collect()
            }
        };
        let mut page = Filling::new(count_max);
        let mut next = None;
        for revision in places {
            let at = usize::try_from(revision).ok().and_then(|n| stream.positions.get(n));
            let event = at.and_then(|at| self.event(*at)).expect("A3: revisions are dense");
            if !page.takes(event) {
                next = Some(Revision(revision));
                break;
            }
        }
        Ok(StreamPage { events: page.events, next, last, as_of })
    }

    /// The revisions among the first `seen_count` that nothing hides: all but a front part.
    pub(super) fn shown(&self, stream: &Stream, seen_count: usize) -> std::ops::Range<u64> {
        let first = stream.first().0;
        let by_age = stream
            .positions
            .iter()
            .take(seen_count)
            .take_while(|at| self.event(**at).is_some_and(|event| self.hides(event)));
        let hidden = by_age.count() as u64;
        first.max(hidden)..seen_count as u64
    }

    pub(super) fn read_all(&mut self, read: &ReadAll, now: Timestamp) -> Result<Page, ReadError> {
        let count_max = checked_count(read.count_max)?;
        check_query(&read.query)?;
        let as_of = self.resolve(read.as_of, now);
        let mut page = Page { events: Vec::new(), next: None, as_of, incarnation: Incarnation(0) };
        let Some(end) = as_of else { return Ok(page) };
        let mut filling = Filling::new(count_max);
        let mut at = match (read.direction, read.from) {
            (Direction::Forwards, From::Edge) => Some(Position::ZERO),
            (Direction::Forwards, From::At(from)) => Some(from).filter(|from| *from <= end),
            (Direction::Backwards, From::Edge) => Some(end),
            (Direction::Backwards, From::At(from)) => Some(from.min(end)),
        };
        while let Some(position) = at {
            let event = self.event(position).expect("A3: positions are dense");
            let matches = read.query.matches(event) && !self.hides(event);
            if filling.is_full() || (matches && !filling.takes(event)) {
                page.next = Some(position);
                break;
            }
            at = match read.direction {
                Direction::Forwards => Some(position.next()).filter(|next| *next <= end),
                Direction::Backwards => position.previous(),
            };
        }
        page.events = filling.events;
        Ok(page)
    }

    pub(super) fn list(
        &self,
        prefix: &str,
        after: Option<&StreamName>,
        count_max: usize,
    ) -> Result<Vec<StreamState>, ReadError> {
        let count_max = checked_count(count_max)?;
        let listed = self.streams.iter().filter(|(name, stream)| {
            name.as_str().starts_with(prefix)
                && after.is_none_or(|after| *name > after)
                && !stream.positions.is_empty()
                && (!name.is_system() || prefix.starts_with('$'))
        });
        Ok(listed.take(count_max).map(|(name, _)| self.state(name)).collect())
    }
}

/// A page that takes events until one would pass a bound.
struct Filling {
    events: Vec<RecordedEvent>,
    count_max: usize,
    bytes: usize,
}

impl Filling {
    fn new(count_max: usize) -> Self {
        Self { events: Vec::new(), count_max, bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.events.len() == self.count_max
    }

    fn takes(&mut self, event: &RecordedEvent) -> bool {
        let bytes = self.bytes + event.payload.len() + event.metadata.bytes();
        if self.is_full() || (!self.events.is_empty() && bytes > PAGE_BYTES_MAX) {
            return false;
        }
        self.bytes = bytes;
        self.events.push(event.clone());
        true
    }
}

/// The bound of a page: what was asked, and never more than a page holds.
fn checked_count(count_max: usize) -> Result<usize, ReadError> {
    match count_max {
        0 => Err(ReadError::Invalid { why: "a page of no events leads nowhere".into() }),
        count => Ok(count.min(PAGE_EVENT_COUNT_MAX)),
    }
}

pub(super) fn check_query(query: &Query) -> Result<(), ReadError> {
    match query.size() {
        size if size > QUERY_ITEM_COUNT_MAX => {
            let why = format!("the query's size is {size}, at most {QUERY_ITEM_COUNT_MAX}");
            Err(ReadError::Invalid { why })
        }
        _ => Ok(()),
    }
}
