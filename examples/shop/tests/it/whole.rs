//! The whole flow over HTTP, through the gateway, with real readers at work.

use headwater::prelude::*;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use shop::{Flow, Ports, Shop, ShopError, ShopSettings};
use std::net::SocketAddr;
use tempfile::TempDir;

struct Open {
    shop: Shop,
    client: Client,
    _views: TempDir,
}

async fn open(flow: Flow) -> Open {
    let views = tempfile::tempdir().unwrap();
    let settings =
        ShopSettings { ports: Ports::ANY, flow, ..ShopSettings::in_directory(views.path()) };
    let shop = Shop::open(&settings, &Store::memory()).await.unwrap();
    Open { shop, client: Client::builder().no_proxy().build().unwrap(), _views: views }
}

impl Open {
    async fn post(&self, path: &str, body: &Value) -> (Response, String) {
        let url = format!("http://{}{path}", self.shop.gateway());
        let answer = self.client.post(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let token = answer.headers()["headwater-position"].to_str().unwrap().to_owned();
        (answer, token)
    }

    async fn get(&self, address: SocketAddr, path: &str) -> (u16, Value) {
        let answer = self.client.get(format!("http://{address}{path}")).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn page(&self, path: &str) -> Value {
        let (status, page) = self.get(self.shop.gateway(), path).await;
        assert_eq!(status, 200, "{path}: {page}");
        page
    }

    async fn customer(&self, limit: &str) -> String {
        let body = json!({ "name": "Ann", "creditLimit": { "amount": limit } });
        let (answer, _) = self.post("/customers", &body).await;
        let answer: Value = answer.json().await.unwrap();
        answer["customerId"].as_str().unwrap().to_owned()
    }

    /// An order's id and its state once it is decided.
    async fn order(&self, customer: &str, total: &str) -> (String, Value) {
        let body = json!({ "customerId": customer, "orderTotal": { "amount": total } });
        let (answer, token) = self.post("/orders", &body).await;
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["orderState"], "PENDING");
        let id = answer["orderId"].as_str().unwrap().to_owned();
        let shown = self.page(&format!("/orders/{id}?after={token}&until=decided")).await;
        (id, shown)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_goes_through_the_whole_shop() {
    for flow in [Flow::Choreographed, Flow::Orchestrated] {
        let shop = open(flow).await;
        let ann = shop.customer("15.00").await;
        let (first, shown) = shop.order(&ann, "10.00").await;
        assert_eq!(shown["orderState"], "APPROVED");
        let (second, shown) = shop.order(&ann, "5.01").await;
        assert_eq!(shown["cancellationReason"], "CREDIT_LIMIT_EXCEEDED");
        let (_, shown) = shop.order("nobody", "5.01").await;
        assert_eq!(shown["cancellationReason"], "UNKNOWN_CUSTOMER");

        let (_, returned) = shop
            .post(&format!("/customers/{ann}/returns"), &json!({ "amount": "4", "reference": "r" }))
            .await;
        let (_, cancelled) = shop.post(&format!("/orders/{first}/cancel"), &json!({})).await;
        // The release follows from the cancellation: who waits for one waits for what came of it, where
        // customers react themselves. Where the saga asks them, that is a step more, behind the place named.
        let after = format!("after={returned},{cancelled}");
        let page = format!("/customers/{ann}?{after}");
        let mut left = shop.page(&page).await;
        while flow == Flow::Orchestrated && left["availableCredit"]["amount"] == "9.00" {
            left = shop.page(&page).await;
        }
        assert_eq!(left["availableCredit"], json!({ "amount": "15.00" }));

        let line = |id: &str, total: &str, reason: &str| {
            json!({ "orderId": id, "orderState": "CANCELLED", "orderTotal": { "amount": total },
                "cancellationReason": reason })
        };
        let whole = json!({ "customerId": ann, "name": "Ann", "creditLimit": { "amount": "15.00" },
            "orders": [line(&first, "10.00", "CUSTOMER_REQUEST"),
                line(&second, "5.01", "CREDIT_LIMIT_EXCEEDED")] });
        assert_eq!(shop.page(&format!("/customers/{ann}/orderhistory?{after}")).await, whole);
        assert_eq!(shop.page(&format!("/customers/{ann}/overview?{after}")).await, whole);
        for page in
            ["/customers/nobody/orderhistory", "/customers/nobody/overview", "/orders/nobody"]
        {
            assert_eq!(shop.get(shop.shop.gateway(), page).await.0, 404, "{page}");
        }
        shop.shop.close().await;
    }
}

/// The trace that a request carries, or that the shop begins for it, is found in every event that
/// came of it, in both contexts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_goes_through_the_whole_flow() {
    let (store, views) = (Store::memory(), tempfile::tempdir().unwrap());
    let settings = ShopSettings { ports: Ports::ANY, ..ShopSettings::in_directory(views.path()) };
    let shop = Shop::open(&settings, &store).await.unwrap();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let client = Client::builder().no_proxy().build().unwrap();
    let answer = client
        .post(format!("http://{}/orders", shop.gateway()))
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .json(&json!({ "customerId": "nobody", "orderTotal": { "amount": "1" } }));
    let answer = answer.send().await.unwrap();
    let token = answer.headers()["headwater-position"].to_str().unwrap().to_owned();
    let order: Value = answer.json().await.unwrap();
    let order = order["orderId"].as_str().unwrap();
    let decided = format!("http://{}/orders/{order}?after={token}&until=decided", shop.gateway());
    client.get(decided).send().await.unwrap();
    let mut traced = Vec::new();
    for context in ["orders", "customers"] {
        use headwater::model::{ContextName, Query, ReadAll};
        let context = store.context(ContextName::new(context).unwrap()).await.unwrap();
        let page = context.read_all(ReadAll::forwards(Query::all())).await.unwrap();
        for event in page.events {
            let parent = event.metadata.traceparent.unwrap();
            assert!(parent.contains(trace), "{}: {parent}", event.event_type);
            traced.push(event.event_type.to_string());
        }
    }
    assert_eq!(traced, ["OrderCreated", "OrderCancelled", "CustomerNotFound"]);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_service_tells_about_itself() {
    for flow in [Flow::Choreographed, Flow::Orchestrated] {
        let shop = open(flow).await;
        let sites: Vec<(String, SocketAddr)> =
            shop.shop.addresses().map(|(name, address)| (name.to_owned(), address)).collect();
        let names: Vec<&str> = sites.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["gateway", "customers", "orders", "history"]);
        for (name, address) in &sites {
            for page in ["/livez", "/metrics", "/openapi.json", "/asyncapi.json"] {
                assert_eq!(shop.get(*address, page).await.0, 200, "{name}{page}");
            }
            let (_, ready) = shop.get(*address, "/readyz").await;
            assert_eq!(ready["unpublished"], json!([]), "{name} reads what nobody publishes");
        }
        shop.shop.close().await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let views = tempfile::tempdir().unwrap();
    for ports in [Ports { gateway: port, ..Ports::ANY }, Ports { orders: port, ..Ports::ANY }] {
        let settings = ShopSettings { ports, ..ShopSettings::in_directory(views.path()) };
        let refused = Shop::open(&settings, &Store::memory()).await.unwrap_err();
        assert!(matches!(refused, ShopError::Start(StartError::Listen { .. })));
        assert!(refused.to_string().contains(&port.to_string()), "{refused}");
    }
}
