//! Real threads on one context: A1, A3, A4 and R1 while appends race.
//!
//! Order is decided by whoever leads a group; these tests do not know who that is, and must not
//! care. What may not depend on it is checked: each append once, dense, and seen in order.

use headwater_env::{MemDisk, SeededEntropy, SystemClock};
use headwater_model::{
    Append, AppendError, ContextName, EventId, EventStore, EventType, ExpectedRevision, From,
    NewEvent, Position, Query, ReadAll, ReadStream, Revision, StreamName,
};
use headwater_store::{Background, EmbeddedContext, Environment, Options};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

const WRITER_COUNT: u128 = 8;
const APPEND_COUNT: u128 = 50;

fn context() -> Arc<EmbeddedContext> {
    let environment = Environment {
        disk: Arc::new(MemDisk::new()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SeededEntropy::new(1)),
    };
    let options = Options { background: Background::Threads, ..Options::inline(16 * 1_024) };
    let name = ContextName::new("races").expect("a name");
    let opened = EmbeddedContext::open(&environment, name, Path::new("/races"), &options);
    Arc::new(opened.expect("an empty directory opens"))
}

fn event(n: u128) -> NewEvent {
    NewEvent::json(EventId(Uuid::from_u128(n)), EventType::new("Raced").expect("a name"), "{}")
}

fn stream(n: u128) -> StreamName {
    StreamName::of("race", &n.to_string()).expect("a name")
}

fn ids(context: &EmbeddedContext) -> Vec<u128> {
    let mut ids = Vec::new();
    let mut next = Position::ZERO;
    let mut scan = context.scan(Position::ZERO).expect("the log is read");
    let read = scan.each(|event| {
        assert_eq!(event.position, next, "A3: positions are dense");
        next = next.next();
        ids.push(event.id.0.as_u128());
        ControlFlow::Continue(())
    });
    read.expect("the log is read");
    ids
}

#[test]
fn racing_threads_and_tasks_are_committed_once_each_in_their_own_order() {
    let context = context();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.expect("a runtime");
    let append = |writer: u128, n: u128| {
        Append::to(stream(writer), ExpectedRevision::Any, vec![event(writer << 64 | n)])
    };
    std::thread::scope(|scope| {
        for writer in 0..WRITER_COUNT {
            let context = &context;
            scope.spawn(move || {
                for n in 0..APPEND_COUNT {
                    let answer = context.append_blocking(append(writer, n)).expect("no conflict");
                    assert_eq!(answer.revisions, [Some(Revision(n as u64))]);
                }
            });
        }
        for writer in WRITER_COUNT..2 * WRITER_COUNT {
            let context = Arc::clone(&context);
            runtime.spawn(async move {
                for n in 0..APPEND_COUNT {
                    context.append(append(writer, n)).await.expect("no conflict");
                }
            });
        }
    });
    let all = 2 * WRITER_COUNT * APPEND_COUNT;
    let last = Position(all as u64 - 1).previous();
    runtime.block_on(context.wait_past(last)).expect("the tasks' appends come too");
    let ids = ids(&context);
    assert_eq!(ids.len() as u128, all);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len() as u128, all, "A4: each once");
    for writer in 0..2 * WRITER_COUNT {
        let own: Vec<_> = ids.iter().filter(|id| **id >> 64 == writer).copied().collect();
        assert!(own.is_sorted(), "writer {writer}: a later append stands before an earlier one");
    }
}

#[test]
fn of_racing_appends_at_one_revision_one_wins_each_round() {
    let context = context();
    for round in 0..20 {
        let winners = AtomicUsize::new(0);
        let expected = match round {
            0 => ExpectedRevision::NoStream,
            n => ExpectedRevision::At(Revision(n - 1)),
        };
        std::thread::scope(|scope| {
            for writer in 1..=WRITER_COUNT {
                let (context, winners) = (&context, &winners);
                scope.spawn(move || {
                    let event = event(writer << 64 | u128::from(round));
                    match context.append_blocking(Append::to(stream(0), expected, vec![event])) {
                        Ok(answer) => {
                            assert_eq!(answer.revisions, [Some(Revision(round))]);
                            winners.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(AppendError::WrongRevision(wrong)) => {
                            assert_eq!(wrong.actual, Some(Revision(round)), "A5: what is");
                        }
                        Err(other) => panic!("{other}"),
                    }
                });
            }
        });
        assert_eq!(winners.into_inner(), 1, "round {round}");
    }
}

#[test]
fn the_same_append_from_many_threads_is_made_once() {
    let context = context();
    for round in 0..20_u128 {
        let append = Append::to(
            stream(1),
            ExpectedRevision::Any,
            vec![event(2 * round), event(2 * round + 1)],
        );
        let made = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..WRITER_COUNT {
                let (context, append, made) = (&context, append.clone(), &made);
                scope.spawn(move || {
                    let answer = context.append_blocking(append).expect("a replay is no conflict");
                    assert_eq!(answer.position, Some(Position(2 * round as u64 + 1)));
                    made.fetch_add(usize::from(!answer.replayed), Ordering::SeqCst);
                });
            }
        });
        assert_eq!(made.into_inner(), 1, "A4, round {round}");
    }
}

#[test]
fn readers_see_a_prefix_whatever_is_written_meanwhile() {
    let context = context();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4_u128)
            .map(|writer| {
                let context = &context;
                scope.spawn(move || {
                    for n in 0..100 {
                        let other = stream(100 + writer);
                        let append = Append::to(
                            stream(writer),
                            ExpectedRevision::Any,
                            vec![event(writer << 64 | n)],
                        )
                        .and(
                            other,
                            ExpectedRevision::Any,
                            vec![event(writer << 64 | n)],
                        );
                        context.append_blocking(append).expect("no conflict");
                    }
                })
            })
            .collect();
        let mut seen = 0;
        while !writers.iter().all(|writer| writer.is_finished()) {
            let mut read = ReadAll::forwards(Query::all());
            read.from = From::At(Position(seen));
            let page = context.read_all_blocking(&read).expect("a page");
            for event in &page.events {
                assert_eq!(event.position, Position(seen), "R1");
                seen += 1;
            }
            // A1: an append's second half is never missing where its first is seen.
            let first = context.read_stream_blocking(&ReadStream::forwards(stream(0)));
            let second = context.read_stream_blocking(&ReadStream::forwards(stream(100)));
            let (first, second) = (first.expect("a page"), second.expect("a page"));
            assert!(second.events.len() >= first.events.len(), "A1: half an append was seen");
        }
    });
}
