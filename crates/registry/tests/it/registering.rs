//! Registering: what follows what, by which rules.

use super::registry;
use headwater_registry::{Compatibility, Registered, RegistryError, Rules};
use serde_json::{Value, json};

fn schema(kind: &str, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": { "total": { "type": kind } }, "required": required })
}

#[tokio::test]
async fn a_schema_is_found_by_its_event_and_version_and_registered_once() {
    let registry = registry().await;
    let (one, two) = (schema("integer", &["total"]), schema("number", &["total"]));
    assert_eq!(registry.register("OrderCreated", 1, &one).await.unwrap(), Registered::Now);
    assert_eq!(registry.register("OrderCreated", 1, &one).await.unwrap(), Registered::Already);
    assert_eq!(registry.register("OrderCreated", 2, &two).await.unwrap(), Registered::Now);
    assert_eq!(registry.schema("OrderCreated", Some(1)).await.unwrap().schema, one);
    assert_eq!(registry.schema("OrderCreated", None).await.unwrap().version, 2);
    assert_eq!(registry.history("OrderCreated").await.unwrap().len(), 2);
    registry.register("Cancelled", 1, &one).await.unwrap();
    let all = registry.all().await.unwrap();
    let names: Vec<_> = all.iter().map(|schema| (&*schema.event_type, schema.version)).collect();
    assert_eq!(names, [("Cancelled", 1), ("OrderCreated", 2)]);
    let unknown = registry.schema("Nothing", None).await.unwrap_err();
    assert_eq!(unknown.code(), "schema.unknown");
}

#[tokio::test]
async fn what_would_break_a_reader_is_refused_with_what_it_breaks() {
    let registry = registry().await;
    registry.register("OrderCreated", 1, &schema("integer", &[])).await.unwrap();
    let needed = schema("integer", &["total"]);
    let refused = registry.register("OrderCreated", 1, &needed).await.unwrap_err();
    assert_eq!(refused.code(), "schema.incompatible");
    assert!(refused.to_string().contains("BACKWARD"), "{refused}");
    assert!(refused.to_string().contains("/total: is needed, and may be left out"), "{refused}");
    assert_eq!(registry.check("OrderCreated", &needed).await.unwrap().len(), 1);
    let rules = Rules { compatibility: Compatibility::Forward, ..Rules::default() };
    registry.set_rules(rules).await.unwrap();
    assert_eq!(registry.rules().await.unwrap(), rules);
    assert_eq!(registry.register("OrderCreated", 1, &needed).await.unwrap(), Registered::Now);
}

#[tokio::test]
async fn a_transitive_rule_looks_at_all_that_came_before() {
    let registry = registry().await;
    let rules = |compatibility| Rules { compatibility, ..Rules::default() };
    registry.set_rules(rules(Compatibility::None)).await.unwrap();
    registry.register("A", 1, &schema("string", &[])).await.unwrap();
    registry.register("A", 2, &schema("integer", &[])).await.unwrap();
    registry.set_rules(rules(Compatibility::BackwardTransitive)).await.unwrap();
    let number = schema("number", &[]);
    let refused = registry.register("A", 3, &number).await.unwrap_err();
    let RegistryError::Incompatible { differences, .. } = &refused else { panic!("{refused}") };
    assert_eq!(differences.len(), 1, "only the first is not read: {refused}");
    registry.set_rules(rules(Compatibility::Backward)).await.unwrap();
    registry.register("A", 3, &number).await.unwrap();
}

#[tokio::test]
async fn versions_do_not_go_back_and_what_is_no_schema_is_refused() {
    let registry = registry().await;
    registry.register("A", 2, &schema("integer", &[])).await.unwrap();
    let older = registry.register("A", 1, &schema("number", &[])).await.unwrap_err();
    assert_eq!(older.code(), "schema.older_version");
    let none = registry.register("A", 3, &json!({ "type": 7 })).await.unwrap_err();
    assert_eq!(none.code(), "schema.malformed");
}

#[tokio::test]
async fn of_two_who_register_at_once_both_are_heard_and_the_rule_holds() {
    let registry = registry().await;
    let (integer, number) = (schema("integer", &[]), schema("number", &[]));
    let both =
        tokio::join!(registry.register("A", 1, &integer), registry.register("A", 1, &number),);
    assert_eq!(both.0.unwrap(), Registered::Now);
    assert_eq!(both.1.unwrap(), Registered::Now);
}
