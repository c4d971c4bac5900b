//! The gateway service as a process of its own: ready without the services behind it, whose silence it names.

#[path = "../../../tests/process/started.rs"]
mod started;

use started::{refused, start};

const PROGRAM: &str = env!("CARGO_BIN_EXE_shop-gateway");

#[tokio::test]
async fn a_gateway_before_nobody_is_alive_and_says_who_is_silent() {
    let directory = tempfile::tempdir().unwrap();
    // Port 9 of this machine: nobody listens there, and nobody can by chance.
    let nobody = ["--customers", "http://127.0.0.1:9"];
    let gateway = start(PROGRAM, directory.path(), &nobody);
    assert_eq!(gateway.get("/livez").await.0, 200);
    gateway.is_ready().await;
    let (status, problem) = gateway.post("/customers", "".into()).await;
    assert_eq!(status, 503, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("customers"), "{problem}");
    assert!(gateway.stop(), "SIGTERM is no failure");
}

#[test]
fn a_setting_that_it_does_not_have_is_refused_before_it_starts() {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = refused(PROGRAM, directory.path(), &["--store", "memory:"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("--store") && said.contains("breaker"), "it names what there is: {said}");
}
