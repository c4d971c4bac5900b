//! What needs a clock of its own, or a handler that misbehaves: through the router, without a socket.

use super::around::around;
use super::bounds::{HEARTBEAT_EVERY, REQUEST_WITHIN};
use super::face::Face;
use super::routes::routes;
use crate::{Host, Stage};
use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use headwater_model::Timestamp;
use headwater_model::memory::MemoryContexts;
use http::Request;
use http_body_util::BodyExt;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;
use tower::ServiceExt;

fn host() -> (Host, watch::Sender<Stage>) {
    Host::new(Arc::new(MemoryContexts::new(Arc::new(|| Timestamp::ZERO))))
}

async fn ask(router: &Router, request: http::request::Builder) -> Response {
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

async fn frame(body: &mut Body) -> Option<String> {
    let frame = body.frame().await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_silent_tail_says_that_it_lives_and_ends_when_the_server_closes() {
    let (host, stage) = host();
    let router = routes(&host);
    ask(&router, Request::put("/v1/contexts/demo")).await;
    let request = Request::get("/v1/contexts/demo/events?from=start");
    let response = ask(&router, request.header("Accept", "text/event-stream")).await;
    let mut body = response.into_body();
    assert_eq!(frame(&mut body).await.unwrap(), "retry: 1000\n\n");
    assert!(frame(&mut body).await.unwrap().starts_with("event: caught-up\ndata: {"));
    let begun = Instant::now();
    for n in 1..=3 {
        assert_eq!(frame(&mut body).await.unwrap(), ": alive\n\n");
        assert_eq!(begun.elapsed().as_secs(), n * HEARTBEAT_EVERY.as_secs());
    }
    stage.send_replace(Stage::Closing);
    assert_eq!(frame(&mut body).await, None);
}

#[tokio::test]
async fn a_server_that_drains_answers_but_is_not_ready() {
    let (host, stage) = host();
    let router = routes(&host);
    assert_eq!(ask(&router, Request::get("/readyz")).await.status(), 200);
    stage.send_replace(Stage::Draining);
    let ready = ask(&router, Request::get("/readyz")).await;
    assert_eq!(ready.headers()["retry-after"], "1");
    assert_eq!(code(ready).await, (503, "http.stopping".into()));
    assert_eq!(ask(&router, Request::get("/livez")).await.status(), 200);
    assert_eq!(ask(&router, Request::get("/v1/contexts")).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_answers_or_panics_is_answered_for() {
    async fn boom() -> &'static str {
        panic!("boom")
    }
    let face = Face::new(host().0);
    let router = Router::new()
        .route("/stuck", get(std::future::pending::<()>))
        .route("/boom", get(boom))
        .layer(from_fn_with_state(face, around));
    let begun = Instant::now();
    let stuck = ask(&router, Request::get("/stuck")).await;
    assert_eq!(begun.elapsed().as_secs(), REQUEST_WITHIN.as_secs());
    assert_eq!(stuck.headers()["retry-after"], "1");
    assert_eq!(code(stuck).await, (503, "http.too_slow".into()));
    let boom = ask(&router, Request::get("/boom")).await;
    assert_eq!(code(boom).await, (500, "http.panicked".into()));
}
