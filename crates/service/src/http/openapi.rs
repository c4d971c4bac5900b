//! `/openapi.json`: the routes as OpenAPI 3.1, made from the routes themselves.

use super::route::Described;
use axum::http::StatusCode;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// The description of these routes of the service `name`.
pub(crate) fn document(name: &str, routes: &[Described]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let method = route.method.as_str().to_lowercase();
        let operation = operation(&mut generator, route);
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        path[method] = operation;
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": { "title": name, "version": "1" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn operation(generator: &mut SchemaGenerator, route: &Described) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "parameters": parameters(generator, route),
        "responses": responses(generator, route),
    });
    if let Some(summary) = route.summary {
        operation["summary"] = summary.into();
    }
    if route.taken.json || route.body.is_some() {
        let schema = route.body.map_or_else(|| json!({}), |body| body(generator).to_value());
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

/// `post_orders_id_cancel`.
fn operation_id(route: &Described) -> String {
    let words = route.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    let method = route.method.as_str().to_lowercase();
    [method.as_str()].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

fn parameters(generator: &mut SchemaGenerator, route: &Described) -> Vec<Value> {
    let text = || json!({ "type": "string" });
    let named = |place: &str, name: &str, schema: Value, description: &str| {
        json!({
            "in": place, "name": name, "required": place == "path", "schema": schema,
            "description": description,
        })
    };
    let variable = |part: &str| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*').to_owned();
        Some(named("path", &name, text(), "which one"))
    };
    let mut all: Vec<Value> = route.path.split('/').filter_map(variable).collect();
    if route.taken.key {
        let why = "names the request: with the same key it is carried out once";
        all.push(named("header", "Idempotency-Key", text(), why));
    }
    if route.taken.after {
        let why = "waits, bounded, until the view has seen this Headwater-Position";
        all.push(named("query", "after", text(), why));
    }
    if route.taken.pages {
        all.push(named("query", "limit", json!({ "type": "integer" }), "rows of the page"));
        all.push(named("query", "cursor", text(), "the `next` of the page before"));
    }
    if let Some(query) = route.query {
        let schema = query(generator);
        let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let field = |(name, schema): (&String, &Value)| named("query", name, schema.clone(), "");
        all.extend(fields.map(field));
    }
    all
}

fn responses(generator: &mut SchemaGenerator, route: &Described) -> Value {
    let mut responses = Map::new();
    for (status, describe) in &route.answers {
        let mut answer = json!({ "description": status.canonical_reason().unwrap_or("answer") });
        if let Some(describe) = describe {
            let schema = describe(generator).to_value();
            answer["content"] = json!({ "application/json": { "schema": schema } });
        }
        if route.taken.key {
            let description = "where it stands; give it back as `after` to see it";
            let schema = json!({ "type": "string" });
            answer["headers"] = json!({
                "Headwater-Position": { "description": description, "schema": schema },
            });
        }
        responses.insert(status.as_str().to_owned(), answer);
    }
    for (status, why) in problems(route) {
        let mut answer = problem_answer(why);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            answer["headers"] = json!({
                "Retry-After": { "description": "seconds", "schema": { "type": "integer" } },
            });
        }
        responses.entry(status.as_str()).or_insert(answer);
    }
    responses.insert("default".to_owned(), problem_answer("why not"));
    Value::Object(responses)
}

fn problem_answer(description: &str) -> Value {
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    json!({ "description": description, "content": { "application/problem+json": problem } })
}

/// The problems that follow from what a route takes. The domain's own are of these kinds, too.
fn problems(route: &Described) -> Vec<(StatusCode, &'static str)> {
    let taken = &route.taken;
    let mut problems = vec![(StatusCode::SERVICE_UNAVAILABLE, "not now; ask again")];
    if taken.json || route.body.is_some() {
        problems.extend([
            (StatusCode::BAD_REQUEST, "the body is no JSON, or a parameter does not fit"),
            (StatusCode::PAYLOAD_TOO_LARGE, "the body has more bytes than the service reads"),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body does not say that it is JSON"),
            (StatusCode::UNPROCESSABLE_ENTITY, "the body does not fit; `errors` says where"),
        ]);
    }
    if taken.key {
        problems.extend([
            (StatusCode::BAD_REQUEST, "the Idempotency-Key cannot be one"),
            (StatusCode::CONFLICT, "what is asked contradicts what is there"),
            (StatusCode::UNPROCESSABLE_ENTITY, "the key came with another request before"),
        ]);
    }
    if taken.after || taken.pages || route.query.is_some() {
        problems.push((StatusCode::BAD_REQUEST, "a parameter does not fit"));
    }
    if route.path.contains('{') {
        problems.push((StatusCode::NOT_FOUND, "there is no such thing"));
    }
    problems
}

/// RFC 9457, with our code.
fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string", "description": "stable: decide by this" },
            "detail": { "type": "string" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": { "type": "string" },
                        "detail": { "type": "string" },
                    },
                },
            },
        },
    })
}
