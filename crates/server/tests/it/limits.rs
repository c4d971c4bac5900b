//! Limits that were turned: a server that allows less than the model says so, over every protocol.

use headwater_client::{Address, Client, ClientOptions};
use headwater_model::{
    Append, AppendError, ContextName, Contexts, EventId, EventStore, EventType, ExpectedRevision,
    NewEvent, Query, ReadError, Start, StreamName, Subscribe, Unavailable,
};
use headwater_server::{Limits, Server, ServerOptions, StoredLimits};
use headwater_store::EmbeddedStore;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tempfile::TempDir;

/// A context of a server with these limits; the directory goes away with what is returned.
async fn served(limits: Limits) -> (Arc<dyn EventStore>, Address, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = EmbeddedStore::open(directory.path()).expect("the store opens");
    let options = ServerOptions { limits, ..ServerOptions::default() };
    let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
    let server = Server::bind(anywhere, Arc::new(store), options).await.expect("it starts");
    let address: Address = format!("headwater://{}", server.address()).parse().expect("an address");
    tokio::spawn(server.run(std::future::pending()));
    let client = Client::connect(address.clone(), ClientOptions::default()).await;
    let name = ContextName::new("default").expect("a name");
    let context = client.expect("it answers").context(name).await.expect("it is made");
    (context, address, directory)
}

fn stored(stored: StoredLimits) -> Limits {
    Limits { stored, ..Limits::default() }
}

fn append(stream: &str, payloads: &[&str]) -> Append {
    let event = |payload: &&str| {
        let kind = EventType::new("OrderPlaced").expect("a type");
        NewEvent::json(EventId(uuid::Uuid::now_v7()), kind, format!("{payload:?}"))
    };
    let events = payloads.iter().map(event).collect();
    Append::to(StreamName::new(stream).expect("a name"), ExpectedRevision::NoStream, events)
}

/// A5: what does not fit writes nothing and says both numbers; what just fits is appended.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_this_server_allows_is_refused_with_both_numbers() {
    let turned = StoredLimits {
        payload_bytes_max: 5,
        append_bytes_max: 9,
        append_event_count_max: 3,
        stream_name_bytes_max: 7,
        ..StoredLimits::default()
    };
    let (context, address, _directory) = served(stored(turned)).await;
    for (name, payloads, sizes) in [
        ("order-1", &["1234"][..], (6, 5)),
        ("order-1", &["123", "12", "1"], (12, 9)),
        ("order-1", &["", "", "", ""], (4, 3)),
        ("order-22", &["1"], (8, 7)),
    ] {
        let refused = context.append(append(name, payloads)).await.expect_err("too large");
        let AppendError::TooLarge { size, size_max, .. } = refused else { panic!("{refused}") };
        assert_eq!((size, size_max), sizes);
    }
    assert_eq!(context.head().await.expect("a head").1, None, "nothing was written");
    context.append(append("order-1", &["123", "12"])).await.expect("it just fits");
    let url = format!("{}/v1/contexts/default/streams/order-2/events?expected=any", address.http());
    let body = serde_json::json!([{ "type": "OrderPlaced", "payload": "1234" }]);
    let answer = reqwest::Client::new().post(url).json(&body).send().await.expect("an answer");
    let problem: serde_json::Value = answer.json().await.expect("a problem");
    assert_eq!(problem["code"], "append.too_large", "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_have_as_many_places_as_this_server_allows() {
    let limits = Limits { subscription_count_max: 1, ..Limits::default() };
    let (context, ..) = served(limits).await;
    let all = || Subscribe { query: Query::all(), start: Start::Beginning };
    let first = context.subscribe(all()).await.expect("there is a place");
    let refused = context.subscribe(all()).await.err().expect("there is no second");
    let ReadError::Unavailable(Unavailable::Io { why, .. }) = &refused else { panic!("{refused}") };
    assert!(why.contains("there are 1 already"), "{why}");
    drop(first);
    // The server hears of it in its own time.
    while context.subscribe(all()).await.is_err() {}
}

/// A small room for what is unanswered makes appends slower, never wrong.
#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_of_one_answers_everybody() {
    let limits = Limits { pipeline_count_max: 1, pipeline_bytes_max: 1, ..Limits::default() };
    let (context, ..) = served(limits).await;
    let names: Vec<String> = (0..20).map(|n| format!("order-{n}")).collect();
    let all = names.iter().map(|name| context.append(append(name, &["1"])));
    for appended in futures_util::future::join_all(all).await {
        appended.expect("each in its turn");
    }
}
