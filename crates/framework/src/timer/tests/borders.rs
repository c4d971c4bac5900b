//! The story: a timer that is due on the stroke of an hour stands where one bucket ends and the next
//! begins. It belongs to exactly one look ahead.

use super::Alarms;
use super::alarms::{Instance, wakes};
use crate::timer::bucket::{Names, Reach, tags};
use headwater_model::{Category, Timestamp};
use proptest::prelude::*;
use std::time::Duration;

const MICRO: Duration = Duration::from_micros(1);

pub(super) fn every_border_is_in_one_look() {
    let mut alarms = Alarms::new();
    let begin = alarms.now();
    let mut dues = Vec::new();
    for seconds in [10, 20, 70, 80, 90, 160, 240, 3_600, 7_200, 86_400, 230_400, 30 * 86_400] {
        let border = begin.after(Duration::from_secs(seconds));
        let before = Timestamp::from_micros(border.as_micros() - 1);
        dues.extend([before, border, border.after(MICRO)]);
    }
    dues.sort();
    for due in &dues {
        alarms.set(0, &[*due]);
    }
    let mut instance = Instance::new(1_000);
    alarms.run_to(&mut instance, begin.after(Duration::from_secs(40 * 86_400)));
    assert_eq!(alarms.fired(), dues);
    alarms.check();
}

#[test]
fn a_timer_on_the_border_of_two_buckets_fires_once() {
    every_border_is_in_one_look();
}

pub(super) fn nothing_is_due_a_microsecond_before_its_time() {
    let mut alarms = Alarms::new();
    let due = alarms.now().after(Duration::from_secs(30));
    alarms.set(0, &[due]);
    let mut instance = Instance::new(1_000);
    alarms.world.clock().advance_to(Timestamp::from_micros(due.as_micros() - 1));
    assert_eq!(alarms.settle(&mut instance), due);
    assert_eq!(alarms.fired(), []);
    alarms.world.clock().advance(MICRO);
    alarms.settle(&mut instance);
    assert_eq!(alarms.fired(), [due]);
}

#[test]
fn a_timer_is_not_handed_out_a_microsecond_before_its_time() {
    nothing_is_due_a_microsecond_before_its_time();
}

#[test]
fn a_clock_set_back_between_the_look_and_the_firing_does_not_record_it_early() {
    let mut alarms = Alarms::new();
    let due = alarms.now().after(Duration::from_secs(30));
    alarms.set(0, &[due]);
    let mut instance = Instance::new(1_000);
    alarms.world.clock().advance_to(due);
    alarms.step(&mut instance); // it is handed out …
    alarms.world.clock().set(Timestamp::from_micros(due.as_micros() - 20_000_000));
    alarms.step(&mut instance); // … and fired by a clock that has not come there any more
    assert_eq!(alarms.fired(), [due]);
    alarms.check();
}

#[test]
fn a_timer_that_was_due_when_it_was_set_fires_at_once() {
    let mut alarms = Alarms::new();
    let mut instance = Instance::new(1_000);
    alarms.settle(&mut instance);
    let due = Timestamp::from_micros(alarms.now().as_micros() - 3_600_000_000);
    alarms.set(0, &[due]);
    alarms.settle(&mut instance);
    assert_eq!(alarms.fired(), [due]);
}

#[test]
fn timers_of_a_deleted_stream_are_gone_with_it() {
    let mut alarms = Alarms::new();
    let due = alarms.now().after(Duration::from_secs(30));
    alarms.set(0, &[due]);
    alarms.set(1, &[due]);
    let mut instance = Instance::new(1_000);
    alarms.settle(&mut instance);
    let deleted = alarms.own.change_stream(
        headwater_model::StreamName::system("$alarm-0").unwrap(),
        headwater_model::ExpectedRevision::Any,
        headwater_model::StreamChange::Delete,
    );
    alarms.world.block_on(deleted).unwrap();
    alarms.world.clock().advance_to(due);
    alarms.settle(&mut instance);
    assert_eq!(alarms.fired(), [due]);
}

#[test]
fn a_reader_whose_name_makes_no_tag_is_told_so() {
    let mut wakes = crate::timer::Wakes::new("a\nb", Category::new("$alarm").unwrap());
    let alarms = Alarms::new();
    let error = alarms.world.block_on(wakes.next(&*alarms.own)).unwrap_err();
    assert_eq!(error.code(), "command.invalid_name");
    assert_eq!(format!("{:?}", self::wakes()), "Wakes(alarm)");
}

proptest! {
    #[test]
    fn looks_have_no_gap_and_find_every_timer_by_its_tags(
        from in 0..4_000_000_000_000_000_u64,
        grow in prop::collection::vec(any::<bool>(), 0..24),
        places in prop::collection::vec(0..1_000_u64, 1..20),
    ) {
        let names = Names::new("r", Category::new("$alarm").unwrap()).unwrap();
        let mut reach = Reach::FIRST;
        let mut from = Timestamp::from_micros(from);
        for grow in grow {
            let cover = names.cover(from, reach).unwrap();
            prop_assert!(cover.to > from);
            prop_assert!(cover.query.items.len() <= 64);
            let span = cover.to.since(from);
            for place in &places {
                let due = from.after(span.mul_f64(*place as f64 / 1_000.0));
                let tags = tags("r", &[due]).unwrap();
                let hits = cover.query.items.iter().filter(|item| tags.contains(&item.tags[0]));
                prop_assert_eq!(hits.count(), usize::from(due < cover.to));
            }
            from = cover.to;
            reach = if grow { reach.grown() } else { reach.shrunk() };
        }
    }
}
