//! The customers service as a process of its own: settings in, customers kept, a clear word when it cannot.

#[path = "../../../tests/process/started.rs"]
mod started;

use serde_json::json;
use started::{refused, start};

const PROGRAM: &str = env!("CARGO_BIN_EXE_shop-customers");

#[tokio::test]
async fn a_service_alone_keeps_what_it_was_told_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let settings = "store = \"file:kept/store\"\ndatabase = \"kept/views/customers.db\"\n";
    std::fs::write(directory.path().join("customers.toml"), settings).unwrap();
    let service = start(PROGRAM, directory.path(), &[]);
    service.is_ready().await;
    let ann = json!({ "name": "Ann", "creditLimit": { "amount": "15.00" } });
    let (status, created) = service.post("/customers", ann).await;
    assert_eq!(status, 201, "{created}");
    assert!(service.stop(), "SIGTERM is no failure");
    assert!(directory.path().join("kept/store").is_dir(), "as the file of settings says");

    let service = start(PROGRAM, directory.path(), &[]);
    service.is_ready().await;
    let id = created["customerId"].as_str().unwrap();
    let (status, shown) = service.get(&format!("/customers/{id}")).await;
    assert_eq!((status, &shown["name"]), (200, &json!("Ann")));
    assert!(service.stop());
}

#[test]
fn what_it_cannot_do_is_said_before_it_starts() {
    let directory = tempfile::tempdir().unwrap();
    // Port 9 of this machine: nobody listens there, and nobody can by chance.
    let remote = ["--store", "headwater://127.0.0.1:9"];
    let (code, said) = refused(PROGRAM, directory.path(), &remote);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("127.0.0.1:9 cannot be opened"), "it names the store: {said}");
    assert!(!said.contains("panicked"), "{said}");
    let (code, said) = refused(PROGRAM, directory.path(), &["--stor", "memory:"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("--stor") && said.contains("database"), "it names what there is: {said}");
}
