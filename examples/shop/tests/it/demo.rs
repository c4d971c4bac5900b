//! The demo: customers come by themselves, and go when they are told.

use headwater::model::{ContextName, Delivery, EventType, Query, Subscribe};
use headwater::prelude::*;
use shop::{Demo, DemoSettings, Ports, ShopSettings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demo_has_orders_without_anybody_asking() {
    let (store, views) = (Store::memory(), tempfile::tempdir().unwrap());
    let settings = DemoSettings {
        shop: ShopSettings { ports: Ports::ANY, ..ShopSettings::in_directory(views.path()) },
        pause: Some(Duration::from_millis(1)),
    };
    let demo = Demo::start(&settings, &store).await.unwrap();
    let decided = ["OrderApproved", "OrderCancelled"];
    let orders = store.context(ContextName::new("orders").unwrap()).await.unwrap();
    let types = decided.map(|name| EventType::new(name).unwrap());
    let query = Query::types(types);
    let mut seen = Vec::new();
    let subscribe = Subscribe { query, start: Start::Beginning };
    let mut subscription = orders.subscribe(subscribe).await.unwrap();
    while !decided.iter().all(|name| seen.contains(&(*name).to_owned())) {
        if let Delivery::Events { events, .. } = subscription.next().await.unwrap() {
            seen.extend(events.iter().map(|event| event.event_type.to_string()));
        }
    }
    demo.stop().await;
}
