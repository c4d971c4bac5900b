//! Orders: settled by the answers of customers, or declined when none comes in time.

use super::LIMIT;
use headwater::prelude::*;
use headwater::testing::MemoryDatabase;
use headwater::testing::MemoryTx;

#[derive(StreamId)]
#[stream("order")]
pub(crate) struct OrderId(String);

#[derive(StreamId)]
#[stream("customer")]
pub(crate) struct CustomerId(String);

#[derive(Event, Debug, Clone, PartialEq)]
#[event(prefix = "Order", public)]
pub(crate) enum OrderEvent {
    Created { customer: CustomerId, total: u64 },
    Approved,
    Cancelled { customer: CustomerId, reason: Reason },
}

#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reason {
    Credit,
    Customer,
    Time,
}

#[derive(Command, Debug, Clone)]
pub(crate) enum OrderCommand {
    Create { customer: CustomerId, total: u64 },
    Approve,
    Decline { reason: Reason },
    Cancel,
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum OrderRefusal {
    #[refusal(not_found, "there is no such order")]
    Unknown,
    #[refusal(conflict, "the order exists already")]
    Exists,
    #[refusal(conflict, "only an approved order can be cancelled")]
    NotApproved,
}

#[derive(Default, Debug, PartialEq)]
pub(crate) enum Order {
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
        use {Order::*, OrderCommand::*, OrderEvent as Event};
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
            (Approved(customer), Cancel) => cancelled(customer, Reason::Customer),
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

#[derive(Input, Debug)]
#[input(from = "customers")]
pub(crate) enum CreditAnswer {
    CreditReserved { order: OrderId },
    CreditRefused { order: OrderId },
}

pub(crate) struct SettleOrder;

impl Reaction for SettleOrder {
    const NAME: &'static str = "settle-order";
    type Input = CreditAnswer;

    fn react(&self, answer: &Recorded<CreditAnswer>) -> Actions {
        let (order, command) = match &answer.event {
            CreditAnswer::CreditReserved { order } => (order, OrderCommand::Approve),
            CreditAnswer::CreditRefused { order } => {
                (order, OrderCommand::Decline { reason: Reason::Credit })
            }
        };
        Actions::new().run::<Order>(order, command)
    }
}

#[derive(Input, Debug)]
#[input(id = "order")]
pub(crate) enum Opened {
    OrderCreated { order: OrderId },
}

/// Hears of every order when it is `LIMIT` old.
pub(crate) struct ExpireOrder;

impl Reaction for ExpireOrder {
    const NAME: &'static str = "expire-order";
    type Input = Opened;

    fn delay(&self) -> Duration {
        LIMIT
    }

    fn react(&self, opened: &Recorded<Opened>) -> Actions {
        let Opened::OrderCreated { order } = &opened.event;
        Actions::new().run::<Order>(order, OrderCommand::Decline { reason: Reason::Time })
    }
}

/// A row for each order: its state.
pub(crate) struct OrdersTable;

impl Projection for OrdersTable {
    const NAME: &'static str = "orders";
    const SCHEMA: &'static str = "one row for each order";
    type Input = OrderEvent;
    type Database = MemoryDatabase;

    async fn apply(&self, db: &mut MemoryTx, e: &Recorded<OrderEvent>) -> Result<(), Failed> {
        let state = match &e.event {
            OrderEvent::Created { .. } => "pending",
            OrderEvent::Approved => "approved",
            OrderEvent::Cancelled { .. } => "cancelled",
        };
        db.put(e.stream.id(), state);
        Ok(())
    }
}

pub(crate) fn service(store: &Store) -> Service {
    service_with(store, MemoryDatabase::default())
}

pub(crate) fn service_with(store: &Store, database: MemoryDatabase) -> Service {
    Service::new("orders", store)
        .decider::<Order>()
        .projection(OrdersTable, database)
        .reaction(SettleOrder, Start::Beginning)
        .reaction(ExpireOrder, Start::Beginning)
}
