//! A context over a journal that is elsewhere: the local segments are only a copy of it.
//!
//! The copy may be gone, behind, or of another history; the reply of the journal may be lost;
//! another writer may take over. A2, A4 and R2 do not depend on any of it.

use headwater_env::{MemDisk, SeededEntropy, VirtualClock};
use headwater_model::memory::{Loss, MemoryJournal};
use headwater_model::{
    Append, AppendError, ContextName, EventId, EventType, ExpectedRevision, NewEvent, Query,
    ReadAll, ReadError, RecordedEvent, Retry, StreamName, Timestamp,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

fn machine() -> Environment {
    Environment {
        disk: Arc::new(MemDisk::new()),
        clock: Arc::new(VirtualClock::at(Timestamp::from_micros(7))),
        entropy: Arc::new(SeededEntropy::new(3)),
    }
}

fn open(journal: &MemoryJournal, machine: &Environment) -> Result<EmbeddedContext, ReadError> {
    let name = ContextName::new("remote").expect("a name");
    let options = Options::inline(4_096);
    let journal = Box::new(journal.another());
    EmbeddedContext::open_over(journal, machine, name, Path::new("/replica"), &options)
}

fn event(n: u128) -> NewEvent {
    NewEvent::json(EventId(Uuid::from_u128(n)), EventType::new("Kept").expect("a name"), "{}")
}

fn append(n: u128) -> Append {
    let stream = StreamName::new(format!("thing-{}", n % 3)).expect("a name");
    Append::to(stream, ExpectedRevision::Any, vec![event(n)])
}

fn events(context: &EmbeddedContext) -> Vec<RecordedEvent> {
    context.read_all_blocking(&ReadAll::forwards(Query::all())).expect("a page").events
}

#[test]
fn a_replica_that_is_lost_or_behind_is_brought_up_from_the_journal() {
    let journal = MemoryJournal::new();
    let (first, second) = (machine(), machine());
    let context = open(&journal, &first).expect("made");
    for n in 0..40 {
        context.append_blocking(append(n)).expect("appended");
    }
    let before = events(&context);
    drop(context);
    let elsewhere = open(&journal, &second).expect("taken over");
    assert_eq!(events(&elsewhere), before, "an empty replica");
    for n in 40..60 {
        elsewhere.append_blocking(append(n)).expect("appended");
    }
    let before = events(&elsewhere);
    drop(elsewhere);
    let back = open(&journal, &first).expect("taken back");
    assert_eq!(events(&back), before, "a replica that is behind");
    assert!(back.append_blocking(append(3)).expect("A4").replayed);
}

#[test]
fn a_lost_reply_is_resolved_and_the_append_is_made_once() {
    let journal = MemoryJournal::new();
    let context = open(&journal, &machine()).expect("made");
    for (n, loss) in [(0, Loss::BeforeStored), (1, Loss::AfterStored)] {
        journal.lose_next_reply(loss);
        let answer = context.append_blocking(append(n)).expect("the slot tells");
        assert!(!answer.replayed);
    }
    assert_eq!(events(&context).len(), 2);
}

#[test]
fn a_writer_that_was_overtaken_appends_nothing_more() {
    let journal = MemoryJournal::new();
    let old = open(&journal, &machine()).expect("made");
    old.append_blocking(append(0)).expect("appended");
    let new = open(&journal, &machine()).expect("taken over");
    new.append_blocking(append(1)).expect("appended");
    for _ in 0..2 {
        let refused = old.append_blocking(append(2)).expect_err("fenced");
        assert!(matches!(refused, AppendError::Unavailable(_)), "{refused}");
        assert_eq!(refused.retry(), Retry::Later);
    }
    assert_eq!(events(&new).len(), 2);
}

#[test]
fn a_replica_of_another_journal_is_refused() {
    let machine = machine();
    for n in 0..2 {
        let journal = MemoryJournal::new();
        match open(&journal, &machine) {
            Ok(context) => {
                assert_eq!(n, 0);
                context.append_blocking(append(0)).expect("appended");
            }
            Err(refused) => {
                assert_eq!(n, 1);
                assert!(matches!(refused, ReadError::Corrupt(_)), "{refused}");
            }
        }
    }
}
