//! A tale: four orders on their trip, in one process and on a virtual clock, told stage by stage.
//!
//! Why: to see what a plan does when all goes well, when something is sold out, when somebody cannot pay, and
//! when the courier comes late, without waiting for any of it.

use super::account::{Account, AccountCommand};
use super::courier::{Courier, CourierCommand};
use super::credit::{Credit, CreditCommand};
use super::order::{Order, OrderCommand};
use super::plan::Trip;
use super::shelf::{Shelf, ShelfCommand};
use super::{OrderId, services};
use headwater::plan::{ByPlan, Course};
use headwater::prelude::*;
use headwater::testing::World;
use shop_money::Money;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How long a service may take to answer.
const LIMIT: Duration = Duration::from_secs(30);

/// The orders of the tale: who, how many, as a present.
const ORDERS: [(&str, &str, u32, bool); 4] = [
    ("well", "ann", 1, true),
    ("sold-out", "ann", 9, false),
    ("unpaid", "bob", 1, true),
    ("late", "ann", 1, false),
];

/// The services of a trip in a world.
pub struct Tale {
    world: World,
    orders: Service,
    customers: Service,
    stock: Service,
    payment: Service,
    shipping: Service,
}

impl Default for Tale {
    fn default() -> Self {
        Self::new()
    }
}

impl Tale {
    /// Nobody and nothing is there yet.
    pub fn new() -> Self {
        let mut world = World::new();
        let store = world.store.clone();
        Self {
            orders: world.start(services::orders(&store, Trip { limit: LIMIT })),
            customers: world.start(services::customers(&store)),
            stock: world.start(services::stock(&store)),
            payment: world.start(services::payment(&store)),
            shipping: world.start(services::shipping(&store)),
            world,
        }
    }

    /// Tells it: a line for each stage that changed, and how each order ended.
    ///
    /// # Errors
    /// A text, if a service does not answer.
    pub fn tell(mut self) -> Result<String, String> {
        let mut told = String::new();
        for customer in ["ann", "bob"] {
            let limit = CreditCommand::Grant { limit: pounds(1_000) };
            self.run::<Credit>(&self.customers, customer, limit)?;
        }
        self.run::<Account>(&self.payment, "ann", AccountCommand::Fund { amount: pounds(500) })?;
        self.run::<Shelf>(&self.stock, "goods", ShelfCommand::Fill { count: 4 })?;
        self.run::<Shelf>(&self.stock, "paper", ShelfCommand::Fill { count: 2 })?;
        self.run::<Courier>(&self.shipping, "daily", CourierCommand::Come { room: 1 })?;
        let mut seen = BTreeMap::new();
        for (name, customer, goods, wrapped) in ORDERS {
            let (customer, total) = (customer.into(), pounds(20 * i64::from(goods)));
            let place = OrderCommand::Place { customer, goods, wrapped, total };
            self.run::<Order>(&self.orders, name, place)?;
        }
        while self.world.step() {
            self.look(&mut seen, &mut told)?;
        }
        self.run::<Courier>(&self.shipping, "daily", CourierCommand::Come { room: 5 })?;
        say(&mut told, "the courier comes again");
        self.world.advance(LIMIT);
        self.look(&mut seen, &mut told)?;
        for (name, ..) in ORDERS {
            let id = OrderId::from(name);
            let order = self.orders.load::<Order>(&id, AsOf::Now);
            let order = self.world.block_on(order).map_err(|error| error.to_string())?.state;
            say(&mut told, format_args!("{name}: {order:?}"));
        }
        Ok(told)
    }

    fn run<D>(&self, service: &Service, id: &str, command: D::Command) -> Result<(), String>
    where
        D: Decider,
        D::Id: From<String>,
    {
        let (name, says) = command.encode().map_err(|error| error.to_string())?;
        let says = String::from_utf8_lossy(&says);
        let cause = Cause::keyed(format!("{} {id} {name} {says}", service.name()));
        let id = D::Id::from(id.to_owned());
        let run = service.run::<D>(&id, command, &cause);
        self.world.block_on(run).map(drop).map_err(|error| error.to_string())
    }

    /// Tells what has changed since it looked last.
    fn look(
        &self,
        seen: &mut BTreeMap<&'static str, Course>,
        told: &mut String,
    ) -> Result<(), String> {
        for (name, ..) in ORDERS {
            let id = OrderId::from(name);
            let saga = self.orders.load_saga::<ByPlan<Trip>>(&id);
            let saga = self.world.block_on(saga).map_err(|error| error.to_string())?;
            let Some(course) = saga.state.course else { continue };
            let before = seen.insert(name, course.clone());
            for leg in course.stages() {
                let was = before.as_ref().and_then(|before| before.stage(leg.stage()));
                let is_news = was != Some(leg.state())
                    && (was.is_some() || leg.state() != headwater::plan::StageState::Ahead);
                if is_news {
                    say(told, format_args!("{name:>8}  {:<10} {}", leg.stage(), leg.state()));
                }
            }
        }
        Ok(())
    }
}

fn pounds(count: i64) -> Money {
    Money::from_pence(count * 100).expect("a few pounds are money")
}

fn say(told: &mut String, line: impl std::fmt::Display) {
    writeln!(told, "{line}").expect("a text takes what is written");
}
