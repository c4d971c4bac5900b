//! The orders service as a process of its own: an order alone is taken, and waits for an answer.

#[path = "../../../tests/process/started.rs"]
mod started;

use serde_json::json;
use started::refused;
pub(crate) use started::start;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_shop-orders");

#[tokio::test]
async fn a_service_alone_takes_orders_and_settles_them_by_their_time_limit() {
    let directory = tempfile::tempdir().unwrap();
    let service = start(PROGRAM, directory.path(), &["--time-limit", "1ms"]);
    service.is_ready().await;
    let order = json!({ "customerId": "nobody", "orderTotal": { "amount": "12.34" } });
    let (status, order) = service.post("/orders", order).await;
    assert_eq!((status, &order["orderState"]), (201, &json!("PENDING")));
    let id = order["orderId"].as_str().unwrap();
    let (_, shown) = service.get(&format!("/orders/{id}?until=decided")).await;
    assert_eq!(shown["cancellationReason"], "TIMED_OUT", "{shown}");
    assert!(service.stop(), "SIGTERM is no failure");
}

#[test]
fn a_store_that_is_none_is_refused_before_it_starts() {
    let directory = tempfile::tempdir().unwrap();
    let remote = ["--store", "headwater://"];
    let (code, said) = refused(PROGRAM, directory.path(), &remote);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("client.address") && !said.contains("panicked"), "{said}");
}
