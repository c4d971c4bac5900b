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

/// The next event of a stream: its id and its data.
async fn next(stream: &mut reqwest::Response) -> Option<(String, Value)> {
    let mut text = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        let Some(event) = text.strip_suffix("\n\n") else { continue };
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
        match (field("id: "), field("data: ")) {
            (Some(id), Some(data)) => {
                return Some((id.into(), serde_json::from_str(data).unwrap()));
            }
            _ => text.clear(), // a heartbeat
        }
    }
    None
}

/// A page follows a customer's history: every change of it comes, what is about others does not, and behind a
/// lost line it goes on where it was. R2: an answer has seen the place that its id names.
#[tokio::test]
async fn a_history_is_followed_while_it_changes() {
    let (store, views) = (Store::memory(), tempfile::tempdir().unwrap());
    let ann = json!({ "name": "Ann", "credit_limit": "15.00" });
    let customers = publish(&store, "customers", "customer-ann", &[("CustomerCreated", ann)]).await;
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database: views.path().join("history.db"),
        ..Settings::default()
    };
    let history = site(&settings, &store).start().await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = format!("/customers/ann/orderhistory?after={customers}");
    let follow = |last: Option<&str>| {
        let request = client.get(history.url(&path)).header("accept", "text/event-stream");
        let last = last.map(str::to_owned);
        async move {
            let request = match last {
                Some(last) => request.header("last-event-id", last),
                None => request,
            };
            request.send().await.unwrap()
        }
    };
    let mut stream = follow(None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let (place, first) = next(&mut stream).await.unwrap();
    assert_eq!((place, first["orders"].as_array().unwrap().len()), (customers, 0));

    let of = |customer: &str| json!({ "customer": customer, "total": "1.00" });
    publish(&store, "orders", "order-1", &[("OrderCreated", of("bob"))]).await;
    publish(&store, "orders", "order-2", &[("OrderCreated", of("ann"))]).await;
    let (place, second) = next(&mut stream).await.unwrap();
    assert_eq!(second["orders"][0]["orderId"], "2", "and not of bob's: {second}");
    drop(stream);

    let orders = publish(&store, "orders", "order-3", &[("OrderCreated", of("ann"))]).await;
    let mut stream = loop {
        // It comes back until the view has moved on: then there is something to be told at once.
        let mut stream = follow(Some(&place)).await;
        let (later, third) = next(&mut stream).await.unwrap();
        if later.contains(&orders) {
            assert_eq!(third["orders"][1]["orderId"], "3");
            break stream;
        }
    };
    let ((), end) = tokio::join!(history.stop(), next(&mut stream));
    assert_eq!(end, None, "a service that drains ends its streams");
}
