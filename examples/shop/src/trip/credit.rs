//! Credit: what a customer may owe, and what orders hold of it.

use super::{CustomerId, OrderId};
use headwater::prelude::*;
use shop_money::Money;
use std::collections::BTreeMap;

/// What happens to a customer's credit. That it is not enough is an event, for everybody to see.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Credit", public)]
pub enum CreditEvent {
    /// This much may be owed.
    Granted {
        /// How much.
        limit: Money,
    },
    /// An order holds this much.
    Reserved {
        /// Which.
        order: OrderId,
        /// How much.
        amount: Money,
    },
    /// There is not enough for an order.
    Exceeded {
        /// Which.
        order: OrderId,
    },
    /// An order holds nothing any more.
    Released {
        /// Which.
        order: OrderId,
        /// What it held.
        amount: Money,
    },
}

/// What may be asked of it.
#[derive(Command, Debug, Clone)]
pub enum CreditCommand {
    /// To be more.
    Grant {
        /// How much.
        limit: Money,
    },
    /// To hold this for an order.
    #[command(public)]
    ReserveCredit {
        /// Which.
        order: OrderId,
        /// How much.
        amount: Money,
    },
    /// To hold nothing for it any more, also if it never did.
    #[command(public)]
    ReleaseCredit {
        /// Which.
        order: OrderId,
    },
}

/// It refuses nothing: who is to know hears of it.
#[derive(Refusal, Debug, PartialEq)]
pub enum CreditRefusal {
    /// Nobody grants nothing.
    #[refusal(invalid, "a credit of nothing is none")]
    Nothing,
}

/// A customer's credit.
#[derive(Default, Debug, Clone, PartialEq)]
pub struct Credit {
    /// What may be owed.
    pub limit: Money,
    /// What each order holds.
    pub held: BTreeMap<OrderId, Money>,
    /// How often each has released.
    pub releases: BTreeMap<OrderId, usize>,
}

impl Decider for Credit {
    type Id = CustomerId;
    type Command = CreditCommand;
    type Event = CreditEvent;
    type Refusal = CreditRefusal;

    fn decide(&self, command: CreditCommand, _: &Cause) -> Result<Vec<CreditEvent>, CreditRefusal> {
        let owed: Money = self.held.values().copied().sum();
        Ok(vec![match command {
            CreditCommand::Grant { limit: Money::ZERO } => return Err(CreditRefusal::Nothing),
            CreditCommand::Grant { limit } => CreditEvent::Granted { limit },
            CreditCommand::ReserveCredit { order, amount } if amount <= self.limit.less(owed) => {
                CreditEvent::Reserved { order, amount }
            }
            CreditCommand::ReserveCredit { order, .. } => CreditEvent::Exceeded { order },
            CreditCommand::ReleaseCredit { order } => {
                let amount = self.held.get(&order).copied().unwrap_or_default();
                CreditEvent::Released { order, amount }
            }
        }])
    }

    fn evolve(mut self, event: &CreditEvent) -> Credit {
        match event {
            CreditEvent::Granted { limit } => self.limit = *limit,
            CreditEvent::Reserved { order, amount } => {
                let held = self.held.entry(order.clone()).or_default();
                *held = [*held, *amount].into_iter().sum();
            }
            CreditEvent::Exceeded { .. } => {}
            CreditEvent::Released { order, .. } => {
                self.held.remove(order);
                *self.releases.entry(order.clone()).or_default() += 1;
            }
        }
        self
    }
}
