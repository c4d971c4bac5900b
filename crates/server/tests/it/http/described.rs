//! `/openapi.json` and the page at `/`: made from the routes, so they say what is.

use super::site::{Site, told};
use serde_json::Value;

#[tokio::test]
async fn every_route_is_described_with_its_parameters_and_answers() {
    let site = Site::demo().await;
    let document = site.json("/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].to_string()), "{method} {path}");
            assert!(!operation["summary"].as_str().unwrap().is_empty());
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key("default"), "{method} {path} says why not");
            let names = operation["parameters"].as_array().unwrap().iter();
            let names: Vec<_> = names.filter(|p| p["in"] == "path").map(|p| &p["name"]).collect();
            let parts: Vec<_> = path.split('/').filter(|part| part.starts_with('{')).collect();
            assert_eq!(names.len(), parts.len(), "{method} {path}");
        }
    }
    assert!(ids.len() >= 19, "{ids:?}");
}

#[tokio::test]
async fn every_reference_leads_to_a_schema() {
    let site = Site::demo().await;
    let document = site.json("/openapi.json").await;
    let mut found = 0;
    let mut left = vec![&document];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    found += 1;
                }
                left.extend(fields.values());
            }
            Value::Array(elements) => left.extend(elements),
            _ => {}
        }
    }
    assert!(found > 20, "{found}");
}

#[tokio::test]
async fn the_front_page_says_what_is_where_and_lets_nothing_in() {
    let site = Site::demo().await;
    let document = site.json("/openapi.json").await;
    let (status, page) = told(site.get("/")).await;
    let page = page.as_str().unwrap();
    assert_eq!(status, 200);
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
    assert!(page.contains(&format!("http://{}/v1", site.address)));
    let (_, page) = told(site.get("/").header("Host", "<script>")).await;
    assert!(!page.as_str().unwrap().contains("<script"), "{page}");
    assert!(!page.as_str().unwrap().contains("{{"), "{page}");
}
