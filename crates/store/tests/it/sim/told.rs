//! A6: what a moment was, it stays, whatever happens to the process, its power and its clock.
//!
//! A reader asked for the context as of noon. The store was killed, the clock was set back an hour,
//! and an event was recorded before noon: the same question had another answer.

use super::workload::Workload;
use super::world::World;
use headwater_conformance::sample::stream;
use headwater_env::Clock;
use headwater_model::{
    Append, AsOf, ExpectedRevision, From, Position, ReadAll, ReadError, Timestamp,
};
use rand::RngExt;

/// What the store says stands as of `instant`, and how much that is.
fn as_of(world: &World, instant: Timestamp) -> Result<Option<Position>, ReadError> {
    let read = ReadAll {
        as_of: AsOf::Time(instant),
        count_max: 1,
        from: From::Edge,
        ..ReadAll::forwards(super::world::everything())
    };
    world.store().read_all_blocking(&read).map(|page| page.as_of)
}

#[test]
fn what_was_told_of_a_moment_is_told_again() {
    let mut told_count = 0;
    for seed in 0..60 {
        let (mut world, mut workload) = (World::new(seed), Workload::new(seed));
        world.open().expect("a good day");
        let mut told = Vec::new();
        for _ in 0..60 {
            match workload.random.random_range(0..12_u32) {
                0 => world.lose_power(workload.random.random()),
                1 => {
                    world.close();
                    if world.open().is_err() {
                        world.lose_power(workload.random.random());
                    }
                }
                2 => {
                    world.disk.kill_process();
                    world.close();
                    if world.open().is_err() {
                        world.lose_power(workload.random.random());
                    }
                }
                3 => {
                    let next = world.disk.operation_count();
                    world.disk.power_off_at(next + workload.random.random_range(0..4));
                }
                4..8 => {
                    let event = workload.event();
                    let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![event]);
                    world.append(append);
                }
                8 | 9 => world.move_clock(workload.random.random_range(-3_000_000..3_000_000)),
                _ => {
                    let now = world.clock.now();
                    let back = workload.random.random_range(0..2_000_000_u64);
                    let back = if workload.one_in(2) { 0 } else { back };
                    let instant = Timestamp::from_micros(now.as_micros().saturating_sub(back));
                    told.extend(as_of(&world, instant).ok().map(|last| (instant, last)));
                }
            }
            if !world.disk.is_powered() {
                world.lose_power(workload.random.random());
            }
        }
        for (instant, last) in &told {
            let again = as_of(&world, *instant).expect("a good day");
            assert_eq!(again, *last, "seed {seed}: A6, as of {instant}");
        }
        told_count += told.len();
    }
    assert!(told_count > 300, "{told_count}");
}

/// D2, A6: on a full disk it is still known what was told, or not told at all.
#[test]
fn the_present_can_be_asked_about_on_a_full_disk() {
    let (mut world, mut workload) = (World::new(3), Workload::new(3));
    world.open().expect("a good day");
    let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![workload.event()]);
    world.append(append);
    world.disk.set_capacity(Some(world.disk.used_bytes()));
    for _ in 0..5 {
        world.move_clock(5_000_000);
        let now = world.clock.now();
        assert_eq!(as_of(&world, now), Ok(Some(Position(0))), "as of {now}");
    }
}

/// A6: a clock that is years ahead is not believed by readers either, or every commit to come would
/// be recorded years ahead.
#[test]
fn a_clock_that_leapt_does_not_drag_the_present_along() {
    let (mut world, mut workload) = (World::new(3), Workload::new(3));
    world.open().expect("a good day");
    let mut append = |world: &mut World| {
        let event = workload.event();
        world.append(Append::to(stream("order-1"), ExpectedRevision::Any, vec![event]));
    };
    append(&mut world);
    let (now, year) = (world.clock.now(), std::time::Duration::from_secs(400 * 86_400));
    world.clock.set(now.after(year));
    as_of(&world, now.after(year)).expect("it is read");
    world.clock.set(now.after(year / 2));
    append(&mut world);
    let seen = world.seen().expect("a good day").forwards;
    let last = seen.last().expect("there are two").recorded_at;
    assert!(last < now.after(year), "{last}");
}
