//! The saga: charge the wallet, book the room; or give the money back.
//!
//! ```text
//!   asked ─▶ Charge ─▶ charged ─▶ Book, within LIMIT ─▶ booked ─▶ confirm ─▶ completed
//!               │                   └ refused, or too late ─▶ Free, Refund ─▶ refunded ─▶ fail ─┐
//!               └ refused ─▶ fail ──────────────────────────────────────────────▶ compensated ◀─┘
//! ```

use super::{Trip, TripCommand, TripId};
use headwater::prelude::*;

#[derive(Command, Debug, Clone)]
#[command(to = "wallets", id = "wallet")]
pub(crate) enum Pay {
    Charge { wallet: String, trip: TripId, amount: u64 },
    Refund { wallet: String, trip: TripId, amount: u64 },
}

#[derive(Command, Debug, Clone)]
#[command(to = "hotels", id = "hotel")]
pub(crate) enum Room {
    Book { hotel: String, trip: TripId },
    Free { hotel: String, trip: TripId },
}

#[derive(Input, Debug, Clone)]
pub(crate) enum Heard {
    #[input(id = "trip")]
    TripAsked { trip: TripId, wallet: String, hotel: String, price: u64 },
    #[input(from = "wallets")]
    WalletCharged { trip: TripId },
    #[input(from = "wallets")]
    WalletRefunded { trip: TripId },
    #[input(from = "hotels")]
    RoomBooked { trip: TripId },
}

#[derive(Timer, Debug, PartialEq)]
pub(crate) enum Late {
    NoRoom,
}

#[derive(Default, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) wallet: String,
    pub(crate) hotel: String,
    pub(crate) price: u64,
    pub(crate) undoing: Option<String>,
}

pub(crate) struct Travel {
    pub(crate) limit: Duration,
}

impl Travel {
    fn undo(trip: &TripId, plan: &Plan) -> Actions<Late> {
        let (wallet, hotel, amount) = (plan.wallet.clone(), plan.hotel.clone(), plan.price);
        Actions::new()
            .cancel(Late::NoRoom)
            .send(Room::Free { hotel, trip: trip.clone() })
            .send(Pay::Refund { wallet, trip: trip.clone(), amount })
    }
}

impl Saga for Travel {
    const NAME: &'static str = "travel-plan";
    type Id = TripId;
    type Input = Heard;
    type Timer = Late;
    type State = Plan;

    fn route(&self, input: &Recorded<Heard>) -> Route<TripId> {
        match &input.event {
            Heard::TripAsked { trip, .. } => Route::starts(trip),
            Heard::WalletCharged { trip }
            | Heard::WalletRefunded { trip }
            | Heard::RoomBooked { trip } => Route::continues(trip),
        }
    }

    fn react(&self, trip: &TripId, plan: &Plan, on: &Trigger<Self>) -> Actions<Late> {
        let fail =
            |why: &str| Actions::new().run::<Trip>(trip, TripCommand::Fail { why: why.to_owned() });
        match on {
            Trigger::Input(Heard::TripAsked { wallet, price, .. }) => {
                let (wallet, trip, amount) = (wallet.clone(), trip.clone(), *price);
                Actions::new().send(Pay::Charge { wallet, trip, amount })
            }
            Trigger::Input(Heard::WalletCharged { .. }) => {
                let book = Room::Book { hotel: plan.hotel.clone(), trip: trip.clone() };
                Actions::new().send(book).wake(self.limit, Late::NoRoom)
            }
            Trigger::Input(Heard::RoomBooked { .. }) if plan.undoing.is_some() => Actions::new(),
            Trigger::Input(Heard::RoomBooked { .. }) => {
                Actions::new().run::<Trip>(trip, TripCommand::Confirm).complete()
            }
            Trigger::Input(Heard::WalletRefunded { .. }) => {
                fail(plan.undoing.as_deref().unwrap_or("nobody knows")).compensated()
            }
            Trigger::Timer(Late::NoRoom) => Self::undo(trip, plan),
            Trigger::Refused(refused) => match &*refused.command {
                "Charge" => fail(&refused.code).compensated(),
                "Book" if plan.undoing.is_none() => Self::undo(trip, plan),
                "Book" => Actions::new(), // too late, and undone already
                _ => Actions::new().park(refused),
            },
            Trigger::Note(_) => Actions::new(),
        }
    }

    fn evolve(plan: Plan, on: &Trigger<Self>) -> Plan {
        match on {
            Trigger::Input(Heard::TripAsked { wallet, hotel, price, .. }) => {
                Plan { wallet: wallet.clone(), hotel: hotel.clone(), price: *price, undoing: None }
            }
            Trigger::Timer(Late::NoRoom) => Plan { undoing: Some("too late".into()), ..plan },
            Trigger::Refused(refused) if refused.command == "Book" && plan.undoing.is_none() => {
                Plan { undoing: Some(refused.code.clone()), ..plan }
            }
            _ => plan,
        }
    }
}
