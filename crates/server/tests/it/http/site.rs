//! A server on a free port, and requests to it.

use headwater_model::memory::MemoryContexts;
use headwater_model::{Contexts, Timestamp};
use headwater_server::{AccessOptions, Authentication, Server, ServerOptions};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server.
pub(super) struct Site {
    pub(super) address: SocketAddr,
    client: Client,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// A store in memory whose clock ticks with every look.
pub(super) fn memory() -> MemoryContexts {
    let micros = AtomicU64::new(1_773_064_800_000_000);
    let tick = move || Timestamp::from_micros(micros.fetch_add(1_000, Ordering::Relaxed));
    MemoryContexts::new(Arc::new(tick))
}

impl Site {
    /// Over these contexts.
    pub(super) async fn over(contexts: Arc<dyn Contexts>) -> Self {
        Self::serving(contexts, AccessOptions::Open).await.0
    }

    /// Over a store in memory, asking who asks: this user administers.
    pub(super) async fn asking(name: &str, password: &str) -> Self {
        let access = AccessOptions::Authenticated(Authentication::default());
        let (site, secret) = Self::serving(Arc::new(memory()), access).await;
        let first = serde_json::json!({ "user": name, "roles": ["$admins"], "password": password });
        let request = site.post("/v1/access/users").bearer_auth(secret.unwrap()).json(&first);
        assert_eq!(request.send().await.unwrap().status(), 201);
        site
    }

    async fn serving(contexts: Arc<dyn Contexts>, access: AccessOptions) -> (Self, Option<String>) {
        let close_within = Duration::from_secs(5);
        let options = ServerOptions { close_within, access, ..ServerOptions::default() };
        let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
        let server = Server::bind(anywhere, contexts, options).await.unwrap();
        let address = server.address();
        let secret = server.bootstrap().await.unwrap();
        let secret = secret.map(|secret| secret.reveal().to_owned());
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        let client = Client::builder().no_proxy().build().unwrap();
        (Self { address, client, stop, ended }, secret)
    }

    /// Over a store in memory, with the context `demo`.
    pub(super) async fn demo() -> Self {
        let site = Self::over(Arc::new(memory())).await;
        let made = site.put("/v1/contexts/demo").send().await.unwrap();
        assert_eq!(made.status(), 201);
        site
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// Sends a request that was built before.
    pub(super) async fn send(&self, request: reqwest::Request) -> reqwest::Result<Response> {
        self.client.execute(request).await
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(super) fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    pub(super) fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// The answer to a question, which must be a good one.
    pub(super) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Appends events to a stream of `demo`, whatever is there.
    pub(super) async fn append(&self, stream: &str, events: Value) -> Value {
        let path = format!("/v1/contexts/demo/streams/{stream}/events?expected=any");
        let answer = self.post(&path).json(&events).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 201, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Appends `count` events to a stream of `demo`, numbered in their data.
    pub(super) async fn fill(&self, stream: &str, count: usize) {
        let event = |n| serde_json::json!({ "type": "Counted", "payload": { "n": n } });
        self.append(stream, (0..count).map(event).collect()).await;
    }

    /// Stops it, and waits until it has ended.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        self.ended.await.unwrap();
    }

    /// Asks it to stop without waiting.
    pub(super) fn stopping(self) -> JoinHandle<()> {
        let _ = self.stop.send(());
        self.ended
    }
}

/// The status and the body of an answer.
pub(super) async fn told(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, body)
}

/// The code of a problem; the answer must be one.
pub(super) async fn problem(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    let (status, code, _) = whole_problem(answer).await;
    (status.as_u16(), code)
}

/// A problem as its standard has it, with all of ours.
pub(super) async fn whole_problem(answer: Response) -> (StatusCode, String, Value) {
    let status = answer.status();
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{status}");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status.as_u16());
    let code = body["code"].as_str().unwrap().to_owned();
    assert_eq!(body["type"], format!("urn:headwater:error:{code}"));
    assert!(body["title"].is_string() && !body["detail"].as_str().unwrap().is_empty(), "{body}");
    assert!(["never", "after_reload", "later"].contains(&body["retry"].as_str().unwrap()));
    (status, code, body)
}

/// A header of an answer.
pub(super) fn header(answer: &Response, name: &str) -> String {
    let value = answer.headers().get(name).unwrap_or_else(|| panic!("no {name}"));
    value.to_str().unwrap().to_owned()
}
