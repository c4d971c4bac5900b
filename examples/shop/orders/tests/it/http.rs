//! What HTTP says of orders. The customers service is away: what it would publish, the test does.

use headwater::Running;
use headwater::model::{Append, ContextName, EventId, EventType, ExpectedRevision, NewEvent};
use headwater::prelude::*;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use shop_orders::{Settings, site};
use std::net::SocketAddr;
use tempfile::TempDir;

struct Orders {
    running: Running,
    store: Store,
    client: Client,
    _views: TempDir,
}

async fn orders() -> Orders {
    let views = tempfile::tempdir().unwrap();
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database: views.path().join("orders.db"),
        ..Settings::default()
    };
    let store = Store::memory();
    let running = site(&settings, &store).start().await.unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    Orders { running, store, client, _views: views }
}

impl Orders {
    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.running.url(path))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.running.url(path))
    }

    async fn create(&self, key: &str, body: &Value) -> Response {
        self.post("/orders").header("Idempotency-Key", key).json(body).send().await.unwrap()
    }

    /// An order's id, and the page that waits for its decision.
    async fn created(&self, key: &str) -> (String, String) {
        let answer = self.create(key, &new("ann", "12.34")).await;
        let token = answer.headers()["headwater-position"].to_str().unwrap().to_owned();
        let order = json(answer).await["orderId"].as_str().unwrap().to_owned();
        let page = format!("/orders/{order}?after={token}&until=decided");
        (order, page)
    }

    /// As the customers service would.
    async fn publish(&self, event: &'static str, order: &str) {
        let id = Cause::keyed(order).id();
        let payload = serde_json::to_vec(&json!({ "order": order, "amount": "12.34" })).unwrap();
        let event = NewEvent::json(EventId(id.0), EventType::new(event).unwrap(), payload);
        let customers = ContextName::new("customers").unwrap();
        let stream = StreamName::new("customer-ann").unwrap();
        let append = Append::to(stream, ExpectedRevision::Any, vec![event]);
        self.store.context(customers).await.unwrap().append(append).await.unwrap();
    }
}

async fn json(response: Response) -> Value {
    response.json().await.unwrap()
}

fn new(customer: &str, total: &str) -> Value {
    json!({ "customerId": customer, "orderTotal": { "amount": total } })
}

#[tokio::test]
async fn an_order_is_taken_pending_and_can_be_read_at_once() {
    let orders = orders().await;
    let answer = orders.create("k", &new("ann", "12.34")).await;
    assert_eq!(answer.status(), 201);
    let token = answer.headers()["headwater-position"].to_str().unwrap().to_owned();
    assert!(token.starts_with("orders:"), "{token}");
    let body = json(answer).await;
    let order = body["orderId"].as_str().unwrap();
    assert_eq!(body, json!({ "orderId": order, "orderState": "PENDING" }));
    let shown = orders.get(&format!("/orders/{order}?after={token}")).send().await.unwrap();
    assert_eq!(
        json(shown).await,
        json!({ "orderId": order, "customerId": "ann", "orderTotal": { "amount": "12.34" },
            "orderState": "PENDING", "cancellationReason": null })
    );
    orders.running.stop().await;
}

#[tokio::test]
async fn the_same_key_is_the_same_order_and_no_other() {
    let orders = orders().await;
    let first = orders.create("k", &new("ann", "12.34")).await;
    let again = orders.create("k", &new("ann", "12.34")).await;
    assert_eq!(again.status(), 201);
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.headers()["headwater-position"], first.headers()["headwater-position"]);
    assert_eq!(json(again).await, json(first).await);
    let other = orders.create("k", &new("ann", "12.35")).await;
    assert_eq!(other.status(), 422);
    assert_eq!(json(other).await["code"], "command.key_reused");
    orders.running.stop().await;
}

#[tokio::test]
async fn a_caller_who_waits_is_told_of_the_decision() {
    let orders = orders().await;
    for (event, state, reason) in [
        ("CreditReserved", "APPROVED", Value::Null),
        ("CreditLimitExceeded", "CANCELLED", json!("CREDIT_LIMIT_EXCEEDED")),
        ("CustomerNotFound", "CANCELLED", json!("UNKNOWN_CUSTOMER")),
    ] {
        let (order, page) = orders.created(event).await;
        let asked = async { json(orders.get(&page).send().await.unwrap()).await };
        let (shown, ()) = tokio::join!(asked, orders.publish(event, &order));
        assert_eq!((&shown["orderState"], &shown["cancellationReason"]), (&json!(state), &reason));
    }
    orders.running.stop().await;
}

#[tokio::test]
async fn only_an_approved_order_can_be_cancelled_and_only_once() {
    let orders = orders().await;
    let (order, page) = orders.created("k").await;
    let cancel = |key: &'static str| {
        let request = orders.post(&format!("/orders/{order}/cancel"));
        async move { request.header("Idempotency-Key", key).send().await.unwrap() }
    };
    let early = cancel("c1").await;
    assert_eq!(early.status(), 409);
    assert_eq!(early.headers()["content-type"], "application/problem+json");
    assert_eq!(json(early).await["code"], "order.not_approved");
    orders.publish("CreditReserved", &order).await;
    assert_eq!(json(orders.get(&page).send().await.unwrap()).await["orderState"], "APPROVED");
    for _ in 0..2 {
        let answer = cancel("c2").await;
        assert_eq!(answer.status(), 200, "the same request again is the same answer");
        assert_eq!(json(answer).await, json!({ "orderId": order, "orderState": "CANCELLED" }));
    }
    assert_eq!(cancel("c3").await.status(), 409);
    let unknown = orders.post("/orders/nobody/cancel").send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    orders.running.stop().await;
}

#[tokio::test]
async fn what_is_no_order_is_refused_and_says_why() {
    let orders = orders().await;
    for (total, status) in [
        (json!("0.00"), 422),
        (json!(-1), 422),
        (json!("1.001"), 422),
        (json!("1e9"), 422),
        (json!("1000000000000"), 422),
        (json!(null), 422),
        (json!(12.34), 201),
        (json!(12), 201),
    ] {
        let body = json!({ "customerId": "ann", "orderTotal": { "amount": total } });
        let answer = orders.post("/orders").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{total}");
        if status == 422 {
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            assert_eq!(json(answer).await["errors"][0]["pointer"], "#/orderTotal/amount");
        }
    }
    for customer in ["", "a\nb", &"x".repeat(10_000)] {
        assert_eq!(orders.create("k", &new(customer, "1")).await.status(), 422, "{customer:?}");
    }
    let broken = orders.post("/orders").header("content-type", "application/json").body("{");
    assert_eq!(broken.send().await.unwrap().status(), 400);
    assert_eq!(orders.get("/orders/nobody").send().await.unwrap().status(), 404);
    orders.running.stop().await;
}

#[tokio::test]
async fn a_list_comes_in_pages_and_by_customer() {
    let orders = orders().await;
    let (mut anns, mut last) = (Vec::new(), String::new());
    for n in 0..5 {
        let whose = if n == 2 { "bela" } else { "ann" };
        let answer = orders.create(&format!("k{n}"), &new(whose, "1")).await;
        last = answer.headers()["headwater-position"].to_str().unwrap().to_owned();
        if whose == "ann" {
            anns.push(json(answer).await["orderId"].clone());
        }
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/orders?customerId=ann&limit=2&after={last}{cursor}");
        let page = json(orders.get(&path).send().await.unwrap()).await;
        let ids = page["orders"].as_array().unwrap().iter().map(|order| order["orderId"].clone());
        seen.extend(ids);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, anns);
    let all = json(orders.get("/orders").send().await.unwrap()).await;
    assert_eq!(all["orders"].as_array().unwrap().len(), 5);
    let strange = orders.get("/orders?cursor=x").send().await.unwrap();
    assert_eq!(strange.status(), 400);
    orders.running.stop().await;
}

#[tokio::test]
async fn the_service_tells_about_itself() {
    let orders = orders().await;
    for path in ["/livez", "/metrics", "/openapi.json", "/asyncapi.json"] {
        assert_eq!(orders.get(path).send().await.unwrap().status(), 200, "{path}");
    }
    let described = json(orders.get("/openapi.json").send().await.unwrap()).await;
    let paths: Vec<&String> = described["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/orders", "/orders/{id}", "/orders/{id}/cancel"]);
    let events = json(orders.get("/asyncapi.json").send().await.unwrap()).await.to_string();
    for name in ["OrderCreated", "OrderApproved", "OrderCancelled", "CreditReserved"] {
        assert!(events.contains(name), "{name}");
    }
    orders.running.stop().await;
}
