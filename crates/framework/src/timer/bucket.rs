//! Buckets: stretches of time as tags.
//!
//! Why: the store finds events by tag, at the cost of what it finds. Buckets of ten seconds hold no more
//! than what is due next; buckets of an hour make it cheap to pass over a year of absence.
//!
//! Picture, for a look from 10:59:47 on with a long reach:
//! ```text
//!   10s 10:59:40 │ 10s 10:59:50 │ 1h 11:00 │ 1h 12:00 │ …       at most as many as a query may name
//! ```
//! Invariants: a timer stands in exactly one bucket of each width, which begins at or before its due and
//! ends behind it. What a look covers has no gap, and ends where the next begins.

use headwater_model::limits::QUERY_ITEM_COUNT_MAX;
use headwater_model::{Category, CheckpointName, InvalidName, Query, QueryItem, Tag, Timestamp};
use std::time::Duration;

/// At twenty thousand timers a second one of these is a few pages.
const FINE: Width = Width { span: Duration::from_secs(10), text: "10s" };

/// A year is 137 queries of these.
const COARSE: Width = Width { span: Duration::from_secs(60 * 60), text: "1h" };

/// Reaches below this many doublings are in fine buckets, the others in coarse ones.
const COARSE_FROM: u32 = QUERY_ITEM_COUNT_MAX.ilog2() + 1;

const REACH_MAX: u32 = COARSE_FROM + QUERY_ITEM_COUNT_MAX.ilog2();

/// How wide a bucket is.
struct Width {
    span: Duration,
    text: &'static str,
}

impl Width {
    fn micros(&self) -> u64 {
        self.span.as_secs() * 1_000_000
    }

    /// Where the bucket of `at` begins.
    fn floor(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_micros(at.as_micros() / self.micros() * self.micros())
    }

    fn tag(&self, reader: &str, at: Timestamp) -> Result<Tag, InvalidName> {
        let number = at.as_micros() / self.micros();
        Tag::new(format!("{}:{}:{number}", tag_text(reader), self.text))
    }
}

fn tag_text(reader: &str) -> String {
    format!("$due:{reader}")
}

/// The tags of an event that sets timers for these times.
pub(super) fn tags(reader: &str, dues: &[Timestamp]) -> Result<Vec<Tag>, InvalidName> {
    if dues.is_empty() {
        return Ok(Vec::new());
    }
    let mut tags = vec![Tag::new(tag_text(reader))?];
    for due in dues {
        for width in [&FINE, &COARSE] {
            let tag = width.tag(reader, *due)?;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
    }
    Ok(tags)
}

/// How far a look goes: a number of doublings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach(u32);

impl Reach {
    /// A minute and a half.
    pub(super) const FIRST: Self = Self(3);

    /// Twice as far: what was found fitted.
    pub(super) fn grown(self) -> Self {
        Self((self.0 + 1).min(REACH_MAX))
    }

    /// Half as far: more was found than is held.
    pub(super) fn shrunk(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// A look: what to ask for, and where it ends.
pub(super) struct Cover {
    pub(super) query: Query,
    /// Exclusive.
    pub(super) to: Timestamp,
}

/// The names under which a reader's timers are found.
pub(super) struct Names {
    reader: &'static str,
    category: Category,
    setting: Tag,
    /// Of the mark.
    pub(super) mark: CheckpointName,
}

impl Names {
    pub(super) fn new(reader: &'static str, category: Category) -> Result<Self, InvalidName> {
        let setting = Tag::new(tag_text(reader))?;
        let mark = CheckpointName::new(format!("$timers-{reader}"))?;
        Ok(Self { reader, category, setting, mark })
    }

    /// All events that set timers.
    pub(super) fn setting(&self) -> Query {
        self.item(self.setting.clone()).into()
    }

    /// All events of those who set timers: also what became of them.
    pub(super) fn owners(&self) -> Query {
        Query::categories([self.category.clone()])
    }

    fn item(&self, tag: Tag) -> QueryItem {
        QueryItem {
            categories: vec![self.category.clone()],
            tags: vec![tag],
            ..QueryItem::default()
        }
    }

    /// The buckets from that of `from` on, as far as `reach` goes.
    pub(super) fn cover(&self, from: Timestamp, reach: Reach) -> Result<Cover, InvalidName> {
        let (fine_max, coarse_max) = match reach.0.checked_sub(COARSE_FROM) {
            None => (1 << reach.0, 0),
            Some(doublings) => (QUERY_ITEM_COUNT_MAX, 1 << doublings),
        };
        let (mut items, mut coarse_count) = (Vec::new(), 0);
        let mut to = FINE.floor(from);
        while items.len() < QUERY_ITEM_COUNT_MAX {
            let width = if coarse_count < coarse_max && COARSE.floor(to) == to {
                coarse_count += 1;
                &COARSE
            } else if items.len() < fine_max && coarse_count == 0 {
                &FINE
            } else {
                break;
            };
            items.push(self.item(width.tag(self.reader, to)?));
            to = to.after(width.span);
        }
        assert!(to > from || to.as_micros() == u64::MAX, "C5: a look that leads nowhere");
        Ok(Cover { query: Query { items }, to })
    }
}
