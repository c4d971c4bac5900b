//! Stores by URL.

use headwater::prelude::*;
use headwater::{OpenError, StartError};
use headwater_model::memory::MemoryContexts;
use headwater_model::{
    Append, ContextName, EventId, EventType, ExpectedRevision, NewEvent, StreamName, Timestamp,
};
use headwater_server::{Server, ServerOptions};
use std::sync::Arc;

#[tokio::test]
async fn a_url_names_its_store_or_says_what_to_write() {
    assert!(Store::open("memory:").await.is_ok());
    for url in ["", "file:", "./data", "memory:x", "nats://somewhere"] {
        let error = Store::open(url).await.map(drop).unwrap_err();
        assert_eq!(error, OpenError::Scheme { url: url.into() });
        assert_eq!(error.code(), "store.url");
        let start = StartError::from(error);
        assert!(start.to_string().contains("file:./.headwater"), "{start}");
    }
    for url in ["headwater://", "headwater://localhost:2113/orders"] {
        let error = Store::open(url).await.map(drop).unwrap_err();
        assert_eq!(error.code(), "client.address");
        assert!(StartError::from(error).to_string().contains(url));
    }
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&format!("file:{}", file.display())).await.map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Store { .. }), "{error}");
}

/// From laptop to server by changing a URL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_of_a_server_is_a_store() {
    let contexts = Arc::new(MemoryContexts::new(Arc::new(|| Timestamp::from_micros(7))));
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(anywhere, contexts, ServerOptions::default()).await.unwrap();
    let url = format!("headwater://{}", server.address());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { drop(stopped.await) }));
    let store = Store::open(&url).await.unwrap();
    let context = ContextName::new("orders").unwrap();
    let orders = store.contexts().context(context.clone()).await.unwrap();
    let event = NewEvent::json(EventId(uuid()), EventType::new("OrderPlaced").unwrap(), "{}");
    let stream = StreamName::new("order-1").unwrap();
    let append = Append::to(stream.clone(), ExpectedRevision::NoStream, vec![event]);
    assert!(!orders.append(append.clone()).await.unwrap().replayed);
    assert!(orders.append(append).await.unwrap().replayed, "A4");
    assert_eq!(store.contexts().names().await.unwrap(), [context]);
    stop.send(()).unwrap();
    running.await.unwrap();
}

fn uuid() -> uuid::Uuid {
    uuid::Uuid::from_u128(1)
}
