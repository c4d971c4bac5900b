//! What holds for the reference itself; the exams of the crate `conformance` hold for all stores.

use super::*;
use crate::{
    Answer, Append, AppendError, AsOf, ContextName, EventId, EventStore, EventType,
    ExpectedRevision as Expect, Journal, JournalError, NewEvent, Position, ReadStream, Revision,
    Slot, Start, StreamChange, StreamLife, StreamName, StreamSettings, Subscribe, Timestamp,
    Unavailable,
};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use uuid::Uuid;

fn clock() -> MemoryClock {
    Arc::new(|| Timestamp::from_micros(1_000))
}

fn store() -> MemoryStore {
    MemoryStore::new(ContextName::new("orders").expect("a name"), clock())
}

fn name(text: &str) -> StreamName {
    StreamName::system(text).expect("a name")
}

fn event(id: u128) -> NewEvent {
    NewEvent::json(
        EventId(Uuid::from_u128(id)),
        EventType::new("OrderCreated").expect("a name"),
        "{}",
    )
}

/// Nothing in memory waits, unless there is nothing to deliver.
fn now<T, E>(answer: Answer<'_, T, E>) -> Result<T, E> {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_lost_reply_is_counted_and_resolved_by_asking_again() {
    let contexts = MemoryContexts::new(clock());
    let store = contexts.store(&ContextName::new("orders").expect("a name"));
    let append = || Append::to(name("order-1"), Expect::NoStream, vec![event(1)]);
    contexts.fail_append(1, Loss::BeforeStored);
    assert!(matches!(now(store.append(append())), Err(AppendError::Unknown(_))));
    assert!(contexts.crashed());
    assert_eq!(now(store.head()).map(|(_, last)| last), Ok(None));
    contexts.fail_append(2, Loss::AfterStored);
    assert!(!contexts.crashed());
    let first = now(store.append(append())).expect("stored");
    let second = Append::to(name("order-2"), Expect::NoStream, vec![event(2)]);
    assert!(matches!(now(store.append(second.clone())), Err(AppendError::Unknown(_))));
    let again = now(store.append(second)).expect("A5: resolved");
    assert_eq!((again.position, again.replayed), (Some(Position(1)), true));
    assert_eq!((first.position, contexts.append_count()), (Some(Position(0)), 4));
}

#[test]
fn a_deleted_stream_is_not_there_and_is_revived_behind_its_last_event() {
    let store = store();
    let order = || name("order-1");
    let to = |expected, id| Append::to(order(), expected, vec![event(id)]);
    now(store.append(to(Expect::NoStream, 1))).expect("stored");
    now(store.change_stream(order(), Expect::Exists, StreamChange::Delete)).expect("deleted");
    assert!(now(store.append(to(Expect::Exists, 2))).is_err());
    let page = now(store.read_stream(ReadStream::forwards(order()))).expect("read");
    assert_eq!((page.events.len(), page.last), (0, Some(Revision(0))));
    now(store.append(to(Expect::At(Revision(0)), 2))).expect("as its reader saw it");
    let page = now(store.read_stream(ReadStream::forwards(order()))).expect("read");
    let shown: Vec<_> = page.events.iter().map(|event| event.revision).collect();
    assert_eq!(shown, [Revision(1)]);
    let state = now(store.stream(order())).expect("read");
    assert_eq!((state.life, state.first), (StreamLife::Alive, Revision(1)));
}

#[test]
fn a_change_is_read_back_from_the_event_that_records_it() {
    let store = store();
    let settings = StreamSettings { count_max: Some(3), ..StreamSettings::default() };
    let changes = [StreamChange::Settings(settings), StreamChange::Delete, StreamChange::Tombstone];
    for change in changes {
        now(store.change_stream(name("order-1"), Expect::Any, change)).expect("changed");
    }
    let page = now(store.read_stream(ReadStream::forwards(name("$$order-1")))).expect("read");
    let recorded: Vec<_> = page.events.iter().filter_map(StreamChange::recorded_by).collect();
    assert_eq!(recorded, changes);
}

#[test]
fn a_moment_that_was_asked_about_never_changes() {
    let store = store();
    let to = |id| Append::to(name("order-1"), Expect::Any, vec![event(id)]);
    let asked = || ReadStream {
        as_of: AsOf::Time(Timestamp::from_micros(1_000)),
        ..ReadStream::forwards(name("order-1"))
    };
    now(store.append(to(1))).expect("stored");
    let before = now(store.read_stream(asked())).expect("read");
    now(store.append(to(2))).expect("stored in the same microsecond");
    assert_eq!(now(store.read_stream(asked())), Ok(before));
}

#[derive(Default)]
struct Woken(AtomicU64);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn an_append_wakes_who_waits_and_the_new_event_is_there() {
    let store = store();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut task = Context::from_waker(&waker);
    let all = Subscribe { query: crate::Query::all(), start: Start::Beginning };
    let mut subscription = now(store.subscribe(all)).expect("subscribed");
    assert_eq!(now(subscription.next()), Ok(crate::Delivery::CaughtUp { checkpoint: None }));
    let mut next = subscription.next();
    assert!(next.as_mut().poll(&mut task).is_pending());
    now(store.append(Append::to(name("order-1"), Expect::Any, vec![event(1)]))).expect("stored");
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    let delivered = next.as_mut().poll(&mut task);
    assert!(matches!(delivered, Poll::Ready(Ok(crate::Delivery::Events { .. }))));
}

#[test]
fn a_journal_takes_commits_from_the_last_that_claimed_it() {
    let mut first = MemoryJournal::new();
    let mut second = first.another();
    let head = first.claim().expect("claimed");
    let head = first.append(head, b"one").expect("stored");
    let later = second.claim().expect("claimed");
    assert_eq!(later.next, Slot(1));
    let fenced = first.append(head, b"two");
    assert!(matches!(fenced, Err(JournalError::Unavailable(Unavailable::Fenced { .. }))));
    second.append(later, b"two").expect("stored");
    let read = first.read(Slot(0), 0).expect("read");
    assert_eq!(read.len(), 1, "at least one, whatever the bound");
}
