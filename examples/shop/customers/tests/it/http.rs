//! What HTTP says of customers.

use headwater::Running;
use headwater::prelude::*;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use shop_customers::customer::{Customer, CustomerCommand};
use shop_customers::{CustomerId, Settings, service, site};
use std::net::SocketAddr;
use tempfile::TempDir;

struct Customers {
    running: Running,
    settings: Settings,
    store: Store,
    client: Client,
    _views: TempDir,
}

async fn customers() -> Customers {
    let views = tempfile::tempdir().unwrap();
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database: views.path().join("customers.db"),
        ..Settings::default()
    };
    let store = Store::memory();
    let running = site(&settings, &store).start().await.unwrap();
    let client = Client::builder().no_proxy().build().unwrap();
    Customers { running, settings, store, client, _views: views }
}

impl Customers {
    async fn get(&self, path: &str) -> Response {
        self.client.get(self.running.url(path)).send().await.unwrap()
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Response {
        let request = self.client.post(self.running.url(path)).header("Idempotency-Key", key);
        request.json(body).send().await.unwrap()
    }

    /// A customer with a limit of 15.00, of which 10.00 are reserved.
    async fn ann(&self) -> (String, String) {
        let body = json!({ "name": "Ann", "creditLimit": { "amount": "15.00" } });
        let id = json(self.post("/customers", "ann", &body).await).await["customerId"].clone();
        let id = id.as_str().unwrap().to_owned();
        let reserve =
            CustomerCommand::ReserveCredit { order: "o1".into(), amount: "10.00".parse().unwrap() };
        let service = service(&self.settings, &self.store);
        let ann: CustomerId = id.as_str().into();
        let reserved = service.run::<Customer>(&ann, reserve, &Cause::keyed("o1")).await.unwrap();
        (id, reserved.token().unwrap())
    }
}

async fn json(response: Response) -> Value {
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_customer_is_created_once_per_key_and_shown_with_what_is_left() {
    let customers = customers().await;
    let body = json!({ "name": "Ann", "creditLimit": { "amount": 15 } });
    let first = customers.post("/customers", "k", &body).await;
    assert_eq!(first.status(), 201);
    let token = first.headers()["headwater-position"].to_str().unwrap().to_owned();
    let first = json(first).await;
    assert_eq!(json(customers.post("/customers", "k", &body).await).await, first);
    let id = first["customerId"].as_str().unwrap();
    let fifteen = json!({ "amount": "15.00" });
    let ann = json!({ "customerId": id, "name": "Ann", "creditLimit": fifteen, "availableCredit": fifteen });
    let shown = customers.get(&format!("/customers/{id}?after={token}")).await;
    assert_eq!(json(shown).await, ann);
    assert_eq!(
        json(customers.get("/customers").await).await,
        json!({ "customers": [ann], "next": null })
    );
    assert_eq!(customers.get("/customers/nobody").await.status(), 404);
    customers.running.stop().await;
}

#[tokio::test]
async fn a_return_is_answered_the_same_by_key_and_by_reference() {
    let customers = customers().await;
    let (ann, _) = customers.ann().await;
    let path = format!("/customers/{ann}/returns");
    let back = |amount: &str, reference: &str| json!({ "amount": amount, "reference": reference });
    let released = |amount: &str| json!({ "released": { "amount": amount } });
    for (key, body, answer) in [
        ("k1", back("4.00", "r1"), released("4.00")),
        ("k1", back("4.00", "r1"), released("4.00")),
        ("k2", back("4.00", "r1"), released("4.00")),
        ("k3", back("40.00", "r2"), released("6.00")),
        ("k4", back("1.00", "r3"), released("0.00")),
    ] {
        let answered = customers.post(&path, key, &body).await;
        assert_eq!(answered.status(), 200);
        assert!(answered.headers().contains_key("headwater-position"));
        assert_eq!(json(answered).await, answer, "{key}");
    }
    let stranger = customers.post("/customers/nobody/returns", "k5", &back("1", "r")).await;
    assert_eq!(stranger.status(), 404);
    customers.running.stop().await;
}

#[tokio::test]
async fn what_is_reserved_is_seen_by_who_waits_for_it() {
    let customers = customers().await;
    let (ann, reserved) = customers.ann().await;
    let shown = json(customers.get(&format!("/customers/{ann}?after={reserved}")).await).await;
    assert_eq!(shown["availableCredit"], json!({ "amount": "5.00" }));
    customers.running.stop().await;
}

#[tokio::test]
async fn what_is_no_customer_or_return_is_refused() {
    let customers = customers().await;
    for body in [
        json!({ "name": "", "creditLimit": { "amount": "1" } }),
        json!({ "name": "x".repeat(201), "creditLimit": { "amount": "1" } }),
        json!({ "name": "Ann", "creditLimit": { "amount": "0" } }),
        json!({ "name": "Ann", "creditLimit": { "amount": "-1" } }),
        json!({ "name": "Ann" }),
    ] {
        let answer = customers.post("/customers", "k", &body).await;
        assert_eq!(answer.status(), 422, "{body}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    let (ann, _) = customers.ann().await;
    let path = format!("/customers/{ann}/returns");
    for body in
        [json!({ "amount": "1", "reference": " " }), json!({ "amount": "0", "reference": "r" })]
    {
        assert_eq!(customers.post(&path, "r", &body).await.status(), 422, "{body}");
    }
    customers.running.stop().await;
}
