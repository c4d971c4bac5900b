//! A server that tells a collector, over a store in memory with the context `demo`.

use headwater_model::memory::MemoryContexts;
use headwater_model::{ContextName, Contexts, EventStore, RecordedEvent, Timestamp};
use headwater_model::{Query, ReadAll};
use headwater_server::telemetry::{Protocol, TelemetryOptions};
use headwater_server::{Server, ServerOptions};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A trace that somebody else has begun and records.
pub(super) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

pub(super) fn traceparent() -> String {
    format!("00-{TRACE}-00f067aa0ba902b7-01")
}

pub(super) struct Site {
    pub(super) address: SocketAddr,
    pub(super) contexts: Arc<dyn Contexts>,
    client: Client,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

pub(super) fn told(endpoint: &str) -> TelemetryOptions {
    let metrics_every = Duration::from_millis(20);
    let endpoint = endpoint.parse().unwrap();
    let protocol = Protocol::Grpc;
    TelemetryOptions { metrics_every, protocol, ..TelemetryOptions::new(endpoint, "store") }
}

impl Site {
    pub(super) async fn telling(endpoint: &str) -> Self {
        Self::with(Some(told(endpoint))).await
    }

    pub(super) async fn with(telemetry: Option<TelemetryOptions>) -> Self {
        let micros = AtomicU64::new(1_773_064_800_000_000);
        let tick = move || Timestamp::from_micros(micros.fetch_add(1_000, Ordering::Relaxed));
        let contexts: Arc<dyn Contexts> = Arc::new(MemoryContexts::new(Arc::new(tick)));
        contexts.context(name()).await.unwrap();
        let options = ServerOptions { telemetry, ..ServerOptions::default() };
        let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
        let server = Server::bind(anywhere, Arc::clone(&contexts), options).await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        let client = Client::builder().no_proxy().build().unwrap();
        Self { address, contexts, client, stop, ended }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}/v1/contexts/demo{path}", self.address))
    }

    /// A request that is a part of [`TRACE`], and its answer.
    pub(super) async fn traced(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, path).header("traceparent", traceparent());
        let request = if body == Value::Null { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Appends one event without a trace.
    pub(super) async fn append(&self, stream: &str) {
        let request = self.request(Method::POST, &format!("/streams/{stream}/events?expected=any"));
        let answer = request.json(&json!({ "type": "Sent" })).send().await.unwrap();
        assert_eq!(answer.status(), 201);
    }

    pub(super) async fn metrics(&self) -> String {
        let page = self.client.get(format!("http://{}/metrics", self.address)).send().await;
        page.unwrap().text().await.unwrap()
    }

    /// All events, as they are stored.
    pub(super) async fn events(&self) -> Vec<RecordedEvent> {
        let store = self.store().await;
        store.read_all(ReadAll::forwards(Query::all())).await.unwrap().events
    }

    /// The context beneath the server.
    pub(super) async fn store(&self) -> Arc<dyn EventStore> {
        self.contexts.context(name()).await.unwrap()
    }

    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        self.ended.await.unwrap();
    }
}

pub(super) fn name() -> ContextName {
    ContextName::new("demo").unwrap()
}
