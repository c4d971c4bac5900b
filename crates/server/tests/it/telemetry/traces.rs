//! A request's trace is found in the events that it brought, and its span in the collector, whatever
//! protocol it came by.

use super::site::{Site, TRACE, name, told, traceparent};
use bytes::Bytes;
use headwater_client::{Client, ClientOptions};
use headwater_model::{
    Append, Contexts, Delivery, EventId, EventType, ExpectedRevision, Metadata, NewEvent, Query,
    Start, StreamName, Subscribe,
};
use headwater_server::telemetry::collector::{Collector, SeenSpan};
use headwater_server::telemetry::{SampleRatio, TelemetryOptions};
use headwater_wire::kurrent::event_store::client::streams as kurrent;
use headwater_wire::v1;
use headwater_wire::v1::event_store_client::EventStoreClient;
use reqwest::Method;
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;

fn event(n: u128, trace: Option<&str>) -> NewEvent {
    let traceparent = trace.map(Into::into);
    let kind = EventType::new("Counted").unwrap();
    let metadata = Metadata { traceparent, ..Metadata::default() };
    NewEvent { metadata, ..NewEvent::json(EventId(Uuid::from_u128(n)), kind, "{}") }
}

fn append(n: u128, trace: Option<&str>) -> Append {
    let stream = StreamName::new("order-1").unwrap();
    Append::to(stream, ExpectedRevision::Any, vec![event(n, trace)])
}

fn channel(site: &Site) -> Channel {
    Endpoint::from_shared(format!("http://{}", site.address)).unwrap().connect_lazy()
}

fn with_trace<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert("traceparent", traceparent().parse().unwrap());
    request
}

fn is_below_the_request(span: &SeenSpan) {
    assert_eq!((&*span.trace, &*span.parent), (TRACE, "00f067aa0ba902b7"), "{span:?}");
}

#[tokio::test]
async fn an_append_over_http_has_a_span_and_its_events_have_its_trace() {
    let collector = Collector::start().await;
    let site = Site::telling(&collector.endpoint()).await;
    let own = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01";
    let events = json!([
        { "type": "Placed" }, { "type": "Paid", "metadata": { "traceparent": own } }
    ]);
    let path = "/streams/order-8f3a/events";
    let made = site.traced(Method::POST, &format!("{path}?expected=none"), events.clone()).await;
    assert_eq!(made.0, 201, "{}", made.1);
    let stored: Vec<_> = site.events().await.into_iter().map(|e| e.metadata.traceparent).collect();
    assert_eq!(stored, [Some(traceparent().into()), Some(own.into())]);

    let span = collector.span("append demo").await;
    is_below_the_request(&span);
    assert_eq!((&*span.service, span.kind, span.failed), ("store", 2, false));
    for (attribute, value) in [
        ("messaging.system", "headwater"),
        ("messaging.operation.name", "append"),
        ("messaging.operation.type", "send"),
        ("messaging.destination.name", "demo"),
        ("messaging.destination.template", "order-{id}"),
        ("headwater.stream", "order-8f3a"),
        ("messaging.batch.message_count", "2"),
    ] {
        assert_eq!(span.attribute(attribute), Some(value), "{attribute}");
    }
    let again = format!("{path}?expected=none");
    let refused = site.traced(Method::POST, &again, json!([{ "type": "A" }]));
    assert_eq!(refused.await.0, 412);
    let code = |span: &SeenSpan| span.attribute("error.type").map(str::to_owned);
    let refused = collector
        .sees("a refusal", |seen| seen.spans.iter().find(|span| code(span).is_some()).cloned());
    let refused = refused.await;
    assert_eq!(code(&refused).as_deref(), Some("append.wrong_revision"));
    assert!(!refused.failed, "an answer is no failure");
    site.traced(Method::GET, path, Value::Null).await;
    let read = collector.span("read demo").await;
    is_below_the_request(&read);
    assert_eq!(read.attribute("messaging.batch.message_count"), Some("2"));
    site.stop().await;
}

#[tokio::test]
async fn an_append_over_grpc_has_them_too() {
    let collector = Collector::start().await;
    let site = Site::telling(&collector.endpoint()).await;
    let request = v1::AppendRequest {
        context: Bytes::from_static(b"demo"),
        append: Some((&append(1, None)).into()),
    };
    EventStoreClient::new(channel(&site)).append(with_trace(request)).await.unwrap();
    is_below_the_request(&collector.span("append demo").await);
    assert_eq!(site.events().await[0].metadata.traceparent, Some(traceparent().into()));
    site.stop().await;
}

#[tokio::test]
async fn an_append_of_a_client_of_kurrentdb_has_them_too() {
    use kurrent::append_req::{Content, Options, ProposedMessage, options};
    let collector = Collector::start().await;
    let site = Site::telling(&collector.endpoint()).await;
    let expected = options::ExpectedStreamRevision::NoStream(
        headwater_wire::kurrent::event_store::client::Empty {},
    );
    let stream = headwater_wire::kurrent::event_store::client::StreamIdentifier {
        stream_name: Bytes::from_static(b"order-1"),
    };
    let head =
        Options { stream_identifier: Some(stream), expected_stream_revision: Some(expected) };
    let properties = [("type", "Placed"), ("content-type", "application/json")];
    let id = headwater_wire::kurrent::event_store::client::uuid::Value::String(
        Uuid::from_u128(1).to_string(),
    );
    let one = ProposedMessage {
        id: Some(headwater_wire::kurrent::event_store::client::Uuid { value: Some(id) }),
        metadata: properties.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        custom_metadata: Bytes::new(),
        data: Bytes::from_static(b"{}"),
    };
    let contents = [Content::Options(head), Content::ProposedMessage(one)];
    let requests = contents.map(|content| kurrent::AppendReq { content: Some(content) });
    let mut client = kurrent::streams_client::StreamsClient::new(channel(&site));
    client.append(with_trace(futures_util::stream::iter(requests))).await.unwrap();
    let span = collector.span("append default").await;
    is_below_the_request(&span);
    site.stop().await;
}

/// A pipeline is of no request; what it carries says itself where it is from.
#[tokio::test]
async fn an_append_of_a_pipeline_is_below_its_own_event_or_begins_a_trace() {
    let collector = Collector::start().await;
    let site = Site::telling(&collector.endpoint()).await;
    let address = format!("headwater://{}", site.address).parse().unwrap();
    let client = Client::connect(address, ClientOptions::default()).await.unwrap();
    let context = client.context(name()).await.unwrap();
    context.append(append(1, Some(&traceparent()))).await.unwrap();
    is_below_the_request(&collector.span("append demo").await);
    context.append(append(2, None)).await.unwrap();
    let begun = collector.sees("the second span", |seen| {
        let begun = |span: &&SeenSpan| span.name == "append demo" && span.parent.is_empty();
        seen.spans.iter().find(begun).cloned()
    });
    let begun = begun.await.trace_parent();
    let stored: Vec<_> = site.events().await.into_iter().map(|e| e.metadata.traceparent).collect();
    assert_eq!(stored, [Some(traceparent().into()), Some(begun.into())]);
    let unrecorded = traceparent().replace("-01", "-00");
    context.append(append(3, Some(&unrecorded))).await.unwrap();
    let linked = collector.sees("a linked span", |seen| {
        let linked = |span: &&SeenSpan| span.name == "append demo" && !span.links.is_empty();
        seen.spans.iter().find(linked).cloned()
    });
    let linked = linked.await;
    assert_ne!(linked.trace, TRACE, "who does not record a trace has no say in ours");
    assert_eq!(linked.links, [(TRACE.to_owned(), "00f067aa0ba902b7".to_owned())]);
    site.stop().await;
}

#[tokio::test]
async fn deliveries_of_a_subscription_are_linked_to_the_traces_of_their_events() {
    let collector = Collector::start().await;
    let site = Site::telling(&collector.endpoint()).await;
    let address = format!("headwater://{}", site.address).parse().unwrap();
    let client = Client::connect(address, ClientOptions::default()).await.unwrap();
    let context = client.context(name()).await.unwrap();
    context.append(append(1, Some(&traceparent()))).await.unwrap();
    let from = Subscribe { query: Query::all(), start: Start::Beginning };
    let mut subscription = context.subscribe(from).await.unwrap();
    while !matches!(subscription.next().await.unwrap(), Delivery::CaughtUp { .. }) {}
    let span = collector.span("deliver demo").await;
    assert_eq!((span.kind, &*span.parent), (4, ""));
    assert_eq!(span.links, [(TRACE.to_owned(), "00f067aa0ba902b7".to_owned())]);
    assert_eq!(span.attribute("messaging.destination.template"), Some("order-{id}"));
    assert_eq!(span.attribute("messaging.batch.message_count"), Some("1"));
    site.stop().await;
}

#[tokio::test]
async fn what_a_group_hands_out_and_hears_has_spans() {
    let collector = Collector::start().await;
    let site = Site::telling(&collector.endpoint()).await;
    let group = "/groups/billing";
    let made = json!({ "start": "now", "settings": {} });
    assert_eq!(site.traced(Method::PUT, group, made).await.0, 201);
    site.append("a-1").await;
    let fetch = format!("{group}/members/one/fetch?limit=1");
    let (_, fetched) = site.traced(Method::POST, &fetch, Value::Null).await;
    let ids = json!({ "deliveries": [fetched["deliveries"][0]["id"]] });
    let ack = format!("{group}/members/one/ack");
    assert_eq!(site.traced(Method::POST, &ack, ids.clone()).await.0, 200);
    for name in ["deliver demo", "ack demo"] {
        let span = collector.span(name).await;
        is_below_the_request(&span);
        assert_eq!(span.attribute("messaging.consumer.group.name"), Some("billing"));
        assert_eq!(span.attribute("messaging.batch.message_count"), Some("1"));
    }
    assert_eq!(site.traced(Method::POST, &ack, ids).await.0, 409);
    collector
        .sees("a refused ack", |seen| {
            let code = |span: &&SeenSpan| span.attribute("error.type") == Some("group.not_yours");
            seen.spans.iter().find(code).map(|_| ())
        })
        .await;
    site.stop().await;
}

/// A4, and the promise that whoever does not record a trace is not recorded.
#[tokio::test]
async fn what_nobody_records_has_no_span_and_keeps_its_trace_all_the_same() {
    let collector = Collector::start().await;
    let none = TelemetryOptions { sample_ratio: SampleRatio::NONE, ..told(&collector.endpoint()) };
    let site = Site::with(Some(none)).await;
    let unrecorded = traceparent().replace("-01", "-00");
    let path = "/streams/a-1/events?expected=any";
    let request = site.request(Method::POST, path).header("traceparent", &unrecorded);
    let answer = request.json(&json!({ "type": "A" })).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    site.append("a-1").await;
    let stored: Vec<_> = site.events().await.into_iter().map(|e| e.metadata.traceparent).collect();
    assert_eq!(stored, [Some(unrecorded.into()), None]);
    site.stop().await;
    assert_eq!(collector.seen().spans, []);
}

#[tokio::test]
async fn a_trace_is_stored_by_a_server_that_tells_nobody() {
    let site = Site::with(None).await;
    let request = v1::AppendRequest {
        context: Bytes::from_static(b"demo"),
        append: Some((&append(1, None)).into()),
    };
    EventStoreClient::new(channel(&site)).append(with_trace(request)).await.unwrap();
    site.append("a-1").await;
    let stored: Vec<_> = site.events().await.into_iter().map(|e| e.metadata.traceparent).collect();
    assert_eq!(stored, [Some(traceparent().into()), None]);
    assert!(!site.metrics().await.contains("telemetry"), "and counts nothing about it");
    site.stop().await;
}
