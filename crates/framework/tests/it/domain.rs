//! Three small services: orders and customers agree about credit, and a tally counts orders with a
//! decider that is *not* idempotent, so that only the framework keeps its figure right.

pub(crate) mod customers;
pub(crate) mod orders;
pub(crate) mod tally;
pub(crate) mod tours;
pub(crate) mod trips;

use headwater::prelude::*;
use headwater::testing::World;
use headwater_model::{Append, ContextName, EventType, ExpectedRevision, NewEvent};
use orders::{Order, OrderCommand, OrderId};

/// The limit of an order's life without an answer.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A world in which the three services run.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) orders: Service,
    pub(crate) customers: Service,
    pub(crate) tally: Service,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let mut world = World::new();
        let store = world.store.clone();
        let orders = world.start(orders::service(&store));
        let customers = world.start(customers::service(&store));
        let tally = world.start(tally::service(&store));
        Self { world, orders, customers, tally }
    }

    /// As a client does: the same key until there is an answer.
    pub(crate) fn run<D: Decider>(
        &self,
        service: &Service,
        id: &D::Id,
        command: D::Command,
        key: &str,
    ) -> Result<Receipt<D::Event>, CommandError<D::Refusal>> {
        for _ in 0..8 {
            let cause = Cause::keyed(key);
            let run = service.run::<D>(id, command.clone(), &cause);
            match self.world.block_on(run) {
                Err(CommandError::Unavailable(_) | CommandError::Unknown(_)) => {}
                answer => return answer,
            }
        }
        panic!("no answer to {key} after many tries");
    }

    pub(crate) fn customer(&self, name: &str, limit: u64) {
        let create = customers::CustomerCommand::Create { limit };
        let id = customers::CustomerId::from(name);
        self.run::<customers::Customer>(&self.customers, &id, create, name).unwrap();
    }

    pub(crate) fn order(&self, key: &str, customer: &str, total: u64) -> OrderId {
        let order = OrderId::new(&Cause::keyed(key));
        let create = OrderCommand::Create { customer: customer.into(), total };
        self.run::<Order>(&self.orders, &order, create, key).unwrap();
        order
    }

    pub(crate) fn cancel(&self, key: &str, order: &OrderId) -> bool {
        self.run::<Order>(&self.orders, order, OrderCommand::Cancel, key).is_ok()
    }

    pub(crate) fn state(&self, order: &OrderId) -> Order {
        self.world.block_on(self.orders.load::<Order>(order, AsOf::Now)).unwrap().state
    }

    pub(crate) fn counted(&self) -> u32 {
        let all = tally::TallyId::from("all");
        self.world.block_on(self.tally.load::<tally::Tally>(&all, AsOf::Now)).unwrap().count
    }

    /// How often an event of this type stands in a context.
    pub(crate) fn count(&self, context: &str, event_type: &str) -> usize {
        self.world.types(context).iter().filter(|name| *name == event_type).count()
    }
}

/// Records an event as another version of the code, or another language, would have.
pub(crate) fn record(
    world: &World,
    context: &str,
    stream: &str,
    event_type: &str,
    schema_version: u32,
    payload: &'static str,
) {
    let id = Cause::keyed(format!("{stream} {event_type} {payload}")).id();
    let event_type = EventType::new(event_type).unwrap();
    let event = NewEvent { schema_version, ..NewEvent::json(id, event_type, payload) };
    let stream = StreamName::new(stream).unwrap();
    let append = Append::to(stream, ExpectedRevision::Any, vec![event]);
    let context = world.store.context(ContextName::new(context).unwrap());
    let store = world.block_on(context).unwrap();
    // Also through a crash that a test has asked for: the ids are the same again.
    while world.block_on(store.append(append.clone())).is_err() {}
}
