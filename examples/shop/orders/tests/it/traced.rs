//! One trace through three processes: who tells of a reservation, the store, and the orders service
//! that settles the order because of it.

use crate::process::{PROGRAM, start};
use headwater::model::{ContextName, Query, ReadAll, RecordedEvent};
use headwater::prelude::*;
use headwater_server::{Server, ServerOptions};
use headwater_telemetry::collector::{Collector, Seen, SeenSpan};
use headwater_telemetry::{Protocol, TelemetryOptions};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// A store as a server, which tells the collector.
async fn serve(store: &Store, collector: &Collector) -> SocketAddr {
    let told = TelemetryOptions {
        protocol: Protocol::Grpc,
        ..TelemetryOptions::new(collector.endpoint().parse().unwrap(), "store")
    };
    let options = ServerOptions { telemetry: Some(told), ..ServerOptions::default() };
    let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::bind(anywhere, Arc::clone(store.contexts()), options).await.unwrap();
    let address = server.address();
    tokio::spawn(server.run(std::future::pending()));
    address
}

/// The event of this type in `orders`, once it is there.
async fn recorded(store: &Store, event_type: &str) -> RecordedEvent {
    let context = store.context(ContextName::new("orders").unwrap()).await.unwrap();
    loop {
        let page = context.read_all(ReadAll::forwards(Query::all())).await.unwrap();
        let found = page.events.into_iter().find(|event| event.event_type.as_str() == event_type);
        if let Some(found) = found {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

/// Somebody else's event, who has begun the trace.
async fn tell_of_reservation(server: SocketAddr, order: &str) {
    let url = format!("http://{server}/v1/contexts/customers/streams/customer-1/events");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let event = json!({ "type": "CreditReserved", "payload": { "order": order } });
    let request = client.post(format!("{url}?expected=any")).json(&event);
    let answer = request.header("traceparent", format!("00-{TRACE}-{SPAN}-01")).send().await;
    assert_eq!(answer.unwrap().status(), 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_goes_on_in_the_process_that_reacts() {
    let (collector, store) = (Collector::start().await, Store::memory());
    let server = serve(&store, &collector).await;
    let directory = tempfile::tempdir().unwrap();
    let (at, endpoint) = (format!("headwater://{server}"), collector.endpoint());
    let service = start(
        PROGRAM,
        directory.path(),
        &[
            "--store",
            &at,
            "--time-limit",
            "1h",
            "--telemetry.otlp-endpoint",
            &endpoint,
            "--telemetry.metrics-every",
            "100ms",
        ],
    );
    service.is_ready().await;
    let order = json!({ "customerId": "ann", "orderTotal": { "amount": "12.34" } });
    let (status, order): (u16, Value) = service.post("/orders", order).await;
    assert_eq!(status, 201, "{order}");
    tell_of_reservation(server, order["orderId"].as_str().unwrap()).await;

    let one = |name: &'static str, group: &'static str| {
        move |seen: &Seen| {
            let is = |span: &&SeenSpan| {
                span.name == name && span.attribute("messaging.consumer.group.name") == Some(group)
            };
            seen.spans.iter().find(is).cloned()
        }
    };
    let append = collector.sees("the append", |seen| {
        let is = |span: &&SeenSpan| span.name == "append customers" && span.service == "store";
        seen.spans.iter().find(is).cloned()
    });
    let append = append.await;
    assert_eq!((&*append.trace, &*append.parent), (TRACE, SPAN));
    let reacted = collector.sees("the reaction", one("process customers", "settle-order")).await;
    assert_eq!((&*reacted.service, reacted.kind), ("orders", 5));
    assert_eq!((&*reacted.trace, &*reacted.parent), (TRACE, SPAN), "the trace goes on");
    assert_eq!(reacted.links, [(TRACE.to_owned(), SPAN.to_owned())]);
    assert_eq!(reacted.attribute("cloudevents.event_type"), Some("CreditReserved"));
    let approved = recorded(&store, "OrderApproved").await;
    assert_eq!(approved.metadata.traceparent.as_deref(), Some(&*reacted.trace_parent()));
    let handled = collector.sees("the batch", one("handle customers", "settle-order")).await;
    assert_eq!(handled.links, [(TRACE.to_owned(), SPAN.to_owned())]);

    // What nobody had begun begins with the request.
    let taken = collector.span("POST /orders").await;
    let created = recorded(&store, "OrderCreated").await;
    assert_eq!(created.metadata.traceparent.as_deref(), Some(&*taken.trace_parent()));
    let shown = collector.sees("the table", one("handle orders", "orders")).await;
    assert!(shown.links.iter().any(|(trace, _)| *trace == taken.trace), "{shown:?}");
    for metric in ["headwater_http_requests_total", "headwater_reader_lag_positions"] {
        collector.metric(metric).await;
    }
    assert!(collector.seen().metrics_of.iter().any(|service| service == "orders"));
    assert!(service.stop(), "SIGTERM is no failure");
}
