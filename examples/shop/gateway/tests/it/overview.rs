//! The overview: whole, in part, or not at all, but never late and never wrong.

use crate::street::street;
use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, http};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};

fn customers() -> Router {
    Router::new().route("/customers/{id}", get(async || Json(ann())))
}

fn ann() -> Value {
    json!({ "customerId": "ann", "name": "Ann", "creditLimit": { "amount": "15.00" },
        "availableCredit": { "amount": "5.00" } })
}

fn order(id: &str) -> Value {
    json!({ "orderId": id, "customerId": "ann", "orderTotal": { "amount": "10.00" },
        "orderState": "APPROVED", "cancellationReason": null })
}

fn line(id: &str) -> Value {
    json!({ "orderId": id, "orderTotal": { "amount": "10.00" },
        "orderState": "APPROVED", "cancellationReason": null })
}

/// Two pages of one order each.
fn orders() -> Router {
    Router::new().route(
        "/orders",
        get(async |Query(query): Query<HashMap<String, String>>| {
            assert_eq!(query.get("customerId").map(String::as_str), Some("ann"));
            Json(match query.get("cursor").map(String::as_str) {
                None => json!({ "orders": [order("1")], "next": "7" }),
                Some("7") => json!({ "orders": [order("2")], "next": null }),
                Some(other) => panic!("nobody gave the cursor {other}"),
            })
        }),
    )
}

fn never() -> Router {
    Router::new().fallback(async || std::future::pending::<String>().await)
}

#[tokio::test]
async fn an_overview_is_composed_of_all_pages_of_both_services() {
    let street = street(Some(customers()), Some(orders())).await;
    let whole = json!({ "customerId": "ann", "name": "Ann", "creditLimit": { "amount": "15.00" },
        "orders": [line("1"), line("2")] });
    assert_eq!(street.get("/customers/ann/overview").await, (200, whole));
}

#[tokio::test]
async fn a_part_that_is_down_is_named_and_the_rest_is_answered() {
    let without_orders = street(Some(customers()), None).await;
    let (status, answer) = without_orders.get("/customers/ann/overview").await;
    assert_eq!((status, &answer["name"]), (200, &json!("Ann")));
    assert_eq!(answer["unavailable"], json!(["orders"]));

    let without_customers = street(None, Some(orders())).await;
    let (status, answer) = without_customers.get("/customers/ann/overview").await;
    assert_eq!((status, &answer["orders"]), (200, &json!([line("1"), line("2")])));
    assert_eq!(answer["unavailable"], json!(["customers"]));
}

#[tokio::test]
async fn a_part_that_takes_too_long_is_named_after_its_second() {
    let street = street(Some(customers()), Some(never())).await;
    let begun = Instant::now();
    let (status, answer) = street.get("/customers/ann/overview").await;
    assert_eq!((status, &answer["unavailable"]), (200, &json!(["orders"])));
    assert!(begun.elapsed() >= Duration::from_secs(1), "it was given its time");
}

#[tokio::test]
async fn a_part_that_fails_is_named_like_one_that_is_down() {
    let broken = Router::new().fallback(async || StatusCode::INTERNAL_SERVER_ERROR);
    let street = street(Some(customers()), Some(broken)).await;
    let (status, answer) = street.get("/customers/ann/overview").await;
    assert_eq!((status, &answer["unavailable"]), (200, &json!(["orders"])));
}

#[tokio::test]
async fn an_unknown_customer_is_not_found_in_the_words_of_their_service() {
    let unknown = async || {
        let problem = [(http::header::CONTENT_TYPE, "application/problem+json")];
        (StatusCode::NOT_FOUND, problem, r#"{"code":"customer.not_found"}"#).into_response()
    };
    let street = street(Some(Router::new().fallback(unknown)), Some(orders())).await;
    let answer = street.client.get(format!("{}/customers/ann/overview", street.gateway));
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "customer.not_found");
}

#[tokio::test]
async fn an_overview_without_any_part_is_none() {
    let street = street(None, None).await;
    let (status, answer) = street.get("/customers/ann/overview").await;
    assert_eq!((status, &answer["code"]), (503, &json!("gateway.no_part_left")));
}

#[tokio::test]
async fn a_service_that_keeps_silent_is_soon_not_waited_for() {
    let street = street(Some(customers()), Some(never())).await;
    for _ in 0..3 {
        street.get("/customers/ann/overview").await;
    }
    let begun = Instant::now();
    let (status, answer) = street.get("/customers/ann/overview").await;
    assert_eq!((status, &answer["unavailable"]), (200, &json!(["orders"])));
    assert!(begun.elapsed() < Duration::from_secs(1), "the breaker is open: nobody waits");
}
