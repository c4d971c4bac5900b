//! Passing a request on, whole, and its answer back.
//!
//! Why: the shop has one address; which service answers is the shop's own affair.
//! Invariant: what belongs to one connection only (RFC 9110, 7.6.1) is not passed on.

use crate::service::Gateway;
use crate::upstream::{Answer, Upstream};
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use headwater::http::Draining;
use std::sync::Arc;
use std::time::Duration;

/// Longer than a service lets a reader wait, so that its own answer comes first; shorter than what
/// a request may take here at all.
const PASS_ON_LIMIT: Duration = Duration::from_secs(20);

const OF_ONE_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
    header::CONTENT_LENGTH,
];

pub(crate) async fn to_customers(
    Extension(gateway): Extension<Arc<Gateway>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    pass_on(&gateway.customers, method, &uri, headers, body).await
}

pub(crate) async fn to_orders(
    Extension(gateway): Extension<Arc<Gateway>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    pass_on(&gateway.orders, method, &uri, headers, body).await
}

pub(crate) async fn to_history(
    Extension(gateway): Extension<Arc<Gateway>>,
    draining: Option<Extension<Draining>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kinds = headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok());
    if kinds.is_some_and(|kinds| kinds.contains("text/event-stream")) {
        let draining = draining.map(|Extension(draining)| draining);
        return follow(&gateway.history, method, &uri, headers, draining).await;
    }
    pass_on(&gateway.history, method, &uri, headers, body).await
}

async fn pass_on(
    service: &Upstream,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    drop_own(&mut headers);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = service.request(method, path).headers(headers).body(body);
    match service.send(request, PASS_ON_LIMIT).await {
        Ok(answer) => hand_on(answer),
        Err(silence) => silence.into_response(),
    }
}

/// Passes an answer on as it comes, for as long as it comes and the gateway does not drain.
async fn follow(
    service: &Upstream,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    draining: Option<Draining>,
) -> Response {
    drop_own(&mut headers);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = service.request(method, path).headers(headers);
    let mut answer = match service.open(request, PASS_ON_LIMIT).await {
        Ok(answer) => answer,
        Err(silence) => return silence.into_response(),
    };
    let (status, mut headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    drop_own(&mut headers);
    let pieces = stream::unfold((answer, draining), |(mut answer, mut draining)| async move {
        let drained = async {
            match &mut draining {
                Some(draining) => draining.begun().await,
                None => std::future::pending().await,
            }
        };
        let piece = tokio::select! {
            piece = answer.chunk() => piece.transpose()?,
            () = drained => return None,
        };
        Some((piece, (answer, draining)))
    });
    (status, headers, Body::from_stream(pieces)).into_response()
}

/// A service's answer as our own.
pub(crate) fn hand_on(mut answer: Answer) -> Response {
    drop_own(&mut answer.headers);
    (answer.status, answer.headers, answer.body).into_response()
}

fn drop_own(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in OF_ONE_CONNECTION.iter().chain(&named) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}
