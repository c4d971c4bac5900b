//! R1, R2: pages together are the whole, in both directions.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, at, event, event_type, numbers, stream, to};
use headwater_model::limits::{PAGE_BYTES_MAX, PAGE_EVENT_COUNT_MAX};
use headwater_model::{
    Append, Direction, EventStore, ExpectedRevision, From, NewEvent, Page, Position, Query,
    ReadAll, ReadError, ReadStream, Revision, StreamPage,
};

fn of_order(count_max: usize, direction: Direction, from: From<Revision>) -> ReadStream {
    ReadStream { direction, count_max, from, ..ReadStream::forwards(stream("order-1")) }
}

fn of_all(count_max: usize, direction: Direction, from: From<Position>) -> ReadAll {
    ReadAll { direction, count_max, from, ..ReadAll::forwards(Query::all()) }
}

async fn stream_page(store: &dyn EventStore, read: ReadStream) -> StreamPage {
    store.read_stream(read).await.expect("the stream is read")
}

async fn page(store: &dyn EventStore, read: ReadAll) -> Page {
    store.read_all(read).await.expect("the context is read")
}

/// R1.
pub async fn a_stream_is_read_by_pages_in_both_directions(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for n in 0..7 {
        accepted(&*store, to("order-1", [n])).await;
        accepted(&*store, to("order-2", [n + 100])).await;
    }
    let ways = [
        (Direction::Forwards, [vec![0, 1, 2], vec![3, 4, 5], vec![6]], [Some(3), Some(6), None]),
        (Direction::Backwards, [vec![6, 5, 4], vec![3, 2, 1], vec![0]], [Some(3), Some(0), None]),
    ];
    for (direction, pages, nexts) in ways {
        let mut from = From::Edge;
        for (expected, next) in pages.into_iter().zip(nexts) {
            let page = stream_page(&*store, of_order(3, direction, from)).await;
            assert_eq!(numbers(&page.events), expected);
            assert_eq!(page.next, next.map(Revision));
            assert_eq!((page.last, page.as_of), (Some(Revision(6)), Some(Position(13))));
            from = page.next.map_or(From::Edge, From::At);
        }
    }
    let exact = stream_page(&*store, of_order(7, Direction::Forwards, From::Edge)).await;
    assert_eq!((exact.events.len(), exact.next), (7, None), "a full page may be the last");
}

/// Inclusive in either direction, and forgiving beyond the end.
pub async fn a_page_begins_where_it_is_told(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [0, 1, 2])).await;
    let table = [
        (Direction::Forwards, 1, vec![1, 2]),
        (Direction::Forwards, 3, vec![]),
        (Direction::Forwards, u64::MAX, vec![]),
        (Direction::Backwards, 1, vec![1, 0]),
        (Direction::Backwards, 0, vec![0]),
        (Direction::Backwards, u64::MAX, vec![2, 1, 0]),
    ];
    for (direction, from, expected) in table {
        let read = of_order(9, direction, From::At(Revision(from)));
        let of_stream = stream_page(&*store, read).await;
        let read = of_all(9, direction, From::At(Position(from)));
        let of_context = page(&*store, read).await;
        assert_eq!(numbers(&of_stream.events), expected, "{direction:?} from revision {from}");
        assert_eq!(numbers(&of_context.events), expected, "{direction:?} from position {from}");
        assert_eq!((of_stream.next, of_context.next), (None, None));
    }
}

/// R1: page by page, whatever a page holds.
pub async fn the_context_is_read_by_pages_in_both_directions(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for n in 0..10 {
        accepted(&*store, to(&format!("order-{}", n % 3), [n])).await;
    }
    for direction in [Direction::Forwards, Direction::Backwards] {
        let mut expected: Vec<_> = (0..10).collect();
        if direction == Direction::Backwards {
            expected.reverse();
        }
        for count_max in 1..=11 {
            let mut read = of_all(count_max, direction, From::Edge);
            let mut seen = Vec::new();
            loop {
                let page = page(&*store, read.clone()).await;
                assert!(page.events.len() <= count_max);
                assert_eq!(page.as_of, Some(Position(9)));
                seen.extend(numbers(&page.events));
                let Some(next) = page.next else { break };
                read.from = From::At(next);
            }
            assert_eq!(seen, expected, "{direction:?} by {count_max}");
        }
    }
}

/// D3: one reader holds no more than a page, however large the events are.
pub async fn a_page_ends_at_its_bound_of_bytes(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let large = |n| NewEvent { payload: vec![b' '; 3_000_000].into(), ..event(n) };
    for n in 0..5 {
        let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![large(n)]);
        accepted(&*store, append).await;
    }
    let (mut read, mut count, mut pages) = (ReadAll::forwards(Query::all()), 0, 0);
    loop {
        let page = page(&*store, read.clone()).await;
        let bytes: usize = page.events.iter().map(|event| event.payload.len()).sum();
        assert!(bytes <= PAGE_BYTES_MAX);
        (count, pages) = (count + page.events.len(), pages + 1);
        let Some(next) = page.next else { break };
        read.from = From::At(next);
    }
    assert_eq!(count, 5);
    assert!(pages >= 3);
    let of_stream = stream_page(&*store, of_order(9, Direction::Forwards, From::Edge)).await;
    assert!(of_stream.next.is_some() && of_stream.events.len() < 4);
}

/// D3.
pub async fn a_page_of_nothing_is_refused_and_a_huge_one_is_cut(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for part in 0..3 {
        let numbers = part * 5_000..(part + 1) * 5_000;
        accepted(&*store, to("order-1", numbers)).await;
    }
    let invalid = |error| matches!(error, ReadError::Invalid { .. });
    let nothing = store.read_stream(of_order(0, Direction::Forwards, From::Edge)).await;
    assert!(nothing.is_err_and(invalid));
    assert!(store.read_all(of_all(0, Direction::Forwards, From::Edge)).await.is_err_and(invalid));
    let huge = stream_page(&*store, of_order(usize::MAX, Direction::Forwards, From::Edge)).await;
    assert!(huge.events.len() <= PAGE_EVENT_COUNT_MAX && huge.next.is_some());
    let huge = page(&*store, of_all(usize::MAX, Direction::Backwards, From::Edge)).await;
    assert!(huge.events.len() <= PAGE_EVENT_COUNT_MAX && huge.next.is_some());
}

/// Nothing is an answer, not an error.
pub async fn an_unknown_stream_is_an_empty_page(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let read = || of_order(9, Direction::Forwards, From::Edge);
    let empty = StreamPage { events: vec![], next: None, last: None, as_of: None };
    assert_eq!(stream_page(&*store, read()).await, empty);
    let nothing = page(&*store, of_all(9, Direction::Backwards, From::Edge)).await;
    assert_eq!((nothing.events.len(), nothing.next, nothing.as_of), (0, None, None));
    assert_eq!(nothing.checkpoint(), None);
    accepted(&*store, to("order-2", [1])).await;
    let empty = StreamPage { as_of: Some(Position(0)), ..empty };
    assert_eq!(stream_page(&*store, read()).await, empty);
}

/// C2: what was filtered out was handled.
pub async fn a_page_tells_how_far_its_reader_has_come(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [0, 1, 2, 3])).await;
    let one = of_all(1, Direction::Forwards, From::Edge);
    assert_eq!(page(&*store, one).await.checkpoint(), Some(at(0)));
    let mut read = ReadAll::forwards(Query::types([event_type("Never")]));
    let mut come = None;
    loop {
        let page = page(&*store, read.clone()).await;
        assert!(page.events.is_empty());
        assert!(page.checkpoint().map(|at| at.position) >= come, "C2: never back");
        come = page.checkpoint().map(|at| at.position);
        let Some(next) = page.next else { break };
        read.from = From::At(next);
    }
    assert_eq!(come, Some(Position(3)));
}

/// By bytes, from any place, deleted ones too, the system's only when asked for.
pub async fn streams_are_listed_in_order_of_name(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for (n, name) in (0..).zip(["order-2", "Order-3", "order-1", "order-10", "ordem", "$audit"]) {
        accepted(&*store, to(name, [n])).await;
    }
    let delete = headwater_model::StreamChange::Delete;
    let any = ExpectedRevision::Any;
    for name in ["order-1", "never"] {
        store.change_stream(stream(name), any, delete).await.expect("deleted");
    }
    let table = [
        ("", None, 9, vec!["Order-3", "ordem", "order-1", "order-10", "order-2"]),
        ("order-", None, 9, vec!["order-1", "order-10", "order-2"]),
        ("order-", Some("order-1"), 1, vec!["order-10"]),
        ("order-", Some("order-2"), 9, vec![]),
        ("", Some("order-0"), 2, vec!["order-1", "order-10"]),
        ("$a", None, 9, vec!["$audit"]),
        ("$", None, 9, vec!["$$never", "$$order-1", "$audit"]),
        ("x", None, 9, vec![]),
    ];
    for (prefix, after, count_max, expected) in table {
        let listed = store.streams(prefix.to_owned(), after.map(stream), count_max).await;
        let listed = listed.expect("the streams are listed");
        let names: Vec<_> = listed.iter().map(|state| state.stream.as_str()).collect();
        assert_eq!(names, expected, "{prefix:?} behind {after:?}");
        for state in listed {
            assert_eq!(store.stream(state.stream.clone()).await, Ok(state));
        }
    }
}
