//! A4, A5: the same ids again are the same append, answered as the first time.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, at, event, event_of, head, id, reader, refused, save, stream, to};
use headwater_model::{
    Append, AppendError, Appended, ExpectedRevision, Metadata, NewEvent, Position, Revision,
    StreamChange, StreamWrite,
};

fn replayed(first: Appended) -> Appended {
    Appended { replayed: true, ..first }
}

/// A4, whatever is expected, and after others have written.
pub async fn the_same_ids_again_answer_as_the_first_time(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let append = |expected| {
        Append::to(stream("order-1"), expected, vec![event(1), event(2)]).and(
            stream("order-2"),
            ExpectedRevision::NoStream,
            vec![event(3)],
        )
    };
    let first = accepted(&*store, append(ExpectedRevision::NoStream)).await;
    accepted(&*store, to("order-1", [4])).await;
    let before = head(&*store).await;
    for expected in [
        ExpectedRevision::NoStream,
        ExpectedRevision::Any,
        ExpectedRevision::Exists,
        ExpectedRevision::At(Revision(7)),
    ] {
        let again = accepted(&*store, append(expected)).await;
        assert_eq!(again, replayed(first.clone()));
    }
    assert_eq!(head(&*store).await, before);
}

/// A4, for as long as the events are kept.
pub async fn a_replay_is_recognised_after_opening_again(c: &mut impl Candidate) {
    let mut firsts = Vec::new();
    for n in 0..4 {
        let store = exam_context(c).await;
        for (earlier, first) in (0..).zip(&firsts) {
            let again = accepted(&*store, to("order-1", [earlier])).await;
            assert_eq!(again, replayed(Appended::clone(first)));
        }
        firsts.push(accepted(&*store, to("order-1", [n])).await);
    }
}

/// A4, A5: the reply was lost, and the world went on.
pub async fn a_replay_does_not_look_at_what_has_moved_since(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let append = || {
        Append::to(stream("order-1"), ExpectedRevision::NoStream, vec![event_of(1, "Seen", &[])])
            .saving(save("reader", None, 4))
            .unless(headwater_model::Query::all(), None)
    };
    let first = accepted(&*store, append()).await;
    accepted(&*store, to("order-9", [9]).saving(save("reader", Some(4), 8))).await;
    assert_eq!(accepted(&*store, append()).await, replayed(first.clone()));
    for change in [StreamChange::Delete, StreamChange::Tombstone] {
        let any = ExpectedRevision::Any;
        store.change_stream(stream("order-1"), any, change).await.expect("changed");
        assert_eq!(accepted(&*store, append()).await, replayed(first.clone()));
    }
    let reader = store.checkpoint(reader("reader")).await.expect("read");
    assert_eq!(reader, Some(at(8)), "a replay writes nothing");
}

/// A4: the first answer, to the last figure.
pub async fn a_replay_tells_where_untouched_streams_stood_then(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1])).await;
    let append = || {
        to("order-2", [2]).and(stream("order-1"), ExpectedRevision::Exists, vec![]).and(
            stream("order-3"),
            ExpectedRevision::NoStream,
            vec![],
        )
    };
    let first = accepted(&*store, append()).await;
    assert_eq!(first.revisions, [Some(Revision(0)), Some(Revision(0)), None]);
    accepted(&*store, to("order-1", [3])).await;
    accepted(&*store, to("order-3", [4])).await;
    assert_eq!(accepted(&*store, append()).await, replayed(first));
}

/// A4: what was said, not when or under which trace.
pub async fn the_trace_is_not_the_content(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let traced = |trace: &str| NewEvent {
        metadata: Metadata { traceparent: Some(trace.into()), ..Metadata::default() },
        ..event(1)
    };
    let append = |trace| Append::to(stream("order-1"), ExpectedRevision::Any, vec![traced(trace)]);
    let first = accepted(&*store, append("one")).await;
    assert_eq!(accepted(&*store, append("two")).await, replayed(first));
}

/// A4.
pub async fn an_id_with_other_content_is_refused(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2])).await;
    let before = head(&*store).await;
    let others = [
        event_of(2, "OrderApproved", &[]),
        event_of(2, "OrderCreated", &["tagged"]),
        NewEvent { payload: "[]".into(), ..event(2) },
        NewEvent { schema_version: 2, ..event(2) },
    ];
    for other in others {
        let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![event(1), other]);
        let reused =
            AppendError::IdReused { id: id(2), stream: stream("order-1"), revision: Revision(1) };
        assert_eq!(refused(&*store, append).await, reused);
    }
    assert_eq!(head(&*store).await, before);
}

fn partly(name: &str, numbers: &[u128]) -> AppendError {
    let repeated = numbers.iter().copied().map(id).collect();
    AppendError::PartlyRepeated { stream: stream(name), repeated }
}

/// A4.
pub async fn some_of_the_ids_again_are_refused_by_name(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2])).await;
    for mixed in [vec![1, 2, 3], vec![3, 1, 2]] {
        assert_eq!(refused(&*store, to("order-1", mixed)).await, partly("order-1", &[1, 2]));
    }
    let tail = accepted(&*store, to("order-1", [2])).await;
    let last = Appended {
        position: Some(Position(1)),
        revisions: vec![Some(Revision(1))],
        replayed: true,
    };
    assert_eq!(tail, last, "a part that stands in one run is found as it stands");
    assert_eq!(head(&*store).await, Some(Position(1)));
}

/// A4: not as one append, so not the same append.
pub async fn ids_again_in_another_order_or_with_a_gap_are_refused(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2, 3])).await;
    for other in [[2, 1], [1, 3]] {
        assert_eq!(refused(&*store, to("order-1", other)).await, partly("order-1", &other));
    }
}

/// A1, A4: half of an append cannot be new.
pub async fn a_known_write_beside_a_new_one_is_refused(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1])).await;
    let new = StreamWrite {
        stream: stream("order-2"),
        expected: ExpectedRevision::Any,
        events: vec![event(2)],
    };
    let mut both = to("order-1", [1]);
    both.writes.push(new);
    assert_eq!(refused(&*store, both.clone()).await, partly("order-1", &[1]));
    both.writes.reverse();
    assert_eq!(refused(&*store, both).await, partly("order-1", &[1]));
    assert_eq!(head(&*store).await, Some(Position(0)));
}

/// Ids are compared within a stream.
pub async fn one_id_in_two_streams_is_two_events(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for (name, position) in [("order-1", 0), ("order-2", 1)] {
        let done = accepted(&*store, to(name, [1])).await;
        assert_eq!((done.position, done.replayed), (Some(Position(position)), false));
    }
    let found = store.find(stream("order-2"), id(1)).await.expect("read").expect("found");
    assert_eq!(found.position, Position(1));
}
