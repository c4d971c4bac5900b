//! A1, C2: a small history, restored to each of its positions and each of its instants.
//!
//! Why: a restore that is off by one commit is found by the customer. The history has commits of
//! one event and of several, of several appends, of checkpoints alone, and a deleted stream.

use crate::world::{World, append, at, event, events, name, reader, ready, save, stream};
use headwater_backup::{BackupError, To};
use headwater_env::MemDisk;
use headwater_model::{
    Checkpoint, EventStore, ExpectedRevision, Incarnation, Position, Query, ReadError,
    RecordedEvent, Start, StreamChange, Subscribe, Timestamp,
};
use headwater_store::EmbeddedContext;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What stood behind each commit.
struct Moment {
    count: usize,
    recorded_at: Timestamp,
    checkpoint: Option<Checkpoint>,
}

struct History {
    world: World,
    context: Arc<EmbeddedContext>,
    moments: Vec<Moment>,
    /// All events, as they were before some were hidden.
    all: Vec<RecordedEvent>,
}

impl History {
    fn note(&mut self) {
        let checkpoint = ready(self.context.checkpoint(reader())).expect("answered");
        let (_, last) = ready(self.context.head()).expect("answered");
        let count = last.map_or(0, |last| last.0 as usize + 1);
        self.moments.push(Moment { count, recorded_at: self.context.now(), checkpoint });
        self.world.clock.advance(Duration::from_millis(10));
    }

    fn new() -> Self {
        let world = World::on(Arc::new(MemDisk::new()), 1);
        let context = world.store("/source").embedded(&name("orders")).expect("made");
        let mut history = Self { world, context, moments: Vec::new(), all: Vec::new() };
        history.note();
        (0..6).for_each(|round| history.round(round * 10));
        history.all = events(&history.context);
        let (stream, any) = (stream("order-4"), ExpectedRevision::Any);
        let deleted = history.context.change_stream(stream, any, StreamChange::Delete);
        ready(deleted).expect("deleted");
        history.note();
        history.world.back_up(&[Arc::clone(&history.context)]).expect("backed up");
        history
    }

    /// Four commits: one event; three of two streams; two appends; a checkpoint alone.
    fn round(&mut self, n: u64) {
        let context = Arc::clone(&self.context);
        context.append_blocking(append("order-1", n, 1, 200)).expect("appended");
        self.note();
        let (any, last) = (ExpectedRevision::Any, vec![event(n + 3, 10)]);
        let three = append("order-2", n + 1, 2, 300).and(stream("ledger"), any, last);
        context.append_blocking(three).expect("appended");
        self.note();
        let several = vec![append("order-3", n + 4, 1, 900), append("order-4", n + 5, 2, 40)];
        for answer in context.append_all_blocking(several) {
            answer.expect("appended");
        }
        self.note();
        let before = ready(context.checkpoint(reader())).expect("answered");
        context.append_blocking(save(before, at(0, n))).expect("saved");
        self.note();
    }

    /// Restores, and looks at what came of it.
    fn restored(&self, to: To, data: &str, expected: &Moment) {
        let restored = self.world.restore(None, to, data).expect("restored");
        let last = (expected.count as u64).checked_sub(1).map(Position);
        assert_eq!(restored[0].last_position, last, "{to:?}");
        let cut = self.all.len() + 1 - expected.count;
        assert_eq!(restored[0].cut_count, cut as u64, "{to:?}");
        let again = self.world.store(data).embedded(&name("orders")).expect("it opens");
        let head = ready(again.head()).expect("answered");
        assert_eq!(head, (Incarnation(1), last), "{to:?}");
        let checkpoint = ready(again.checkpoint(reader())).expect("answered");
        assert_eq!(checkpoint, expected.checkpoint, "{to:?}");
        if cut == 0 {
            assert_eq!(events(&again), events(&self.context), "{to:?}");
        } else {
            // What the deletion hides is seen again where the deletion was cut off.
            assert_eq!(events(&again), self.all[..expected.count], "{to:?}");
        }
        self.old_checkpoints(&again, expected.count as u64);
        again.append_blocking(append("order-9", 9_000, 1, 10)).expect("it goes on");
    }

    /// C2: what lies behind the fork is told so, what lies before it goes on.
    fn old_checkpoints(&self, again: &EmbeddedContext, fork: u64) {
        for position in fork.saturating_sub(1)..fork + 2 {
            let start = Start::After(at(0, position));
            let answer = ready(again.subscribe(Subscribe { query: Query::all(), start }));
            match answer.err() {
                None => assert!(position < fork, "{position} is not of this history"),
                Some(ReadError::Diverged { had, is, .. }) => {
                    assert!(position >= fork, "{position} is of both histories");
                    assert_eq!((had, is), (Incarnation(0), Incarnation(1)));
                }
                Some(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn each_position_is_restored_to_the_last_whole_commit_at_or_before_it() {
    let history = History::new();
    let whole: Vec<usize> = history.moments.iter().map(|moment| moment.count).collect();
    for position in 0..=history.all.len() {
        let kept = whole.iter().rev().find(|count| **count <= position + 1).expect("the birth");
        // With all that was saved before the next event.
        let expected = history.moments.iter().rfind(|moment| moment.count == *kept);
        let data = format!("/to-position-{position}");
        let to = To::Position(Position(position as u64));
        history.restored(to, &data, expected.expect("a moment"));
    }
}

#[test]
fn each_instant_is_restored_with_what_was_recorded_up_to_it() {
    let history = History::new();
    for (n, moment) in history.moments.iter().enumerate() {
        let instant = moment.recorded_at;
        history.restored(To::Time(instant), &format!("/to-time-{n}"), moment);
        let later = To::Time(instant.after(Duration::from_millis(9)));
        history.restored(later, &format!("/to-later-{n}"), moment);
    }
}

#[test]
fn what_is_not_in_the_backup_is_refused_and_nothing_is_made() {
    let history = History::new();
    let behind = To::Position(Position(history.all.len() as u64 + 1));
    let refused = history.world.restore(None, behind, "/refused").expect_err("there is no such");
    assert!(matches!(refused, BackupError::BehindEnd { .. }), "{refused}");
    let before = To::Time(Timestamp::from_micros(5));
    let refused = history.world.restore(None, before, "/refused").expect_err("there is no such");
    assert!(matches!(refused, BackupError::NotBorn { .. }), "{refused}");
    assert_eq!(
        history.world.disk.list(Path::new("/refused")).expect("listed"),
        Vec::<String>::new()
    );
    history.world.restore(None, To::End, "/refused").expect("it is empty still");
    let refused = history.world.restore(None, To::End, "/refused").expect_err("it is not empty");
    assert!(matches!(refused, BackupError::NotEmpty { .. }), "{refused}");
}

#[test]
fn a_restored_store_is_backed_up_and_restored_again_as_another_history() {
    let history = History::new();
    let world = &history.world;
    world.restore(None, To::Position(Position(20)), "/second").expect("restored");
    let second = world.store("/second").embedded(&name("orders")).expect("it opens");
    second.append_blocking(append("order-7", 7_000, 3, 50)).expect("appended");
    let taken = world.back_up(&[Arc::clone(&second)]).expect("backed up");
    assert_eq!(taken.manifest.contexts[0].incarnations.len(), 2, "it says where it was forked");
    assert_eq!(world.check().damage, []);
    world.restore(None, To::End, "/third").expect("restored");
    let third = world.store("/third").embedded(&name("orders")).expect("it opens");
    assert_eq!(events(&third), events(&second));
    assert_eq!(ready(third.head()).expect("answered").0, Incarnation(2));
    // The first history's backup is still there, and whole.
    world
        .restore(Some(world.archive().ids().expect("listed")[0].as_str()), To::End, "/first")
        .expect("restored");
    let first = world.store("/first").embedded(&name("orders")).expect("it opens");
    assert_eq!(events(&first), events(&history.context));
}
