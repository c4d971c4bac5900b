//! An order: what happened to it, what may be asked of it, and how it answers.
//!
//! ```text
//!   Create ─▶ Pending ─ Approve ─▶ Approved ─ Cancel ─▶ Cancelled
//!                └───────────── Decline ────────────────────┘
//! ```
use crate::{CustomerId, Money, OrderId};
use headwater::prelude::*;

/// What happened. It is recorded, and `public`: other services may read it.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Order", public)]
pub enum OrderEvent {
    Created { customer: CustomerId, total: Money },
    Approved,
    Cancelled { customer: CustomerId, reason: Reason },
}

#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    CreditLimitExceeded,
    UnknownCustomer,
    CustomerRequest,
    TimedOut,
}

/// What may be asked: by a customer (`Create`, `Cancel`), or by what other services say.
#[derive(Command, Debug, Clone)]
pub enum OrderCommand {
    Create { customer: CustomerId, total: Money },
    Approve,
    Decline { reason: Reason },
    Cancel,
}

/// How an order says no.
#[derive(Refusal, Debug, PartialEq)]
pub enum OrderRefusal {
    #[refusal(not_found, "there is no such order")]
    Unknown,
    #[refusal(conflict, "the order exists already")]
    Exists,
    #[refusal(conflict, "only an approved order can be cancelled")]
    NotApproved,
}

/// What an order is: as much of its past as it needs to decide.
#[derive(Default, Debug)]
pub enum Order {
    #[default]
    New,
    Pending(CustomerId),
    Approved(CustomerId),
    Cancelled,
}

impl Decider for Order {
    type Id = OrderId;
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Refusal = OrderRefusal;

    fn decide(&self, command: OrderCommand, _: &Cause) -> Result<Vec<OrderEvent>, OrderRefusal> {
        use {Order::*, OrderCommand::*};
        Ok(match (self, command) {
            (New, Create { customer, total }) => vec![OrderEvent::Created { customer, total }],
            (New, _) => return Err(OrderRefusal::Unknown),
            (_, Create { .. }) => return Err(OrderRefusal::Exists),

            (Pending(_), Approve) => vec![OrderEvent::Approved],
            (Pending(customer), Decline { reason }) => cancelled(customer, reason),
            (_, Approve | Decline { .. }) => vec![], // it is settled: the first answer stands

            (Approved(customer), Cancel) => cancelled(customer, Reason::CustomerRequest),
            (_, Cancel) => return Err(OrderRefusal::NotApproved),
        })
    }

    fn evolve(self, event: &OrderEvent) -> Order {
        match (self, event) {
            (_, OrderEvent::Created { customer, .. }) => Order::Pending(customer.clone()),
            (Order::Pending(customer), OrderEvent::Approved) => Order::Approved(customer),
            (other, OrderEvent::Approved) => other,
            (_, OrderEvent::Cancelled { .. }) => Order::Cancelled,
        }
    }
}

fn cancelled(customer: &CustomerId, reason: Reason) -> Vec<OrderEvent> {
    vec![OrderEvent::Cancelled { customer: customer.clone(), reason }]
}
