//! What is around every handler: a trace, a time limit, a net for panics, and a count.
//!
//! Invariants: a request is answered within [`REQUEST_MAX`] or told that it was not; a panic in one
//! handler ends one request.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use headwater_framework::http::{Problem, TRACEPARENT, traceparent};
use headwater_framework::trace;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};
use tracing::{Instrument, Span};

/// How long a request may take: longer than any bounded wait within it, shorter than the patience
/// of common proxies (60 s).
pub(crate) const REQUEST_MAX: Duration = Duration::from_secs(30);

/// Bytes of a body that are read.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Runs the rest of the stack for one request.
pub(crate) async fn around(mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().to_owned(),
        None => "none".to_owned(), // not the path itself: anybody can invent those
    };
    let span = span_of(&mut request, &method, &route);
    let begun = Instant::now();
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(REQUEST_MAX, answer.instrument(span.clone())).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Problem::internal("answer.panic", "a handler panicked").into_response(),
        Err(_elapsed) => {
            let detail = format!("no answer within {} s", REQUEST_MAX.as_secs());
            Problem::unavailable("answer.too_slow", detail).into_response()
        }
    };
    let labels = [
        ("method", method.to_string()),
        ("route", route),
        ("status", response.status().as_u16().to_string()),
    ];
    metrics::counter!("headwater_http_requests_total", &labels).increment(1);
    metrics::histogram!("headwater_http_request_seconds", &labels).record(begun.elapsed());
    span.record("http.response.status_code", response.status().as_u16());
    span.in_scope(|| {
        tracing::debug!(status = response.status().as_u16(), elapsed = ?begun.elapsed());
    });
    response
}

/// The span of a request, below the one that it says it is part of. What it asks for is part of the
/// span: where traces are collected, its `traceparent` is the span's from here on.
fn span_of(request: &mut Request, method: &Method, route: &str) -> Span {
    let from = traceparent(request.headers());
    let span = tracing::info_span!(
        "request",
        %method,
        %route,
        traceparent = from,
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = %method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    if let Some(traces) = trace::traces() {
        if let Some(from) = from {
            traces.join(&span, from);
        }
        let own = traces.traceparent(&span);
        if let Some(own) = own.and_then(|own| HeaderValue::try_from(own).ok()) {
            request.headers_mut().insert(TRACEPARENT, own);
        }
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt;

    async fn status(router: Router, path: &str) -> (u16, Option<String>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.layer(from_fn(around)).oneshot(request).await.unwrap();
        let again = response.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
        (response.status().as_u16(), again)
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_never_answers_is_answered_for() {
        let stuck = Router::new().route("/", get(std::future::pending::<()>));
        let begun = tokio::time::Instant::now();
        assert_eq!(status(stuck, "/").await, (503, Some("1".into())));
        assert_eq!(begun.elapsed().as_secs(), REQUEST_MAX.as_secs());
    }

    #[tokio::test]
    async fn a_panic_ends_one_request() {
        async fn boom() -> &'static str {
            panic!("boom")
        }
        let router = Router::new().route("/boom", get(boom)).route("/", get(async || "fine"));
        assert_eq!(status(router.clone(), "/boom").await, (500, None));
        assert_eq!(status(router, "/").await, (200, None));
    }
}
