//! An account: the money of a customer, and what was paid of it.

use super::{CustomerId, OrderId};
use headwater::prelude::*;
use shop_money::Money;
use std::collections::BTreeMap;

/// What happens to an account.
#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Account", public)]
pub enum AccountEvent {
    /// Money came in.
    Funded {
        /// How much.
        amount: Money,
    },
    /// An order was paid.
    Charged {
        /// Which.
        order: OrderId,
        /// How much.
        amount: Money,
    },
}

/// What may be asked of it.
#[derive(Command, Debug, Clone)]
pub enum AccountCommand {
    /// To take money in.
    Fund {
        /// How much.
        amount: Money,
    },
    /// To pay for an order.
    #[command(public)]
    Charge {
        /// Which.
        order: OrderId,
        /// How much.
        amount: Money,
    },
}

/// Why an account says no.
#[derive(Refusal, Debug, PartialEq)]
pub enum AccountRefusal {
    /// There is too little on it.
    #[refusal(conflict, "{left} is left, {asked} was to be paid")]
    TooLittle {
        /// What there is.
        left: Money,
        /// What was to be paid.
        asked: Money,
    },
}

/// An account. Who is charged twice has paid twice.
#[derive(Default, Debug, Clone, PartialEq)]
pub struct Account {
    /// What came in, ever.
    pub funded: Money,
    /// What is left.
    pub left: Money,
    /// What each order was paid with.
    pub paid: BTreeMap<OrderId, Money>,
}

impl Decider for Account {
    type Id = CustomerId;
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Refusal = AccountRefusal;

    fn decide(
        &self,
        command: AccountCommand,
        _: &Cause,
    ) -> Result<Vec<AccountEvent>, AccountRefusal> {
        Ok(vec![match command {
            AccountCommand::Fund { amount } => AccountEvent::Funded { amount },
            AccountCommand::Charge { amount, .. } if amount > self.left => {
                return Err(AccountRefusal::TooLittle { left: self.left, asked: amount });
            }
            AccountCommand::Charge { order, amount } => AccountEvent::Charged { order, amount },
        }])
    }

    fn evolve(mut self, event: &AccountEvent) -> Account {
        match event {
            AccountEvent::Funded { amount } => {
                self.funded = [self.funded, *amount].into_iter().sum();
                self.left = [self.left, *amount].into_iter().sum();
            }
            AccountEvent::Charged { order, amount } => {
                self.left = self.left.less(*amount);
                let paid = self.paid.entry(order.clone()).or_default();
                *paid = [*paid, *amount].into_iter().sum();
            }
        }
        self
    }
}
