//! A town for tests: the shop's services in one thread, on a virtual clock, and people who do not
//! give up when an answer is lost.

use headwater::prelude::*;
use headwater::testing::World;
use shop::replay::ledger::Ledger;
use shop::{Flow, Money};
use shop_customers::customer::{Customer, CustomerCommand, CustomerEvent};
use shop_orders::OrderId;
use shop_orders::order::{Order, OrderCommand, OrderRefusal};
use std::collections::BTreeMap;
use tempfile::TempDir;

/// How long the customers service may take to answer, here as in the shop.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// So often somebody asks again whose answer was lost. Faults here come one at a time.
const ATTEMPT_COUNT_MAX: u32 = 4;

pub(crate) struct Town {
    pub(crate) world: World,
    orders: Service,
    customers: Service,
    history: Service,
    _views: TempDir,
}

impl Town {
    /// A town whose orders and customers agree in this way.
    pub(crate) fn of(flow: Flow) -> Self {
        let (asks, answers) = match flow {
            Flow::Choreographed => {
                (shop_orders::Flow::Choreographed, shop_customers::Flow::Choreographed)
            }
            Flow::Orchestrated => {
                (shop_orders::Flow::Orchestrated, shop_customers::Flow::Orchestrated)
            }
        };
        let views = tempfile::tempdir().unwrap();
        let database = |name: &str| views.path().join(name);
        let mut world = World::new();
        let store = world.store.clone();
        let orders = shop_orders::Settings {
            database: database("orders.db"),
            time_limit: TIME_LIMIT,
            flow: asks,
            ..Default::default()
        };
        let customers = shop_customers::Settings {
            database: database("customers.db"),
            flow: answers,
            ..Default::default()
        };
        let history =
            shop_history::Settings { database: database("history.db"), ..Default::default() };
        Self {
            orders: world.start(shop_orders::service(&orders, &store)),
            customers: world.start(shop_customers::service(&customers, &store)),
            history: world.start(shop_history::service(&history, &store)),
            world,
            _views: views,
        }
    }

    /// A customer; the same for the same key.
    pub(crate) fn customer(&self, key: &str, limit: Money) -> String {
        let cause = Cause::keyed(key);
        let id = shop_customers::CustomerId::new(&cause);
        let command = CustomerCommand::CreateCustomer { name: key.into(), credit_limit: limit };
        self.insist::<Customer>(&self.customers, &id, &command, &cause).unwrap();
        id.to_string()
    }

    /// An order; the same for the same key.
    pub(crate) fn order(&self, key: &str, customer: &str, total: Money) -> OrderId {
        let cause = Cause::keyed(key);
        let id = OrderId::new(&cause);
        let command = OrderCommand::Create { customer: customer.into(), total };
        self.insist::<Order>(&self.orders, &id, &command, &cause).unwrap();
        id
    }

    pub(crate) fn cancel(&self, key: &str, order: &OrderId) -> Result<(), OrderRefusal> {
        let cause = Cause::keyed(key);
        self.insist::<Order>(&self.orders, order, &OrderCommand::Cancel, &cause).map(drop)
    }

    /// What was released now; nothing if the reference was known.
    pub(crate) fn give_back(&self, reference: &str, customer: &str, amount: Money) -> Money {
        let cause = Cause::keyed(format!("return {reference}"));
        let command = CustomerCommand::ReturnGoods { reference: reference.into(), amount };
        let id = customer.into();
        let events = self.insist::<Customer>(&self.customers, &id, &command, &cause).unwrap();
        let released = events.iter().find_map(|event| match event {
            CustomerEvent::GoodsReturned { released, .. } => Some(*released),
            _ => None,
        });
        released.unwrap_or_default()
    }

    /// Asks until there is an answer, as a client with a key does.
    fn insist<D: Decider>(
        &self,
        service: &Service,
        id: &D::Id,
        command: &D::Command,
        cause: &Cause,
    ) -> Result<Vec<D::Event>, D::Refusal> {
        for _ in 0..ATTEMPT_COUNT_MAX {
            match self.world.block_on(service.run::<D>(id, command.clone(), cause)) {
                Ok(receipt) => return Ok(receipt.events),
                Err(CommandError::Refused(refusal)) => return Err(refusal),
                Err(_lost) => {}
            }
        }
        panic!("no answer, {ATTEMPT_COUNT_MAX} times");
    }

    /// All that happened, folded by somebody else than the services.
    pub(crate) fn ledger(&self) -> Ledger {
        self.world.block_on(Ledger::of(&self.world.store)).unwrap()
    }

    /// PENDING, APPROVED, or CANCELLED with its reason.
    pub(crate) fn state(&self, order: &OrderId) -> String {
        let ledger = self.ledger();
        let entry = &ledger.orders[order.as_str()];
        entry.reason.clone().unwrap_or_else(|| entry.state.to_owned())
    }

    /// How often each kind of event stands in a context.
    pub(crate) fn counts(&self, context: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for name in self.world.types(context) {
            *counts.entry(name).or_default() += 1;
        }
        counts
    }

    /// Each customer of the view with their orders and states, as the history service shows them.
    pub(crate) fn view(&self) -> BTreeMap<String, Vec<(String, String)>> {
        let after = After::nothing();
        let view = self.history.read_model::<shop_history::view::History>(&after);
        let view = self.world.block_on(view).unwrap();
        let select = "select c.id, o.id, o.state from customers c \
            left join orders o on o.customer = c.id order by o.rowid";
        let rows: Vec<(String, Option<String>, Option<String>)> = view.rows(select, ()).unwrap();
        let mut shown: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for (customer, order, state) in rows {
            shown.entry(customer).or_default().extend(order.zip(state));
        }
        shown
    }
}

/// The promise: what is approved, less what came back, is within the limit of each customer.
pub(crate) fn assert_within_limits(ledger: &Ledger) {
    for (id, account) in ledger.customers.iter().filter(|(_, account)| !account.name.is_empty()) {
        let orders = account.orders.iter().map(|order| &ledger.orders[order]);
        let approved: Money =
            orders.filter(|entry| entry.state == "APPROVED").map(|entry| entry.total).sum();
        let owed = approved.less(account.released);
        assert!(owed <= account.credit_limit, "{id} owes {owed} of {}", account.credit_limit);
        assert!(account.outstanding <= account.credit_limit, "{id}: {account:?}");
    }
}
