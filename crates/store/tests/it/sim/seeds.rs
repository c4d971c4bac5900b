//! A1-A6, R1-R3, D2: random runs, with everything going wrong at random.

use super::workload::Workload;
use super::world::{World, is_full, is_poisoned};
use headwater_conformance::history::{Outcome, Report};
use headwater_env::Fault;
use rand::RngExt;

/// Seeds of every build: some twenty seconds on a slow machine.
const SEED_COUNT: u64 = if cfg!(feature = "planted-bugs") { 100 } else { 2_000 };

/// Runs have nothing to do with each other.
const THREAD_COUNT: usize = 2;

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn every_seed_keeps_every_promise() {
    let first = from_environment("HEADWATER_SIM_FIRST", 0);
    let count = from_environment("HEADWATER_SIM_SEEDS", SEED_COUNT);
    let part = |skip: u64| {
        let seeds = (first..first + count).skip(skip as usize).step_by(THREAD_COUNT);
        seeds.map(run).fold(Report::default(), add)
    };
    let sum = std::thread::scope(|scope| {
        let parts = (0..THREAD_COUNT as u64).map(|skip| scope.spawn(move || part(skip)));
        let parts: Vec<_> = parts.collect();
        let whole = parts.into_iter().map(|part| part.join().expect("its seed is above"));
        whole.fold(Report::default(), add)
    });
    println!("{count} seeds: {sum:?}");
    assert!(sum.done_count > sum.refused_count, "a run in which nothing succeeds proves nothing");
    assert!(sum.unknown_count > 0 || count < 50, "nor does one in which nothing goes wrong");
}

fn add(sum: Report, report: Report) -> Report {
    Report {
        done_count: sum.done_count + report.done_count,
        refused_count: sum.refused_count + report.refused_count,
        unknown_count: sum.unknown_count + report.unknown_count,
        event_count: sum.event_count + report.event_count,
        violations: Vec::new(),
    }
}

/// One run; everything in it follows from the seed.
pub(crate) fn run(seed: u64) -> Report {
    let mut world = World::new(seed);
    begin(&mut world, seed);
    world.judge()
}

/// The run, without its end.
pub(crate) fn begin(world: &mut World, seed: u64) {
    let mut workload = Workload::new(seed);
    world.open().expect("a good day");
    for _ in 0..workload.random.random_range(20..70_u32) {
        something_happens(world, &mut workload);
        let together = if workload.one_in(4) { workload.random.random_range(2..7) } else { 1 };
        let appends = (0..together).map(|_| workload.request(world)).collect();
        let outcomes = world.append_together(appends);
        world.move_clock(workload.random.random_range(-2_000..5_000));
        if !world.disk.is_powered() {
            world.lose_power(workload.random.random());
            resolve_last(world, &mut workload);
        } else if outcomes.iter().any(|o| is_poisoned(o) || *o == Outcome::Unknown) {
            reopen(world, &mut workload);
        } else if outcomes.iter().any(is_full) {
            full(world, &mut workload);
        }
    }
}

fn something_happens(world: &mut World, workload: &mut Workload) {
    let now = world.disk.operation_count();
    match workload.random.random_range(0..60_u32) {
        0 => world.lose_power(workload.random.random()),
        1..4 => world.disk.power_off_at(now + workload.random.random_range(0..20)),
        4 | 5 => {
            let first = now + workload.random.random_range(0..10);
            let fault = if workload.one_in(3) { Fault::Full } else { Fault::Io };
            world.disk.fail(first..first + workload.random.random_range(1..4), fault);
        }
        6 => {
            let room = workload.random.random_range(0..40_000);
            world.disk.set_capacity(Some(world.disk.used_bytes() + room));
        }
        7 => {
            world.close();
            open_whatever_it_takes(world);
        }
        8 => {
            world.disk.kill_process();
            world.close();
            open_whatever_it_takes(world);
        }
        9 => world.store().note_idle(),
        _ => {}
    }
}

/// D2: after a failure the store is opened again, on a disk that is well by then.
fn reopen(world: &mut World, workload: &mut Workload) {
    if workload.one_in(2) {
        world.disk.heal();
    }
    world.close();
    open_whatever_it_takes(world);
    resolve_last(world, workload);
}

/// Opens on a disk that may still be sick: it opens, or says why and opens once the disk is well.
fn open_whatever_it_takes(world: &mut World) {
    if world.open().is_ok() {
        return;
    }
    if world.disk.is_powered() {
        world.disk.heal();
        world.disk.set_capacity(None);
        world.open().expect("on a healthy disk it opens");
    } else {
        world.lose_power(7);
    }
}

/// D2: a full disk is readable, opens, and takes appends again once there is room.
fn full(world: &mut World, workload: &mut Workload) {
    world.seen().expect("D2: a full disk can be read");
    if workload.one_in(2) {
        world.close();
        open_whatever_it_takes(world);
    }
    if workload.one_in(2) {
        world.disk.set_capacity(None);
        world.disk.heal();
    }
}

/// A5: whose reply was lost most often asks again at once.
fn resolve_last(world: &mut World, workload: &mut Workload) {
    let last = world.operations.last().filter(|last| last.outcome == Outcome::Unknown);
    if let Some(append) = last.map(|last| last.append.clone())
        && !workload.one_in(4)
    {
        world.append(append);
    }
}
