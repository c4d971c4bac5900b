//! Reading your own writes: a query names the place it must have seen, of this service or another.

use crate::domain::orders::{CreditAnswer, OrdersTable};
use crate::domain::{Shop, orders};
use headwater::prelude::*;
use headwater::testing::{MemoryDatabase, MemoryReader, memory_store};
use headwater_model::{ContextName, EventStore, Query, ReadAll, RecordedEvent};
use std::sync::Arc;

async fn context(service: &Service, store: &Store) -> Arc<dyn EventStore> {
    store.context(service.name().clone()).await.unwrap()
}

/// The first event of this type, as soon as it is there.
async fn event(store: &dyn EventStore, event_type: &str) -> RecordedEvent {
    let mut seen = None;
    loop {
        let page = store.read_all(ReadAll::forwards(Query::all())).await.unwrap();
        let found = page.events.into_iter().find(|event| event.event_type.as_str() == event_type);
        if let Some(event) = found {
            return event;
        }
        assert!(page.as_of >= seen);
        seen = Some(store.wait_past(page.as_of).await.unwrap());
    }
}

async fn view(service: &Service, after: &str) -> Result<MemoryReader, ReadModelError> {
    service.read_model::<OrdersTable>(&after.parse().unwrap()).await
}

#[tokio::test]
async fn a_query_sees_what_its_asker_has_just_written() {
    let store = memory_store();
    let orders = orders::service(&store);
    let readers = orders.supervise();
    for key in ["a", "b", "c"] {
        let create = orders::OrderCommand::Create { customer: "ann".into(), total: 1 };
        let receipt = orders.run::<orders::Order>(&key.into(), create, &Cause::keyed(key)).await;
        let token = receipt.unwrap().token().unwrap();
        assert!(token.starts_with("orders:"));
        assert_eq!(view(&orders, &token).await.unwrap().get(key), Some("pending"));
    }
    readers.drain().await;
}

#[tokio::test]
async fn a_query_sees_what_followed_from_an_event_of_another_service() {
    let store = memory_store();
    let (orders, customers) = (orders::service(&store), crate::domain::customers::service(&store));
    let create = crate::domain::customers::CustomerCommand::Create { limit: 10 };
    let ann = crate::domain::customers::CustomerId::from("ann");
    let cause = Cause::keyed("ann");
    customers.run::<crate::domain::customers::Customer>(&ann, create, &cause).await.unwrap();
    let create = orders::OrderCommand::Create { customer: "ann".into(), total: 1 };
    orders.run::<orders::Order>(&"o1".into(), create, &Cause::keyed("o1")).await.unwrap();

    let readers = (orders.supervise(), customers.supervise());
    let reserved = event(&*context(&customers, &store).await, "CreditReserved").await;
    let token = format!("customers:{}", reserved.position);
    assert_eq!(view(&orders, &token).await.unwrap().get("o1"), Some("approved"));
    readers.0.drain().await;
    readers.1.drain().await;
    assert_eq!(CreditAnswer::TYPES.len(), 2);
}

/// After a restart the reaction had handled its input long ago and did not know any more what came
/// of it, so nobody waited for the view: an order that was approved was shown as unknown.
#[tokio::test]
async fn a_query_sees_what_followed_also_when_it_followed_before_a_restart() {
    let store = memory_store();
    let (orders, customers) = (orders::service(&store), crate::domain::customers::service(&store));
    let create = crate::domain::customers::CustomerCommand::Create { limit: 10 };
    let (ann, cause) = (crate::domain::customers::CustomerId::from("ann"), Cause::keyed("ann"));
    customers.run::<crate::domain::customers::Customer>(&ann, create, &cause).await.unwrap();
    let create = orders::OrderCommand::Create { customer: "ann".into(), total: 1 };
    orders.run::<orders::Order>(&"o1".into(), create, &Cause::keyed("o1")).await.unwrap();
    let readers = (orders.supervise(), customers.supervise());
    let reserved = event(&*context(&customers, &store).await, "CreditReserved").await;
    event(&*context(&orders, &store).await, "OrderApproved").await;
    readers.0.drain().await;
    readers.1.drain().await;

    // The view starts empty, and its database is slow to come up: the first commit fails.
    let database = MemoryDatabase::default();
    database.fail_commit(0, false);
    let orders = orders::service_with(&store, database);
    let readers = orders.supervise();
    let token = format!("customers:{}", reserved.position);
    assert_eq!(view(&orders, &token).await.unwrap().get("o1"), Some("approved"));
    readers.drain().await;
}

#[tokio::test(start_paused = true)]
async fn a_query_waits_for_a_bounded_time() {
    let orders = orders::service(&memory_store());
    let behind = view(&orders, "orders:0").await.unwrap_err();
    assert_eq!(behind.code(), "view.behind");
    assert_eq!(behind.to_string(), "orders/orders has not come to orders:0 within 5000 ms");
    assert!(view(&orders, "").await.is_ok(), "who asks for nothing waits for nothing");
    assert!(view(&orders, "elsewhere:7").await.is_ok(), "nobody here reads that context");
}

#[test]
fn a_view_that_is_not_wired_says_so() {
    let shop = Shop::open();
    let error = shop.world.block_on(view(&shop.tally, "")).unwrap_err();
    assert_eq!(error.code(), "view.not_wired");
    let name = ContextName::new("tally").unwrap();
    assert_eq!(shop.tally.name(), &name);
}
