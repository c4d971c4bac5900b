//! The tours' plan with its five services over a store: a crash at every append, every message read again.

use crate::domain::tours::plan::{self, Agent, LEASE, LIMIT, NOW};
use crate::domain::tours::vaults::{self, Vault, VaultCommand, VaultId};
use crate::domain::tours::{Tour, TourCommand, TourId};
use headwater::lock::{Lock, LockKey};
use headwater::plan::ByPlan;
use headwater::prelude::*;
use headwater::testing::World;
use headwater::{End, Standing};
use headwater_model::{
    Append, Checkpoint, CheckpointName, ContextName, Incarnation, SaveCheckpoint,
};

/// The readers' checkpoints, each with its context.
const READERS: [(&str, &str); 13] = [
    ("tours", "agent/tours"),
    ("tours", "agent/credit"),
    ("tours", "agent/inns"),
    ("tours", "agent/till"),
    ("tours", "agent/post"),
    ("credit", "requests/tours"),
    ("inns", "requests/tours"),
    ("till", "requests/tours"),
    ("post", "requests/tours"),
    ("inns", "leases/inns"),
    ("credit", "leases/credit"),
    ("till", "leases/till"),
    ("post", "leases/post"),
];

/// Where everything is kept, with what is in it.
const VAULTS: [(&str, &str); 5] =
    [("credit", "ann"), ("inns", "east"), ("inns", "west"), ("till", "till"), ("post", "post")];

pub(crate) struct Town {
    pub(crate) world: World,
    tours: Service,
    services: [Service; 4],
    filled: u64,
}

impl Town {
    pub(crate) fn open() -> Self {
        Self::of(World::new(), NOW)
    }

    /// In this world, with this deployed.
    pub(crate) fn of(mut world: World, agent: Agent) -> Self {
        let store = world.store.clone();
        let tours = world.start(plan::service(&store, agent));
        let services = plan::ASKED.map(|name| world.start(vaults::service(name, &store)));
        Self { world, tours, services, filled: 0 }
    }

    /// As a client does: the same key until there is an answer.
    fn run<D: Decider>(&self, service: &Service, id: &D::Id, command: D::Command, key: &str) {
        for _ in 0..8 {
            let cause = Cause::keyed(key);
            if self.world.block_on(service.run::<D>(id, command.clone(), &cause)).is_ok() {
                return;
            }
        }
        panic!("no answer to {key}");
    }

    /// This much of ann's credit, so many beds in each inn, vouchers and an empty till.
    pub(crate) fn fill(&mut self, credit: u64, beds: u64, vouchers: u64) {
        let amounts = [credit, beds, beds, 1_000_000, vouchers];
        for ((service, vault), amount) in VAULTS.into_iter().zip(amounts) {
            self.add(service, vault, amount);
        }
    }

    pub(crate) fn add(&mut self, service: &str, vault: &str, amount: u64) {
        let of = plan::ASKED.iter().position(|name| *name == service).unwrap();
        if amount > 0 {
            let (id, fill) = (VaultId::from(vault), VaultCommand::Fill { amount });
            self.run::<Vault>(&self.services[of], &id, fill, &format!("{vault} {}", self.filled));
        }
        self.filled += amount;
    }

    pub(crate) fn tour(&self, name: &str, price: u64) -> TourId {
        let tour = TourId::from(name);
        let ask = TourCommand::Ask { guest: "ann".into(), price };
        self.run::<Tour>(&self.tours, &tour, ask, name);
        tour
    }

    pub(crate) fn became(&self, tour: &TourId) -> Tour {
        self.world.block_on(self.tours.load::<Tour>(tour, AsOf::Now)).unwrap().state
    }

    pub(crate) fn standing(&self, tour: &TourId) -> Standing {
        self.world.block_on(self.tours.load_saga::<ByPlan<Agent>>(tour)).unwrap().standing
    }

    /// The version of the plan that it goes by.
    pub(crate) fn version(&self, tour: &TourId) -> u32 {
        let saga = self.world.block_on(self.tours.load_saga::<ByPlan<Agent>>(tour)).unwrap();
        saga.state.course.unwrap().version()
    }

    /// What all tours have of a vault.
    pub(crate) fn taken(&self, service: &str, vault: &str) -> u64 {
        self.vault((service, vault)).taken.values().sum()
    }

    pub(crate) fn service(&self) -> &Service {
        &self.tours
    }

    pub(crate) fn lock(&self, key: &str) -> Lock {
        let id = LockKey::from(key);
        self.world.block_on(self.services[1].load::<Lock>(&id, AsOf::Now)).unwrap().state
    }

    fn vault(&self, (service, vault): (&str, &str)) -> Vault {
        let of = plan::ASKED.iter().position(|name| *name == service).unwrap();
        let id = VaultId::from(vault);
        self.world.block_on(self.services[of].load::<Vault>(&id, AsOf::Now)).unwrap().state
    }

    /// Every reader has forgotten how far it was: all that was read is read again.
    fn read_all_again(&mut self) {
        for (context, reader) in READERS {
            let name = CheckpointName::new(reader).unwrap();
            let back = async {
                let context = ContextName::new(context).unwrap();
                let store = self.world.store.context(context).await.unwrap();
                let expected = store.checkpoint(name.clone()).await.unwrap();
                let (incarnation, position) = (Incarnation::default(), Position::ZERO);
                let to = Checkpoint { incarnation, position };
                if expected.is_some_and(|at| at.position > position) {
                    let save = SaveCheckpoint { name: name.clone(), expected, to };
                    // Through a crash that a test has asked for: then it is not read again.
                    let _ = store.append(Append::default().saving(save)).await;
                }
            };
            self.world.block_on(back);
        }
        self.world.restart();
    }

    /// Every tour has one end that its saga agrees with, everything is with whom it belongs, each undoing was
    /// done once at most, and no inn is held. Returns how many are confirmed.
    pub(crate) fn audit(&self, tours: &[TourId], about: &str) -> usize {
        let mut confirmed = 0;
        let vaults = VAULTS.map(|name| (name.0, self.vault(name)));
        for tour in tours {
            let (became, standing) = (self.became(tour), self.standing(tour));
            let end = match (became.confirmed, became.failed.len()) {
                (1, 0) => End::Completed,
                (0, 1) => End::Compensated,
                _ => panic!("{tour} became {became:?}, its saga is {standing:?}: {about}"),
            };
            assert_eq!(standing, Standing::Ended(end), "{tour}: {about}");
            confirmed += usize::from(end == End::Completed);
            for (name, vault) in &vaults {
                let has = vault.taken.get(tour).copied().unwrap_or_default();
                let worth = if matches!(*name, "credit" | "till") { became.price } else { 1 };
                let worth = if end == End::Completed { worth } else { 0 };
                assert_eq!(has, worth, "{tour} has this of {name}: {about}");
                let gives = vault.gives.get(tour).copied().unwrap_or_default();
                assert!(gives <= usize::from(worth == 0), "{tour} gave back twice: {about}");
            }
        }
        let left: u64 = vaults.iter().map(|(_, vault)| vault.left).sum();
        let taken: u64 = vaults.iter().flat_map(|(_, vault)| vault.taken.values()).sum();
        assert_eq!(left + taken, self.filled, "something was lost or made: {about}");
        for inn in ["east", "west"] {
            assert_eq!(self.lock(inn), Lock::default(), "{inn} is held: {about}");
        }
        confirmed
    }
}

/// Three tours, of which one is confirmed, one finds no bed, one no credit; returns whether the fault that was
/// armed has happened.
fn travel(twice: bool, arm: impl FnOnce(&mut Town), about: &str) -> bool {
    let mut town = Town::open();
    arm(&mut town);
    town.fill(250, 1, 0);
    let tours = [("a", 100), ("b", 100), ("c", 1_000)].map(|(name, price)| town.tour(name, price));
    let settle = |town: &mut Town| {
        town.world.settle();
        if twice {
            town.read_all_again();
            town.world.settle();
        }
    };
    settle(&mut town);
    // There are no vouchers yet: it is behind the pivot, and tries again.
    town.add("post", "post", 3);
    town.world.advance(LIMIT);
    settle(&mut town);
    town.world.advance(LEASE * 2);
    assert_eq!(town.audit(&tours, about), 1, "{about}");
    town.world.crashed()
}

fn at_every_append(twice: bool, arm: fn(&mut Town, u64, bool)) {
    for stored in if twice { &[true][..] } else { &[false, true] }.iter().copied() {
        let mut points = 0;
        let about = |n: u64| format!("append {n}, stored {stored}, twice {twice}");
        while travel(twice, |town| arm(town, points, stored), &about(points)) {
            points += 1;
        }
        assert!(points >= 40, "only {points} appends were made");
    }
}

#[test]
fn every_crash_of_a_plan_ends_in_the_same_accounts() {
    at_every_append(false, |town, passing, stored| town.world.crash(passing, stored));
}

#[test]
fn every_crash_of_a_plan_ends_in_the_same_accounts_when_all_is_read_twice() {
    at_every_append(true, |town, passing, stored| town.world.crash(passing, stored));
}

#[test]
fn a_lost_reply_to_any_append_of_a_plan_changes_no_account() {
    at_every_append(false, |town, passing, stored| town.world.lose_reply(passing, stored));
}

#[test]
fn thousands_of_tours_are_booked_side_by_side() {
    let mut town = Town::open();
    let count = 1_000;
    town.fill(100 * count / 2, count, count);
    let tours: Vec<_> = (0..count).map(|n| town.tour(&format!("t{n}"), 100)).collect();
    town.world.settle();
    town.world.advance(LIMIT * 2);
    let confirmed = town.audit(&tours, "side by side");
    assert_eq!(confirmed as u64, count / 2);
}
