//! Supervision: readers that work on their own, fail, come back, and stop when they are told.

use crate::domain::orders::{Order, OrderCommand, OrderId};
use crate::domain::tally::{Tally, TallyCommand};
use headwater::ReaderState;
use headwater::prelude::*;
use headwater::testing::memory_store;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts orders, but stumbles over the first ones.
struct Stumbles {
    panics_left: AtomicU32,
}

#[derive(Input, Debug)]
#[input(from = "orders")]
enum Seen {
    OrderCreated,
}

impl Reaction for Stumbles {
    const NAME: &'static str = "stumbles";
    type Input = Seen;

    fn react(&self, seen: &Recorded<Seen>) -> Actions {
        let Seen::OrderCreated = seen.event;
        let left = self.panics_left.load(Ordering::Relaxed);
        if left > 0 {
            self.panics_left.store(left - 1, Ordering::Relaxed);
            panic!("a stumble");
        }
        Actions::new().run::<Tally>(&"all".into(), TallyCommand::Count)
    }
}

async fn order(orders: &Service, key: &str) {
    let create = OrderCommand::Create { customer: "ann".into(), total: 1 };
    orders.run::<Order>(&OrderId::from(key), create, &Cause::keyed(key)).await.unwrap();
}

/// Waits until the service has recorded so many events.
async fn recorded(store: &Store, service: &Service, count: u64) {
    let context = store.context(service.name().clone()).await.unwrap();
    while context.head().await.unwrap().1.is_none_or(|last| last.next().0 < count) {
        let last = context.head().await.unwrap().1;
        context.wait_past(last).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_panics_is_started_again_and_misses_nothing() {
    let store = memory_store();
    let orders = Service::new("orders", &store).decider::<Order>();
    let stumbles = Stumbles { panics_left: AtomicU32::new(3) };
    let tally = Service::new("tally", &store).reaction(stumbles, Start::Beginning);
    let readers = tally.supervise();
    order(&orders, "a").await;
    order(&orders, "b").await;
    recorded(&store, &tally, 2).await;
    order(&orders, "c").await;
    recorded(&store, &tally, 3).await;
    readers.drain().await;
    let health = tally.health().await.unwrap();
    let reader = &health.readers[0];
    assert_eq!((reader.restart_count, reader.lag, reader.name.as_str()), (3, 0, "stumbles"));
    assert_eq!(tally.load::<Tally>(&"all".into(), AsOf::Now).await.unwrap().count, 3);
}

#[tokio::test(start_paused = true)]
async fn a_drained_service_does_nothing_more() {
    let store = memory_store();
    let orders = Service::new("orders", &store).decider::<Order>();
    let tally = crate::domain::tally::service(&store);
    let readers = tally.supervise();
    order(&orders, "a").await;
    recorded(&store, &tally, 1).await;
    readers.drain().await;
    order(&orders, "b").await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(tally.load::<Tally>(&"all".into(), AsOf::Now).await.unwrap().count, 1);
    let again = tally.supervise();
    recorded(&store, &tally, 2).await;
    again.drain().await;
    assert_eq!(tally.load::<Tally>(&"all".into(), AsOf::Now).await.unwrap().count, 2);
}

#[tokio::test]
async fn health_tells_how_each_reader_is_and_how_far_behind() {
    let store = memory_store();
    let orders = Service::new("orders", &store).decider::<Order>();
    let tally = crate::domain::tally::service(&store);
    order(&orders, "a").await;
    order(&orders, "b").await;
    let health = tally.health().await.unwrap();
    assert_eq!(health.readers[0].state, ReaderState::Starting);
    assert_eq!((health.readers[0].lag, health.readers[0].head), (2, Some(Position(1))));
    assert!(!health.is_ready() && !health.is_caught_up());
    let readers = tally.supervise();
    recorded(&store, &tally, 2).await;
    readers.drain().await;
    assert!(tally.health().await.unwrap().is_caught_up());
}

#[test]
fn a_name_that_nobody_publishes_is_reported() {
    #[derive(Input, Debug)]
    enum Misspelt {
        #[input(from = "orders")]
        OrderCreatd,
        #[input(from = "orders")]
        OrderApproved,
        #[input(from = "elsewhere")]
        Unknown,
    }
    struct Deaf;
    impl Reaction for Deaf {
        const NAME: &'static str = "deaf";
        type Input = Misspelt;
        fn react(&self, heard: &Recorded<Misspelt>) -> Actions {
            Actions::new().park(format!("{:?}", heard.event))
        }
    }
    let store = memory_store();
    let orders = crate::domain::orders::service(&store);
    let deaf = Service::new("deaf", &store).reaction(Deaf, Start::Beginning);
    let unheard = headwater::health::unpublished([&orders, &deaf]);
    assert_eq!(unheard, ["deaf asks for orders/OrderCreatd, which orders does not publish"]);
    let _ = [Misspelt::OrderCreatd, Misspelt::OrderApproved, Misspelt::Unknown];
}
