//! An order: what happened to it, what may be asked of it, and the table that shows it.
use crate::{CustomerId, Money, OrderId};
use headwater::prelude::*;

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

#[derive(Command, Debug, Clone)]
pub enum OrderCommand {
    Create { customer: CustomerId, total: Money },
    Approve,
    Decline { reason: Reason },
    Cancel,
}

#[derive(Refusal, Debug, PartialEq)]
pub enum OrderRefusal {
    #[refusal(not_found, "there is no such order")]
    Unknown,
    #[refusal(conflict, "the order exists already")]
    Exists,
    #[refusal(conflict, "only an approved order can be cancelled")]
    NotApproved,
}

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
        use {Order::*, OrderCommand::*, OrderEvent as Event, Reason::CustomerRequest};
        let cancelled = |customer: &CustomerId, reason| {
            vec![Event::Cancelled { customer: customer.clone(), reason }]
        };
        Ok(match (self, command) {
            (New, Create { customer, total }) => vec![Event::Created { customer, total }],
            (New, _) => return Err(OrderRefusal::Unknown),
            (_, Create { .. }) => return Err(OrderRefusal::Exists),
            (Pending(_), Approve) => vec![Event::Approved],
            (Pending(customer), Decline { reason }) => cancelled(customer, reason),
            (_, Approve | Decline { .. }) => vec![], // the first answer stands
            (Approved(customer), Cancel) => cancelled(customer, CustomerRequest),
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

pub struct OrdersTable;
impl Projection for OrdersTable {
    const NAME: &'static str = "orders";
    const SCHEMA: &'static str = include_str!("orders.sql");
    type Input = OrderEvent;
    type Database = Sqlite;
    async fn apply(&self, db: &mut SqliteTx, e: &Recorded<OrderEvent>) -> Result<(), Failed> {
        use OrderEvent::*;
        let id = e.stream.id();
        match &e.event {
            Created { customer, total } => db
                .execute("insert into orders values (?,?,?,'PENDING',null)", (id, customer, total)),
            Approved => db.execute("update orders set state='APPROVED' where id=?", (id,)),
            Cancelled { reason, .. } => {
                db.execute("update orders set state='CANCELLED', reason=? where id=?", (reason, id))
            }
        }
    }
}
