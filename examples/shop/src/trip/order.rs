//! An order: placed, and in the end sent or declined.

use super::{CustomerId, OrderId};
use headwater::prelude::*;
use shop_money::Money;

/// What happens to an order.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Order", public)]
pub enum OrderEvent {
    /// Somebody wants something.
    Placed {
        /// Who.
        customer: CustomerId,
        /// How many.
        goods: u32,
        /// As a present.
        wrapped: bool,
        /// For how much.
        total: Money,
    },
    /// It is on its way.
    Sent {
        /// Under this number of the courier.
        number: String,
    },
    /// It will not be.
    Declined {
        /// The code of the reason.
        why: String,
    },
}

/// What may be asked of an order.
#[derive(Command, Debug, Clone)]
pub enum OrderCommand {
    /// To be placed.
    Place {
        /// By whom.
        customer: CustomerId,
        /// How many.
        goods: u32,
        /// As a present.
        wrapped: bool,
        /// For how much.
        total: Money,
    },
    /// It is on its way.
    Send {
        /// Under this number of the courier.
        number: String,
    },
    /// It will not be.
    Decline {
        /// The code of the reason.
        why: String,
    },
}

/// Why an order says no.
#[derive(Refusal, Debug, PartialEq)]
pub enum OrderRefusal {
    /// It is not, or no longer, open.
    #[refusal(conflict, "the order is not open")]
    NotOpen,
    /// It was placed before.
    #[refusal(conflict, "the order exists already")]
    Exists,
}

/// An order, and what has become of it.
#[derive(Default, Debug, Clone, PartialEq)]
pub enum Order {
    /// Nobody has placed it.
    #[default]
    New,
    /// Nobody knows yet.
    Open,
    /// On its way, under this number.
    Sent(String),
    /// For this reason.
    Declined(String),
}

impl Decider for Order {
    type Id = OrderId;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Refusal = OrderRefusal;

    fn decide(&self, command: OrderCommand, _: &Cause) -> Result<Vec<OrderEvent>, OrderRefusal> {
        Ok(vec![match (self, command) {
            (Order::New, OrderCommand::Place { customer, goods, wrapped, total }) => {
                OrderEvent::Placed { customer, goods, wrapped, total }
            }
            (_, OrderCommand::Place { .. }) => return Err(OrderRefusal::Exists),
            (Order::Open, OrderCommand::Send { number }) => OrderEvent::Sent { number },
            (Order::Open, OrderCommand::Decline { why }) => OrderEvent::Declined { why },
            (_, _) => return Err(OrderRefusal::NotOpen),
        }])
    }

    fn evolve(self, event: &OrderEvent) -> Order {
        match event {
            OrderEvent::Placed { .. } => Order::Open,
            OrderEvent::Sent { number } => Order::Sent(number.clone()),
            OrderEvent::Declined { why } => Order::Declined(why.clone()),
        }
    }
}
