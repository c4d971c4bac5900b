//! A2, A5, D1: the power goes at every single operation of a run.

use super::workload::Workload;
use super::world::World;
use headwater_conformance::history::Outcome;
use headwater_conformance::sample::{event, stream};
use headwater_env::Fault;
use headwater_model::{Append, ExpectedRevision, NewEvent};

const APPEND_COUNT: u32 = 24;

/// The same requests each time, for as long as the power lasts.
fn run(world: &mut World, seed: u64) {
    let mut workload = Workload::new(seed);
    for _ in 0..APPEND_COUNT {
        let append = workload.request(world);
        world.append(append);
        world.move_clock(1_000);
        if !world.disk.is_powered() {
            return;
        }
    }
}

/// How many operations the run makes that can be cut.
fn operation_count(seed: u64) -> u64 {
    let mut world = World::new(seed);
    world.open().expect("a good day");
    run(&mut world, seed);
    world.close();
    world.disk.operation_count()
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_goes() {
    for seed in 0..3 {
        for cut in 0..operation_count(seed) {
            let mut world = World::new(seed);
            world.disk.power_off_at(cut);
            if world.open().is_ok() {
                run(&mut world, seed);
            }
            world.lose_power(seed ^ cut.rotate_left(32));
            resolve(&mut world);
            let mut workload = Workload::new(1_000_000 + cut);
            for _ in 0..3 {
                let append = workload.request(&world);
                world.append(append);
            }
            world.judge();
        }
    }
}

/// A5: whose reply was lost asks again, and learns.
fn resolve(world: &mut World) {
    let lost = world.operations.iter().filter(|asked| asked.outcome == Outcome::Unknown);
    let lost: Vec<_> = lost.map(|asked| asked.append.clone()).collect();
    for append in lost {
        let outcome = world.append(append);
        assert!(outcome != Outcome::Unknown, "A5: a lost reply is resolved by asking again");
    }
}

#[test]
fn nothing_is_lost_when_the_power_goes_twice() {
    let seed = 7;
    let count = operation_count(seed);
    for first in (0..count).step_by(5) {
        for second in 0..12 {
            let mut world = World::new(seed);
            world.disk.power_off_at(first);
            if world.open().is_ok() {
                run(&mut world, seed);
            }
            world.disk.power_off();
            world.close();
            world.disk.heal();
            world.disk.power_on(first);
            world.disk.power_off_at(world.disk.operation_count() + second);
            if world.open().is_ok() {
                let append = Workload::new(9).request(&world);
                world.append(append);
            }
            world.lose_power(second);
            world.judge();
        }
    }
}

/// Commits of all sizes, some larger than a segment. The first that is refused is asked for again by
/// a process that begins anew, and that is the end.
fn run_on(world: &mut World) {
    for n in 1..=30_u128 {
        let bytes = [200, 9_000, 20_000][usize::try_from(n).expect("it is small") % 3];
        let event = NewEvent { payload: vec![b' '; bytes].into(), ..event(n) };
        let append = Append::to(stream("order-1"), ExpectedRevision::Any, vec![event]);
        let outcome = world.append(append.clone());
        if !matches!(outcome, Outcome::Done(_)) {
            world.close();
            world.disk.heal();
            world.open().expect("D2: opened again");
            world.append(append);
            return;
        }
    }
}

/// D2: one operation fails, the process begins anew on what it sees, durable or not, and then the
/// power goes.
#[test]
fn nothing_is_lost_when_one_operation_fails_and_then_the_power_goes() {
    let mut whole = World::new(5);
    whole.open().expect("a good day");
    let first = whole.disk.operation_count();
    run_on(&mut whole);
    for failing in (first..whole.disk.operation_count()).step_by(2) {
        let mut world = World::new(5);
        world.open().expect("a good day");
        world.disk.fail(failing..failing + 1, Fault::Io);
        run_on(&mut world);
        for survival in 0..3 {
            let disk = world.disk.fork();
            disk.power_off();
            disk.power_on(survival);
            let mut afterwards = World::on(disk, 5);
            afterwards.operations.clone_from(&world.operations);
            afterwards.judge();
        }
    }
}
