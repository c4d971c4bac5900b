//! A context over a journal that is elsewhere: the local segments are only a copy of it.
//!
//! The copy may be gone, behind, damaged, or of another history; the reply of the journal may be
//! lost; another writer may take over. A2, A4 and R2 do not depend on any of it.

use headwater_env::{Disk, MemDisk, SeededEntropy, SimDisk, VirtualClock};
use headwater_model::memory::{Loss, MemoryJournal};
use headwater_model::{
    Append, AppendError, ContextName, EventId, EventType, ExpectedRevision, Journal, NewEvent,
    Query, ReadAll, ReadError, RecordedEvent, Retry, Slot, StreamName, Timestamp,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

fn machine() -> Environment {
    on(Arc::new(MemDisk::new()))
}

fn on(disk: Arc<dyn Disk>) -> Environment {
    drawing(3, disk)
}

/// With ids that follow from `seed`.
fn drawing(seed: u64, disk: Arc<dyn Disk>) -> Environment {
    Environment {
        disk,
        clock: Arc::new(VirtualClock::at(Timestamp::from_micros(7))),
        entropy: Arc::new(SeededEntropy::new(seed)),
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

/// A journal with some commits, and a disk with a copy of it that a killed process left.
fn copied(count: u128) -> (MemoryJournal, SimDisk, Vec<RecordedEvent>) {
    copied_of(3, count)
}

/// As [`copied`], of a context whose id follows from `seed`.
fn copied_of(seed: u64, count: u128) -> (MemoryJournal, SimDisk, Vec<RecordedEvent>) {
    let (journal, disk) = (MemoryJournal::new(), SimDisk::new(1));
    let context = open(&journal, &drawing(seed, Arc::new(disk.clone()))).expect("made");
    for n in 0..count {
        context.append_blocking(append(n)).expect("appended");
    }
    let events = events(&context);
    drop(context);
    (journal, disk, events)
}

/// A2, D1: the copy rots, is cut or loses a file. What was acknowledged is the journal's.
#[test]
fn a_replica_that_is_damaged_is_fetched_again() {
    let (journal, sound, expected) = copied(60);
    let mut damaged_count = 0;
    for path in sound.paths().into_iter().filter(|path| path.starts_with("/replica/journal")) {
        let bytes = sound.bytes(&path).expect("it is there").len();
        for at in (0..bytes).step_by(53) {
            let disk = sound.fork();
            match at % 3 {
                0 => disk.put(&path, sound.bytes(&path).expect("it is there")[..at].to_vec()),
                1 => disk.take_away(&path),
                _ => disk.flip(&path, at as u64, 0x10),
            }
            damaged_count += 1;
            let what = format!("{} at {at}", path.display());
            let context =
                open(&journal, &on(Arc::new(disk))).unwrap_or_else(|e| panic!("{what}: {e}"));
            // A sealed segment is not read at the opening: what rots there, its readers are told.
            let read = context.read_all_blocking(&ReadAll::forwards(Query::all()));
            match read {
                Ok(page) => assert_eq!(page.events, expected, "{what}"),
                Err(ReadError::Corrupt(_)) => {}
                Err(other) => panic!("{what}: {other}"),
            }
        }
    }
    assert!(damaged_count > 100, "{damaged_count}");
    let disk = sound.fork();
    disk.flip(Path::new("/replica/journal/mark"), 20, 0xFF);
    disk.flip(Path::new("/replica/journal/mark"), 4_096 + 20, 0xFF);
    let context = open(&journal, &on(Arc::new(disk))).expect("fetched again");
    assert_eq!(events(&context), expected);
    assert!(context.append_blocking(append(3)).expect("A4").replayed);
    context.append_blocking(append(60)).expect("and it goes on");
}

/// The journal was restored from a copy of its own, and went on otherwise.
#[test]
fn a_replica_of_a_past_that_was_undone_is_fetched_again() {
    let (journal, disk, _) = copied(60);
    let mut restored = MemoryJournal::new();
    restored.claim().expect("claimed");
    for commit in journal.read(Slot::ZERO, usize::MAX).expect("read").into_iter().take(40) {
        restored.append(restored.head(), &commit.body).expect("the same again");
    }
    let elsewhere = open(&restored, &machine()).expect("goes on elsewhere");
    for n in 100..130 {
        elsewhere.append_blocking(append(n)).expect("appended");
    }
    let expected = events(&elsewhere);
    drop(elsewhere);
    let back = open(&restored, &on(Arc::new(disk))).expect("fetched again");
    assert_eq!(events(&back), expected, "R1: nothing of the past that was undone");
}

/// After a crash: the power goes while the copy is thrown away and fetched.
#[test]
fn fetching_a_replica_again_may_be_cut_short_anywhere() {
    let (journal, sound, expected) = copied(30);
    let mark = Path::new("/replica/journal/mark");
    sound.flip(mark, 20, 0xFF);
    sound.flip(mark, 4_096 + 20, 0xFF);
    let (first, whole) = (sound.operation_count(), sound.fork());
    drop(open(&journal, &on(Arc::new(whole.clone()))).expect("fetched again"));
    let last = whole.operation_count();
    assert!(last > first + 10, "there are many moments");
    for cut in first..last {
        let disk = sound.fork();
        disk.power_off_at(cut);
        drop(open(&journal, &on(Arc::new(disk.clone()))));
        disk.power_off();
        disk.power_on(cut);
        let context = open(&journal, &on(Arc::new(disk)));
        let context = context.unwrap_or_else(|e| panic!("cut at {cut}: {e}"));
        assert_eq!(events(&context), expected, "cut at {cut}");
    }
}

/// What is no copy of this journal is somebody's only one.
#[test]
fn what_is_not_a_replica_of_this_journal_is_never_thrown_away() {
    let (_, copy_of_another, _) = copied_of(4, 30);
    let own = SimDisk::new(1);
    let name = ContextName::new("remote").expect("a name");
    let environment = drawing(5, Arc::new(own.clone()));
    let context =
        EmbeddedContext::open(&environment, name, Path::new("/replica"), &Options::inline(4_096));
    context.expect("made").append_blocking(append(0)).expect("appended");
    let (journal, _, _) = copied(5);
    for disk in [copy_of_another, own] {
        for damaged in [false, true] {
            let disk = disk.fork();
            if damaged {
                disk.flip(Path::new("/replica/journal/00000000000000000000.seg"), 9, 0xFF);
            }
            let bytes = |disk: &SimDisk| {
                let segments = disk
                    .paths()
                    .into_iter()
                    .filter(|path| path.extension().is_some_and(|e| e == "seg"));
                segments.map(|path| disk.bytes(&path)).collect::<Vec<_>>()
            };
            let before = bytes(&disk);
            let refused =
                open(&journal, &on(Arc::new(disk.clone()))).expect_err("not a copy of it");
            assert!(matches!(refused, ReadError::Corrupt(_)), "{refused}");
            assert!(bytes(&disk) == before, "nothing was touched");
        }
    }
}
