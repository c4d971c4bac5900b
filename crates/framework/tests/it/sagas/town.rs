//! A town with wallets, hotels and travellers, and its accounts.

use crate::domain::trips::hotels::{Hotel, HotelCommand, HotelId};
use crate::domain::trips::travel::Travel;
use crate::domain::trips::wallets::{Wallet, WalletCommand, WalletId};
use crate::domain::trips::{self, Trip, TripCommand, TripId};
use headwater::prelude::*;
use headwater::testing::World;
use headwater::{End, Standing};
use headwater_model::{
    Append, Checkpoint, CheckpointName, ContextName, Incarnation, SaveCheckpoint,
};

/// The readers' checkpoints, each with its context.
pub(crate) const READERS: [(&str, &str); 5] = [
    ("trips", "travel-plan/trips"),
    ("trips", "travel-plan/wallets"),
    ("trips", "travel-plan/hotels"),
    ("wallets", "requests/trips"),
    ("hotels", "requests/trips"),
];

pub(crate) struct Town {
    pub(crate) world: World,
    pub(crate) trips: Service,
    pub(crate) wallets: Service,
    pub(crate) hotels: Service,
    filled: u64,
}

impl Town {
    /// `order` says in which order the services take turns.
    pub(crate) fn open(order: [usize; 3]) -> Self {
        let mut world = World::new();
        let store = world.store.clone();
        let services = [
            trips::service(&store),
            trips::wallets::service(&store),
            trips::hotels::service(&store),
        ];
        order.iter().for_each(|n| drop(world.start(services[*n].clone())));
        let [trips, wallets, hotels] = services;
        Self { world, trips, wallets, hotels, filled: 0 }
    }

    /// As a client does: the same key until there is an answer.
    pub(crate) fn run<D: Decider>(
        &self,
        service: &Service,
        id: &D::Id,
        command: D::Command,
        key: &str,
    ) {
        for _ in 0..8 {
            let cause = Cause::keyed(key);
            if self.world.block_on(service.run::<D>(id, command.clone(), &cause)).is_ok() {
                return;
            }
        }
        panic!("no answer to {key}");
    }

    pub(crate) fn wallet(&mut self, name: &str, amount: u64) {
        let fill = WalletCommand::Fill { amount };
        self.run::<Wallet>(&self.wallets, &WalletId::from(name), fill, name);
        self.filled += amount;
    }

    pub(crate) fn hotel(&self, name: &str, rooms: usize) {
        let open = HotelCommand::Open { rooms };
        self.run::<Hotel>(&self.hotels, &HotelId::from(name), open, name);
    }

    pub(crate) fn trip(&self, name: &str, wallet: &str, hotel: &str, price: u64) -> TripId {
        let trip = TripId::from(name);
        let ask = TripCommand::Ask { wallet: wallet.into(), hotel: hotel.into(), price };
        self.run::<Trip>(&self.trips, &trip, ask, name);
        trip
    }

    pub(crate) fn standing(&self, trip: &TripId) -> Standing {
        self.world.block_on(self.trips.load_saga::<Travel>(trip)).unwrap().standing
    }

    pub(crate) fn became(&self, trip: &TripId) -> Trip {
        self.world.block_on(self.trips.load::<Trip>(trip, AsOf::Now)).unwrap().state
    }

    pub(crate) fn left(&self, wallet: &str) -> u64 {
        let id = WalletId::from(wallet);
        self.world.block_on(self.wallets.load::<Wallet>(&id, AsOf::Now)).unwrap().left
    }

    pub(crate) fn guests(&self, hotel: &str) -> Vec<TripId> {
        let id = HotelId::from(hotel);
        self.world.block_on(self.hotels.load::<Hotel>(&id, AsOf::Now)).unwrap().state.guests
    }

    /// Every reader has forgotten how far it was: all that was read is read again.
    pub(crate) fn read_all_again(&mut self) {
        for (context, reader) in READERS {
            self.read_again(context, reader, Position::ZERO);
        }
        self.world.restart();
    }

    /// A reader has forgotten what it did behind this position.
    pub(crate) fn read_again(&self, context: &str, reader: &str, position: Position) {
        let name = CheckpointName::new(reader).unwrap();
        let back = async {
            let store = self.world.store.context(ContextName::new(context).unwrap()).await.unwrap();
            let expected = store.checkpoint(name.clone()).await.unwrap();
            let to = Checkpoint { incarnation: Incarnation::default(), position };
            if expected.is_some_and(|at| at.position > position) {
                let save = SaveCheckpoint { name: name.clone(), expected, to };
                // Through a crash that a test has asked for: then it is not read again.
                let _ = store.append(Append::default().saving(save)).await;
            }
        };
        self.world.block_on(back);
    }

    /// What happened to a trip.
    pub(crate) fn types_of(&self, trip: &TripId) -> Vec<String> {
        let events = self.world.events("trips");
        let own = events.iter().filter(|event| event.stream.id() == trip.as_str());
        own.map(|event| event.event_type.to_string()).collect()
    }

    /// How often a type stands in a context.
    pub(crate) fn count(&self, context: &str, event_type: &str) -> usize {
        self.world.types(context).iter().filter(|name| *name == event_type).count()
    }

    /// Money is where it should be, rooms are slept in by who has paid, and every trip has one end that its
    /// saga agrees with.
    pub(crate) fn audit(&self, trips: &[TripId], wallets: &[&str], hotels: &[&str], about: &str) {
        let mut paid = 0;
        let mut confirmed = Vec::new();
        for trip in trips {
            let (became, standing) = (self.became(trip), self.standing(trip));
            match (became.confirmed, became.failed.len()) {
                (1, 0) => {
                    assert_eq!(standing, Standing::Ended(End::Completed), "{trip}: {about}");
                    paid += became.price;
                    confirmed.push(trip.clone());
                }
                (0, 1) => {
                    assert_eq!(standing, Standing::Ended(End::Compensated), "{trip}: {about}");
                }
                _ => panic!("{trip} became {became:?}, its saga is {standing:?}: {about}"),
            }
        }
        let left: u64 = wallets.iter().map(|wallet| self.left(wallet)).sum();
        assert_eq!(left + paid, self.filled, "money was lost or made: {about}");
        let mut guests: Vec<_> = hotels.iter().flat_map(|hotel| self.guests(hotel)).collect();
        guests.sort();
        confirmed.sort();
        assert_eq!(guests, confirmed, "who sleeps is who has paid: {about}");
        let refunds = self.count("wallets", "WalletRefunded");
        let charges = self.count("wallets", "WalletCharged");
        assert_eq!(charges - refunds, confirmed.len(), "each compensation once: {about}");
    }
}
