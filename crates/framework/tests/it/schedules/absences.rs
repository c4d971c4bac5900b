//! The service was away. What is made up for is the schedule's to say, and never silent.

use super::{MINUTE, NAME, SECOND, book, counted, counting, every, ticked};
use crate::domain::tally::{Tally, TallyCommand, TallyId};
use headwater::prelude::*;
use headwater::schedule::{Missed, Tick, When};
use headwater::testing::{TEST_BEGIN, World};
use std::sync::Arc;
use std::sync::Mutex;

/// A schedule of five minutes; nobody is there for this long, from its beginning on.
fn away(missed: Missed, absence: Duration) -> (World, Service) {
    let mut world = World::new();
    let service = counting(&world.store, every(MINUTE * 5), missed);
    let service = world.start(service);
    world.settle();
    world.pause("tally");
    world.advance(absence);
    world.resume("tally");
    world.settle();
    (world, service)
}

#[test]
fn all_missed_ticks_are_made_up_for_in_order() {
    let (world, service) = away(Missed::All, SECOND * 1_000);
    assert_eq!((ticked(&world), counted(&world, &service)), (vec![300, 600, 900], 3));
}

#[test]
fn one_tick_stands_for_all_that_were_missed() {
    let (mut world, service) = away(Missed::Once, SECOND * 1_000);
    assert_eq!((ticked(&world), counted(&world, &service)), (vec![900], 1));
    world.advance(SECOND * 200);
    assert_eq!(ticked(&world), [900, 1_200]);
}

#[test]
fn skipped_ticks_are_left_out_and_that_is_recorded() {
    let (mut world, service) = away(Missed::Skip, SECOND * 1_000);
    assert_eq!(counted(&world, &service), 0);
    let skipped = ("$ScheduleTicksSkipped".to_owned(), TEST_BEGIN.after(SECOND * 900));
    assert_eq!(book(&world).last(), Some(&skipped));
    world.advance(SECOND * 200);
    assert_eq!(ticked(&world), [1_200]);
}

#[test]
fn a_tick_that_is_less_than_a_minute_late_was_not_missed() {
    let (world, _) = away(Missed::Skip, SECOND * 930);
    assert_eq!(ticked(&world), [900]);
}

#[test]
fn a_tick_tells_since_when_it_stands_for_others() {
    let seen: Arc<Mutex<Vec<Tick>>> = Arc::default();
    let mut world = World::new();
    let see = Arc::clone(&seen);
    let service = Service::new("tally", &world.store);
    let service = service.schedule(NAME, every(MINUTE * 5), Missed::Once, move |tick| {
        see.lock().unwrap().push(*tick);
        Actions::new()
    });
    world.start(service);
    world.settle();
    world.pause("tally");
    world.advance(MINUTE * 16);
    world.resume("tally");
    world.advance(MINUTE * 5);
    let seen: Vec<_> =
        seen.lock().unwrap().iter().map(|tick| (tick.at, tick.missed_from)).collect();
    let at = |minutes: u32| TEST_BEGIN.after(MINUTE * minutes);
    assert_eq!(seen, [(at(15), Some(at(5))), (at(20), None)]);
}

/// A service that is released every hour never sees three o'clock from within one process.
#[test]
fn a_tick_in_the_night_of_a_release_is_not_lost() {
    let mut world = World::new();
    for _ in 0..60 {
        let contexts = Arc::clone(world.store.contexts());
        let mut next = World::over(contexts, world.clock());
        let nightly = When::cron("0 3 * * *", "Europe/Berlin").unwrap();
        let service = counting(&next.store, nightly, Missed::All);
        next.start(service);
        next.settle();
        next.clock().advance(MINUTE * 61);
        world = next;
    }
    assert_eq!(ticked(&world), [2 * 3_600, 26 * 3_600, 50 * 3_600]);
}

#[test]
fn a_schedule_that_is_changed_goes_by_its_new_times_from_then_on() {
    let mut world = World::new();
    let before = counting(&world.store, every(MINUTE * 30), Missed::All);
    world.start(before);
    world.advance(MINUTE * 45);
    let mut released = World::over(Arc::clone(world.store.contexts()), world.clock());
    let after = counting(&released.store, every(MINUTE * 10), Missed::All);
    released.start(after);
    released.advance(MINUTE * 20);
    assert_eq!(ticked(&world), [30 * 60, 50 * 60, 60 * 60], "what lies behind is not made up for");
    let kinds: Vec<_> = book(&world).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds[..3], ["$ScheduleStarted", "$ScheduleTicked", "$ScheduleChanged"]);
}

/// During a release both versions run, and neither undoes what the other has recorded.
#[test]
fn two_versions_side_by_side_lose_no_tick_and_do_not_quarrel() {
    let mut world = World::new();
    let old = counting(&world.store, every(MINUTE * 30), Missed::All);
    world.start(old);
    world.settle();
    let new = counting(&world.store, every(MINUTE * 20), Missed::All);
    world.start(new);
    world.advance(MINUTE * 61);
    assert_eq!(ticked(&world), [20 * 60, 30 * 60, 40 * 60, 60 * 60]);
    let changed = book(&world).iter().filter(|(kind, _)| kind == "$ScheduleChanged").count();
    assert_eq!(changed, 1);
}

#[test]
fn a_schedule_ticks_beside_commands_to_the_same_decider() {
    let mut world = World::new();
    let service = counting(&world.store, every(MINUTE), Missed::All);
    let service = world.start(service);
    for n in 0..10 {
        world.advance(SECOND * 30);
        let cause = Cause::keyed(format!("by hand {n}"));
        let all = TallyId::from("all");
        world.block_on(service.run::<Tally>(&all, TallyCommand::Count, &cause)).unwrap();
    }
    assert_eq!(counted(&world, &service), 15);
}
