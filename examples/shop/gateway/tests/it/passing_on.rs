//! Passing on: whole, both ways, and with a word of our own when nobody answers.

use crate::street::{street, street_with};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use futures_util::StreamExt;
use serde_json::json;

async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let told = format!(
        "{method} {uri} {} key={:?} trace={:?} connection={:?} own={:?}",
        String::from_utf8_lossy(&body),
        header("idempotency-key"),
        header("traceparent"),
        header("connection"),
        header("x-only-here"),
    );
    let headers = [("headwater-position", "orders:7"), ("content-type", "text/plain")];
    (StatusCode::CREATED, headers, told)
}

#[tokio::test]
async fn a_request_arrives_whole_and_so_does_its_answer() {
    let street = street(None, Some(Router::new().fallback(echo))).await;
    let request = street
        .client
        .post(format!("{}/orders?a=1&b=%2F", street.gateway))
        .header("Idempotency-Key", "k1")
        .header("traceparent", "00-1")
        .header("connection", "x-only-here")
        .header("x-only-here", "1")
        .body("{\"x\":1}");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["headwater-position"], "orders:7");
    assert_eq!(
        answer.text().await.unwrap(),
        "POST /orders?a=1&b=%2F {\"x\":1} key=Some(\"k1\") trace=Some(\"00-1\") connection=None own=None"
    );
}

/// An answer that never ends is passed on as it comes: waiting for its end would be waiting for ever.
#[tokio::test]
async fn what_a_service_tells_bit_by_bit_arrives_bit_by_bit() {
    let endless = async |headers: HeaderMap| {
        let last = headers["last-event-id"].to_str().unwrap().to_owned();
        let first =
            futures_util::stream::iter([Ok::<_, std::io::Error>(format!("id: {last}\n\n"))]);
        let body = first.chain(futures_util::stream::pending());
        ([("content-type", "text/event-stream")], axum::body::Body::from_stream(body))
    };
    let street = street_with([None, None, Some(Router::new().fallback(endless))]).await;
    let request = street
        .client
        .get(format!("{}/customers/ann/orderhistory", street.gateway))
        .header("accept", "text/event-stream")
        .header("last-event-id", "orders:7");
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "id: orders:7\n\n");
}

#[tokio::test]
async fn when_nobody_answers_the_gateway_says_who_and_when_to_ask_again() {
    let street = street(None, None).await;
    let path = format!("{}/orders", street.gateway);
    for _ in 0..3 {
        let answer = street.client.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], json!("gateway.unreachable"));
        assert!(problem["detail"].as_str().unwrap().contains("orders"), "{problem}");
    }
    let answer = street.client.get(&path).send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "3600", "the breaker rests");
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["code"], "gateway.resting");
}
