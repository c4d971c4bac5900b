//! Checkout: one place that knows how far an order is, asks for its credit, and undoes.
//!
//! Why: the same agreement as in [`settle`](crate::settle), conducted instead of danced. It reads as one story,
//! a person can look at it, and what it cannot answer waits for one. The price is that orders knows what to
//! ask of customers, and not only what to hear.
//!
//! ```text
//!   OrderCreated ─▶ ReserveCredit, within the limit ─▶ CreditReserved ─▶ Approve ─▶ completed
//!                        │                            └▶ CreditLimitExceeded, CustomerNotFound ─▶ Decline ─▶ completed
//!                        └ no answer in time ─▶ Decline, ReleaseCredit ─▶ compensated
//!   OrderCancelled, by its customer ─▶ ReleaseCredit ─▶ compensated
//! ```

use crate::order::{Order, OrderCommand, Reason};
use crate::{CustomerId, Money, OrderId};
use headwater::prelude::*;

/// What orders asks of the customers service.
#[derive(Command, Debug, Clone)]
#[command(to = "customers", id = "customer")]
pub enum CreditRequest {
    /// Keep this much of their credit for this order.
    ReserveCredit {
        /// Whose.
        customer: CustomerId,
        /// For which order.
        order: OrderId,
        /// How much.
        amount: Money,
    },
    /// Give back what this order holds, also if it is still to come.
    ReleaseCredit {
        /// Whose.
        customer: CustomerId,
        /// Which order.
        order: OrderId,
    },
}

/// What a checkout hears.
#[derive(Input, Debug)]
pub enum CheckoutInput {
    /// An order was taken.
    #[input(id = "order")]
    OrderCreated {
        /// Which.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// For how much.
        total: Money,
    },
    /// An order was cancelled, whoever did it.
    #[input(id = "order")]
    OrderCancelled {
        /// Which.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// Why.
        reason: Reason,
    },
    /// The order is within the limit.
    #[input(from = "customers")]
    CreditReserved {
        /// Which order.
        order: OrderId,
    },
    /// It is not.
    #[input(from = "customers")]
    CreditLimitExceeded {
        /// Which order.
        order: OrderId,
    },
    /// There is no such customer.
    #[input(from = "customers")]
    CustomerNotFound {
        /// Which order.
        order: OrderId,
    },
}

/// What wakes a checkout.
#[derive(Timer, Debug, PartialEq)]
pub enum CheckoutTimer {
    /// Customers has not answered in time.
    Unanswered,
}

/// What a checkout remembers: whom it has asked about.
#[derive(Default, Debug)]
pub struct Asked {
    customer: Option<CustomerId>,
}

/// Takes an order from its creation to its decision.
pub struct Checkout {
    /// How long customers may take to answer.
    pub limit: Duration,
}

impl Saga for Checkout {
    const NAME: &'static str = "checkout";
    type Id = OrderId;
    type Input = CheckoutInput;
    type Timer = CheckoutTimer;
    type State = Asked;

    fn route(&self, input: &Recorded<CheckoutInput>) -> Route<OrderId> {
        use CheckoutInput::*;
        match &input.event {
            OrderCreated { order, .. } => Route::starts(order),
            // Its checkout has ended long ago: what is given back is a story of its own. It is told by
            // the same reader, so it is asked for before the credit of any later order.
            OrderCancelled { order, reason: Reason::CustomerRequest, .. } => {
                Route::Starts(returned(order))
            }
            OrderCancelled { .. } => Route::Ignore, // a checkout undoes what it declines
            CreditReserved { order }
            | CreditLimitExceeded { order }
            | CustomerNotFound { order } => Route::continues(order),
        }
    }

    fn react(&self, order: &OrderId, asked: &Asked, on: &Trigger<Self>) -> Actions<CheckoutTimer> {
        use {CheckoutInput::*, CheckoutTimer::*, CreditRequest::*, OrderCommand::*};
        let decline = |reason| Actions::new().run::<Order>(order, Decline { reason });
        match (on, &asked.customer) {
            (Trigger::Input(OrderCreated { customer, total, .. }), _) => {
                let (customer, order, amount) = (customer.clone(), order.clone(), *total);
                Actions::new()
                    .send(ReserveCredit { customer, order, amount })
                    .wake(self.limit, Unanswered)
            }
            (Trigger::Input(OrderCancelled { order, customer, .. }), _) => {
                let (customer, order) = (customer.clone(), order.clone());
                Actions::new().send(ReleaseCredit { customer, order }).compensated()
            }
            (Trigger::Input(CreditReserved { .. }), _) => {
                Actions::new().run::<Order>(order, Approve).complete()
            }
            (Trigger::Input(CreditLimitExceeded { .. }), _) => {
                decline(Reason::CreditLimitExceeded).complete()
            }
            (Trigger::Input(CustomerNotFound { .. }), _) => {
                decline(Reason::UnknownCustomer).complete()
            }
            // Requests are carried out in order: this undoes even a reservation still to come.
            (Trigger::Timer(Unanswered), Some(customer)) => {
                let (customer, order) = (customer.clone(), order.clone());
                decline(Reason::TimedOut).send(ReleaseCredit { customer, order }).compensated()
            }
            (Trigger::Timer(Unanswered), None) => Actions::new().park("a timer and no order"),
            (Trigger::Refused(refused), _) => Actions::new().park(refused),
            (Trigger::Note(_), _) => Actions::new(),
        }
    }

    fn evolve(asked: Asked, on: &Trigger<Self>) -> Asked {
        match on {
            Trigger::Input(CheckoutInput::OrderCreated { customer, .. }) => {
                Asked { customer: Some(customer.clone()) }
            }
            _ => asked,
        }
    }
}

/// The instance that gives back what an approved order held.
pub fn returned(order: &OrderId) -> OrderId {
    format!("{order}.returned").into()
}
