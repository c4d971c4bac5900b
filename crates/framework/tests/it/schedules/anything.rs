//! Whatever happens between any two steps: each tick once, none before its time, none lost (C5).

use super::{NAME, book, counted, counting};
use headwater::prelude::*;
use headwater::schedule::{Missed, When};
use headwater::testing::World;
use proptest::prelude::*;

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    Advance(u64),
    SetBack(u64),
    /// One turn of each instance.
    Step,
    Settle,
    Pause,
    Resume,
    /// Another instance comes up.
    Another,
    Crash {
        passing: u64,
        stored: bool,
    },
    LoseReply {
        passing: u64,
        stored: bool,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        6 => (0..7_200_u64).prop_map(Advance),
        1 => (0..600_u64).prop_map(SetBack),
        4 => Just(Step),
        3 => Just(Settle),
        1 => Just(Pause),
        2 => Just(Resume),
        1 => Just(Another),
        1 => (0..3_u64, any::<bool>()).prop_map(|(passing, stored)| Crash { passing, stored }),
        1 => (0..3_u64, any::<bool>()).prop_map(|(passing, stored)| LoseReply { passing, stored }),
    ]
}

fn when(which: usize) -> When {
    match which {
        0 => When::every(Duration::from_secs(600)).unwrap(),
        1 => When::cron("*/20 * * * *", "Europe/Berlin").unwrap(),
        _ => When::cron("30 3,15 * * *", "America/New_York").unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_tick_is_made_once_whatever_happens(
        happenings in prop::collection::vec(happening(), 1..40),
        which in 0..3_usize,
    ) {
        let mut world = World::new();
        let make = |world: &World| counting(&world.store, when(which), Missed::All);
        let service = make(&world);
        let service = world.start(service);
        world.settle();
        let (_, begun) = book(&world)[0];
        for happening in happenings {
            match happening {
                Happening::Advance(seconds) => world.clock().advance(Duration::from_secs(seconds)),
                Happening::SetBack(seconds) => {
                    let back = world.now().as_micros() - seconds * 1_000_000;
                    world.clock().set(Timestamp::from_micros(back));
                }
                Happening::Step => drop(world.step()),
                Happening::Settle => world.settle(),
                Happening::Pause => world.pause("tally"),
                Happening::Resume => world.resume("tally"),
                Happening::Another => {
                    let another = make(&world);
                    world.start(another);
                }
                Happening::Crash { passing, stored } => world.crash(passing, stored),
                Happening::LoseReply { passing, stored } => world.lose_reply(passing, stored),
            }
        }
        world.resume("tally");
        // Behind any instant that the clock has shown.
        world.clock().advance(Duration::from_secs(3 * 86_400));
        world.settle();
        let ticks: Vec<Timestamp> = book(&world).into_iter().skip(1).map(|(kind, at)| {
            assert_eq!(kind, "$ScheduleTicked", "of {NAME}");
            at
        }).collect();
        let due = std::iter::successors(when(which).next(begun), |last| when(which).next(*last));
        let due: Vec<Timestamp> = due.take_while(|at| *at <= world.now()).collect();
        prop_assert_eq!(&ticks, &due);
        prop_assert_eq!(counted(&world, &service) as usize, due.len());
    }
}
