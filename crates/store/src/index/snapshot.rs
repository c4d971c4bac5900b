//! Snapshots: the index as of one end, whatever is added, sealed or merged meanwhile.
//!
//! Why: a read takes many steps; between two of them the tail becomes a run and runs become one.
//! A snapshot holds the parts and runs it began with, so that nothing is missed or met twice.
//!
//! Invariants: R1, nothing at or behind `until` is ever shown. A3, a stream's spans in runs and
//! tail follow each other without a gap.

use super::error::IndexError;
use super::key::{Key, Kind, Term, fingerprint};
use super::list::List;
use super::postings::Postings;
use super::view::View;
use headwater_journal_file::Place;
use headwater_model::{Direction, EventId, From, Position, Revision, StreamName, Timestamp};
use std::sync::Arc;

/// The index as of one end.
#[derive(Clone)]
pub struct Snapshot {
    view: Arc<View>,
    until: u64,
}

/// A stream's last event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamHead {
    /// Its place in the stream.
    pub last: Revision,
    /// Its place in the context.
    pub position: Position,
}

/// What a read of a stream found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StreamRead {
    /// The stream's last event; `None`: the stream has none.
    pub head: Option<StreamHead>,
    /// The events asked for, in the direction asked.
    pub events: Vec<(Revision, Position)>,
}

/// What an append must know of a stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StreamCheck {
    /// The stream's last event; `None`: the stream has none.
    pub head: Option<StreamHead>,
    /// Where events stand that may have one of the ids asked for: which id, and where. Read the
    /// record to know; what is not here is surely not in the stream.
    pub candidates: Vec<(usize, Position)>,
}

impl Snapshot {
    pub(crate) fn new(view: Arc<View>, until: Position) -> Self {
        let until = until.0.min(view.end());
        Self { view, until }
    }

    /// The position behind the last that is seen.
    pub fn until(&self) -> Position {
        Position(self.until)
    }

    /// The same, with nothing at or behind `until`: the context as of an earlier moment.
    #[must_use]
    pub fn as_of(&self, until: Position) -> Self {
        Self { view: Arc::clone(&self.view), until: self.until.min(until.0) }
    }

    /// A stream's last event.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read; so in all that follow.
    pub fn head(&self, stream: &str) -> Result<Option<StreamHead>, IndexError> {
        let key = Key::new(Kind::Stream, stream);
        let newest = self.view.newest_first(key, self.until).next();
        newest.transpose()?.map(|list| head_of(&list, key)).transpose()
    }

    /// A stream's last event, and where the events of these ids may stand (A4). None of them stands
    /// before `new_before`, as its caller knows: there nobody looks for them.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    pub fn check(
        &self,
        stream: &str,
        ids: &[EventId],
        new_before: Position,
    ) -> Result<StreamCheck, IndexError> {
        let key = Key::new(Kind::Stream, stream);
        let fingerprints: Vec<u32> = ids.iter().map(|id| fingerprint(*id)).collect();
        let unknown = |end: u64| if end <= new_before.0 { &[][..] } else { &fingerprints[..] };
        let mut check = StreamCheck::default();
        let mut end = self.until;
        for part in self.view.parts_newest_first(self.until) {
            let own = part.check(key, unknown(end), self.until, &mut check.candidates);
            end = part.first();
            let Some(own) = own else { continue };
            let last = Revision(own.revision + own.count - 1);
            check.head.get_or_insert(StreamHead { last, position: Position(own.last) });
            if own.revision == 0 || unknown(end).is_empty() {
                return Ok(check);
            }
        }
        for list in self.view.runs_newest_first(key, self.until) {
            let list = list?;
            if check.head.is_none() {
                check.head = Some(head_of(&list, key)?);
            }
            list.candidates(key, unknown(end), self.until, &mut check.candidates)?;
            if list.revision == 0 || unknown(end).is_empty() {
                break;
            }
        }
        Ok(check)
    }

    /// The position behind the last event that nothing is added to any more: what is known of a
    /// stream's ids before it stays known.
    pub fn closed_end(&self) -> Position {
        let open = self.view.parts.last().map_or(self.until, |part| part.first());
        Position(open.min(self.until))
    }

    /// Whether surely none of these ids stands in the stream.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    pub fn is_new(&self, stream: &str, ids: &[EventId]) -> Result<bool, IndexError> {
        Ok(self.check(stream, ids, Position::ZERO)?.candidates.is_empty())
    }

    /// Events of a stream from a revision on, at most `count_max`.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    pub fn read_stream(
        &self,
        stream: &str,
        from: From<Revision>,
        direction: Direction,
        count_max: usize,
    ) -> Result<StreamRead, IndexError> {
        let key = Key::new(Kind::Stream, stream);
        let mut lists = Vec::new();
        for list in self.view.newest_first(key, self.until) {
            let list = list?;
            let first = list.revision;
            lists.push(list);
            if first == 0 || enough(first, from, direction, &lists, count_max) {
                break;
            }
        }
        let Some(newest) = lists.first() else { return Ok(StreamRead::default()) };
        let head = head_of(newest, key)?;
        let wanted = wanted(head.last.0, from, direction, count_max);
        let events = match wanted {
            Some((low, high)) => gather(key, &lists, low, high, direction)?,
            None => Vec::new(),
        };
        Ok(StreamRead { head: Some(head), events })
    }

    /// Names of streams that begin with `prefix` and stand behind `after`, in order of their
    /// bytes, at most `count_max`.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    pub fn streams(
        &self,
        prefix: &str,
        after: Option<&StreamName>,
        count_max: usize,
    ) -> Result<Vec<StreamName>, IndexError> {
        let after = after.map_or("", StreamName::as_str);
        self.view.names(prefix.as_bytes(), after.as_bytes(), self.until, count_max)
    }

    /// Where the events of a term stand.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    pub fn postings(&self, term: Term<'_>) -> Result<Postings, IndexError> {
        let mut lists =
            self.view.newest_first(term.key(), self.until).collect::<Result<Vec<_>, _>>()?;
        lists.reverse();
        Ok(Postings::new(term, lists))
    }

    /// Where the record of an event stands; `None` behind the end.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    pub fn locate(&self, position: Position) -> Result<Option<Place>, IndexError> {
        if position.0 >= self.until {
            return Ok(None);
        }
        self.view.locate(position.0)
    }

    /// The last event recorded at or before `time`; `None` if the first is later.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    pub fn last_at(&self, time: Timestamp) -> Result<Option<Position>, IndexError> {
        let last = self.view.last_at(time)?;
        Ok(last.and_then(|last| Some(Position(last.min(self.until.checked_sub(1)?)))))
    }
}

/// Where a list ends.
fn head_of(list: &List, key: Key<'_>) -> Result<StreamHead, IndexError> {
    let last = list.count - 1;
    Ok(StreamHead { last: Revision(list.revision + last), position: Position(list.last(key)?) })
}

/// Whether the lists from the newest down to one that begins at `first` hold all that is wanted.
fn enough(
    first: u64,
    from: From<Revision>,
    direction: Direction,
    lists: &[List],
    count_max: usize,
) -> bool {
    match (direction, from) {
        (Direction::Forwards, From::Edge) => false,
        (Direction::Forwards, From::At(from)) => first <= from.0,
        (Direction::Backwards, From::Edge) => {
            lists.iter().map(|list| list.count).sum::<u64>() >= count_max as u64
        }
        (Direction::Backwards, From::At(from)) => {
            first <= from.0.saturating_add(1).saturating_sub(count_max as u64)
        }
    }
}

/// The revisions wanted, both inclusive.
fn wanted(
    last: u64,
    from: From<Revision>,
    direction: Direction,
    count_max: usize,
) -> Option<(u64, u64)> {
    let more = (count_max as u64).checked_sub(1)?;
    match direction {
        Direction::Forwards => {
            let low = match from {
                From::Edge => 0,
                From::At(revision) => revision.0,
            };
            (low <= last).then(|| (low, low.saturating_add(more).min(last)))
        }
        Direction::Backwards => {
            let high = match from {
                From::Edge => last,
                From::At(revision) => revision.0.min(last),
            };
            Some((high.saturating_sub(more), high))
        }
    }
}

/// The events `low..=high` of a stream, from its lists, newest first.
fn gather(
    key: Key<'_>,
    lists: &[List],
    low: u64,
    high: u64,
    direction: Direction,
) -> Result<Vec<(Revision, Position)>, IndexError> {
    let mut events = Vec::with_capacity(usize::try_from(high - low + 1).unwrap_or(0).min(4_096));
    let mut block = Vec::new();
    for list in lists.iter().rev() {
        let mut revision = low.max(list.revision);
        while revision <= high && revision < list.revision + list.count {
            let start = list.revision + list.block(key, revision - list.revision, &mut block)?;
            for (nth, position) in (start..).zip(&block) {
                if (revision..=high).contains(&nth) {
                    events.push((Revision(nth), Position(*position)));
                }
            }
            revision = start + block.len() as u64;
        }
    }
    if direction == Direction::Backwards {
        events.reverse();
    }
    Ok(events)
}
