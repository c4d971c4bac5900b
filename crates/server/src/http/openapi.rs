//! `/openapi.json`: the routes as OpenAPI 3.1, made from the routes themselves.

use super::problem::{PROBLEM_JSON, Written};
use super::route::{Described, Form};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// The description of these routes.
pub(super) fn document<'a>(routes: impl Iterator<Item = &'a Described>) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Written>().to_value();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let operation = operation(&mut generator, route, &problem);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Headwater",
            "version": "1",
            "description": "An event store that is also the message broker, over HTTP.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": { "schemas": generator.take_definitions(true) },
    })
}

fn operation(generator: &mut SchemaGenerator, route: &Described, problem: &Value) -> Value {
    let mut responses = Map::new();
    for (status, forms) in &route.answers {
        let description = status.canonical_reason().unwrap_or("answer");
        let mut answer = json!({ "description": description });
        if !forms.is_empty() {
            answer["content"] = content(generator, forms);
        }
        responses.insert(status.as_str().to_owned(), answer);
    }
    let content_of_problem = json!({ PROBLEM_JSON: { "schema": problem } });
    responses.insert(
        "default".to_owned(),
        json!({ "description": "why not", "content": content_of_problem }),
    );
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.says,
        "parameters": route.params.iter().map(|param| param.described()).collect::<Vec<_>>(),
        "responses": responses,
    });
    if !route.bodies.is_empty() {
        let content = content(generator, &route.bodies);
        operation["requestBody"] = json!({ "required": !route.may_be_bare, "content": content });
    }
    operation
}

fn content(generator: &mut SchemaGenerator, forms: &[Form]) -> Value {
    let described = |form: &Form| {
        let schema = match form.schema {
            Some(schema) => schema(generator).to_value(),
            None => json!({ "type": "string" }),
        };
        (form.media_type.to_owned(), json!({ "schema": schema }))
    };
    Value::Object(forms.iter().map(described).collect())
}

/// `get_v1_contexts_context`.
fn operation_id(route: &Described) -> String {
    let words = route.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    [route.method].into_iter().chain(words).collect::<Vec<_>>().join("_")
}
