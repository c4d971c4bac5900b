//! Appending over HTTP: A1, A4 and A5 as a client with `curl` meets them.

use super::site::{Site, header, problem, told};
use serde_json::{Value, json};

const EVENTS: &str = "/v1/contexts/demo/streams/order-1/events";

#[tokio::test]
async fn an_append_tells_where_its_events_stand() {
    let site = Site::demo().await;
    site.append("other-1", json!({ "type": "Opened" })).await;
    let events =
        json!([{ "type": "OrderPlaced", "payload": { "total": 1.10 } }, { "type": "Paid" }]);
    let request = site.post(EVENTS).header("If-None-Match", "*").json(&events);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(header(&answer, "location"), format!("{EVENTS}/0"));
    assert_eq!(header(&answer, "etag"), "\"1\"");
    assert_eq!(header(&answer, "headwater-position"), "demo:2");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["position"], 2);
    assert_eq!(body["replayed"], false);
    assert_eq!(body["writes"][0]["stream"], "order-1");
    assert_eq!(body["writes"][0]["revision"], 1);
    let id = body["writes"][0]["ids"][0].as_str().unwrap();
    assert_eq!(site.json(&format!("{EVENTS}/id/{id}")).await["type"], "OrderPlaced");
}

/// A blind write must be spelled out; HTTP has a status for a request that does not.
#[tokio::test]
async fn a_write_says_what_it_believes_about_the_stream() {
    let site = Site::demo().await;
    let event = json!({ "type": "Opened" });
    let post = |query: &str| site.post(&format!("{EVENTS}{query}")).json(&event);
    assert_eq!(problem(post("")).await, (428, "http.no_expectation".into()));
    assert_eq!(problem(post("?expected=exists")).await.0, 412);
    assert_eq!(told(post("?expected=none")).await.0, 201);
    assert_eq!(told(post("?expected=0")).await.0, 201);
    assert_eq!(told(post("?expected=any")).await.0, 201);
    assert_eq!(told(post("").header("If-Match", "\"2\"")).await.0, 201);
    assert_eq!(told(post("").header("If-Match", "*")).await.0, 201);
    assert_eq!(problem(post("").header("If-None-Match", "*")).await.0, 412);
    for nonsense in ["?expected=maybe", "?expected=-1", "?expected=99999999999999999999"] {
        assert_eq!(problem(post(nonsense)).await, (400, "http.query".into()), "{nonsense}");
    }
    for nonsense in ["\"x\"", "W/\"2\"", "\"1\", \"2\""] {
        let told = problem(post("").header("If-Match", nonsense)).await;
        assert_eq!(told, (400, "http.header".into()), "{nonsense}");
    }
    assert_eq!(problem(post("").header("If-Match", "")).await, (428, "http.no_expectation".into()));
    let both = post("?expected=any").header("If-Match", "\"4\"");
    assert_eq!(told(both).await.0, 201, "each must hold, as HTTP has it");
    let both = post("?expected=exists").header("If-None-Match", "*");
    assert_eq!(problem(both).await, (412, "http.contradiction".into()));
}

/// A5: who lost a race reads in the answer what was expected and what is.
#[tokio::test]
async fn a_stale_append_is_told_what_is_and_writes_nothing() {
    let site = Site::demo().await;
    site.fill("order-1", 3).await;
    let stale = site.post(EVENTS).header("If-Match", "\"1\"").json(&json!({ "type": "Paid" }));
    let (status, body) = told(stale).await;
    assert_eq!(status, 412);
    assert_eq!(body["code"], "append.wrong_revision");
    assert_eq!((&body["expected"], &body["actual"]), (&json!(1), &json!(2)));
    assert_eq!(body["stream"], "order-1");
    assert_eq!(body["retry"], "after_reload");
    assert_eq!(body["detail"], "stream order-1 is at revision 2, expected revision 1");
    assert_eq!(site.json(EVENTS).await["last"], 2);
}

/// A4: a client that got no answer sends the same request again.
#[tokio::test]
async fn a_request_repeated_with_its_key_writes_once() {
    let site = Site::demo().await;
    let event = json!([{ "type": "OrderPlaced", "payload": 1 }, { "type": "Paid" }]);
    let send = |key: &'static str, event: &Value| {
        let request = site.post(EVENTS).header("If-None-Match", "*");
        request.header("Idempotency-Key", key).json(event)
    };
    let (status, first) = told(send("\"k-1\"", &event)).await;
    assert_eq!((status, &first["replayed"]), (201, &json!(false)));
    let again = send("k-1", &event).send().await.unwrap();
    assert_eq!(again.status(), 201);
    assert_eq!(header(&again, "idempotent-replayed"), "true");
    let again: Value = again.json().await.unwrap();
    assert_eq!((&again["writes"], &again["position"]), (&first["writes"], &first["position"]));
    assert_eq!(site.json(EVENTS).await["last"], 1);

    let other = json!([{ "type": "OrderPlaced", "payload": 2 }, { "type": "Paid" }]);
    assert_eq!(problem(send("k-1", &other)).await, (409, "append.id_reused".into()));
    assert_eq!(problem(send("k-2", &event)).await, (412, "append.wrong_revision".into()));
    for nonsense in ["", "\"\""] {
        assert_eq!(problem(send(nonsense, &event)).await, (400, "http.header".into()));
    }
}

/// The same key names another request in another stream, in another context, and in both forms of
/// an append.
#[tokio::test]
async fn a_key_is_a_request_only_where_it_was_sent() {
    let site = Site::demo().await;
    assert_eq!(told(site.put("/v1/contexts/two")).await.0, 201);
    let event = json!({ "type": "Opened" });
    let mut ids = std::collections::BTreeSet::new();
    for path in ["demo/streams/a/events", "demo/streams/b/events", "two/streams/a/events"] {
        let request = site.post(&format!("/v1/contexts/{path}?expected=any"));
        let (_, body) = told(request.header("Idempotency-Key", "k").json(&event)).await;
        ids.insert(body["writes"][0]["ids"][0].to_string());
    }
    assert_eq!(ids.len(), 3);
}

/// A1: streams, a condition over tags and a checkpoint, in one request.
#[tokio::test]
async fn an_atomic_append_is_all_or_nothing() {
    let site = Site::demo().await;
    let append = |after: Value, expected: Value| {
        site.post("/v1/contexts/demo/appends").json(&json!({
            "writes": [
                { "stream": "course-7", "expected": "any",
                  "events": [{ "type": "Enrolled", "tags": ["course:7", "student:1"] }] },
                { "stream": "student-1", "expected": expected, "events": [{ "type": "Joined" }] },
            ],
            "conditions": [
                { "query": [{ "types": ["Enrolled"], "tags": ["course:7"] }], "after": after },
            ],
            "checkpoints": [
                { "name": "enrol/demo", "expected": null,
                  "to": { "incarnation": 0, "position": 41 } },
            ],
        }))
    };
    let (status, body) = told(append(Value::Null, json!("none"))).await;
    assert_eq!(status, 201, "{body}");
    assert_eq!(body["position"], 1);
    assert_eq!(
        body["writes"][1],
        json!({
            "stream": "student-1", "revision": 0, "ids": body["writes"][1]["ids"],
        })
    );
    let (status, body) = told(append(Value::Null, json!("any"))).await;
    assert_eq!((status, &body["code"]), (409, &json!("append.condition_failed")));
    assert_eq!((&body["condition"], &body["position"]), (&json!(0), &json!(0)));
    let (status, body) = told(append(json!(0), json!("any"))).await;
    assert_eq!((status, &body["code"]), (409, &json!("append.checkpoint_moved")));
    assert_eq!(body["actual"], json!({ "incarnation": 0, "position": 41 }));
    let wrong = append(json!(0), json!(7));
    assert_eq!(problem(wrong).await, (412, "append.wrong_revision".into()));
    assert_eq!(site.json("/v1/contexts/demo").await["head"], 1, "what was refused wrote nothing");
    let saved = site.json("/v1/contexts/demo/checkpoints/enrol%2Fdemo").await;
    assert_eq!(saved, json!({ "name": "enrol/demo", "position": 41, "incarnation": 0 }));
}

#[tokio::test]
async fn an_append_of_no_events_only_checks() {
    let site = Site::demo().await;
    let none =
        |expected: &str| site.post(&format!("{EVENTS}?expected={expected}")).json(&json!([]));
    let (status, body) = told(none("none")).await;
    assert_eq!((status, &body["position"]), (200, &Value::Null));
    assert_eq!(body["writes"][0]["revision"], Value::Null);
    assert_eq!(problem(none("exists")).await.0, 412);
}

/// A number that a `f64` cannot hold, and the white space between tokens, come back as they went.
#[tokio::test]
async fn a_payload_is_kept_as_it_was_written() {
    let site = Site::demo().await;
    let body =
        "{\"type\":\"Priced\",\"payload\":{ \"price\": 12345678901234567890.10,\n \"n\":1e400 }}";
    let request = site.post(&format!("{EVENTS}?expected=any"));
    let request = request.header("Content-Type", "application/json; charset=utf-8").body(body);
    assert_eq!(request.send().await.unwrap().status(), 201);
    let text = site.get(EVENTS).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("{ \"price\": 12345678901234567890.10,\n \"n\":1e400 }"), "{text}");
}

#[tokio::test]
async fn what_does_not_fit_is_told_by_its_place() {
    let site = Site::demo().await;
    let post = |body: &'static str| {
        let request = site.post(&format!("{EVENTS}?expected=any"));
        request.header("Content-Type", "application/json").body(body)
    };
    let at = async |body: &'static str| {
        let (status, told) = told(post(body)).await;
        assert_eq!((status, &told["code"]), (422, &json!("http.body")), "{body}");
        told["errors"][0]["pointer"].as_str().unwrap().to_owned()
    };
    assert_eq!(at(r#"[{"type":"A"},{"type":7}]"#).await, "#/1/type");
    assert_eq!(at(r#"{"type":"A","tags":["ok","no\u0007"]}"#).await, "#/tags/1");
    assert_eq!(at(r#"{"type":"A","id":"not one"}"#).await, "#/id");
    assert_eq!(at(r#"{"type":"A","metadata":{"free":{"a":1}}}"#).await, "#/metadata/free/a");
    assert_eq!(at(r#"{"type":"A","payload":1,"payload_base64":"AA=="}"#).await, "#/payload_base64");
    assert_eq!(at(r#"[{"type":"A","payload_base64":"!"}]"#).await, "#/0/payload_base64");
    assert_eq!(at(r#"{"type":"A","dta":1}"#).await, "#/dta");
    assert_eq!(problem(post("{\"type\":")).await, (400, "http.json".into()));
    assert_eq!(problem(post("{\"type\":\"A\"} x")).await, (400, "http.json".into()));
    assert_eq!(problem(post("\u{0}")).await, (400, "http.json".into()));
    let text = site.post(&format!("{EVENTS}?expected=any")).body("hello");
    assert_eq!(problem(text).await, (415, "http.media_type".into()));
    let (status, body) = told(post(r#"{"type":"A","payload":1,"metadata":{"actor":"ann"}}"#)).await;
    assert_eq!(status, 201, "{body}");
}

/// D3: a list is bounded while it is read.
#[tokio::test]
async fn more_than_a_limit_is_refused() {
    let site = Site::demo().await;
    let path = format!("{EVENTS}?expected=any");
    let many: Vec<Value> = vec![json!({ "type": "A" }); 10_001];
    assert_eq!(problem(site.post(&path).json(&many)).await, (422, "http.body".into()));
    let large = json!({ "type": "A", "payload": "x".repeat(4 * 1_024 * 1_024) });
    assert_eq!(problem(site.post(&path).json(&large)).await, (413, "append.too_large".into()));
    let huge = site.post(&path).header("Content-Type", "application/json");
    let huge = huge.body(vec![b' '; 24 * 1_024 * 1_024 + 1]);
    assert_eq!(problem(huge).await, (413, "http.body_too_large".into()));
    let system = site.post("/v1/contexts/demo/streams/$x/events?expected=any").json(&many);
    assert_eq!(problem(system).await, (400, "http.path".into()));
}
