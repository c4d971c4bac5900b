//! Reads: pages of a stream or of the context, as of one moment.
//!
//! Why: every reader, also a subscription and a condition, goes through here: the moment is
//! chosen once, the index says where to look, the records say what is there.
//!
//! Picture:
//! ```text
//!   moment (head, as of) ─▶ snapshot of the index ─▶ positions ─▶ records ─▶ page
//! ```
//! Invariants: R1 nothing at or behind the moment's end is shown. R2 the moment is not before what
//! was acknowledged when the read began. What settings hide now is hidden in every page, also as
//! of an earlier moment, so that the answer does not depend on whether its space was reclaimed.

mod all;
mod fetch;
mod filling;
mod hiding;
mod pieces;
mod records;
mod scan;
mod seen;
mod singles;
mod stream;
mod terms;

pub(crate) use all::{first_match, read_all, read_within};
pub(crate) use fetch::Fetch;
pub(crate) use hiding::first_shown;
pub(crate) use records::Records;
pub use scan::Scan;
pub(crate) use stream::read_stream;

use crate::index::Snapshot;
use crate::state::{Head, State, index_error};
use headwater_model::limits::{PAGE_EVENT_COUNT_MAX, QUERY_ITEM_COUNT_MAX};
use headwater_model::{AsOf, Position, Query, ReadError, Timestamp};

/// What a read sees.
pub(crate) struct Moment {
    /// The context as it is.
    pub(crate) head: Head,
    /// The index up to the moment asked.
    pub(crate) snapshot: Snapshot,
}

impl Moment {
    /// All that is acknowledged.
    pub(crate) fn now(state: &State) -> Self {
        let head = state.head();
        Self { head, snapshot: state.snapshot(head.next) }
    }

    /// The moment that `as_of` means while the clock says `now`.
    pub(crate) fn of(state: &State, as_of: AsOf, now: Timestamp) -> Result<Self, ReadError> {
        match as_of {
            AsOf::Now => Ok(Self::now(state)),
            AsOf::Position(position) => {
                let now = Self::now(state);
                let snapshot = now.snapshot.as_of(Position(position.0.saturating_add(1)));
                Ok(Self { snapshot, ..now })
            }
            AsOf::Time(instant) => Self::at(state, instant, now),
        }
    }

    /// A6: after the answer nothing is recorded at or before the instant, so that the same
    /// question has the same answer for ever.
    fn at(state: &State, instant: Timestamp, now: Timestamp) -> Result<Self, ReadError> {
        let mut moment = Self::now(state);
        if instant >= moment.head.recorded_at {
            // A commit may be on its way with an instant before this one: it is waited for.
            let (told, head) = state.tell(instant, now).map_err(ReadError::Unavailable)?;
            assert!(told >= head.recorded_at, "A6: the past was told to end before its last event");
            moment = Self { head, snapshot: state.snapshot(head.next) };
        }
        let last = moment.snapshot.last_at(instant).map_err(index_error)?;
        let behind = last.map_or(Position::ZERO, Position::next);
        let snapshot = moment.snapshot.as_of(behind);
        Ok(Self { snapshot, ..moment })
    }

    /// The last position that could be seen.
    pub(crate) fn last(&self) -> Option<Position> {
        self.snapshot.until().previous()
    }
}

/// The bound of a page: what was asked, and never more than a page holds.
pub(crate) fn checked_count(count_max: usize) -> Result<usize, ReadError> {
    match count_max {
        0 => Err(ReadError::Invalid { why: "a page of no events leads nowhere".to_owned() }),
        count => Ok(count.min(PAGE_EVENT_COUNT_MAX)),
    }
}

pub(crate) fn check_query(query: &Query) -> Result<(), ReadError> {
    let size = query.size();
    if size <= QUERY_ITEM_COUNT_MAX {
        return Ok(());
    }
    let why = format!("the query's size is {size}, at most {QUERY_ITEM_COUNT_MAX} is allowed");
    Err(ReadError::Invalid { why })
}
