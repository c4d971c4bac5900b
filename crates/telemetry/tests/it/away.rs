//! A collector that is away, full or foolish. Once, a service stood still with it.

use crate::sent::{Page, options};
use headwater_telemetry::collector::{Collector, Refuses};
use headwater_telemetry::{Kind, Protocol, Telemetry};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn end(telemetry: &Telemetry, count: usize) {
    for _ in 0..count {
        drop(telemetry.tracer().begin(Kind::Server, None, || "append".to_owned()));
    }
}

/// An address where nobody listens.
fn nowhere() -> String {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", free.local_addr().expect("it has an address"))
}

/// The queue is bounded, and nobody waits for room in it.
#[tokio::test]
async fn what_does_not_fit_is_dropped_and_all_of_it_is_counted() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let page = Arc::new(Page::default());
        let telemetry = Telemetry::start(&options(&nowhere(), protocol), page.clone());
        let telemetry = telemetry.expect("it starts all the same");
        end(&telemetry, 10_000);
        let dropped = page.dropped.load(Ordering::Relaxed);
        assert!((5_000..10_000).contains(&dropped), "{dropped} of 10,000, {protocol:?}");
        telemetry.close(Duration::from_secs(5)).await;
        assert_eq!(page.dropped.load(Ordering::Relaxed), 10_000, "what was left is counted too");
    }
}

#[tokio::test]
async fn a_message_is_sent_again_until_the_collector_takes_it() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let collector = Collector::start().await;
        collector.refuse(Some(Refuses::ForNow));
        let page = Arc::new(Page::default());
        let telemetry = Telemetry::start(&options(&collector.endpoint(), protocol), page.clone());
        let telemetry = telemetry.expect("options");
        end(&telemetry, 1);
        collector.sees("a refusal", |seen| (seen.refused_count > 0).then_some(())).await;
        collector.refuse(None);
        collector.span("append").await;
        telemetry.close(Duration::from_secs(5)).await;
        assert_eq!(collector.seen().spans.len(), 1, "{protocol:?}");
        assert_eq!(page.dropped.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn what_a_collector_refuses_for_good_is_counted_and_not_sent_again() {
    for (protocol, refuses, lost) in [
        (Protocol::Grpc, Refuses::ForGood, 5),
        (Protocol::Http, Refuses::ForGood, 5),
        (Protocol::Grpc, Refuses::Some(2), 2),
        (Protocol::Http, Refuses::Some(2), 2),
    ] {
        let collector = Collector::start().await;
        collector.refuse(Some(refuses));
        let page = Arc::new(Page::default());
        let telemetry = Telemetry::start(&options(&collector.endpoint(), protocol), page.clone());
        let telemetry = telemetry.expect("options");
        end(&telemetry, 5);
        telemetry.close(Duration::from_secs(5)).await;
        assert_eq!(page.dropped.load(Ordering::Relaxed), lost, "{protocol:?} {refuses:?}");
    }
}

/// A collector that takes the connection and never says a word.
#[tokio::test]
async fn closing_does_not_wait_for_a_collector_that_does_not_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = format!("http://{}", silent.local_addr().expect("it has an address"));
    let page = Arc::new(Page::default());
    let telemetry = Telemetry::start(&options(&at, Protocol::Http), page.clone()).expect("options");
    end(&telemetry, 3);
    let within = Duration::from_millis(50);
    let closed = tokio::time::timeout(Duration::from_secs(2), telemetry.close(within)).await;
    assert!(closed.is_ok(), "it is closed within its time");
    assert_eq!(page.dropped.load(Ordering::Relaxed), 3);
    drop(silent);
}
