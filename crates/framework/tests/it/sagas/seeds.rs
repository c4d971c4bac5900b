//! Many towns by seed: races, outages, crashes, repetitions and time, in any order.

use super::town::Town;
use crate::domain::trips::LIMIT;
use proptest::prelude::*;
use std::time::Duration;

/// What happens to a town.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Trip { wallet: usize, hotel: usize, price: u64 },
    Step,
    Settle,
    Pause(usize),
    Resume(usize),
    Crash { passing: u64, stored: bool },
    LoseReply { passing: u64, stored: bool },
    ReadAgain { back_to: u64 },
    Pass { millis: u64 },
}

const SERVICES: [&str; 3] = ["trips", "wallets", "hotels"];
const WALLETS: [&str; 2] = ["ann", "bob"];
const HOTELS: [&str; 2] = ["grand", "small"];

fn happens() -> impl Strategy<Value = Happens> {
    use Happens::*;
    let limit = u64::try_from(LIMIT.as_millis()).unwrap();
    prop_oneof![
        4 => (0..2_usize, 0..2_usize, 14..120_u64)
            .prop_map(|(wallet, hotel, price)| Trip { wallet, hotel, price }),
        6 => Just(Step),
        1 => Just(Settle),
        2 => (0..3_usize).prop_map(Pause),
        2 => (0..3_usize).prop_map(Resume),
        2 => (0..4_u64, any::<bool>()).prop_map(|(passing, stored)| Crash { passing, stored }),
        1 => (0..4_u64, any::<bool>()).prop_map(|(passing, stored)| LoseReply { passing, stored }),
        1 => (0..9_u64).prop_map(|back_to| ReadAgain { back_to }),
        1 => (1..limit * 2).prop_map(|millis| Pass { millis }),
    ]
}

fn live(order: [usize; 3], life: &[Happens]) {
    let mut town = Town::open(order);
    WALLETS.iter().for_each(|wallet| town.wallet(wallet, 200));
    town.hotel("grand", 2);
    town.hotel("small", 1);
    let mut trips = Vec::new();
    for happens in life {
        match *happens {
            Happens::Trip { wallet, hotel, price } => {
                let name = format!("t{}", trips.len());
                trips.push(town.trip(&name, WALLETS[wallet], HOTELS[hotel], price));
            }
            Happens::Step => {
                town.world.step();
            }
            Happens::Settle => town.world.settle(),
            Happens::Pause(n) => town.world.pause(SERVICES[n]),
            Happens::Resume(n) => town.world.resume(SERVICES[n]),
            Happens::Crash { passing, stored } => town.world.crash(passing, stored),
            Happens::LoseReply { passing, stored } => town.world.lose_reply(passing, stored),
            Happens::ReadAgain { back_to } => {
                for (context, reader) in super::town::READERS {
                    town.read_again(context, reader, headwater_model::Position(back_to));
                }
                town.world.restart();
            }
            Happens::Pass { millis } => town.world.advance(Duration::from_millis(millis)),
        }
    }
    SERVICES.iter().for_each(|service| town.world.resume(service));
    town.world.settle();
    town.world.advance(LIMIT * 2);
    town.audit(&trips, &WALLETS, &HOTELS, "by seed");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_life_of_a_town_ends_with_its_accounts_in_order(
        order in Just([0_usize, 1, 2]).prop_shuffle(),
        life in prop::collection::vec(happens(), 1..60),
    ) {
        live(order, &life);
    }
}
