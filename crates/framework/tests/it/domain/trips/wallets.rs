//! Wallets: money, that must neither be lost nor made.

use super::TripId;
use headwater::prelude::*;

#[derive(StreamId)]
#[stream("wallet")]
pub(crate) struct WalletId(String);

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Wallet", public)]
pub(crate) enum WalletEvent {
    Filled { amount: u64 },
    Charged { trip: TripId, amount: u64 },
    Refunded { trip: TripId, amount: u64 },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum WalletCommand {
    Fill {
        amount: u64,
    },
    #[command(public)]
    Charge {
        trip: TripId,
        amount: u64,
    },
    #[command(public)]
    Refund {
        trip: TripId,
        amount: u64,
    },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum WalletRefusal {
    #[refusal(conflict, "{left} are left, {asked} were asked for")]
    TooPoor { left: u64, asked: u64 },
}

#[derive(Default, Debug, PartialEq)]
pub(crate) struct Wallet {
    pub(crate) left: u64,
}

impl Decider for Wallet {
    type Id = WalletId;
    type Command = WalletCommand;
    type Event = WalletEvent;
    type Refusal = WalletRefusal;

    fn decide(&self, command: WalletCommand, _: &Cause) -> Result<Vec<WalletEvent>, WalletRefusal> {
        Ok(vec![match command {
            WalletCommand::Fill { amount } => WalletEvent::Filled { amount },
            WalletCommand::Charge { amount, .. } if amount > self.left => {
                return Err(WalletRefusal::TooPoor { left: self.left, asked: amount });
            }
            WalletCommand::Charge { trip, amount } => WalletEvent::Charged { trip, amount },
            WalletCommand::Refund { trip, amount } => WalletEvent::Refunded { trip, amount },
        }])
    }

    fn evolve(self, event: &WalletEvent) -> Wallet {
        match event {
            WalletEvent::Filled { amount } | WalletEvent::Refunded { amount, .. } => {
                Wallet { left: self.left + amount }
            }
            WalletEvent::Charged { amount, .. } => {
                Wallet { left: self.left.saturating_sub(*amount) }
            }
        }
    }
}

pub(crate) fn service(store: &Store) -> Service {
    Service::new("wallets", store).decider::<Wallet>().accept_commands_from("trips")
}
