//! A1, A5: an append is refused if its decision missed an event.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, event, event_of, event_type, head, refused, stream, tag, to};
use headwater_model::{
    Append, AppendError, EventStore, ExpectedRevision, Position, Query, QueryItem, StreamChange,
};
use std::sync::Arc;

fn course(tags: &[&str]) -> Query {
    Query::tags(tags.iter().copied().map(tag))
}

async fn put(store: &dyn EventStore, n: u128, named: &str, tags: &[&str]) {
    let event = event_of(n, named, tags);
    accepted(store, Append::to(stream("course-7"), ExpectedRevision::Any, vec![event])).await;
}

/// A5: and says where it is.
pub async fn an_unseen_match_refuses_the_append(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    put(&*store, 1, "SeatTaken", &["course:7"]).await;
    put(&*store, 2, "SeatTaken", &["course:7", "student:9"]).await;
    for (after, position) in [(None, None), (Some(Position(0)), Some(Position(1)))] {
        let decided = to("course-8", [3]).unless(course(&["course:7"]), after);
        match refused(&*store, decided).await {
            AppendError::ConditionFailed { condition: 0, after: told, position: found } => {
                assert_eq!(told, after);
                assert!(position.is_none_or(|position| position == found) && found <= Position(1));
            }
            other => panic!("the condition fails, not: {other}"),
        }
    }
    assert_eq!(head(&*store).await, Some(Position(1)), "A5: nothing was written");
}

/// What the decision has read is no reason; `after` is exclusive.
pub async fn what_was_seen_does_not_refuse(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let decided = |n, after| to("course-8", [n]).unless(course(&["course:7"]), after);
    accepted(&*store, decided(10, None)).await;
    put(&*store, 1, "SeatTaken", &["course:7"]).await;
    accepted(&*store, decided(11, Some(Position(1)))).await;
    accepted(&*store, decided(12, Some(Position(1_000)))).await;
    let own = event_of(13, "SeatTaken", &["course:7"]);
    let own = Append::to(stream("course-8"), ExpectedRevision::Any, vec![own]);
    accepted(&*store, own.unless(course(&["course:7"]), Some(Position(1)))).await;
}

/// Types are OR-ed, tags AND-ed, items OR-ed.
pub async fn every_part_of_a_condition_must_match(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    put(&*store, 1, "SeatTaken", &["course:7", "student:9"]).await;
    let item = |types: &[&str], tags: &[&str]| QueryItem {
        types: types.iter().copied().map(event_type).collect(),
        tags: tags.iter().copied().map(tag).collect(),
        ..QueryItem::default()
    };
    let misses = [
        item(&["SeatFreed"], &["course:7"]),
        item(&["SeatTaken"], &["course:7", "student:8"]),
        QueryItem { streams: vec![stream("course-8")], ..item(&[], &["course:7"]) },
        item(&[], &["course"]),
    ];
    let hits = [
        item(&["SeatFreed", "SeatTaken"], &["student:9"]),
        item(&[], &["student:9", "course:7"]),
        QueryItem { stream_prefixes: vec!["cou".into()], ..QueryItem::default() },
    ];
    for (n, miss) in (10..).zip(misses.clone()) {
        accepted(&*store, to("other-1", [n]).unless(miss.into(), None)).await;
    }
    for hit in hits {
        refused(&*store, to("other-1", [20]).unless(hit.clone().into(), None)).await;
        let either = Query::from(misses[0].clone()).or(hit);
        refused(&*store, to("other-1", [20]).unless(either, None)).await;
    }
}

/// A1, and the refusal names the one that failed.
pub async fn each_condition_must_hold(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    put(&*store, 1, "SeatTaken", &["course:7"]).await;
    let decided = to("other-1", [2]).unless(course(&["course:8"]), None);
    let decided = decided.unless(course(&["course:7"]), None);
    let refusal = refused(&*store, decided).await;
    assert!(matches!(refusal, AppendError::ConditionFailed { condition: 1, .. }), "{refusal}");
}

/// That an event was hidden since does not mean that the decision has seen it.
pub async fn hidden_events_still_count_for_conditions(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    put(&*store, 1, "SeatTaken", &["course:7"]).await;
    let gone = store.change_stream(stream("course-7"), ExpectedRevision::Any, StreamChange::Delete);
    gone.await.expect("deleted");
    refused(&*store, to("other-1", [2]).unless(course(&["course:7"]), None)).await;
}

/// The rule of queries holds for conditions: `$` must be asked for.
pub async fn the_systems_events_count_only_when_named(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("$audit", [1])).await;
    accepted(&*store, to("other-1", [2]).unless(Query::all(), None)).await;
    let named = Query::stream(stream("$audit"));
    refused(&*store, to("other-1", [3]).unless(named, None)).await;
}

/// A1: two decisions that read the same can not both be right, also within one group.
pub async fn racing_decisions_over_one_tag_have_one_winner(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut racing = tokio::task::JoinSet::new();
    for n in 1..=32 {
        let store = Arc::clone(&store);
        let taken = event_of(n, "SeatTaken", &["course:7"]);
        let name = stream(&format!("student-{n}"));
        let append = Append::to(name, ExpectedRevision::NoStream, vec![taken]);
        let decided = append.unless(course(&["course:7"]), None);
        racing.spawn(async move { store.append(decided).await.is_ok() });
    }
    let won = racing.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!((won, head(&*store).await), (1, Some(Position(0))));
}

/// R2: what is sealed, what is recent and what is new are one history.
pub async fn a_condition_holds_after_opening_again(c: &mut impl Candidate) {
    for n in 0..3_u64 {
        let store = exam_context(c).await;
        let seen = n.checked_sub(1).map(Position);
        let stale = n.checked_sub(2).map(Position);
        let decided = |after| {
            Append::to(stream("order-1"), ExpectedRevision::Any, vec![event(u128::from(n) + 1)])
                .unless(Query::types([event_type("OrderCreated")]), after)
        };
        if n > 0 {
            refused(&*store, decided(stale)).await;
        }
        accepted(&*store, decided(seen)).await;
    }
}
