//! What HTTP says of a customer's history. The two services are away: the test publishes for them.

use headwater::model::{Append, ContextName, EventType, ExpectedRevision, NewEvent};
use headwater::prelude::*;
use serde_json::{Value, json};
use shop_history::{Settings, site};
use std::net::SocketAddr;

async fn publish(store: &Store, context: &str, stream: &str, events: &[(&str, Value)]) -> String {
    let event = |(n, (name, payload)): (usize, &(&str, Value))| {
        let id = Cause::keyed(format!("{stream} {n}")).id();
        NewEvent::json(id, EventType::new(*name).unwrap(), payload.to_string())
    };
    let events = events.iter().enumerate().map(event).collect();
    let stream = StreamName::new(stream).unwrap();
    let append = Append::to(stream, ExpectedRevision::NoStream, events);
    let context = store.context(ContextName::new(context).unwrap()).await.unwrap();
    let appended = context.append(append).await.unwrap();
    format!("{}:{}", context.context(), appended.position.unwrap())
}

#[tokio::test]
async fn a_customers_history_joins_what_two_services_published() {
    let (store, views) = (Store::memory(), tempfile::tempdir().unwrap());
    let created = json!({ "customer": "ann", "total": "12.34" });
    let events = [("OrderCreated", created), ("OrderApproved", json!({}))];
    let orders = publish(&store, "orders", "order-1", &events).await;
    let ann = json!({ "name": "Ann", "credit_limit": "15.00" });
    let customers = publish(&store, "customers", "customer-ann", &[("CustomerCreated", ann)]).await;

    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database: views.path().join("history.db"),
        ..Settings::default()
    };
    let history = site(&settings, &store).start().await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = format!("/customers/ann/orderhistory?after={orders},{customers}");
    let answer = client.get(history.url(&path)).send().await.unwrap();
    assert_eq!(
        answer.json::<Value>().await.unwrap(),
        json!({ "customerId": "ann", "name": "Ann", "creditLimit": { "amount": "15.00" },
            "orders": [{ "orderId": "1", "orderState": "APPROVED",
                "orderTotal": { "amount": "12.34" }, "cancellationReason": null }] })
    );
    let unknown = client.get(history.url("/customers/nobody/orderhistory")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    let changed = client.post(history.url(&path)).send().await.unwrap();
    assert_eq!(changed.status(), 405, "it is read-only");
    history.stop().await;
}
