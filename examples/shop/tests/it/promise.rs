//! The promise, whatever happens: no customer is ever over their limit, and everything ends.
//!
//! Any number of customers, orders, cancellations and returns, in any order, repeated, with services
//! that stop and go on, a clock that runs, processes that die and answers that are lost.

use crate::town::{TIME_LIMIT, Town, assert_within_limits};
use headwater::prelude::*;
use proptest::prelude::*;
use shop::{Flow, Money};
use shop_orders::OrderId;

/// What may happen next. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Order { customer: usize, pence: i64 },
    OrderAgain { order: usize },
    Cancel { order: usize },
    GiveBack { customer: usize, pence: i64, reference: u8 },
    Turn,
    Settle,
    Pause { service: usize },
    Resume { service: usize },
    Wait { seconds: u64 },
    Crash { passing: u64, stored: bool },
    LoseAnswer { passing: u64, stored: bool },
}

const SERVICES: [&str; 3] = ["orders", "customers", "history"];
const LIMITS: [i64; 3] = [1, 1_500, 4_000];

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let stored = any::<bool>();
    prop_oneof![
        6 => (0..4_usize, 1..2_000_i64).prop_map(|(customer, pence)| Order { customer, pence }),
        1 => (0..8_usize).prop_map(|order| OrderAgain { order }),
        2 => (0..8_usize).prop_map(|order| Cancel { order }),
        2 => (0..3_usize, 1..3_000_i64, 0..4_u8)
            .prop_map(|(customer, pence, reference)| GiveBack { customer, pence, reference }),
        4 => Just(Turn),
        2 => Just(Settle),
        1 => (0..3_usize).prop_map(|service| Pause { service }),
        1 => (0..3_usize).prop_map(|service| Resume { service }),
        1 => (1..20_u64).prop_map(|seconds| Wait { seconds }),
        1 => (0..4_u64, stored).prop_map(|(passing, stored)| Crash { passing, stored }),
        1 => (0..4_u64, stored).prop_map(|(passing, stored)| LoseAnswer { passing, stored }),
    ]
}

/// A town, who lives there, and what they ordered.
struct Story {
    town: Town,
    customers: Vec<String>,
    orders: Vec<(String, String, Money, OrderId)>,
}

impl Story {
    fn new(flow: Flow) -> Self {
        let town = Town::of(flow);
        let limits = LIMITS.map(|pence| Money::from_pence(pence).unwrap());
        let customer =
            |(n, limit): (usize, &Money)| town.customer(&format!("customer {n}"), *limit);
        let customers = limits.iter().enumerate().map(customer).collect();
        Self { town, customers, orders: Vec::new() }
    }

    fn go(&mut self, step: &Step) {
        let world = &mut self.town.world;
        match *step {
            Step::Order { customer, pence } => self.order(customer, pence),
            Step::OrderAgain { order } => {
                if let Some((key, customer, total, id)) = self.orders.get(order) {
                    assert_eq!(self.town.order(key, customer, *total), *id);
                }
            }
            Step::Cancel { order } => {
                if let Some((key, _, _, id)) = self.orders.get(order) {
                    // Too early or too late is an answer as well.
                    drop(self.town.cancel(&format!("cancel {key}"), id));
                }
            }
            Step::GiveBack { customer, pence, reference } => {
                let amount = Money::from_pence(pence).unwrap();
                let reference = format!("{customer} {pence} {reference}");
                self.town.give_back(&reference, &self.customers[customer], amount);
            }
            Step::Turn => drop(world.step()),
            Step::Settle => world.settle(),
            Step::Pause { service } => world.pause(SERVICES[service]),
            Step::Resume { service } => world.resume(SERVICES[service]),
            Step::Wait { seconds } => world.advance(Duration::from_secs(seconds)),
            Step::Crash { passing, stored } => world.crash(passing, stored),
            Step::LoseAnswer { passing, stored } => world.lose_reply(passing, stored),
        }
    }

    fn order(&mut self, customer: usize, pence: i64) {
        let stranger = "nobody".to_owned();
        let customer = self.customers.get(customer).unwrap_or(&stranger).clone();
        let (key, total) =
            (format!("order {}", self.orders.len()), Money::from_pence(pence).unwrap());
        let id = self.town.order(&key, &customer, total);
        self.orders.push((key, customer, total, id));
    }

    /// Everybody is back at work, and the last time limit passes.
    fn end(&mut self) {
        SERVICES.iter().for_each(|service| self.town.world.resume(service));
        self.town.world.advance(TIME_LIMIT);
        self.town.world.settle();
    }

    fn check_the_end(&self) {
        let ledger = self.town.ledger();
        assert_within_limits(&ledger);
        for (_, customer, total, id) in &self.orders {
            let entry = &ledger.orders[id.as_str()];
            assert_ne!(entry.state, "PENDING", "{id} was never decided");
            let held = if entry.state == "APPROVED" { *total } else { Money::ZERO };
            // Of what was brought back, nothing is left to release.
            let back = ledger.customers[customer].released > Money::ZERO;
            assert!(entry.reserved == held || back, "{id} holds too much or too little: {entry:?}");
        }
        let counts = self.town.counts("orders");
        let count = |name: &str| counts.get(name).copied().unwrap_or_default();
        assert_eq!(count("OrderCreated"), self.orders.len(), "each order once");
        assert!(
            count("OrderApproved") <= self.orders.len()
                && count("OrderCancelled") <= self.orders.len()
        );
        let view = self.town.view();
        for (id, account) in ledger.customers.iter().filter(|(_, account)| !account.name.is_empty())
        {
            let orders = account
                .orders
                .iter()
                .map(|order| (order.clone(), ledger.orders[order].state.to_owned()));
            assert_eq!(view[id], orders.collect::<Vec<_>>(), "the view of {id}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_customer_is_ever_over_their_limit_and_every_order_is_decided(
        orchestrated: bool,
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let flow = if orchestrated { Flow::Orchestrated } else { Flow::Choreographed };
        let mut story = Story::new(flow);
        for step in &steps {
            story.go(step);
            assert_within_limits(&story.town.ledger());
        }
        story.end();
        story.check_the_end();
    }
}
