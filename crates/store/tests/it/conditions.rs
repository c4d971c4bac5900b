//! A1: what a condition may cost, and whom.
//!
//! A decision over a tag that half of a context shares was appended with a condition that began at
//! the first event. Every other writer waited until a hundred million postings had been walked. The
//! caller's own thread does the looking now, and it looks at a bounded number of events.

use headwater_conformance::sample::{event_of, stream, tag};
use headwater_env::{MemDisk, SeededEntropy, VirtualClock};
use headwater_model::{
    Append, AppendError, Category, Checkpoint, CheckpointName, ContextName, Direction, EventId,
    ExpectedRevision, Position, Query, QueryItem, ReadAll, ReadError, Retry, Revision, StreamName,
    Timestamp,
};
use headwater_store::life::StreamMark;
use headwater_store::plan::{Checked, Look, Standing, View};
use headwater_store::{EmbeddedContext, Environment, Options};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Small, so that a few thousand events are too many.
const LOOK_COUNT_MAX: u64 = 300;

fn open(environment: &Environment, condition_look_count_max: u64) -> EmbeddedContext {
    let name = ContextName::new("decisions").expect("a name");
    let options = Options { condition_look_count_max, ..Options::inline(64 * 1_024) };
    EmbeddedContext::open(environment, name, Path::new("/decisions"), &options).expect("opened")
}

fn machine() -> Environment {
    Environment {
        disk: Arc::new(MemDisk::new()),
        clock: Arc::new(VirtualClock::at(Timestamp::from_micros(7))),
        entropy: Arc::new(SeededEntropy::new(1)),
    }
}

/// Events with the tags that `tags` says for each, a thousand to an append.
fn fill(context: &EmbeddedContext, count: u128, mut tags: impl FnMut(u128) -> Vec<&'static str>) {
    for first in (0..count).step_by(1_000) {
        let numbers = first..count.min(first + 1_000);
        let events = numbers.map(|n| event_of(n, "SeatTaken", &tags(n))).collect();
        let append = Append::to(stream("seat-1"), ExpectedRevision::Any, events);
        context.append_blocking(append).expect("taken");
    }
}

/// Two tags that never stand on one event, each on one in ten.
fn apart(n: u128) -> Vec<&'static str> {
    match n % 10 {
        0 => vec!["a"],
        5 => vec!["b"],
        _ => vec![],
    }
}

fn both() -> Query {
    Query::tags([tag("a"), tag("b")])
}

fn decided(n: u128, query: Query, after: Option<Position>) -> Append {
    let events = vec![event_of(n, "Decided", &[])];
    Append::to(stream("decision-1"), ExpectedRevision::Any, events).unless(query, after)
}

#[test]
fn a_condition_over_too_much_is_refused_and_says_so() {
    let machine = machine();
    let context = open(&machine, LOOK_COUNT_MAX);
    fill(&context, 20_000, apart);
    for query in [both(), Query::categories([Category::new("other").expect("a name")]).or(both())] {
        let refused = context.append_blocking(decided(9_000, query, Some(Position(9))));
        let refused = refused.expect_err("it would have looked at hundreds of postings");
        let told = AppendError::ConditionTooBroad {
            condition: 0,
            unseen: 19_990,
            examined_max: LOOK_COUNT_MAX,
        };
        assert_eq!(refused, told);
        assert_eq!((refused.code(), refused.retry()), ("append.condition_too_broad", Retry::Never));
    }
    let near = decided(9_000, both(), Some(Position(19_900)));
    context.append_blocking(near).expect("what was read need not be looked at again");
    let narrow = decided(9_001, Query::tags([tag("c")]), None);
    context.append_blocking(narrow).expect("a term that nothing has costs nothing");
    drop(context);
    let context = open(&machine, 100_000);
    context.append_blocking(decided(9_002, both(), None)).expect("so many may be looked at");
}

/// A4: the first answer does not depend on what the conditions would cost now.
#[test]
fn a_replay_is_answered_however_broad_its_condition_has_become() {
    let context = open(&machine(), LOOK_COUNT_MAX);
    let append = decided(9_000, both(), None);
    let first = context.append_blocking(append.clone()).expect("there is nothing to look at");
    fill(&context, 20_000, apart);
    let again = context.append_blocking(append).expect("A4: a replay");
    assert!(again.replayed && again.position == first.position);
}

/// R1: a walk that gives up seeking proposes a place at which not all terms are; it must neither
/// show it, nor miss what stands behind it, nor show that twice.
#[test]
fn terms_that_hardly_ever_meet_are_found_where_they_do() {
    const TAGS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
    let context = open(&machine(), LOOK_COUNT_MAX);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut tags_of = Vec::new();
    fill(&context, 40_000, |_| {
        let tags: Vec<_> = TAGS.into_iter().filter(|_| random.random_ratio(1, 16)).collect();
        tags_of.push(tags.clone());
        tags
    });
    let triples =
        (0..6).flat_map(|a| (a + 1..6).flat_map(move |b| (b + 1..6).map(move |c| [a, b, c])));
    for wanted in triples.map(|triple| triple.map(|n| TAGS[n])) {
        let has_all = |tags: &&Vec<&str>| wanted.iter().all(|tag| tags.contains(tag));
        let mut expected: Vec<_> =
            tags_of.iter().zip(0..).filter(|(tags, _)| has_all(tags)).map(|(_, n)| n).collect();
        for direction in [Direction::Forwards, Direction::Backwards] {
            let read = ReadAll { direction, ..ReadAll::forwards(Query::tags(wanted.map(tag))) };
            let page = context.read_all_blocking(&read).expect("a page");
            let found: Vec<u64> = page.events.iter().map(|event| event.position.0).collect();
            assert_eq!((found, page.next), (expected.clone(), None), "{wanted:?} {direction:?}");
            expected.reverse();
        }
    }
}

/// C2: a reader whose filter matches nothing still comes on, by a bounded amount of work a page.
#[test]
fn an_empty_page_says_how_far_it_looked() {
    let context = open(&machine(), LOOK_COUNT_MAX);
    fill(&context, 70_000, |n| vec![if n % 2 == 0 { "a" } else { "b" }]);
    let item = QueryItem { tags: vec![tag("a"), tag("b")], ..QueryItem::default() };
    let mut read = ReadAll::forwards(item.into());
    let page = context.read_all_blocking(&read).expect("a page");
    let next = page.next.expect("there is more than a page looks at");
    assert!(page.events.is_empty() && next.0 > 10_000, "{next}");
    assert_eq!(page.checkpoint().map(|come| come.position), next.previous(), "C2");
    read.from = headwater_model::From::At(next);
    let page = context.read_all_blocking(&read).expect("the next page");
    assert_eq!((page.next, page.as_of), (None, Some(Position(69_999))));
}

/// A view whose head moves on by so many events each time it is looked at.
struct Moving<'a> {
    next: u64,
    looked: &'a RefCell<Vec<(u64, u64)>>,
}

impl View for Moving<'_> {
    fn next(&self) -> Position {
        Position(self.next)
    }

    fn recorded_at(&self) -> Timestamp {
        Timestamp::ZERO
    }

    fn told(&self) -> Option<Timestamp> {
        None
    }

    fn standing(&self, _: &StreamName, _: &[EventId], _: Position) -> Result<Standing, ReadError> {
        Ok(Standing::default())
    }

    fn last_revision_before(
        &self,
        _: &StreamName,
        _: Position,
    ) -> Result<Option<Revision>, ReadError> {
        Ok(None)
    }

    fn release_count(&self) -> u64 {
        0
    }

    fn mark(&self, _: &StreamName) -> StreamMark {
        StreamMark::default()
    }

    fn first_match(
        &self,
        _: &Query,
        positions: Range<Position>,
        looks_left: &mut u64,
    ) -> Result<Look, ReadError> {
        self.looked.borrow_mut().push((positions.start.0, positions.end.0));
        *looks_left = looks_left.saturating_sub(positions.end.0 - positions.start.0);
        Ok(if *looks_left == 0 { Look::TooMany } else { Look::Nothing })
    }

    fn checkpoint(&self, _: &CheckpointName) -> Option<Checkpoint> {
        None
    }
}

/// From where to where a caller looks ahead of the writer, while the head moves.
fn ahead(heads: [u64; 3], looks_max: u64) -> Vec<(u64, u64)> {
    let looked = RefCell::default();
    let heads = RefCell::new(heads.into_iter());
    let last = heads.borrow().clone().last().expect("there are three");
    let view = || Moving { next: heads.borrow_mut().next().unwrap_or(last), looked: &looked };
    let conditions = decided(1, both(), None).conditions;
    Checked::ahead(view, &conditions, looks_max).expect("nothing is read");
    looked.into_inner()
}

#[test]
fn a_caller_looks_again_until_little_is_left_to_the_writer() {
    assert_eq!(ahead([100_000, 150_000, 150_100], 1 << 20), [(0, 100_000), (100_000, 150_000)]);
    assert_eq!(ahead([10, 20, 30], 1 << 20), [(0, 10)]);
    assert_eq!(
        ahead([100_000, 150_000, 300_000], 1_000).as_slice(),
        [(0, 100_000)],
        "once is enough"
    );
}
