//! Vaults: what is taken is there no more, and what is given back is counted.

use super::TourId;
use headwater::prelude::*;
use std::collections::BTreeMap;

#[derive(StreamId)]
#[stream("vault")]
pub(crate) struct VaultId(String);

#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Vault", public)]
pub(crate) enum VaultEvent {
    Filled { amount: u64 },
    Taken { tour: TourId, amount: u64 },
    Given { tour: TourId, amount: u64 },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum VaultCommand {
    Fill {
        amount: u64,
    },
    #[command(public)]
    Take {
        tour: TourId,
        amount: u64,
    },
    #[command(public)]
    Give {
        tour: TourId,
    },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum VaultRefusal {
    #[refusal(conflict, "{left} are left, {asked} were asked for")]
    Empty { left: u64, asked: u64 },
    #[refusal(conflict, "the vault is closed")]
    Closed,
}

/// What is left, who has what of it, and how often each has given back.
#[derive(Default, Debug, Clone, PartialEq)]
pub(crate) struct Vault {
    pub(crate) filled: u64,
    pub(crate) left: u64,
    pub(crate) taken: BTreeMap<TourId, u64>,
    pub(crate) gives: BTreeMap<TourId, usize>,
}

impl Decider for Vault {
    type Id = VaultId;
    type Command = VaultCommand;
    type Event = VaultEvent;
    type Refusal = VaultRefusal;

    fn decide(&self, command: VaultCommand, _: &Cause) -> Result<Vec<VaultEvent>, VaultRefusal> {
        Ok(vec![match command {
            VaultCommand::Fill { amount } => VaultEvent::Filled { amount },
            VaultCommand::Take { .. } if self.filled == 0 => return Err(VaultRefusal::Closed),
            VaultCommand::Take { amount, .. } if amount > self.left => {
                return Err(VaultRefusal::Empty { left: self.left, asked: amount });
            }
            VaultCommand::Take { tour, amount } => VaultEvent::Taken { tour, amount },
            // There may be nothing to give back: it had come too late, or not at all.
            VaultCommand::Give { tour } => {
                let amount = self.taken.get(&tour).copied().unwrap_or_default();
                VaultEvent::Given { tour, amount }
            }
        }])
    }

    fn evolve(mut self, event: &VaultEvent) -> Vault {
        match event {
            VaultEvent::Filled { amount } => {
                self.filled += amount;
                self.left += amount;
            }
            VaultEvent::Taken { tour, amount } => {
                self.left -= amount;
                *self.taken.entry(tour.clone()).or_default() += amount;
            }
            VaultEvent::Given { tour, amount } => {
                self.left += amount;
                *self.taken.entry(tour.clone()).or_default() -= amount;
                *self.gives.entry(tour.clone()).or_default() += 1;
            }
        }
        self
    }
}

/// A service that keeps vaults, and locks for them.
pub(crate) fn service(name: &str, store: &Store) -> Service {
    Service::new(name, store)
        .decider::<Vault>()
        .accept_commands_from("tours")
        .keep_locks_for("tours")
}
