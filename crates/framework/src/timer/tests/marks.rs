//! The story: a service with a million timers behind it was restarted and looked at every one of them.
//! The mark says up to when all were handled; a restart begins there, and nothing before it is lost.

use super::Alarms;
use super::alarms::{Instance, Step};
use crate::limits::{MARK_WAIT, MARK_WORK_COUNT};
use headwater_model::{CheckpointName, Position};
use std::time::Duration;

fn mark(alarms: &Alarms) -> Option<Position> {
    let name = CheckpointName::new("$timers-alarm").unwrap();
    let checkpoint = alarms.world.block_on(alarms.own.checkpoint(name)).unwrap();
    checkpoint.map(|checkpoint| checkpoint.position)
}

#[test]
fn what_was_handled_before_the_mark_is_not_handed_out_again() {
    let mut alarms = Alarms::new();
    let due = alarms.now().after(Duration::from_secs(30));
    alarms.set(0, &[due]);
    let mut instance = Instance::new(1_000);
    alarms.run_to(&mut instance, due);
    assert_eq!(mark(&alarms), None, "one timer is not worth an append");
    alarms.run_to(&mut instance, due.after(MARK_WAIT));
    assert_eq!(mark(&alarms), Some(Position(1)));
    assert!(matches!(alarms.step(&mut Instance::new(1_000)), Step::Waits(_)));
    alarms.check();
}

#[test]
fn many_pending_timers_are_not_looked_at_again_by_a_restart() {
    let mut alarms = Alarms::new();
    let day = Duration::from_secs(86_400);
    for n in 0..MARK_WORK_COUNT as u32 {
        alarms.set(n % 100, &[alarms.now().after(day * 10)]);
    }
    alarms.world.clock().advance(Duration::from_secs(1));
    let mut instance = Instance::new(1_000);
    alarms.settle(&mut instance);
    assert_eq!(mark(&alarms), Some(Position(MARK_WORK_COUNT as u64 - 1)));
}

/// Of timers that are due together some are handled, and the process dies.
pub(super) fn a_mark_in_the_middle_of_what_is_due_loses_nothing() {
    let mut alarms = Alarms::new();
    let due = alarms.now().after(Duration::from_secs(30));
    for _ in 0..600 {
        alarms.set(0, &[due]);
    }
    let mut instance = Instance::new(1_000);
    alarms.settle(&mut instance);
    alarms.world.clock().advance_to(due.after(MARK_WAIT * 2));
    // Recorded behind the due, and seen before any of the timers is handled.
    alarms.set(1, &[alarms.now().after(MARK_WAIT)]);
    for _ in 0..=512 {
        assert_eq!(alarms.step(&mut instance), Step::Went);
    }
    let fired = alarms.fired().len();
    assert!((1..600).contains(&fired), "{fired} have fired");
    let mut restarted = Instance::new(1_000);
    alarms.settle(&mut restarted);
    assert_eq!(alarms.fired().len(), 600);
    alarms.check();
}

#[test]
fn a_process_that_dies_in_the_middle_of_what_is_due_loses_nothing() {
    a_mark_in_the_middle_of_what_is_due_loses_nothing();
}

#[test]
fn a_year_of_absence_is_passed_over_in_few_looks() {
    let mut alarms = Alarms::new();
    let mut instance = Instance::new(1_000);
    alarms.set(0, &[alarms.now()]);
    alarms.settle(&mut instance);
    let year = Duration::from_secs(365 * 86_400);
    let due = alarms.now().after(year / 2);
    alarms.set(0, &[due]);
    alarms.world.clock().advance(year);
    let mut restarted = Instance::new(1_000);
    let next = alarms.settle(&mut restarted);
    assert_eq!(alarms.fired().last(), Some(&due));
    assert!(next > alarms.now());
    alarms.check();
}

#[test]
fn a_reader_that_has_other_work_is_told_when_to_ask() {
    let mut alarms = Alarms::new();
    let mut instance = Instance::new(1_000);
    assert!(instance.wakes.is_to_be_asked(alarms.now()), "it was never asked");
    let due = alarms.now().after(Duration::from_millis(300));
    alarms.set(0, &[due]);
    alarms.settle(&mut instance);
    assert!(!instance.wakes.is_to_be_asked(alarms.now()));
    assert!(instance.wakes.is_to_be_asked(due));
    alarms.world.clock().advance_to(due);
    alarms.settle(&mut instance);
    assert!(!instance.wakes.is_to_be_asked(due.after(Duration::from_millis(999))));
    assert!(instance.wakes.is_to_be_asked(due.after(Duration::from_secs(1))));
}
