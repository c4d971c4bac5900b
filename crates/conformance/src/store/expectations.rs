//! A1, A5: what a writer believes about a stream is checked, and a refusal says what is.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, event, head, refused, stream, to};
use headwater_model::append::WrongRevision;
use headwater_model::{
    Append, AppendError, EventStore, ExpectedRevision, Revision, StreamChange, StreamSettings,
};

const ANY: ExpectedRevision = ExpectedRevision::Any;
const NO_STREAM: ExpectedRevision = ExpectedRevision::NoStream;
const EXISTS: ExpectedRevision = ExpectedRevision::Exists;

const fn at(revision: u64) -> ExpectedRevision {
    ExpectedRevision::At(Revision(revision))
}

async fn delete(store: &dyn EventStore, name: &str) {
    let deleted = store.change_stream(stream(name), EXISTS, StreamChange::Delete);
    deleted.await.expect("a stream with events can be deleted");
}

/// The whole table: what holds for a stream that never was, that lives, that was deleted.
pub async fn expectations_hold_as_the_stream_stands(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-lives", [1, 2])).await;
    accepted(&*store, to("order-deleted", [1, 2])).await;
    delete(&*store, "order-deleted").await;
    let table = [
        ("order-never", vec![ANY, NO_STREAM], vec![EXISTS, at(0)]),
        ("order-lives", vec![ANY, EXISTS, at(1)], vec![NO_STREAM, at(0), at(2)]),
        ("order-deleted", vec![ANY, NO_STREAM, at(1)], vec![EXISTS, at(0), at(2)]),
    ];
    for (name, holds, fails) in table {
        let check = |expected| Append::to(stream(name), expected, vec![]);
        for expected in holds {
            let answer = store.append(check(expected)).await;
            assert!(answer.is_ok(), "{name} with {expected}: {answer:?}");
        }
        for expected in fails {
            let answer = refused(&*store, check(expected)).await;
            assert!(matches!(answer, AppendError::WrongRevision(_)), "{name} with {expected}");
        }
    }
}

/// A5.
pub async fn a_refusal_says_what_was_expected_and_what_is(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2])).await;
    let before = head(&*store).await;
    for (expected, name, actual) in [
        (at(0), "order-1", Some(Revision(1))),
        (NO_STREAM, "order-1", Some(Revision(1))),
        (EXISTS, "order-2", None),
    ] {
        let stale = Append::to(stream(name), expected, vec![event(3)]);
        let wrong = WrongRevision { stream: stream(name), expected, actual };
        assert_eq!(refused(&*store, stale).await, AppendError::WrongRevision(wrong));
    }
    assert_eq!(head(&*store).await, before, "A5: nothing was written");
}

/// An expectation about one stream may guard the events of another.
pub async fn a_write_without_events_only_checks(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1])).await;
    let guarded = |expected, n| to("order-2", [n]).and(stream("order-1"), expected, vec![]);
    let done = accepted(&*store, guarded(at(0), 2)).await;
    assert_eq!(done.revisions, [Some(Revision(0)), Some(Revision(0))]);
    accepted(&*store, to("order-1", [3])).await;
    refused(&*store, guarded(at(0), 4)).await;
}

/// Hiding by settings is not deletion: the stream has events, and its revision counts.
pub async fn hidden_events_still_count_for_expectations(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [1, 2])).await;
    let settings =
        StreamSettings { truncate_before: Some(Revision(9)), ..StreamSettings::default() };
    let change = StreamChange::Settings(settings);
    store.change_stream(stream("order-1"), EXISTS, change).await.expect("changed");
    for expected in [EXISTS, at(1)] {
        accepted(&*store, Append::to(stream("order-1"), expected, vec![])).await;
    }
    refused(&*store, Append::to(stream("order-1"), NO_STREAM, vec![])).await;
}
