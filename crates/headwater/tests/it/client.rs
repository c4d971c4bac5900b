//! The shop front's side of the wire.

use crate::{orders, stock};
use headwater::Running;
use headwater::prelude::*;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::path::Path;

/// Both services in this process, on a store and views that outlive it.
pub(crate) struct Town {
    orders: Running,
    stock: Running,
    http: reqwest::Client,
}

/// What a client sees of an answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) position: Option<String>,
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl Town {
    pub(crate) async fn open(directory: &Path) -> Self {
        let url = format!("file:{}", directory.join("store").display());
        let store = Store::open(&url).await.unwrap();
        let views = directory.join("views");
        let sites = [orders::site(&store, &views), stock::site(&store, &views)];
        let running = Services::of(sites).start().await.unwrap();
        let [orders, stock] = <[Running; 2]>::try_from(running).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let town = Self { orders, stock, http };
        // Opening a store takes its time on a busy machine, and a view is waited for boundedly.
        for site in [&town.orders, &town.stock] {
            while seen(town.http.get(site.url("/readyz"))).await.status != 200 {}
        }
        town
    }

    pub(crate) async fn stop(self) {
        self.orders.stop().await;
        self.stock.stop().await;
    }

    pub(crate) async fn place(&self, key: &str, item: &str, count: i64) -> Seen {
        let body = json!({ "item": item, "count": count });
        self.post(key, "/orders", &body).await
    }

    pub(crate) async fn cancel(&self, key: &str, order: &str) -> Seen {
        self.post(key, &format!("/orders/{order}/cancel"), &json!(null)).await
    }

    pub(crate) async fn show(&self, order: &str, after: &str) -> Seen {
        let url = self.orders.url(&format!("/orders/{order}"));
        seen(self.http.get(url).query(&[("after", after)])).await
    }

    /// How much of an item is taken, once stock has heard of everything up to `after`.
    pub(crate) async fn taken(&self, item: &str, after: &str) -> Value {
        let url = self.stock.url(&format!("/taken/{item}"));
        let seen = seen(self.http.get(url).query(&[("after", after)])).await;
        assert_eq!(seen.status, 200, "{seen:?}");
        seen.body
    }

    pub(crate) async fn ready(&self) -> Seen {
        seen(self.http.get(self.stock.url("/readyz"))).await
    }

    async fn post(&self, key: &str, path: &str, body: &Value) -> Seen {
        let request = self.http.post(self.orders.url(path)).header("Idempotency-Key", key);
        seen(request.json(body)).await
    }
}

async fn seen(request: reqwest::RequestBuilder) -> Seen {
    let answer = request.send().await.unwrap();
    let text = |headers: &HeaderMap, name: &str| {
        headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    Seen {
        status: answer.status().as_u16(),
        position: text(answer.headers(), "headwater-position"),
        replayed: text(answer.headers(), "idempotent-replayed").is_some(),
        body: answer.json().await.unwrap(),
    }
}
