//! Which index terms answer a query, and the walk over their postings.
//!
//! Why: a filtered read or a condition must cost what matches, not what there is. An item of a
//! query becomes an intersection of unions of postings; the items are a union of those.
//!
//! Picture, for `(type A or B) and tag x`:
//! ```text
//!   union(A, B)   2  5     9  14        rarest first: it proposes, the others seek
//!   union(x)         5  7     14  20    → 5, 14
//! ```
//! What the terms propose is a superset: every record is still asked whether it matches.

use crate::index::{Cursor, IndexError, Postings, Snapshot, Term};
use headwater_model::{Direction, Position, Query, QueryItem};

/// Streams that a prefix may stand for before a scan is the better answer.
const PREFIX_STREAM_COUNT_MAX: usize = 256;

/// Seeks between two proposals. Terms that hardly ever meet would else be searched to their ends for
/// one page: what was reached is proposed instead, and the record itself says no. Looking at one
/// record costs about as much.
const MEET_SEEK_COUNT_MAX: u64 = 32;

/// A union is worth seeking in only if it is not this many times longer than the rarest.
const SEEK_RATIO_MAX: u64 = 64;

/// The postings of a query, before it is known whether they will be walked.
pub(crate) struct Terms {
    items: Vec<Vec<Union>>,
}

struct Union {
    lists: Vec<Postings>,
    count: u64,
}

impl Terms {
    /// The postings of `query`; `None` if some item says nothing that the index knows.
    pub(crate) fn of(query: &Query, snapshot: &Snapshot) -> Result<Option<Self>, IndexError> {
        if query.items.is_empty() {
            return Ok(None);
        }
        let mut items = Vec::with_capacity(query.items.len());
        for item in &query.items {
            let mut unions = unions(item, snapshot)?;
            unions.sort_by_key(|union| union.count);
            let Some(rarest) = unions.first().map(|union| union.count) else { return Ok(None) };
            unions.retain(|union| union.count <= rarest.saturating_mul(SEEK_RATIO_MAX));
            items.push(unions);
        }
        Ok(Some(Self { items }))
    }

    /// How many positions they propose, at most.
    pub(crate) fn count(&self) -> u64 {
        self.items.iter().filter_map(|unions| unions.first()).map(|union| union.count).sum()
    }

    /// Walks them from `from` on.
    pub(crate) fn walk(self, from: Position, direction: Direction) -> Result<Walk, IndexError> {
        let mut items = Vec::with_capacity(self.items.len());
        let mut seek_count = 0;
        for unions in self.items {
            let unions = unions.into_iter().map(|union| UnionWalk::new(union, from, direction));
            let mut unions = unions.collect::<Result<Vec<_>, _>>()?;
            let next = meet(&mut unions, direction, &mut seek_count)?;
            items.push(ItemWalk { unions, next });
        }
        Ok(Walk { items, direction, seek_count })
    }
}

fn unions(item: &QueryItem, snapshot: &Snapshot) -> Result<Vec<Union>, IndexError> {
    let mut unions = Vec::new();
    let union = |terms: &mut dyn Iterator<Item = Term<'_>>| {
        let lists = terms.map(|term| snapshot.postings(term)).collect::<Result<Vec<_>, _>>()?;
        let count = lists.iter().map(Postings::count).sum();
        Ok::<_, IndexError>(Union { lists, count })
    };
    if !item.streams.is_empty() {
        unions.push(union(&mut item.streams.iter().map(|name| Term::Stream(name.as_str())))?);
    }
    if !item.categories.is_empty() {
        let names = item.categories.iter();
        unions.push(union(&mut names.map(|name| Term::Category(name.as_str())))?);
    }
    if !item.types.is_empty() {
        unions.push(union(&mut item.types.iter().map(|name| Term::Type(name.as_str())))?);
    }
    for tag in &item.tags {
        unions.push(union(&mut std::iter::once(Term::Tag(tag.as_str())))?);
    }
    if let Some(streams) = streams_of_prefixes(item, snapshot)? {
        unions.push(union(&mut streams.iter().map(|name| Term::Stream(name.as_str())))?);
    }
    Ok(unions)
}

/// The streams that an item's prefixes stand for, if they are few.
fn streams_of_prefixes(
    item: &QueryItem,
    snapshot: &Snapshot,
) -> Result<Option<Vec<headwater_model::StreamName>>, IndexError> {
    if item.stream_prefixes.is_empty() {
        return Ok(None);
    }
    let mut streams = Vec::new();
    for prefix in &item.stream_prefixes {
        let found = snapshot.streams(prefix, None, PREFIX_STREAM_COUNT_MAX + 1)?;
        if found.len() > PREFIX_STREAM_COUNT_MAX {
            return Ok(None);
        }
        streams.extend(found);
    }
    streams.sort_unstable();
    streams.dedup();
    Ok(Some(streams))
}

/// Positions that may match, each once, in order.
pub(crate) struct Walk {
    items: Vec<ItemWalk>,
    direction: Direction,
    seek_count: u64,
}

struct ItemWalk {
    unions: Vec<UnionWalk>,
    next: Option<Position>,
}

impl Walk {
    /// The next position.
    pub(crate) fn next(&mut self) -> Result<Option<Position>, IndexError> {
        let nexts = self.items.iter().filter_map(|item| item.next);
        let next = match self.direction {
            Direction::Forwards => nexts.min(),
            Direction::Backwards => nexts.max(),
        };
        let Some(next) = next else { return Ok(None) };
        for item in self.items.iter_mut().filter(|item| item.next == Some(next)) {
            if let Some(driver) = item.unions.first_mut() {
                // What was proposed without having met may still lie ahead of it.
                driver.seek(next)?;
                driver.pass(next)?;
            }
            item.next = meet(&mut item.unions, self.direction, &mut self.seek_count)?;
        }
        Ok(Some(next))
    }

    /// Postings that were passed over since this was asked last, in search of what all terms have.
    pub(crate) fn seek_count(&self) -> u64 {
        self.seek_count
    }

    /// As [`Self::seek_count`], which begins anew.
    pub(crate) fn take_seek_count(&mut self) -> u64 {
        std::mem::take(&mut self.seek_count)
    }
}

/// The next position that all unions have; or, after so many seeks, one before which none is.
fn meet(
    unions: &mut [UnionWalk],
    direction: Direction,
    seek_count: &mut u64,
) -> Result<Option<Position>, IndexError> {
    let Some(mut wanted) = unions.first().and_then(UnionWalk::peek) else { return Ok(None) };
    let seek_count_max = *seek_count + MEET_SEEK_COUNT_MAX;
    'wanted: loop {
        for union in unions.iter_mut() {
            union.seek(wanted)?;
            let Some(position) = union.peek() else { return Ok(None) };
            if position != wanted {
                assert!(is_behind(position, wanted, direction), "R1: a walk turned back");
                wanted = position;
                *seek_count += 1;
                if *seek_count >= seek_count_max {
                    return Ok(Some(wanted));
                }
                continue 'wanted;
            }
        }
        return Ok(Some(wanted));
    }
}

fn is_behind(a: Position, b: Position, direction: Direction) -> bool {
    match direction {
        Direction::Forwards => a > b,
        Direction::Backwards => a < b,
    }
}

/// The postings of several terms as one list.
struct UnionWalk {
    lists: Vec<(Cursor, Option<Position>)>,
    direction: Direction,
}

impl UnionWalk {
    fn new(union: Union, from: Position, direction: Direction) -> Result<Self, IndexError> {
        let enter = |list: Postings| {
            let mut cursor = list.cursor(direction);
            cursor.seek(from)?;
            let next = cursor.next()?;
            Ok::<_, IndexError>((cursor, next))
        };
        let lists = union.lists.into_iter().map(enter).collect::<Result<_, _>>()?;
        Ok(Self { lists, direction })
    }

    fn peek(&self) -> Option<Position> {
        let nexts = self.lists.iter().filter_map(|(_, next)| *next);
        match self.direction {
            Direction::Forwards => nexts.min(),
            Direction::Backwards => nexts.max(),
        }
    }

    /// Skips what comes before `position`.
    fn seek(&mut self, position: Position) -> Result<(), IndexError> {
        for (cursor, next) in &mut self.lists {
            if next.is_some_and(|next| is_behind(position, next, self.direction)) {
                cursor.seek(position)?;
                *next = cursor.next()?;
            }
        }
        Ok(())
    }

    /// Goes behind `position`, if it stands there.
    fn pass(&mut self, position: Position) -> Result<(), IndexError> {
        for (cursor, next) in &mut self.lists {
            if *next == Some(position) {
                *next = cursor.next()?;
            }
        }
        Ok(())
    }
}
