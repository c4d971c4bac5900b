//! Any script of orders, cancellations, pauses, crashes and lost replies ends well: the limit was never
//! exceeded, every order is decided, every credit is where it belongs, everything counted once.
//!
//! C1, C2, A4 and R1 of three services together, by random interleavings of single turns.

use crate::domain::customers::{CustomerEvent, OrderId as Theirs};
use crate::domain::orders::{Order, OrderId};
use crate::domain::{LIMIT, Shop};
use headwater::prelude::*;
use headwater::{Source, testing::World};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const CREDIT: u64 = 10;
const SERVICES: [&str; 3] = ["orders", "customers", "tally"];

#[derive(Clone, Debug)]
enum Step {
    Order { key: u8, total: u64 },
    Cancel { key: u8 },
    Turns(u8),
    Pause(usize),
    Resume(usize),
    Crash { passing: u64, stored: bool },
    LoseReply { passing: u64, stored: bool },
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (key, service) = (0..8_u8, 0..SERVICES.len());
    prop_oneof![
        4 => (key.clone(), 1..8_u64).prop_map(|(key, total)| Step::Order { key, total }),
        2 => key.prop_map(|key| Step::Cancel { key }),
        4 => (1..4_u8).prop_map(Step::Turns),
        1 => service.clone().prop_map(Step::Pause),
        1 => service.prop_map(Step::Resume),
        2 => (0..4_u64, any::<bool>()).prop_map(|(passing, stored)| Step::Crash { passing, stored }),
        1 => (0..4_u64, any::<bool>())
            .prop_map(|(passing, stored)| Step::LoseReply { passing, stored }),
        1 => (1..40_u64).prop_map(Step::Wait),
    ]
}

/// Takes one step; remembers the first total of each key, which is the one that counts.
fn take(
    shop: &mut Shop,
    orders: &mut BTreeMap<u8, OrderId>,
    totals: &mut BTreeMap<u8, u64>,
    step: &Step,
) {
    match step {
        Step::Order { key, total } => {
            let total = *totals.entry(*key).or_insert(*total);
            orders.insert(*key, shop.order(&format!("order {key}"), "ann", total));
        }
        Step::Cancel { key } => {
            if let Some(order) = orders.get(key) {
                let key = format!("cancel {key} at {:?}", shop.world.now());
                shop.cancel(&key, order);
            }
        }
        Step::Turns(count) => {
            for _ in 0..*count {
                shop.world.step();
            }
        }
        Step::Pause(service) => shop.world.pause(SERVICES[*service]),
        Step::Resume(service) => shop.world.resume(SERVICES[*service]),
        Step::Crash { passing, stored } => shop.world.crash(*passing, *stored),
        Step::LoseReply { passing, stored } => shop.world.lose_reply(*passing, *stored),
        Step::Wait(seconds) => shop.world.advance(Duration::from_secs(*seconds)),
    }
}

/// Replays what customers recorded: the limit holds after every single event. What is left at the end
/// is reserved.
fn reserved(world: &World) -> BTreeSet<Theirs> {
    let mut amounts = BTreeMap::new();
    let source = Source { context: "customers", own: true };
    for event in world.events("customers") {
        for event in CustomerEvent::decode(source, &event).unwrap().into_vec() {
            match event {
                CustomerEvent::CreditReserved { order, amount } => {
                    assert!(amounts.insert(order, amount).is_none(), "reserved once");
                }
                CustomerEvent::CreditReleased { order } => {
                    assert!(amounts.remove(&order).is_some(), "released what was reserved");
                }
                CustomerEvent::CustomerCreated { .. } | CustomerEvent::CreditRefused { .. } => {}
            }
        }
        assert!(amounts.values().sum::<u64>() <= CREDIT, "the limit was exceeded: {amounts:?}");
    }
    amounts.into_keys().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_limit_holds_and_everything_counts_once(
        script in proptest::collection::vec(step(), 1..40),
    ) {
        let mut shop = Shop::open();
        shop.customer("ann", CREDIT);
        let (mut orders, mut totals) = (BTreeMap::new(), BTreeMap::new());
        for step in &script {
            take(&mut shop, &mut orders, &mut totals, step);
        }
        SERVICES.iter().for_each(|service| shop.world.resume(service));
        shop.world.settle();
        shop.world.advance(LIMIT);
        shop.world.advance(LIMIT);

        let reserved = reserved(&shop.world);
        for order in orders.values() {
            let approved = match shop.state(order) {
                Order::Approved(_) => true,
                Order::Cancelled => false,
                undecided => panic!("{order} was never decided: {undecided:?}"),
            };
            let holds = reserved.contains(&Theirs::from(order.as_str()));
            prop_assert_eq!(holds, approved, "credit is held by approved orders only");
        }
        prop_assert_eq!(shop.count("orders", "OrderCreated"), orders.len());
        prop_assert_eq!(shop.counted() as usize, orders.len());
        for service in [&shop.orders, &shop.customers, &shop.tally] {
            let health = shop.world.block_on(service.health()).unwrap();
            prop_assert!(health.is_ready() && health.is_caught_up(), "{:?}", health);
            prop_assert!(health.readers.iter().all(|reader| reader.parked_count == 0));
        }
    }
}
