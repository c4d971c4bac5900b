//! Order: by due, then by position; also if more is due than is held.

use super::Alarms;
use super::alarms::Instance;
use proptest::prelude::*;
use std::time::Duration;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn after_an_absence_timers_fire_in_the_order_of_their_times_however_few_are_held(
        spans in prop::collection::vec(0..200_000_u64, 1..80),
        count_max in 1..20_usize,
    ) {
        let mut alarms = Alarms::new();
        let now = alarms.now();
        let mut dues: Vec<_> =
            spans.iter().map(|span| now.after(Duration::from_secs(*span))).collect();
        for (n, due) in (0..).zip(&dues) {
            alarms.set(n, &[*due]);
        }
        alarms.world.clock().advance(Duration::from_secs(300_000));
        let mut instance = Instance::new(count_max);
        alarms.settle(&mut instance);
        dues.sort();
        prop_assert_eq!(alarms.fired(), dues);
        alarms.check();
    }
}

#[test]
fn several_timers_of_one_event_fire_each_at_its_own_time() {
    let mut alarms = Alarms::new();
    let now = alarms.now();
    let dues = [90, 5, 3_700].map(|seconds| now.after(Duration::from_secs(seconds)));
    alarms.set(0, &dues);
    let mut instance = Instance::new(1_000);
    alarms.run_to(&mut instance, now.after(Duration::from_secs(100)));
    assert_eq!(alarms.fired(), [dues[1], dues[0]]);
    alarms.run_to(&mut instance, now.after(Duration::from_secs(4_000)));
    assert_eq!(alarms.fired(), [dues[1], dues[0], dues[2]]);
}
