//! A courier: takes parcels along as long as there is room, and gives each a number.

use super::OrderId;
use headwater::prelude::*;
use std::collections::BTreeMap;

/// A courier.
#[derive(StreamId)]
#[stream("courier")]
pub struct CourierId(String);

/// What happens to a courier.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(public)]
pub enum CourierEvent {
    /// There is room for more.
    CourierCame {
        /// For how many.
        room: u32,
    },
    /// A parcel is on its way.
    ParcelTaken {
        /// Whose.
        order: OrderId,
        /// Its number.
        number: String,
    },
}

/// What may be asked of a courier.
#[derive(Command, Debug, Clone)]
pub enum CourierCommand {
    /// To come.
    Come {
        /// With room for how many.
        room: u32,
    },
    /// To take a parcel along.
    #[command(public)]
    TakeParcel {
        /// Whose.
        order: OrderId,
    },
}

/// Why a courier says no.
#[derive(Refusal, Debug, PartialEq)]
pub enum CourierRefusal {
    /// There is no room.
    #[refusal(conflict, "the courier has no room")]
    Full,
}

/// A courier. Who is told twice takes two parcels.
#[derive(Default, Debug, Clone, PartialEq)]
pub struct Courier {
    /// For how many there is room.
    pub room: u32,
    /// How many parcels each order has sent.
    pub parcels: BTreeMap<OrderId, usize>,
}

impl Decider for Courier {
    type Id = CourierId;
    type Command = CourierCommand;
    type Event = CourierEvent;
    type Refusal = CourierRefusal;

    fn decide(
        &self,
        command: CourierCommand,
        _: &Cause,
    ) -> Result<Vec<CourierEvent>, CourierRefusal> {
        Ok(vec![match command {
            CourierCommand::Come { room } => CourierEvent::CourierCame { room },
            CourierCommand::TakeParcel { .. } if self.room == 0 => {
                return Err(CourierRefusal::Full);
            }
            CourierCommand::TakeParcel { order } => {
                let number = format!("P{}", self.parcels.len() + 1);
                CourierEvent::ParcelTaken { order, number }
            }
        }])
    }

    fn evolve(mut self, event: &CourierEvent) -> Courier {
        match event {
            CourierEvent::CourierCame { room } => self.room += room,
            CourierEvent::ParcelTaken { order, .. } => {
                self.room = self.room.saturating_sub(1);
                *self.parcels.entry(order.clone()).or_default() += 1;
            }
        }
        self
    }
}
