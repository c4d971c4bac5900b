//! The tail alone: what was told is found, clipped to the snapshot's end.

use crate::index::{AddError, Entry, Index, IndexOptions, Term};
use headwater_env::MemDisk;
use headwater_journal_file::Place;
use headwater_model::{Direction, EventId, From, Position, Revision, Timestamp};
use std::sync::Arc;
use uuid::Uuid;

fn index() -> Index {
    let disk = Arc::new(MemDisk::new());
    let options = IndexOptions { disk, dir: "index".into(), identity: 7, cache_bytes_max: 1 << 20 };
    Index::open(options).expect("an empty directory is an empty index")
}

fn id(n: u64) -> EventId {
    EventId(Uuid::from_u128(u128::from(n)))
}

/// Ten events, alternating between `order-1` and `cart-2`, five in each of two segments.
fn told() -> Index {
    let index = index();
    for n in 0..10_u64 {
        let entry = Entry {
            position: Position(n),
            place: Place { segment: n as u32 / 5, at: n as u32 % 5 * 100 },
            stream: if n % 2 == 0 { "order-1" } else { "cart-2" },
            revision: Revision(n / 2),
            id: id(n),
            event_type: "Seen",
            tags: &["all:1", "all:1"],
            recorded_at: Timestamp::from_micros(n / 4 * 1_000),
        };
        index.add(&[entry]).expect("A3: revisions are dense");
    }
    index
}

#[test]
fn a_stream_ends_where_its_last_event_below_the_end_stands() {
    let index = told();
    let head = |until: u64| {
        let head = index.snapshot(Position(until)).head("order-1").expect("memory");
        head.map(|head| (head.last.0, head.position.0))
    };
    assert_eq!(head(0), None);
    assert_eq!(head(1), Some((0, 0)));
    assert_eq!(head(6), Some((2, 4)));
    assert_eq!(head(99), Some((4, 8)));
}

#[test]
fn a_stream_is_read_both_ways_across_segments() {
    let index = told();
    let snapshot = index.snapshot(index.end());
    let read = |from, direction, count_max| {
        let read = snapshot.read_stream("cart-2", from, direction, count_max).expect("memory");
        read.events.iter().map(|(revision, at)| (revision.0, at.0)).collect::<Vec<_>>()
    };
    let all = [(0, 1), (1, 3), (2, 5), (3, 7), (4, 9)];
    assert_eq!(read(From::Edge, Direction::Forwards, 100), all);
    assert_eq!(read(From::At(Revision(1)), Direction::Forwards, 2), all[1..3]);
    assert_eq!(read(From::At(Revision(5)), Direction::Forwards, 2), []);
    assert_eq!(read(From::Edge, Direction::Backwards, 2), [(4, 9), (3, 7)]);
    assert_eq!(read(From::At(Revision(2)), Direction::Backwards, 9), [(2, 5), (1, 3), (0, 1)]);
}

#[test]
fn an_id_is_found_in_its_own_stream_only() {
    let index = told();
    let check = |stream: &str| {
        let ids = [id(3), id(77)];
        index.snapshot(index.end()).check(stream, &ids, Position::ZERO).expect("memory").candidates
    };
    assert_eq!(check("cart-2"), [(0, Position(3))]);
    assert_eq!(check("order-1"), []);
}

/// A4: what a caller has looked at, the writer need not; what came behind it, it must.
#[test]
fn an_id_is_looked_for_behind_what_is_known_to_have_none() {
    let index = told();
    let snapshot = index.snapshot(index.end());
    let closed = snapshot.closed_end();
    assert_eq!(closed, Position(5), "the second segment is open");
    let ids = [id(3), id(7)];
    let check = |new_before| snapshot.check("cart-2", &ids, new_before).expect("memory");
    assert_eq!(check(Position::ZERO).candidates, [(1, Position(7)), (0, Position(3))]);
    assert_eq!(check(closed).candidates, [(1, Position(7))]);
    assert_eq!(check(index.end()).candidates, []);
    assert!([closed, index.end()].map(check).iter().all(|c| c.head == check(Position::ZERO).head));
    let is_new = |id| snapshot.as_of(closed).is_new("cart-2", &[id]).expect("memory");
    assert_eq!([3, 7].map(|n| is_new(id(n))), [false, true]);
}

#[test]
fn a_term_is_walked_both_ways_and_a_tag_said_twice_counts_once() {
    let index = told();
    let postings = index.snapshot(Position(9)).postings(Term::Tag("all:1")).expect("memory");
    assert_eq!(postings.count(), 9);
    let mut cursor = postings.clone().cursor(Direction::Forwards);
    cursor.seek(Position(7)).expect("memory");
    assert_eq!(cursor.next(), Ok(Some(Position(7))));
    assert_eq!(cursor.next(), Ok(Some(Position(8))));
    assert_eq!(cursor.next(), Ok(None));
    let mut cursor = postings.cursor(Direction::Backwards);
    cursor.seek(Position(4)).expect("memory");
    let mut left = std::iter::from_fn(|| cursor.next().expect("memory"));
    assert_eq!(left.by_ref().map(|at| at.0).collect::<Vec<_>>(), [4, 3, 2, 1, 0]);
}

#[test]
fn places_times_and_names_are_found() {
    let index = told();
    let snapshot = index.snapshot(index.end());
    assert_eq!(snapshot.locate(Position(7)), Ok(Some(Place { segment: 1, at: 200 })));
    assert_eq!(snapshot.locate(Position(10)), Ok(None));
    assert_eq!(snapshot.last_at(Timestamp::from_micros(1_500)), Ok(Some(Position(7))));
    let names = |prefix: &str, after| snapshot.streams(prefix, after, 10).expect("memory");
    let all = names("", None);
    assert_eq!(all.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["cart-2", "order-1"]);
    assert_eq!(names("", Some(&all[0])), all[1..]);
    assert_eq!(names("car", None), all[..1]);
}

/// A3: within what is told at once, across what is told one after the other, across segments.
#[test]
fn a_stream_that_does_not_go_on_where_it_ended_is_refused() {
    let wrong: [(&str, &[u64], u64); 4] =
        [("cart-2", &[6], 5), ("order-1", &[3], 5), ("new-1", &[1], 0), ("cart-2", &[5, 7], 6)];
    for (stream, revisions, expected) in wrong {
        for segment in [1, 2] {
            let entry = |(n, revision): (u64, &u64)| Entry {
                position: Position(10 + n),
                place: Place { segment, at: 900 + n as u32 },
                stream,
                revision: Revision(*revision),
                id: id(100 + n),
                event_type: "Seen",
                tags: &[],
                recorded_at: Timestamp::from_micros(9_000),
            };
            let entries: Vec<_> = (0..).zip(revisions).map(entry).collect();
            let gap = AddError::Gap {
                stream: stream.to_owned(),
                revision: Revision(*revisions.last().expect("one or two")),
                expected: Revision(expected),
            };
            assert_eq!(told().add(&entries), Err(gap), "in segment {segment}");
        }
    }
}
