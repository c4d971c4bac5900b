//! Customers: who may buy, and for how much.

use headwater::prelude::*;
use std::collections::BTreeMap;

#[derive(StreamId)]
#[stream("customer")]
pub(crate) struct CustomerId(String);

#[derive(StreamId)]
#[stream("order")]
pub(crate) struct OrderId(String);

#[derive(Event, Debug, PartialEq)]
#[event(public)]
pub(crate) enum CustomerEvent {
    CustomerCreated { limit: u64 },
    CreditReserved { order: OrderId, amount: u64 },
    CreditRefused { order: OrderId },
    CreditReleased { order: OrderId },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum CustomerCommand {
    Create { limit: u64 },
    Reserve { order: OrderId, amount: u64 },
    Release { order: OrderId },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum CustomerRefusal {
    #[refusal(conflict, "the customer exists already")]
    Exists,
}

#[derive(Default, Debug)]
pub(crate) struct Customer {
    limit: u64,
    exists: bool,
    reserved: BTreeMap<OrderId, u64>,
}

impl Decider for Customer {
    type Id = CustomerId;
    type Command = CustomerCommand;
    type Event = CustomerEvent;
    type Refusal = CustomerRefusal;

    fn decide(
        &self,
        command: CustomerCommand,
        _: &Cause,
    ) -> Result<Vec<CustomerEvent>, CustomerRefusal> {
        use {CustomerCommand::*, CustomerEvent::*};
        Ok(match command {
            Create { .. } if self.exists => return Err(CustomerRefusal::Exists),
            Create { limit } => vec![CustomerCreated { limit }],
            Reserve { order, .. } if self.reserved.contains_key(&order) => vec![],
            Reserve { order, amount } => {
                let outstanding: u64 = self.reserved.values().sum();
                match outstanding + amount <= self.limit {
                    true => vec![CreditReserved { order, amount }],
                    false => vec![CreditRefused { order }],
                }
            }
            Release { order } if self.reserved.contains_key(&order) => {
                vec![CreditReleased { order }]
            }
            Release { .. } => vec![],
        })
    }

    fn evolve(mut self, event: &CustomerEvent) -> Customer {
        match event {
            CustomerEvent::CustomerCreated { limit } => {
                self.limit = *limit;
                self.exists = true;
            }
            CustomerEvent::CreditReserved { order, amount } => {
                self.reserved.insert(order.clone(), *amount);
            }
            CustomerEvent::CreditReleased { order } => {
                self.reserved.remove(order);
            }
            CustomerEvent::CreditRefused { .. } => {}
        }
        self
    }
}

#[derive(Input, Debug)]
#[input(from = "orders", id = "order")]
pub(crate) enum OrderNews {
    OrderCreated { order: OrderId, customer: CustomerId, total: u64 },
    OrderCancelled { order: OrderId, customer: CustomerId },
}

pub(crate) struct KeepCredit;

impl Reaction for KeepCredit {
    const NAME: &'static str = "keep-credit";
    type Input = OrderNews;

    fn react(&self, news: &Recorded<OrderNews>) -> Actions {
        let (customer, command) = match &news.event {
            OrderNews::OrderCreated { order, customer, total } => {
                (customer, CustomerCommand::Reserve { order: order.clone(), amount: *total })
            }
            OrderNews::OrderCancelled { order, customer } => {
                (customer, CustomerCommand::Release { order: order.clone() })
            }
        };
        Actions::new().run::<Customer>(customer, command)
    }
}

pub(crate) fn service(store: &Store) -> Service {
    Service::new("customers", store).decider::<Customer>().reaction(KeepCredit, Start::Beginning)
}
