//! Settling an order: customers answers and we settle; nobody answers in time and we decline.
//!
//! Why: this is the whole of the choreography on this side. The customers service is named here and
//! nowhere else, by its context and by the events we hear, in our own words.
//!
//! Not here: the release of a reservation that comes too late. The customers service hears of the
//! cancelled order after it heard of the order, always, so it releases what it reserves by then.

use crate::OrderId;
use crate::order::{Order, OrderCommand, Reason};
use headwater::prelude::*;
use std::time::Duration;

/// What orders hears from the customers service.
#[derive(Input, Debug)]
#[input(from = "customers")]
pub enum CreditAnswer {
    /// The order is within the limit.
    CreditReserved {
        /// Which order.
        order: OrderId,
    },
    /// It is not.
    CreditLimitExceeded {
        /// Which order.
        order: OrderId,
    },
    /// There is no such customer.
    CustomerNotFound {
        /// Which order.
        order: OrderId,
    },
}

/// Approves or declines an order as customers says.
pub struct SettleOrder;

impl Reaction for SettleOrder {
    const NAME: &'static str = "settle-order";
    type Input = CreditAnswer;

    fn react(&self, answer: &Recorded<CreditAnswer>) -> Actions {
        use {CreditAnswer::*, OrderCommand::*, Reason as Because};
        let (order, command) = match &answer.event {
            CreditReserved { order } => (order, Approve),
            CreditLimitExceeded { order } => {
                (order, Decline { reason: Because::CreditLimitExceeded })
            }
            CustomerNotFound { order } => (order, Decline { reason: Because::UnknownCustomer }),
        };
        Actions::new().run::<Order>(order, command)
    }
}

/// Our own orders, as the clock sees them.
#[derive(Input, Debug)]
#[input(id = "order")]
pub enum Opened {
    /// An order was taken.
    OrderCreated {
        /// Which.
        order: OrderId,
    },
}

/// Hears of every order when it is `limit` old. The decider knows whether it still matters.
pub struct ExpireOrder {
    /// How long customers may take to answer.
    pub limit: Duration,
}

impl Reaction for ExpireOrder {
    const NAME: &'static str = "expire-order";
    type Input = Opened;

    fn delay(&self) -> Duration {
        self.limit
    }

    fn react(&self, opened: &Recorded<Opened>) -> Actions {
        let Opened::OrderCreated { order } = &opened.event;
        Actions::new().run::<Order>(order, OrderCommand::Decline { reason: Reason::TimedOut })
    }
}
