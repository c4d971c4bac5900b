//! A nightly statement was made twice when two instances of its service woke at three o'clock, and not
//! at all in the night of a release. A tick is an event now, recorded once, with all that follows (C5).
//!
//! The actions count with a decider that is not idempotent, so that twice would show.

mod absences;
mod anything;
mod refusals;

use crate::domain::tally::{Tally, TallyCommand, TallyId};
use headwater::prelude::*;
use headwater::schedule::{Missed, When};
use headwater::testing::World;
use headwater::{ReaderState, Store};
use headwater_env::{Clock as _, VirtualClock};
use headwater_model::memory::MemoryContexts;
use headwater_model::{ContextName, ReadStream, RecordedEvent};

const NAME: &str = "count";

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn every(span: Duration) -> When {
    When::every(span).unwrap()
}

/// Counts at each tick.
fn counting(store: &Store, when: When, missed: Missed) -> Service {
    Service::new("tally", store).decider::<Tally>().schedule(NAME, when, missed, |_| {
        Actions::new().run::<Tally>(&"all".into(), TallyCommand::Count)
    })
}

/// What is recorded of the schedule, in order: kind, and up to when it settles.
fn book(world: &World) -> Vec<(String, Timestamp)> {
    let entry = |event: RecordedEvent| {
        let payload: serde_json::Value = serde_json::from_slice(&event.payload).unwrap();
        let until: Timestamp = payload["until"].as_str().unwrap().parse().unwrap();
        let kind = event.event_type.to_string();
        let is_tick = kind.starts_with("$ScheduleTick");
        assert!(!is_tick || event.recorded_at >= until, "C5: early: {event:?}");
        (kind, until)
    };
    let read = ReadStream::forwards(StreamName::system(format!("$schedule-{NAME}")).unwrap());
    let context = world.store.context(ContextName::new("tally").unwrap());
    let page = world.block_on(async { context.await.unwrap().read_stream(read).await });
    page.unwrap().events.into_iter().map(entry).collect()
}

/// The seconds since the test began at which it ticked.
fn ticked(world: &World) -> Vec<u64> {
    let begin = headwater::testing::TEST_BEGIN;
    let ticks = book(world).into_iter().filter(|(kind, _)| kind == "$ScheduleTicked");
    ticks.map(|(_, at)| at.since(begin).as_secs()).collect()
}

fn counted(world: &World, service: &Service) -> u32 {
    world.block_on(service.load::<Tally>(&TallyId::from("all"), AsOf::Now)).unwrap().state.count
}

#[test]
fn a_tick_comes_at_its_time_and_not_a_microsecond_before() {
    let mut world = World::new();
    let service = counting(&world.store, every(MINUTE), Missed::All);
    let service = world.start(service);
    world.advance(MINUTE - Duration::from_micros(1));
    assert_eq!(counted(&world, &service), 0);
    world.advance(Duration::from_micros(1));
    assert_eq!((counted(&world, &service), ticked(&world)), (1, vec![60]));
    let health = world.block_on(service.health()).unwrap();
    assert_eq!(
        (&health.readers[0].name[..], &health.readers[0].state),
        (NAME, &ReaderState::Running)
    );
    assert!(health.is_caught_up(), "{health:?}");
}

#[test]
fn a_tick_counts_once_whatever_append_fails() {
    for (stored, dies) in [(false, false), (false, true), (true, false), (true, true)] {
        for n in 0.. {
            let mut world = World::new();
            let service = counting(&world.store, every(MINUTE), Missed::All);
            let service = world.start(service);
            if dies {
                world.crash(n, stored)
            } else {
                world.lose_reply(n, stored)
            }
            world.advance(MINUTE * 3);
            let about = format!("append {n}, stored {stored}, dies {dies}");
            assert_eq!(ticked(&world), [60, 120, 180], "{about}");
            assert_eq!(counted(&world, &service), 3, "{about}");
            if !world.crashed() {
                assert!(n >= 4, "only {n} appends were made");
                break;
            }
        }
    }
}

#[test]
pub(crate) fn two_instances_make_each_tick_once() {
    let mut world = World::new();
    for _ in 0..2 {
        let service = counting(&world.store, every(MINUTE), Missed::All);
        world.start(service);
    }
    world.advance(MINUTE * 5);
    let service = counting(&world.store, every(MINUTE), Missed::All);
    assert_eq!(ticked(&world), [60, 120, 180, 240, 300]);
    assert_eq!(counted(&world, &service), 5);
}

/// The last of the two is behind when it wakes: it has read the book before the first made its tick.
#[test]
pub(crate) fn an_instance_that_is_behind_makes_no_tick_again() {
    let mut world = World::new();
    let make = |world: &World| counting(&world.store, every(MINUTE), Missed::All);
    let first = make(&world);
    world.start(first);
    world.settle();
    let mut other = World::over(std::sync::Arc::clone(world.store.contexts()), world.clock());
    let late = make(&other);
    let late = other.start(late);
    other.settle();
    world.advance(MINUTE);
    other.settle();
    assert_eq!((ticked(&world), counted(&world, &late)), (vec![60], 1));
}

#[test]
fn a_tick_without_actions_is_recorded_as_well() {
    let mut world = World::new();
    let service = Service::new("tally", &world.store);
    let service = service.schedule(NAME, every(MINUTE), Missed::All, |_| Actions::new());
    world.start(service);
    world.advance(MINUTE * 2);
    assert_eq!(ticked(&world), [60, 120]);
}

#[test]
fn the_events_of_a_tick_are_of_its_append_and_tell_what_led_to_them() {
    let mut world = World::new();
    let service = counting(&world.store, every(MINUTE), Missed::All);
    world.start(service);
    world.advance(MINUTE);
    let counted = &world.events("tally")[0];
    let context = world.store.context(ContextName::new("tally").unwrap());
    let stream = StreamName::system(format!("$schedule-{NAME}")).unwrap();
    let read = ReadStream::forwards(stream);
    let page = world.block_on(async { context.await.unwrap().read_stream(read).await }).unwrap();
    let tick = page.events.last().unwrap();
    assert_eq!(counted.recorded_at, tick.recorded_at);
    assert_eq!(counted.position.0.abs_diff(tick.position.0), 1);
    assert_eq!(counted.metadata.causation.as_deref(), Some(&*tick.id.to_string()));
}

#[test]
fn a_clock_that_is_set_back_makes_no_tick_again() {
    let mut world = World::new();
    let service = counting(&world.store, every(MINUTE), Missed::All);
    let service = world.start(service);
    world.advance(MINUTE);
    world.clock().set(Timestamp::from_micros(world.now().as_micros() - 30_000_000));
    world.advance(MINUTE);
    assert_eq!(ticked(&world), [60]);
    world.advance(MINUTE);
    assert_eq!((ticked(&world), counted(&world, &service)), (vec![60, 120], 2));
}

#[test]
#[should_panic(expected = "two readers named count")]
fn two_schedules_of_one_name_are_not_wired() {
    let world = World::new();
    let service = counting(&world.store, every(MINUTE), Missed::All);
    drop(service.schedule(NAME, every(SECOND), Missed::All, |_| Actions::new()));
}

/// The story: a laptop slept through three o'clock. Its clock went on, the wait of an hour did not.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_while_a_reader_waits_is_noticed_within_half_a_minute() {
    let clock = VirtualClock::at(headwater::testing::TEST_BEGIN);
    let told = clock.clone();
    let contexts = MemoryContexts::new(std::sync::Arc::new(move || told.now()));
    let store = Store::new(std::sync::Arc::new(contexts));
    let service = counting(&store, every(MINUTE * 60), Missed::All);
    let context = store.context(ContextName::new("tally").unwrap()).await.unwrap();
    let readers = service.supervise();
    let begun = context.wait_past(None).await.unwrap();
    tokio::time::sleep(SECOND).await;
    clock.advance(MINUTE * 60);
    let jumped = tokio::time::Instant::now();
    context.wait_past(Some(begun)).await.unwrap();
    assert!(jumped.elapsed() <= SECOND * 30, "{:?}", jumped.elapsed());
    readers.drain().await;
    assert_eq!(service.load::<Tally>(&"all".into(), AsOf::Now).await.unwrap().count, 1);
}
