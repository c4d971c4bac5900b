//! `CloudEvents`: in by each mode of HTTP, and out as they came in.

use super::site::{Site, problem, told};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

const EVENTS: &str = "/v1/contexts/demo/streams/cloud-1/events";
const CLOUD: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

fn post(site: &Site, kind: &str, body: &Value) -> reqwest::RequestBuilder {
    let request = site.post(&format!("{EVENTS}?expected=any"));
    request.header("Content-Type", kind).body(body.to_string())
}

async fn all(site: &Site) -> Vec<Value> {
    let page = site.get(EVENTS).header("Accept", BATCH).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], BATCH);
    page.json().await.unwrap()
}

#[tokio::test]
async fn a_structured_event_is_stored_with_all_that_it_says() {
    let site = Site::demo().await;
    let event = json!({
        "specversion": "1.0", "type": "com.acme.OrderPlaced", "source": "/acme/web",
        "id": "A-17", "subject": "order 17", "time": "2026-03-09T14:00:00+01:00",
        "dataschema": "https://acme.example/s.json", "datacontenttype": "application/json",
        "correlationid": "c-1", "causationid": "b-1", "authid": "ann", "hwtags": "day:1,a%2Cb",
        "hwschemaversion": 3, "priority": 7, "urgent": true, "data": { "total": 1.10 },
    });
    assert_eq!(told(post(&site, CLOUD, &event)).await.0, 201);
    let stored = &site.json(EVENTS).await["events"][0];
    assert_eq!(stored["type"], "com.acme.OrderPlaced");
    assert_eq!(stored["schema_version"], 3);
    assert_eq!(stored["tags"], json!(["day:1", "a,b"]));
    assert_eq!(stored["metadata"]["correlation"], "c-1");
    assert_eq!(stored["metadata"]["actor"], "ann");
    assert_eq!(stored["metadata"]["free"]["ce-source"], "/acme/web");
    assert_eq!(stored["metadata"]["free"]["ce-id"], "A-17");
    let (status, again) = told(post(&site, CLOUD, &event)).await;
    assert_eq!((status, &again["replayed"]), (201, &json!(true)), "its id names it for ever");
}

#[tokio::test]
async fn a_batch_is_one_append() {
    let site = Site::demo().await;
    let event = |id: &str| json!({ "specversion": "1.0", "type": "A", "source": "s", "id": id });
    assert_eq!(told(post(&site, BATCH, &json!([event("1"), event("2")]))).await.0, 201);
    assert_eq!(told(post(&site, BATCH, &json!([]))).await.0, 200);
    let broken = json!([event("3"), { "specversion": "1.0", "type": "A", "id": "4" }]);
    let (status, body) = told(post(&site, BATCH, &broken)).await;
    assert_eq!((status, &body["errors"][0]["pointer"]), (422, &json!("#/1/source")));
    assert_eq!(all(&site).await.len(), 2);
}

#[tokio::test]
async fn an_event_in_headers_has_its_body_as_data() {
    let site = Site::demo().await;
    let request = |kind: &str, body: &'static [u8]| {
        site.post(&format!("{EVENTS}?expected=any"))
            .header("Content-Type", kind)
            .header("ce-specversion", "1.0")
            .header("ce-type", "com.acme.Named")
            .header("ce-source", "/acme%20web")
            .header("ce-id", "0198c0de-0000-7000-8000-000000000001")
            .header("ce-subject", "%E2%82%AC 5")
            .body(body)
    };
    assert_eq!(told(request("application/json", b"{\"a\":1}")).await.0, 201);
    let event = site.json(&format!("{EVENTS}/0")).await;
    assert_eq!(event["id"], "0198c0de-0000-7000-8000-000000000001");
    assert_eq!(event["payload"], json!({ "a": 1 }));
    assert_eq!(event["metadata"]["free"]["ce-source"], "/acme web");
    assert_eq!(event["metadata"]["free"]["ce-subject"], "\u{20ac} 5");
    assert_eq!(problem(request("application/json", b"{")).await, (400, "http.json".into()));
    let twice = request("application/json", b"1").header("ce-id", "2");
    assert_eq!(problem(twice).await, (400, "http.header".into()));
    let image = site.post(&format!("{EVENTS}?expected=any")).header("Content-Type", "image/png");
    let image = image.header("ce-specversion", "1.0").header("ce-type", "Drawn");
    let image = image.header("ce-source", "s").header("ce-id", "2").body(&b"\x89PNG"[..]);
    assert_eq!(told(image).await.0, 201);
    let out = site.get(&format!("{EVENTS}/1")).header("Accept", CLOUD).send().await.unwrap();
    let out: Value = out.json().await.unwrap();
    assert_eq!(out["datacontenttype"], "image/png");
    assert_eq!(out["data_base64"], "iVBORw==");
}

#[tokio::test]
async fn what_is_no_cloud_event_is_refused_by_attribute() {
    let site = Site::demo().await;
    let good = json!({ "specversion": "1.0", "type": "A", "source": "s", "id": "1" });
    let with = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        event
    };
    for (name, value) in [
        ("specversion", json!("0.3")),
        ("type", json!("")),
        ("source", json!("")),
        ("id", json!(null)),
        ("Upper", json!("x")),
        ("nested", json!({})),
        ("half", json!(0.5)),
        ("hwtags", json!("a,,b")),
        ("hwschemaversion", json!("first")),
        ("hwmetadata", json!("[]")),
        ("data_base64", json!("!")),
    ] {
        let (status, body) = told(post(&site, CLOUD, &with(name, value))).await;
        assert_eq!(status, 422, "{name}: {body}");
        assert_eq!(body["errors"][0]["pointer"], format!("#/{name}"));
    }
    let twice = "{\"specversion\":\"1.0\",\"id\":\"1\",\"id\":\"2\"}";
    let request = site.post(&format!("{EVENTS}?expected=any")).header("Content-Type", CLOUD);
    assert_eq!(problem(request.body(twice)).await, (422, "http.body".into()));
}

/// Attributes as a client may send them, beside the four that every event has.
fn attributes() -> impl Strategy<Value = Value> {
    let text = "[ -~äß€\u{1f30a}]{0,12}";
    let value = prop_oneof![
        text.prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from)
    ];
    let names = "[a-z][a-z0-9]{0,12}".prop_filter("ours and the spec's own", |name| {
        let own = ["id", "type", "source", "specversion", "data", "time", "subject"];
        !name.starts_with("hw") && !own.contains(&name.as_str())
    });
    let optional = prop::collection::btree_map(names, value, 0..6);
    let data = prop_oneof![
        Just(None),
        text.prop_map(|text| Some(("data", json!({ "text": text })))),
        Just(Some(("data", Value::Null))),
        "([A-Za-z0-9+/]{4}){1,5}".prop_map(|text| Some(("data_base64", json!(text)))),
    ];
    let ids = prop_oneof!["[!-~]{1,20}", Just("0198c0de-0000-7000-8000-00000000000a".to_owned())];
    (ids, "[!-~]{1,20}", "[!-~ ]{1,20}", optional, data).prop_map(
        |(id, source, kind, more, data)| {
            let mut event = Map::from_iter(more);
            event.extend([
                ("specversion".to_owned(), json!("1.0")),
                ("id".to_owned(), json!(id)),
                ("source".to_owned(), json!(source)),
                ("type".to_owned(), json!(kind)),
            ]);
            event.extend(data.map(|(name, value)| (name.to_owned(), value)));
            Value::Object(event)
        },
    )
}

/// What came in goes out, but for attributes' types: a number comes back as the text of it.
#[test]
fn a_cloud_event_goes_out_as_it_came_in() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let site = runtime.block_on(Site::demo());
    let mut runner = TestRunner::new(Config { cases: 96, ..Config::default() });
    let count = AtomicU32::new(0);
    let held = runner.run(&attributes(), |event| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        let path = format!("/v1/contexts/demo/streams/trip-{count}/events");
        runtime.block_on(async {
            let request = site.post(&format!("{path}?expected=none")).header("Content-Type", CLOUD);
            let (status, body) = told(request.body(event.to_string())).await;
            prop_assert_eq!(status, 201, "{}", body);
            let out = site.get(&format!("{path}/0")).header("Accept", CLOUD).send().await.unwrap();
            let out: Value = out.json().await.unwrap();
            for (name, value) in event.as_object().unwrap() {
                let text = match value {
                    Value::Number(_) | Value::Bool(_) => json!(value.to_string()),
                    other => other.clone(),
                };
                prop_assert_eq!(out.get(name), Some(&text), "{} of {}", name, out);
            }
            let again = site.post(&format!("{path}?expected=any")).header("Content-Type", CLOUD);
            let (_, body) = told(again.body(out.to_string())).await;
            prop_assert_eq!(&body["replayed"], &json!(true), "{}", body);
            Ok(())
        })
    });
    held.unwrap();
}

/// Our own events keep everything on the way through another store.
#[tokio::test]
async fn an_event_of_ours_survives_the_trip_as_a_cloud_event() {
    let site = Site::demo().await;
    let event = json!({
        "type": "OrderPlaced", "schema_version": 2, "payload": { "total": 1 },
        "tags": ["customer:7", "50%,off"],
        "metadata": { "correlation": "c", "actor": "ann", "free": { "Key with space": "v" } },
    });
    let binary = json!({ "type": "Scanned", "payload_base64": "AAECAw==" });
    site.append("cloud-1", json!([event, binary])).await;
    let cloud = all(&site).await;
    assert_eq!(cloud[0]["source"], "/v1/contexts/demo/streams/cloud-1");
    assert_eq!(cloud[0]["subject"], "cloud-1");
    assert_eq!(cloud[0]["hwposition"], "0");
    let path = "/v1/contexts/demo/streams/copy-1/events";
    let request = site.post(&format!("{path}?expected=none")).header("Content-Type", BATCH);
    assert_eq!(told(request.body(Value::from(cloud).to_string())).await.0, 201);
    let (from, to) = (site.json(EVENTS).await, site.json(path).await);
    for n in 0..2 {
        for field in
            ["id", "type", "schema_version", "content_type", "payload", "payload_base64", "tags"]
        {
            assert_eq!(from["events"][n].get(field), to["events"][n].get(field), "{field}");
        }
    }
    let metadata = &to["events"][0]["metadata"];
    assert_eq!(metadata["actor"], "ann");
    assert_eq!(metadata["free"]["Key with space"], "v");
}
