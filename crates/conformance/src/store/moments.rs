//! R1, A6: the context as of an earlier moment, the same however often it is asked.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, numbers, stream, to};
use headwater_model::{
    AsOf, Direction, EventStore, Page, Position, Query, ReadAll, ReadStream, Revision, Timestamp,
};

fn micros(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

async fn context(store: &dyn EventStore, as_of: AsOf) -> Page {
    let read = ReadAll { as_of, ..ReadAll::forwards(Query::all()) };
    store.read_all(read).await.expect("the context is read")
}

/// Revisions and the last one, as they were.
pub async fn a_stream_is_read_as_of_a_position(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for (n, name) in (0..).zip(["order-1", "order-2", "order-1", "order-1"]) {
        accepted(&*store, to(name, [n])).await;
    }
    let table = [(0, vec![0], 0), (1, vec![0], 0), (2, vec![0, 2], 1), (9, vec![0, 2, 3], 2)];
    for (position, expected, last) in table {
        for direction in [Direction::Forwards, Direction::Backwards] {
            let as_of = AsOf::Position(Position(position));
            let read = ReadStream { as_of, direction, ..ReadStream::forwards(stream("order-1")) };
            let page = store.read_stream(read).await.expect("the stream is read");
            let mut seen = numbers(&page.events);
            seen.sort_unstable();
            assert_eq!(seen, expected, "as of {position}");
            assert_eq!((page.last, page.next), (Some(Revision(last)), None));
            assert_eq!(page.as_of, Some(Position(position.min(3))));
        }
    }
    let as_of = AsOf::Position(Position(0));
    let read = ReadStream { as_of, ..ReadStream::forwards(stream("order-2")) };
    let page = store.read_stream(read).await.expect("the stream is read");
    assert_eq!((page.last, page.events.len()), (None, 0), "it was not there yet");
}

/// R1.
pub async fn the_context_is_read_as_of_a_position(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [0, 1, 2])).await;
    for (position, expected) in [(0, vec![0]), (1, vec![0, 1]), (7, vec![0, 1, 2])] {
        let page = context(&*store, AsOf::Position(Position(position))).await;
        assert_eq!(numbers(&page.events), expected);
        assert_eq!((page.next, page.as_of), (None, Some(Position(position.min(2)))));
    }
}

/// A6: the clock may stand still, the past may not move.
pub async fn a_moment_that_was_asked_about_never_changes(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for (n, at) in [(0, 1_000), (1, 2_000), (2, 2_000), (3, 3_000)] {
        c.set_clock(micros(at));
        accepted(&*store, to("order-1", [n])).await;
    }
    let table =
        [(1_000, vec![0]), (1_999, vec![0]), (2_000, vec![0, 1, 2]), (3_000, vec![0, 1, 2, 3])];
    for (at, expected) in &table {
        let page = context(&*store, AsOf::Time(micros(*at))).await;
        assert_eq!(&numbers(&page.events), expected, "as of {at} µs");
    }
    accepted(&*store, to("order-1", [4])).await;
    for (at, expected) in &table {
        let page = context(&*store, AsOf::Time(micros(*at))).await;
        assert_eq!(&numbers(&page.events), expected, "as of {at} µs, asked again");
    }
}

/// It is no promise about what is to come.
pub async fn an_instant_to_come_means_now(c: &mut impl Candidate) {
    c.set_clock(micros(1_000));
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [0])).await;
    let page = context(&*store, AsOf::Time(micros(9_000))).await;
    assert_eq!((numbers(&page.events), page.as_of), (vec![0], Some(Position(0))));
    c.set_clock(micros(2_000));
    accepted(&*store, to("order-1", [1])).await;
    let page = context(&*store, AsOf::Time(micros(9_000))).await;
    assert_eq!(numbers(&page.events), [0, 1]);
    assert_eq!(page.events[1].recorded_at, micros(2_000), "and does not move the clock");
}

/// A6: the one who answered is gone, and the clock that it answered by was wrong.
pub async fn a_moment_that_was_asked_about_outlives_a_clock_set_back(c: &mut impl Candidate) {
    c.set_clock(micros(1_000));
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [0])).await;
    drop(store);
    let mut expected = vec![0];
    for (n, now, asked) in [(1, 8_000, 8_000), (2, 9_000, 8_500), (3, 20_000, 40_000)] {
        c.set_clock(micros(now));
        let store = exam_context(c).await;
        let as_of = AsOf::Time(micros(asked.min(now)));
        assert_eq!(numbers(&context(&*store, AsOf::Time(micros(asked))).await.events), expected);
        drop(store);
        c.set_clock(micros(2_000));
        let store = exam_context(c).await;
        accepted(&*store, to("order-1", [n])).await;
        let again = context(&*store, as_of).await;
        assert_eq!(numbers(&again.events), expected, "as of {asked} µs, asked again");
        expected.push(n);
        let now = context(&*store, AsOf::Now).await;
        assert_eq!(numbers(&now.events), expected, "and the new one is there");
    }
}

/// There was nothing.
pub async fn a_moment_before_everything_is_empty(c: &mut impl Candidate) {
    c.set_clock(micros(1_000));
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [0])).await;
    for direction in [Direction::Forwards, Direction::Backwards] {
        let as_of = AsOf::Time(micros(999));
        let read = ReadAll { as_of, direction, ..ReadAll::forwards(Query::all()) };
        let page = store.read_all(read).await.expect("the context is read");
        assert_eq!((page.events.len(), page.next, page.as_of), (0, None, None));
        let read = ReadStream { as_of, direction, ..ReadStream::forwards(stream("order-1")) };
        let page = store.read_stream(read).await.expect("the stream is read");
        assert_eq!((page.events.len(), page.last, page.as_of), (0, None, None));
    }
}
