//! C2, C3, A2: random runs of a group, and runs that are broken off at every single write.
//!
//! A member died between two acks, the store opened again, and the second event of a key was
//! handled before the first; another time the checkpoint had passed what nobody had handled.
//! Here members come and go, time runs out, and the power with it; somebody who knows nothing of
//! how groups work then compares what was told with what is there.

use super::world::World;
use headwater_conformance::groups::history::{Ending, Findings};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

/// Seeds of every build: some eight seconds on a slow machine.
const SEED_COUNT: u64 = if cfg!(feature = "planted-bugs") { 100 } else { 500 };

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn every_run_of_a_group_keeps_its_word() {
    let first = from_environment("HEADWATER_SIM_FIRST", 0);
    let count = from_environment("HEADWATER_SIM_SEEDS", SEED_COUNT);
    let mut sum = Findings::default();
    for seed in first..first + count {
        let found = run(seed);
        sum.delivered_count += found.delivered_count;
        sum.redelivered_count += found.redelivered_count;
        sum.done_count += found.done_count;
        sum.parked_count += found.parked_count;
    }
    println!("{count} runs: {sum:?}");
    assert!(sum.redelivered_count > 0 && sum.parked_count > 0, "such a run proves nothing");
}

fn run(seed: u64) -> Findings {
    let mut world = World::new(seed);
    let mut random = SmallRng::seed_from_u64(seed);
    world.open();
    for _ in 0..random.random_range(30..120_u32) {
        something_happens(&mut world, &mut random);
    }
    world.judge()
}

fn something_happens(world: &mut World, random: &mut SmallRng) {
    let member = match world.members.len() {
        0 => 0,
        count => random.random_range(0..count),
    };
    match random.random_range(0..100_u32) {
        0..25 => append(world, random),
        25..32 => world.join(),
        _ if world.members.is_empty() => world.join(),
        32..35 => world.leave(member),
        35..60 => drop(world.take(member, random.random_range(1..4))),
        60..78 => settle(world, random, member, Ending::Acked),
        78..82 => settle(world, random, member, Ending::Parked),
        82..86 => settle(world, random, member, Ending::Retried),
        86..89 => world.wait(Duration::from_millis(random.random_range(0..12_000))),
        89..93 => unpark(world, random),
        93..95 => world.come(),
        95 => world.open(),
        96 => {
            world.disk.kill_process();
            world.open();
        }
        _ => {
            let now = world.disk.operation_count();
            world.disk.power_off_at(now + random.random_range(0..6));
        }
    }
}

fn append(world: &mut World, random: &mut SmallRng) {
    let stream = match random.random_range(0..6_u32) {
        0 => "other-1".to_owned(),
        1 | 2 => "order-0".to_owned(),
        _ => format!("order-{}", random.random_range(1..5_u32)),
    };
    world.append(&stream, random.random_range(1..4));
}

fn settle(world: &mut World, random: &mut SmallRng, member: usize, ending: Ending) {
    let theirs = world.held.iter().filter(|(holder, _)| *holder == member);
    let chosen: Vec<_> = theirs.map(|(_, delivery)| delivery.id).collect();
    let chosen: Vec<_> = chosen.into_iter().filter(|_| random.random_bool(0.7)).collect();
    if !chosen.is_empty() {
        world.settle(member, &chosen, ending);
    }
}

fn unpark(world: &mut World, random: &mut SmallRng) {
    let Ok(parked) = world.parked() else { return };
    if !parked.is_empty() {
        let position = parked[random.random_range(0..parked.len())].position;
        // Whoever looks learns what was parked meanwhile.
        world.come();
        if world.parked().is_ok_and(|parked| parked.iter().any(|p| p.position == position)) {
            world.unpark(position, random.random_bool(0.4));
        }
    }
}

/// The same each time, for as long as the power lasts.
fn fixed_run(world: &mut World) {
    let openings = world.said.len();
    world.join();
    world.join();
    for round in 0..6_u64 {
        for (stream, count) in [("order-0", 2), ("order-1", 1), ("other-1", 1), ("order-2", 2)] {
            world.append(stream, count);
        }
        for member in 0..2 {
            if world.members.len() < 2 || world.said.len() < openings {
                return;
            }
            world.take(member, 3);
            let theirs = world.held.iter().filter(|(holder, _)| *holder == member);
            let theirs: Vec<_> = theirs.map(|(_, delivery)| delivery.id).collect();
            let (done, left) = theirs.split_at(theirs.len().div_ceil(2));
            world.settle(member, done, Ending::Acked);
            if round == 1 && !left.is_empty() && world.members.len() == 2 {
                world.settle(member, left, Ending::Parked);
            }
        }
        if round == 3
            && let Some(parked) = world.parked().ok().and_then(|parked| parked.first().cloned())
        {
            world.unpark(parked.position, false);
        }
        world.wait(Duration::from_secs(4));
    }
}

#[test]
fn nothing_acked_comes_again_and_nothing_is_lost_wherever_the_power_goes() {
    let mut whole = World::new(1);
    whole.open();
    let first = whole.disk.operation_count();
    fixed_run(&mut whole);
    let last = whole.disk.operation_count();
    assert!(last > first + 30, "the run writes {}", last - first);
    for cut in first..last {
        let mut world = World::new(1);
        world.open();
        world.disk.power_off_at(cut);
        fixed_run(&mut world);
        world.judge();
    }
}
