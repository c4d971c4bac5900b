//! A3: what settings hide is not shown, and nothing is renumbered.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, all, id, numbers, stream, to};
use headwater_model::{
    AsOf, Direction, EventStore, ExpectedRevision, Position, Query, ReadStream, Revision,
    StreamChange, StreamSettings, Timestamp,
};

const KEPT: StreamSettings =
    StreamSettings { count_max: None, age_max_ms: None, truncate_before: None };

async fn set(store: &dyn EventStore, settings: StreamSettings) {
    let change = StreamChange::Settings(settings);
    let changed = store.change_stream(stream("order-1"), ExpectedRevision::Any, change);
    changed.await.expect("the settings are changed");
}

/// The numbers that show, read in both directions.
async fn shown(store: &dyn EventStore) -> Vec<u128> {
    let read = ReadStream::forwards(stream("order-1"));
    let page = store.read_stream(read.clone()).await.expect("read");
    let back = store.read_stream(ReadStream { direction: Direction::Backwards, ..read }).await;
    let back = back.expect("read");
    assert!(back.events.iter().eq(page.events.iter().rev()), "the directions disagree");
    assert_eq!((page.next, back.next), (None, None));
    numbers(&page.events)
}

/// By count, as more arrive.
pub async fn the_newest_events_are_kept_by_count(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2, 3])).await;
    set(&*store, StreamSettings { count_max: Some(2), ..KEPT }).await;
    assert_eq!(shown(&*store).await, [2, 3]);
    accepted(&*store, to("order-1", [4])).await;
    assert_eq!(shown(&*store).await, [3, 4]);
    let state = store.stream(stream("order-1")).await.expect("read");
    assert_eq!((state.first, state.last), (Revision(2), Some(Revision(3))));
    set(&*store, StreamSettings { count_max: Some(0), ..KEPT }).await;
    assert_eq!(shown(&*store).await, []);
}

/// By revision, also beyond the end.
pub async fn events_are_hidden_before_a_revision(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2, 3])).await;
    for (before, expected) in [(0, vec![1, 2, 3]), (2, vec![3]), (3, vec![]), (4, vec![])] {
        set(&*store, StreamSettings { truncate_before: Some(Revision(before)), ..KEPT }).await;
        assert_eq!(shown(&*store).await, expected, "before revision {before}");
    }
    accepted(&*store, to("order-1", [4, 5])).await;
    assert_eq!(shown(&*store).await, [5], "before revision 4");
}

/// By age: against the newest event of the context, so that what shows depends on the log alone.
pub async fn events_are_hidden_by_age_against_the_newest(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for (n, ms) in [(1, 10), (2, 20), (3, 30)] {
        c.set_clock(Timestamp::from_micros(ms * 1_000));
        accepted(&*store, to("order-1", [n])).await;
    }
    set(&*store, StreamSettings { age_max_ms: Some(10), ..KEPT }).await;
    assert_eq!(shown(&*store).await, [2, 3]);
    c.set_clock(Timestamp::from_micros(1_000_000));
    assert_eq!(shown(&*store).await, [2, 3], "time alone hides nothing");
    accepted(&*store, to("order-2", [4])).await;
    assert_eq!(shown(&*store).await, []);
    let state = store.stream(stream("order-1")).await.expect("read");
    assert_eq!((state.first, state.last), (Revision(0), Some(Revision(2))));
}

/// The last word holds alone.
pub async fn settings_are_replaced_not_merged(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2, 3])).await;
    set(&*store, StreamSettings { count_max: Some(1), ..KEPT }).await;
    let both =
        StreamSettings { truncate_before: Some(Revision(1)), age_max_ms: Some(9_000), ..KEPT };
    set(&*store, both).await;
    assert_eq!(store.stream(stream("order-1")).await.expect("read").settings, both);
    assert_eq!(shown(&*store).await, [2, 3]);
    set(&*store, KEPT).await;
    assert_eq!(shown(&*store).await, [1, 2, 3]);
}

/// Of the context too, filtered or not, and as of any moment: what is hidden may be gone.
pub async fn hiding_hides_from_every_reader(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2])).await;
    accepted(&*store, to("order-2", [3])).await;
    set(&*store, StreamSettings { truncate_before: Some(Revision(1)), ..KEPT }).await;
    assert_eq!(numbers(&all(&*store, Query::all()).await), [2, 3]);
    assert_eq!(numbers(&all(&*store, Query::stream(stream("order-1"))).await), [2]);
    let as_of = AsOf::Position(Position(0));
    let read = ReadStream { as_of, ..ReadStream::forwards(stream("order-1")) };
    let page = store.read_stream(read).await.expect("read");
    assert_eq!((page.events.len(), page.last), (0, Some(Revision(0))));
}

/// A4 needs it: a replay of a hidden event is a replay.
pub async fn hidden_events_are_found_by_id(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2])).await;
    set(&*store, StreamSettings { count_max: Some(0), ..KEPT }).await;
    let found = store.find(stream("order-1"), id(1)).await.expect("read").expect("found");
    assert_eq!((found.revision, found.position), (Revision(0), Position(0)));
    assert_eq!(store.find(stream("order-1"), id(3)).await, Ok(None));
    assert_eq!(store.find(stream("order-9"), id(1)).await, Ok(None));
    assert!(accepted(&*store, to("order-1", [1, 2])).await.replayed);
}
