//! A customer: a limit, what is reserved of it, and what was brought back.

use crate::{Money, OrderId};
use headwater::prelude::*;
use std::collections::BTreeMap;

#[derive(Event, Debug, Clone, PartialEq)]
#[event(public)]
pub enum CustomerEvent {
    CustomerCreated { name: String, credit_limit: Money },
    CreditReserved { order: OrderId, amount: Money },
    CreditLimitExceeded { order: OrderId },
    CustomerNotFound { order: OrderId },
    CreditReleased { order: OrderId, amount: Money },
    GoodsReturned { reference: String, amount: Money, released: Money },
}

#[derive(Command, Debug, Clone)]
pub enum CustomerCommand {
    CreateCustomer {
        name: String,
        credit_limit: Money,
    },
    #[command(public)]
    ReserveCredit {
        order: OrderId,
        amount: Money,
    },
    #[command(public)]
    ReleaseCredit {
        order: OrderId,
    },
    ReturnGoods {
        reference: String,
        amount: Money,
    },
}

#[derive(Refusal, Debug, PartialEq)]
pub enum CustomerRefusal {
    #[refusal(not_found, "there is no such customer")]
    Unknown,
    #[refusal(conflict, "the customer exists already")]
    Exists,
}

#[derive(Default, Debug)]
pub struct Customer {
    limit: Option<Money>,
    outstanding: Money,
    /// What each order holds; nothing once it was refused or released. One answer per order.
    orders: BTreeMap<OrderId, Money>,
    /// What each return released, by its reference.
    pub returns: BTreeMap<String, Money>,
}

impl Decider for Customer {
    type Id = crate::CustomerId;
    type Command = CustomerCommand;
    type Event = CustomerEvent;
    type Refusal = CustomerRefusal;

    fn decide(
        &self,
        command: CustomerCommand,
        _: &Cause,
    ) -> Result<Vec<CustomerEvent>, CustomerRefusal> {
        use {CustomerCommand::*, CustomerEvent::*, CustomerRefusal as Refused};
        Ok(match (command, self.limit) {
            (CreateCustomer { name, credit_limit }, None) => {
                vec![CustomerCreated { name, credit_limit }]
            }
            (CreateCustomer { .. }, Some(_)) => return Err(Refused::Exists),
            (ReserveCredit { order, .. }, _) if self.orders.contains_key(&order) => vec![],
            (ReserveCredit { order, .. }, None) => vec![CustomerNotFound { order }],
            (ReserveCredit { order, amount }, Some(limit)) => {
                if amount <= limit.less(self.outstanding) {
                    vec![CreditReserved { order, amount }]
                } else {
                    vec![CreditLimitExceeded { order }]
                }
            }
            (ReleaseCredit { order }, _) => {
                match self.orders.get(&order).copied().unwrap_or_default().min(self.outstanding) {
                    Money::ZERO => vec![], // it holds nothing, or no more
                    amount => vec![CreditReleased { order, amount }],
                }
            }
            (ReturnGoods { .. }, None) => return Err(Refused::Unknown),
            (ReturnGoods { reference, .. }, _) if self.returns.contains_key(&reference) => vec![],
            (ReturnGoods { reference, amount }, Some(_)) => {
                let released = amount.min(self.outstanding);
                vec![GoodsReturned { reference, amount, released }]
            }
        })
    }

    fn evolve(mut self, event: &CustomerEvent) -> Customer {
        use CustomerEvent::*;
        match event {
            CustomerCreated { credit_limit, .. } => self.limit = Some(*credit_limit),
            CreditReserved { order, amount } => {
                self.outstanding = [self.outstanding, *amount].into_iter().sum();
                self.orders.insert(order.clone(), *amount);
            }
            CreditLimitExceeded { order } | CustomerNotFound { order } => {
                self.orders.insert(order.clone(), Money::ZERO);
            }
            CreditReleased { order, amount } => {
                self.outstanding = self.outstanding.less(*amount);
                self.orders.insert(order.clone(), Money::ZERO);
            }
            GoodsReturned { reference, released, .. } => {
                self.outstanding = self.outstanding.less(*released);
                self.returns.insert(reference.clone(), *released);
            }
        }
        self
    }
}
