//! A collector by TLS: it is told only if its certificate counts.

use crate::sent::{Page, options};
use headwater_telemetry::collector::Collector;
use headwater_telemetry::{Kind, Protocol, Telemetry, TelemetryOptions};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tempfile::TempDir;

/// A collector with a certificate of its own, and the file that says so.
async fn secured() -> (Collector, TempDir, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a pair");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("authority.pem");
    std::fs::write(&file, made.cert.pem()).expect("written");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("there are some")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("they belong together");
    (Collector::start_secured(config).await, directory, file)
}

fn tell(telemetry: &Telemetry) {
    drop(telemetry.tracer().begin(Kind::Server, None, || "append".to_owned()));
}

#[tokio::test]
async fn a_collector_whose_certificate_counts_is_told_by_tls_in_both_protocols() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let (collector, _directory, authority) = secured().await;
        let options = TelemetryOptions {
            authority: Some(authority),
            ..options(&collector.endpoint(), protocol)
        };
        let telemetry = Telemetry::start(&options, Arc::new(Page::default())).expect("options");
        tell(&telemetry);
        collector.span("append").await;
        telemetry.close(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn a_collector_whose_certificate_does_not_count_is_told_nothing() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let (collector, _directory, _) = secured().await;
        let page = Arc::new(Page::default());
        let telemetry = Telemetry::start(&options(&collector.endpoint(), protocol), page.clone());
        let telemetry = telemetry.expect("options");
        tell(&telemetry);
        telemetry.close(Duration::from_secs(5)).await;
        assert_eq!(collector.seen().spans, []);
        assert_eq!(page.dropped.load(Ordering::Relaxed), 1, "{protocol:?}");
    }
}
