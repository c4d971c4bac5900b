//! Enforcing: nothing is stored that does not fit.
//!
//! The story: a service in another language wrote amounts as text for a day; every reader behind it halted.

use super::orders;
use headwater_model::{
    Append, AppendError, ContentType, EventId, EventStore, EventType, ExpectedRevision, Metadata,
    NewEvent, StreamName,
};
use headwater_registry::{Enforce, Registry, Rules};
use serde_json::json;

fn event(name: &str, schema_version: u32, payload: &str) -> NewEvent {
    NewEvent {
        id: EventId(uuid::Uuid::now_v7()),
        event_type: EventType::new(name.to_owned()).unwrap(),
        schema_version,
        content_type: ContentType::Json,
        payload: payload.to_owned().into(),
        metadata: Metadata::default(),
        tags: Vec::new(),
    }
}

async fn append(store: &dyn EventStore, events: Vec<NewEvent>) -> Result<(), String> {
    let stream = StreamName::new("order-1").unwrap();
    match store.append(Append::to(stream, ExpectedRevision::Any, events)).await {
        Ok(_) => Ok(()),
        Err(AppendError::Invalid { why }) => Err(why),
        Err(error) => panic!("{error}"),
    }
}

async fn enforce(registry: &Registry, enforce: Enforce) {
    registry.set_rules(Rules { enforce, ..Rules::default() }).await.unwrap();
}

#[tokio::test]
async fn what_does_not_fit_is_refused_whole_with_its_place() {
    let store = orders().await;
    let registry = Registry::new(store.clone());
    let schema = json!({ "type": "object", "required": ["total"],
        "properties": { "total": { "type": "integer" } } });
    registry.register("OrderCreated", 1, &schema).await.unwrap();
    let (good, bad) = (r#"{"total":5}"#, r#"{"total":"5"}"#);
    append(&*store, vec![event("OrderCreated", 1, bad)]).await.expect("nothing is enforced yet");
    enforce(&registry, Enforce::Known).await;
    append(&*store, vec![event("OrderCreated", 1, good)]).await.unwrap();
    let both = vec![event("OrderCreated", 1, good), event("OrderCreated", 1, bad)];
    let why = append(&*store, both).await.unwrap_err();
    assert!(why.contains("OrderCreated does not fit version 1 of its schema at /total"), "{why}");
    let head = store.stream(StreamName::new("order-1").unwrap()).await.unwrap().last;
    assert_eq!(head.map(|last| last.0), Some(1), "A1: all or nothing");
}

#[tokio::test]
async fn what_is_not_registered_passes_unless_all_must_be() {
    let store = orders().await;
    let registry = Registry::new(store.clone());
    registry.register("OrderCreated", 1, &json!({ "type": "object" })).await.unwrap();
    enforce(&registry, Enforce::Known).await;
    append(&*store, vec![event("Noted", 1, "{}")]).await.unwrap();
    let why = append(&*store, vec![event("OrderCreated", 2, "{}")]).await.unwrap_err();
    assert_eq!(why, "version 2 of OrderCreated is not registered here");
    enforce(&registry, Enforce::All).await;
    let why = append(&*store, vec![event("Noted", 1, "{}")]).await.unwrap_err();
    assert_eq!(why, "no schema of Noted is registered here");
    registry.register("Noted", 1, &json!(true)).await.unwrap();
    append(&*store, vec![event("Noted", 1, "{}")]).await.expect("it holds from the next append on");
    let why = append(&*store, vec![event("Noted", 1, "no JSON")]).await.unwrap_err();
    assert!(why.contains("is not JSON"), "{why}");
}
