//! What a process says arrives, whole, in both protocols, and what nobody asked for does not.

use futures_util::future::BoxFuture;
use headwater_telemetry::collector::Collector;
use headwater_telemetry::{
    Figures, Headers, Kind, Protocol, SampleRatio, Signal, Telemetry, TelemetryOptions, TraceParent,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A page that never changes, and what was dropped.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) dropped: AtomicU64,
}

impl Figures for Page {
    fn text(&self) -> BoxFuture<'_, Option<String>> {
        let text = "# TYPE appends_total counter\nappends_total{context=\"orders\"} 7\n";
        Box::pin(async { Some(text.to_owned()) })
    }

    fn dropped(&self, signal: Signal, count: u64) {
        if signal == Signal::Spans {
            self.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }
}

pub(crate) fn options(endpoint: &str, protocol: Protocol) -> TelemetryOptions {
    let endpoint = endpoint.parse().expect("an endpoint");
    TelemetryOptions { protocol, ..TelemetryOptions::new(endpoint, "store") }
}

pub(crate) fn parent() -> TraceParent {
    TraceParent::parse(&format!("00-{TRACE}-00f067aa0ba902b7-01")).expect("well formed")
}

#[tokio::test]
async fn spans_and_metrics_arrive_in_both_protocols() {
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let collector = Collector::start().await;
        let headers = Headers::parse("x-key=secret%21").expect("a header");
        let options = TelemetryOptions {
            headers,
            metrics_every: Duration::from_millis(20),
            ..options(&collector.endpoint(), protocol)
        };
        let telemetry = Telemetry::start(&options, Arc::new(Page::default())).expect("options");
        let begin = |name: &'static str, below| {
            telemetry.tracer().begin(Kind::Server, below, || name.to_owned())
        };
        let mut below = begin("append orders", Some(parent())).expect("its trace is recorded");
        below.set("messaging.batch.message_count", 3_i64);
        below.failed("append.unavailable", "the disk is full");
        let own = below.trace_parent().expect("it has one");
        drop(below);
        let mut first = begin("deliver orders", None).expect("all traces are recorded");
        first.link(parent());
        drop(first);

        let span = collector.span("append orders").await;
        assert_eq!((&*span.trace, &*span.parent), (TRACE, "00f067aa0ba902b7"), "{protocol:?}");
        assert_eq!(span.trace_parent(), own.to_string());
        assert_eq!((&*span.service, span.kind, span.failed), ("store", 2, true));
        assert_eq!(span.attribute("messaging.batch.message_count"), Some("3"));
        assert_eq!(span.attribute("error.type"), Some("append.unavailable"));
        assert_eq!(span.headers.get("x-key").map(String::as_str), Some("secret!"));
        let span = collector.span("deliver orders").await;
        assert_eq!(span.parent, "");
        assert_ne!(span.trace, TRACE);
        assert_eq!(span.links, [(TRACE.to_owned(), "00f067aa0ba902b7".to_owned())]);
        assert_eq!(collector.metric("appends_total").await.name, "appends_total");
        assert_eq!(collector.seen().metrics_of.first().map(String::as_str), Some("store"));
        telemetry.close(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn a_trace_is_recorded_if_who_began_it_does_and_a_new_one_by_the_ratio() {
    let collector = Collector::start().await;
    let none = TelemetryOptions {
        sample_ratio: SampleRatio::NONE,
        ..options(&collector.endpoint(), Protocol::Http)
    };
    let telemetry = Telemetry::start(&none, Arc::new(Page::default())).expect("options");
    let begin = |below| telemetry.tracer().begin(Kind::Server, below, || "read".to_owned());
    assert!(begin(None).is_none());
    assert!(begin(Some(parent())).is_some());
    let not_recorded = TraceParent::parse(&parent().to_string().replace("-01", "-00"));
    assert!(begin(not_recorded).is_none());
    telemetry.close(Duration::from_secs(5)).await;
    assert_eq!(collector.seen().spans.len(), 1);
}

/// What had happened was not told when the process ended in the second before the next message.
#[tokio::test]
async fn closing_sends_what_is_left() {
    let collector = Collector::start().await;
    let options = options(&collector.endpoint(), Protocol::Grpc);
    let telemetry = Telemetry::start(&options, Arc::new(Page::default())).expect("options");
    for n in 0..1_500 {
        let span = telemetry.tracer().begin(Kind::Producer, None, || format!("deliver {n}"));
        drop(span);
    }
    telemetry.close(Duration::from_secs(20)).await;
    let seen = collector.seen();
    assert_eq!(seen.spans.len(), 1_500);
    assert!(!seen.metrics.is_empty(), "and the last figures");
}
