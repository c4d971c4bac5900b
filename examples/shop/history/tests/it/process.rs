//! The history service as a process of its own: alone it knows nobody, and says so.

#[path = "../../../tests/process/started.rs"]
mod started;

use started::{refused, start};

const PROGRAM: &str = env!("CARGO_BIN_EXE_shop-history");

#[tokio::test]
async fn a_service_alone_is_ready_and_knows_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let service = start(PROGRAM, directory.path(), &[]);
    service.is_ready().await;
    let (status, problem) = service.get("/customers/ann/orderhistory").await;
    assert_eq!((status, &problem["code"]), (404, &"customer.not_found".into()));
    let (status, problem) = service.post("/customers/ann/orderhistory", "".into()).await;
    assert_eq!((status, &problem["code"]), (405, &"request.method".into()), "it is read-only");
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
