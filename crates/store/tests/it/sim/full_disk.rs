//! D2: a full disk refuses appends and loses nothing; a failed sync ends writing until reopened.

use super::workload::Workload;
use super::world::{World, is_full, is_poisoned, ready};
use headwater_conformance::history::Outcome;
use headwater_conformance::sample::{event, stream};
use headwater_env::Fault;
use headwater_model::{
    Append, EventStore, ExpectedRevision, ReadStream, Revision, StreamChange, StreamLife,
    StreamSettings,
};

fn one(workload: &mut Workload) -> Append {
    Append::to(stream("order-1"), ExpectedRevision::Any, vec![workload.event()])
}

#[test]
fn a_full_disk_refuses_stays_readable_opens_and_goes_on() {
    for room in (0..60_000).step_by(1_500) {
        let (mut world, mut workload) = (World::new(room), Workload::new(room));
        world.open().expect("a good day");
        world.append(one(&mut workload));
        world.disk.set_capacity(Some(world.disk.used_bytes() + room));
        let mut refused_count = 0;
        for _ in 0..2_000 {
            let append = one(&mut workload);
            let outcome = world.append(append);
            refused_count += u32::from(is_full(&outcome));
            assert!(is_full(&outcome) || matches!(outcome, Outcome::Done(_)), "{outcome:?}");
            if refused_count > 3 {
                break;
            }
        }
        assert!(refused_count > 3, "a disk with room for {room} more bytes is full at last");
        let before = world.seen().expect("D2: it can be read").forwards.len();
        world.close();
        world.open().expect("D2: it opens while full");
        assert_eq!(world.seen().expect("and can be read").forwards.len(), before);
        world.disk.set_capacity(None);
        for _ in 0..5 {
            let append = one(&mut workload);
            let outcome = world.append(append);
            assert!(matches!(outcome, Outcome::Done(_)), "D2: there is room: {outcome:?}");
        }
        world.judge();
    }
}

/// D2: what is to make room finds some. A group that was refused is not in the way of a deletion.
#[test]
fn on_a_full_disk_streams_can_still_be_deleted() {
    for room in (0..60_000).step_by(1_500) {
        let (mut world, mut workload) = (World::new(room), Workload::new(room));
        world.open().expect("a good day");
        for _ in 0..3 {
            world.append(one(&mut workload));
        }
        world.disk.set_capacity(Some(world.disk.used_bytes() + room));
        let small = |n: u128| Append::to(stream("order-1"), ExpectedRevision::Any, vec![event(n)]);
        let mut n = 1 << 64;
        while !is_full(&world.append(small(n))) {
            n += 1;
        }
        let delete = |world: &World, name: &str, change| {
            let any = ExpectedRevision::Any;
            let changed = ready(world.store().change_stream(stream(name), any, change));
            changed.expect("nothing to wait for")
        };
        let cut = StreamSettings { truncate_before: Some(Revision(2)), ..Default::default() };
        delete(&world, "order-1", StreamChange::Settings(cut)).expect("D2: it is cut");
        assert!(is_full(&world.append(small(n))), "an append is refused still");
        world.close();
        world.open().expect("D2: it opens while full");
        delete(&world, "order-1", StreamChange::Delete).expect("D2: it is deleted");
        delete(&world, "order-2", StreamChange::Tombstone).expect("D2: and another one");
        assert!(is_full(&world.append(small(n))), "an append is refused still");
        world.disk.set_capacity(None);
        assert!(matches!(world.append(small(n)), Outcome::Done(_)), "D2: there is room");
        world.lose_power(room);
        let shown = |name: &str| {
            let page = world.store().read_stream_blocking(&ReadStream::forwards(stream(name)));
            let state = ready(world.store().stream(stream(name))).expect("nothing to wait for");
            (page.expect("read").events.len(), state.expect("looked up").life)
        };
        assert_eq!(shown("order-1"), (1, StreamLife::Alive), "A2: the deletion, then the event");
        assert_eq!(shown("order-2"), (0, StreamLife::Tombstoned), "A2");
    }
}

#[test]
fn a_failed_write_or_sync_ends_writing_until_the_store_is_opened_again() {
    let mut failed_count = 0;
    for nth in 0..60 {
        let (mut world, mut workload) = (World::new(nth), Workload::new(nth));
        world.open().expect("a good day");
        for _ in 0..5 {
            let append = one(&mut workload);
            world.append(append);
        }
        let first = world.disk.operation_count() + nth;
        world.disk.fail(first..first + 1, Fault::Io);
        let mut lost = false;
        for _ in 0..40 {
            let append = one(&mut workload);
            let outcome = world.append(append);
            let answered = matches!(outcome, Outcome::Done(_));
            assert!(!(lost && answered), "D2: nothing is written after a failed sync");
            lost |= outcome == Outcome::Unknown || is_poisoned(&outcome);
        }
        failed_count += u32::from(lost);
        world.disk.heal();
        world.close();
        world.open().expect("D2: opened again");
        let append = one(&mut workload);
        assert!(matches!(world.append(append), Outcome::Done(_)), "D2: and goes on");
        world.judge();
    }
    assert!(failed_count > 0, "some of the operations were the journal's");
}

/// R1: the reader was shown an event that a power cut took back.
#[test]
fn what_could_not_be_made_durable_is_not_seen() {
    for nth in 0..3 {
        let (mut world, mut workload) = (World::new(nth), Workload::new(nth));
        world.open().expect("a good day");
        for _ in 0..5 {
            let append = one(&mut workload);
            world.append(append);
        }
        let head = |world: &World| ready(world.store().head()).expect("nothing to wait for");
        let before = head(&world);
        let now = world.disk.operation_count();
        world.disk.fail(now..now + 1, Fault::Io);
        let refused = world.store().append_blocking(one(&mut workload));
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(head(&world), before, "R1: the head is behind what is durable");
    }
}

/// A5, D2: the index is told of a commit while it is on its way to the device. One that the device
/// has no room for is taken back: the same append, the same ids, is new, and takes its place.
#[test]
fn a_commit_that_was_refused_on_its_way_leaves_nothing() {
    let mut refused_count = 0;
    for nth in 0..40 {
        let (mut world, mut workload) = (World::new(nth), Workload::new(nth));
        world.open().expect("a good day");
        for _ in 0..nth {
            let append = one(&mut workload);
            world.append(append);
        }
        let append = one(&mut workload);
        let now = world.disk.operation_count();
        world.disk.fail(now..now + 1, Fault::Full);
        let outcome = world.append(append.clone());
        refused_count += u32::from(is_full(&outcome));
        let outcome = if is_full(&outcome) { world.append(append) } else { outcome };
        let replayed = matches!(&outcome, Outcome::Done(done) if done.replayed);
        assert!(matches!(outcome, Outcome::Done(_)) && !replayed, "there is room: {outcome:?}");
        for _ in 0..3 {
            let append = one(&mut workload);
            assert!(matches!(world.append(append), Outcome::Done(_)), "and it goes on");
        }
        world.judge();
    }
    assert!(refused_count > 20, "{refused_count} of 40 were refused");
}
