//! Towns under simulation: trips, wallets and hotels, and everything that goes wrong between them.
//!
//! The story: two services worked for years; then one was deployed twice at once while the network was slow,
//! and a guest paid for two rooms. C1, C4, C5: whoever is killed, delayed, repeated: the accounts end in order.

use crate::domain::trips::hotels::{Hotel, HotelCommand, HotelId};
use crate::domain::trips::travel::Travel;
use crate::domain::trips::wallets::{Wallet, WalletCommand, WalletId};
use crate::domain::trips::{self, LIMIT, Trip, TripCommand, TripId};
use headwater::testing::World;
use headwater::testing::simulation::{Audit, Call, Dice, Process, Scenario, Simulation};
use headwater::{End, Standing};
use std::time::Duration;

const WALLETS: [&str; 2] = ["ann", "bob"];
const HOTELS: [&str; 2] = ["grand", "small"];
const MONEY: u64 = 300;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Fill { wallet: &'static str },
    Open { hotel: &'static str, rooms: usize },
    Trip { name: String, wallet: &'static str, hotel: &'static str, price: u64 },
}

/// Up to so many trips; the process with the saga may be there twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Towns {
    pub(crate) trip_count_max: u64,
    pub(crate) twice: bool,
}

impl Scenario for Towns {
    type Step = Step;

    fn processes(&self) -> Vec<Process> {
        let trips = Process::new(trips::service);
        vec![
            if self.twice { trips.twice() } else { trips },
            Process::new(trips::wallets::service),
            Process::new(trips::hotels::service),
        ]
    }

    fn opening(&self) -> Vec<Step> {
        let rooms = [2, 1];
        let hotels = HOTELS.iter().zip(rooms).map(|(hotel, rooms)| Step::Open { hotel, rooms });
        WALLETS.iter().map(|wallet| Step::Fill { wallet }).chain(hotels).collect()
    }

    fn plan(&self, dice: &mut Dice) -> Vec<Step> {
        let count = 1 + dice.below(self.trip_count_max);
        let trip = |n: u64| Step::Trip {
            name: format!("t{n}"),
            wallet: dice.pick::<&str>(&WALLETS),
            hotel: dice.pick::<&str>(&HOTELS),
            price: 14 + dice.below(120),
        };
        (0..count).map(trip).collect()
    }

    fn call(&self, step: &Step) -> Call {
        match step {
            Step::Fill { wallet } => {
                let fill = WalletCommand::Fill { amount: MONEY };
                Call::run::<Wallet>("wallets", &WalletId::from(*wallet), fill)
            }
            Step::Open { hotel, rooms } => {
                let open = HotelCommand::Open { rooms: *rooms };
                Call::run::<Hotel>("hotels", &HotelId::from(*hotel), open)
            }
            Step::Trip { name, wallet, hotel, price } => {
                let (wallet, hotel) = ((*wallet).to_owned(), (*hotel).to_owned());
                let ask = TripCommand::Ask { wallet, hotel, price: *price };
                Call::run::<Trip>("trips", &TripId::from(name.as_str()), ask)
            }
        }
    }

    fn horizon(&self) -> Duration {
        LIMIT * 4
    }

    fn always(&self, world: &World, audit: &mut Audit) {
        for hotel in HOTELS {
            let guests = world.load::<Hotel>("hotels", &HotelId::from(hotel)).guests.len();
            audit.holds(guests <= 2, format!("{guests} guests in {hotel}"));
        }
    }

    fn at_rest(&self, world: &World, asked: &[Step], audit: &mut Audit) {
        let (mut paid, mut confirmed) = (0, Vec::new());
        for step in asked {
            let Step::Trip { name, .. } = step else { continue };
            let trip = TripId::from(name.as_str());
            let became = world.load::<Trip>("trips", &trip);
            let standing = world.load_saga::<Travel>("trips", &trip).standing;
            let ended = match (became.confirmed, became.failed.len()) {
                (1, 0) => Some(End::Completed),
                (0, 1) => Some(End::Compensated),
                _ => None,
            };
            if let Some(end) = ended {
                audit.equal(name, &standing, &Standing::Ended(end));
            } else if !matches!(standing, Standing::Parked { .. }) {
                audit.holds(false, format!("{name} became {became:?}, its saga is {standing:?}"));
            }
            if ended == Some(End::Completed) {
                paid += became.price;
                confirmed.push(trip);
            }
        }
        let left: u64 = WALLETS.iter().map(|wallet| left(world, wallet)).sum();
        audit.equal("money", left + paid, MONEY * WALLETS.len() as u64);
        let guests = |hotel: &&str| world.load::<Hotel>("hotels", &HotelId::from(*hotel)).guests;
        let mut guests: Vec<_> = HOTELS.iter().flat_map(guests).collect();
        guests.sort();
        confirmed.sort();
        audit.equal("who sleeps and who has paid", &guests, &confirmed);
        let count = |name: &str| world.types("wallets").iter().filter(|it| *it == name).count();
        let kept = count("WalletCharged") - count("WalletRefunded");
        audit.equal("charges without refund", kept, confirmed.len());
    }
}

fn left(world: &World, wallet: &str) -> u64 {
    world.load::<Wallet>("wallets", &WalletId::from(wallet)).left
}

#[test]
pub(crate) fn every_seed_of_a_town_ends_with_its_accounts_in_order() {
    let towns = Simulation::of(Towns { trip_count_max: 8, twice: false });
    let tally = towns.seeds(0..300).check();
    assert_eq!(tally.run_count, 300);
    let happened = [tally.killed_count, tally.lost_count, tally.repeated_count, tally.reread_count];
    assert!(happened.iter().all(|count| *count > 20), "too calm: {tally:?}");
    assert!(tally.ended_count > 1_000, "too few sagas: {tally:?}");
}

#[test]
fn every_seed_of_a_town_with_two_processes_for_one_service_ends_in_order() {
    Simulation::of(Towns { trip_count_max: 8, twice: true }).seeds(0..150).check();
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    let towns = Simulation::of(Towns { trip_count_max: 8, twice: true });
    for seed in 0..20 {
        assert_eq!(towns.trace(seed), towns.trace(seed), "seed {seed}");
    }
    assert_ne!(towns.trace(1), towns.trace(2));
}
