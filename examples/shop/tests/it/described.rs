//! The shop's description: what `/openapi.json` says of the gateway is what the services say of
//! themselves, whole, and every route that is described is served.

use headwater::prelude::*;
use reqwest::{Client, Method};
use serde_json::{Map, Value};
use shop::{Ports, Shop, ShopSettings};
use std::collections::BTreeMap;

/// Method and path of each operation, with what is said of it.
type Operations = BTreeMap<(String, String), Value>;

struct Open {
    shop: Shop,
    client: Client,
}

async fn open(views: &std::path::Path) -> Open {
    let settings = ShopSettings { ports: Ports::ANY, ..ShopSettings::in_directory(views) };
    let shop = Shop::open(&settings, &Store::memory()).await.unwrap();
    Open { shop, client: Client::builder().no_proxy().build().unwrap() }
}

impl Open {
    async fn operations(&self, service: &str) -> Operations {
        let (_, address) = self.shop.addresses().find(|(name, _)| *name == service).unwrap();
        let url = format!("http://{address}/openapi.json");
        let document: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        let mut operations = Operations::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let operation = plain(&document, operation);
                operations.insert((method.to_uppercase(), path.clone()), operation);
            }
        }
        operations
    }
}

/// With every reference followed, and without the words that describe a type to its own readers.
fn plain(document: &Value, value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| plain(document, item)).collect(),
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                let at = name.strip_prefix('#').unwrap();
                return plain(document, document.pointer(at).expect("the reference is there"));
            }
            let told = |name: &str| !matches!(name, "description" | "title" | "summary");
            let fields = fields.iter().filter(|(name, _)| told(name));
            let fields = fields.map(|(name, value)| (name.clone(), plain(document, value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[tokio::test]
async fn the_gateway_describes_each_route_as_the_service_behind_it_does() {
    let views = tempfile::tempdir().unwrap();
    let open = open(views.path()).await;
    let gateway = open.operations("gateway").await;
    let mut behind = Operations::new();
    for service in ["customers", "orders", "history"] {
        behind.extend(open.operations(service).await);
    }
    let composed = ("GET".to_owned(), "/customers/{id}/overview".to_owned());
    let mut passed_on = gateway.clone();
    assert!(passed_on.remove(&composed).is_some());
    let names = |operations: &Operations| operations.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&passed_on), names(&behind), "routes served and routes described");
    for (route, operation) in &passed_on {
        for part in ["parameters", "requestBody", "responses"] {
            let (told, is) = (&operation[part], &behind[route][part]);
            assert_eq!(told, is, "{part} of {route:?}\n{told:#}\n{is:#}");
        }
    }
    open.shop.close().await;
}

#[tokio::test]
async fn every_route_has_its_shapes_and_its_problems_and_is_served() {
    let views = tempfile::tempdir().unwrap();
    let open = open(views.path()).await;
    for ((method, path), operation) in open.operations("gateway").await {
        let about = format!("{method} {path}");
        let responses = operation["responses"].as_object().unwrap();
        let (_, good) = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap();
        let shape = &good["content"]["application/json"]["schema"];
        assert!(shape["properties"].is_object(), "{about}: {good}");
        for (status, response) in responses.iter().filter(|(status, _)| !status.starts_with('2')) {
            let code = &response["content"]["application/problem+json"]["schema"]["properties"];
            assert!(code["code"].is_object(), "{about}: {status}");
        }
        let has_body = method == "POST" && !path.ends_with("/cancel");
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["properties"].is_object(), has_body, "{about}: {body}");

        let url = format!("http://{}{}", open.shop.gateway(), path.replace("{id}", "nobody"));
        let request = open.client.request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap();
        let unknown = answer["code"] == "page.not_found" || answer["code"] == "request.method";
        assert!(!unknown, "{about} is described and not served: {answer}");
        assert!(responses.contains_key(&status.to_string()), "{about} answers {status}: {answer}");
    }
    open.shop.close().await;
}
