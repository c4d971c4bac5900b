//! Any order of setting, cancelling, firing, crashes, restarts, two instances, and a clock that jumps.

use super::Alarms;
use super::alarms::{Instance, Step};
use headwater_model::Timestamp;
use proptest::prelude::*;
use std::time::Duration;

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// Timers are set by one event, due so long from now.
    Set {
        alarm: u32,
        spans: Vec<Duration>,
    },
    /// A timer is set for the border of a bucket, or just beside it.
    SetAtBorder {
        alarm: u32,
        width: u64,
        ahead: u64,
        beside: i64,
    },
    Cancel {
        alarm: u32,
    },
    Advance(Duration),
    SetBack(Duration),
    /// An instance takes so many steps.
    Steps {
        instance: usize,
        count: u32,
    },
    /// An instance dies between two steps, and begins anew.
    Restart {
        instance: usize,
    },
    /// An append to come fails, before it took hold or behind it, and whoever asked dies of it.
    Crash {
        passing: u64,
        stored: bool,
    },
    /// The reply to an append to come is lost.
    LoseReply {
        passing: u64,
        stored: bool,
    },
}

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (0..5_u64).prop_map(Duration::from_micros),
        (0..60_000_000_u64).prop_map(Duration::from_micros),
        (0..86_400_u64).prop_map(Duration::from_secs),
        (0..20_u64).prop_map(|days| Duration::from_secs(days * 86_400)),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    let width = prop_oneof![Just(10_u64), Just(80), Just(3_600)];
    prop_oneof![
        6 => (0..4_u32, prop::collection::vec(span(), 1..4))
            .prop_map(|(alarm, spans)| Set { alarm, spans }),
        3 => (0..4_u32, width, 0..3_u64, -1..2_i64).prop_map(|(alarm, width, ahead, beside)| {
            SetAtBorder { alarm, width, ahead, beside }
        }),
        2 => (0..4_u32).prop_map(|alarm| Cancel { alarm }),
        4 => span().prop_map(Advance),
        1 => (0..120_u64).prop_map(|span| SetBack(Duration::from_secs(span))),
        8 => (0..2_usize, 1..12_u32).prop_map(|(instance, count)| Steps { instance, count }),
        2 => (0..2_usize).prop_map(|instance| Restart { instance }),
        1 => (0..4_u64, any::<bool>()).prop_map(|(passing, stored)| Crash { passing, stored }),
        1 => (0..4_u64, any::<bool>()).prop_map(|(passing, stored)| LoseReply { passing, stored }),
    ]
}

fn border(now: Timestamp, width: u64, ahead: u64, beside: i64) -> Timestamp {
    let width = width * 1_000_000;
    let border = (now.as_micros() / width + ahead) * width;
    Timestamp::from_micros(border.saturating_add_signed(beside))
}

fn live(happenings: Vec<Happening>, count_max: usize) {
    let mut alarms = Alarms::new();
    let mut instances = [Instance::new(count_max), Instance::new(count_max)];
    for happening in happenings {
        match happening {
            Happening::Set { alarm, spans } => {
                let now = alarms.now();
                let dues: Vec<_> = spans.into_iter().map(|span| now.after(span)).collect();
                alarms.set(alarm, &dues);
            }
            Happening::SetAtBorder { alarm, width, ahead, beside } => {
                let due = border(alarms.now(), width, ahead, beside);
                alarms.set(alarm, &[due]);
            }
            Happening::Cancel { alarm } => alarms.cancel(alarm),
            Happening::Advance(span) => alarms.world.clock().advance(span),
            Happening::SetBack(span) => {
                let back = alarms.now().as_micros() - u64::try_from(span.as_micros()).unwrap();
                alarms.world.clock().set(Timestamp::from_micros(back));
            }
            Happening::Steps { instance, count } => {
                for _ in 0..count {
                    if alarms.step(&mut instances[instance]) == Step::Died {
                        instances[instance] = Instance::new(count_max);
                    }
                }
            }
            Happening::Restart { instance } => instances[instance] = Instance::new(count_max),
            Happening::Crash { passing, stored } => alarms.world.crash(passing, stored),
            Happening::LoseReply { passing, stored } => alarms.world.lose_reply(passing, stored),
        }
    }
    for instance in &mut instances {
        alarms.settle(instance);
    }
    alarms.check();
    alarms.world.clock().advance(Duration::from_secs(21 * 86_400));
    for instance in &mut instances {
        alarms.settle(instance);
    }
    alarms.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_timer_fires_once_and_not_before_its_time_whatever_happens(
        happenings in prop::collection::vec(happening(), 1..60),
        count_max in prop_oneof![Just(1_usize), Just(2), Just(5), Just(1_000)],
    ) {
        live(happenings, count_max);
    }
}
