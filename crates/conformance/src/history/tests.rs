//! The checker is only worth what it catches: a good history passes, each broken one does not.

use super::*;
use crate::sample::{at, event, event_of, reader, save, stream, tag, to};
use headwater_model::append::WrongRevision;
use headwater_model::memory::MemoryStore;
use headwater_model::{
    ContextName, Direction, EventStore, ExpectedRevision, ReadAll, ReadStream, Revision, Timestamp,
};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

fn now<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("nothing in memory waits"),
    }
}

fn seat(n: u128) -> Append {
    let taken = event_of(n, "SeatTaken", &["course:7"]);
    Append::to(stream("student-1"), ExpectedRevision::Any, vec![taken])
        .unless(Query::tags([tag("course:7")]), None)
}

/// Appends of every kind, one after the other, and what is there then.
fn good() -> (Vec<Operation>, Seen) {
    let clock = Arc::new(|| Timestamp::from_micros(7));
    let store = MemoryStore::new(ContextName::new("exam").expect("a name"), clock);
    let stale = Append::to(stream("order-1"), ExpectedRevision::At(Revision(0)), vec![event(9)]);
    let both =
        to("order-1", [1, 2]).and(stream("order-2"), ExpectedRevision::NoStream, vec![event(3)]);
    let appends = [
        both.clone().saving(save("reader", None, 4)),
        stale,
        both,
        seat(5),
        seat(6),
        to("order-2", [7]).saving(save("reader", Some(4), 8)),
    ];
    let mut operations = Vec::new();
    for (n, append) in (0..).zip(appends) {
        let outcome = match now(store.append(append.clone())) {
            Ok(answer) => Outcome::Done(answer),
            Err(refusal) => Outcome::Refused(refusal),
        };
        operations.push(Operation { append, invoked: 2 * n, returned: 2 * n + 1, outcome });
    }
    (operations, seen(&store))
}

fn seen(store: &MemoryStore) -> Seen {
    let forwards = ReadAll::forwards(Query::all());
    let backwards = ReadAll { direction: Direction::Backwards, ..forwards.clone() };
    let read = |name: &str| {
        let page = now(store.read_stream(ReadStream::forwards(stream(name))));
        (stream(name), page.expect("read").events)
    };
    let forwards = now(store.read_all(forwards)).expect("read");
    Seen {
        backwards: now(store.read_all(backwards)).expect("read").events,
        streams: ["order-1", "order-2", "student-1"].map(read).into(),
        checkpoints: [(reader("reader"), now(store.checkpoint(reader("reader"))).expect("read"))]
            .into(),
        readers: vec![Reader {
            query: Query::all(),
            after: Some(Position(0)),
            come: Some(Position(3)),
            seen: forwards.events[1..4].to_vec(),
        }],
        forwards: forwards.events,
    }
}

/// Breaks the good history, and expects these promises to be found broken, among others.
fn broken(promise: &str, break_it: impl FnOnce(&mut Vec<Operation>, &mut Seen)) {
    let (mut operations, mut seen) = good();
    break_it(&mut operations, &mut seen);
    let report = check(&operations, &seen);
    let caught = report.violations.iter().any(|violation| violation.promise == promise);
    assert!(caught, "{promise} is broken, found was {:?}", report.violations);
}

/// Takes an event away everywhere, as if it had never been written.
fn forget(seen: &mut Seen, place: usize) {
    let gone = seen.forwards.remove(place);
    seen.backwards.retain(|event| event.position != gone.position);
    for events in seen.streams.values_mut() {
        events.retain(|event| event.position != gone.position);
    }
}

#[test]
fn a_good_history_is_clean_and_counted() {
    let (operations, seen) = good();
    let report = check(&operations, &seen);
    report.assert_clean();
    assert_eq!((report.done_count, report.refused_count, report.event_count), (4, 2, 5));
}

#[test]
fn an_unknown_append_may_be_there_or_not_but_not_in_part() {
    let (mut operations, mut seen) = good();
    operations[5].outcome = Outcome::Unknown;
    check(&operations, &seen).assert_clean();
    forget(&mut seen, 4);
    seen.checkpoints = [(reader("reader"), Some(at(4)))].into();
    check(&operations, &seen).assert_clean();
    broken("A1", |operations, seen| {
        operations[0].outcome = Outcome::Unknown;
        operations[2].outcome = Outcome::Unknown;
        forget(seen, 2);
    });
}

/// A5: the reply to the first try was lost, the second was told that it had been written.
#[test]
fn an_append_may_learn_of_itself_that_it_was_written_before() {
    let (mut operations, seen) = good();
    for operation in [0, 5] {
        if let Outcome::Done(answer) = &mut operations[operation].outcome {
            answer.replayed = true;
        }
    }
    check(&operations, &seen).assert_clean();
    broken("R2", |operations, _| {
        if let Outcome::Done(answer) = &mut operations[5].outcome {
            answer.replayed = true;
        }
        (operations[5].invoked, operations[5].returned) = (0, 1);
        (operations[3].invoked, operations[3].returned) = (2, 3);
    });
}

#[test]
fn what_was_acknowledged_and_is_not_there_is_found() {
    broken("A2", |_, seen| forget(seen, 4));
}

#[test]
fn what_was_refused_and_is_there_is_found() {
    broken("A1", |operations, _| {
        let refusal = AppendError::Invalid { why: "so".into() };
        operations[5].outcome = Outcome::Refused(refusal);
    });
}

#[test]
fn an_event_that_stands_twice_is_found() {
    broken("A4", |_, seen| {
        let again = RecordedEvent {
            position: Position(5),
            revision: Revision(2),
            ..seen.forwards[4].clone()
        };
        seen.forwards.push(again);
    });
}

#[test]
fn a_hole_in_positions_or_revisions_is_found() {
    broken("A3", |_, seen| seen.forwards[4].position = Position(5));
    broken("A3", |_, seen| seen.forwards[1].revision = Revision(2));
}

#[test]
fn time_that_goes_back_is_found() {
    broken("A6", |_, seen| seen.forwards[3].recorded_at = Timestamp::ZERO);
}

#[test]
fn paths_that_disagree_are_found() {
    broken("R1", |_, seen| seen.backwards.swap(0, 1));
    broken("R2", |_, seen| seen.streams.values_mut().for_each(|events| events.truncate(1)));
}

#[test]
fn an_order_against_real_time_is_found() {
    broken("R2", |operations, _| {
        (operations[0].invoked, operations[0].returned) = (100, 101);
    });
}

#[test]
fn an_append_that_was_not_legal_is_found() {
    broken("A1", |operations, _| {
        operations[5].append.writes[0].expected = ExpectedRevision::NoStream;
    });
    broken("A1", |operations, _| {
        operations[5].append.conditions = seat(0).conditions;
    });
    broken("A1", |operations, _| {
        operations[5].append.checkpoints[0].expected = None;
    });
}

#[test]
fn a_reason_that_never_was_so_is_found() {
    broken("A5", |operations, _| {
        let wrong = WrongRevision {
            stream: stream("order-1"),
            expected: ExpectedRevision::At(Revision(0)),
            actual: Some(Revision(7)),
        };
        operations[1].outcome = Outcome::Refused(AppendError::WrongRevision(wrong));
    });
    broken("A5", |operations, _| {
        let position = Position(0);
        operations[4].outcome =
            Outcome::Refused(AppendError::ConditionFailed { condition: 0, after: None, position });
    });
}

#[test]
fn a_reader_with_a_hole_a_repetition_or_another_order_is_found() {
    broken("R3", |_, seen| drop(seen.readers[0].seen.remove(1)));
    broken("R3", |_, seen| seen.readers[0].seen.swap(0, 1));
    broken("R3", |_, seen| {
        let again = seen.readers[0].seen[2].clone();
        seen.readers[0].seen.push(again);
    });
    broken("R3", |_, seen| seen.readers[0].come = Some(Position(4)));
}

#[test]
fn a_checkpoint_apart_from_its_effect_is_found() {
    broken("C1", |_, seen| seen.checkpoints = [(reader("reader"), Some(at(4)))].into());
}
