//! Three small services: orders and customers agree about credit, and a tally counts orders with a
//! decider that is *not* idempotent, so that only the framework keeps its figure right.

pub mod customers;
pub mod orders;
pub mod tally;

use headwater::prelude::*;
use headwater::testing::World;
use orders::{Order, OrderCommand, OrderId};

/// The limit of an order's life without an answer.
pub const LIMIT: Duration = Duration::from_secs(30);

/// A world in which the three services run.
pub struct Shop {
    pub world: World,
    pub orders: Service,
    pub customers: Service,
    pub tally: Service,
}

impl Shop {
    pub fn open() -> Self {
        let mut world = World::new();
        let store = world.store.clone();
        let orders = world.start(orders::service(&store));
        let customers = world.start(customers::service(&store));
        let tally = world.start(tally::service(&store));
        Self { world, orders, customers, tally }
    }

    /// As a client does: the same key until there is an answer.
    pub fn run<D: Decider>(
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

    pub fn customer(&self, name: &str, limit: u64) {
        let create = customers::CustomerCommand::Create { limit };
        let id = customers::CustomerId::from(name);
        self.run::<customers::Customer>(&self.customers, &id, create, name).unwrap();
    }

    pub fn order(&self, key: &str, customer: &str, total: u64) -> OrderId {
        let order = OrderId::new(&Cause::keyed(key));
        let create = OrderCommand::Create { customer: customer.into(), total };
        self.run::<Order>(&self.orders, &order, create, key).unwrap();
        order
    }

    pub fn cancel(&self, key: &str, order: &OrderId) -> bool {
        self.run::<Order>(&self.orders, order, OrderCommand::Cancel, key).is_ok()
    }

    pub fn state(&self, order: &OrderId) -> Order {
        self.world.block_on(self.orders.load::<Order>(order, AsOf::Now)).unwrap().state
    }

    pub fn counted(&self) -> u32 {
        let all = tally::TallyId::from("all");
        self.world.block_on(self.tally.load::<tally::Tally>(&all, AsOf::Now)).unwrap().count
    }

    /// How often an event of this type stands in a context.
    pub fn count(&self, context: &str, event_type: &str) -> usize {
        self.world.types(context).iter().filter(|name| *name == event_type).count()
    }
}
