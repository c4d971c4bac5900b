//! Streams as a whole, over HTTP.

use super::site::{Site, header, problem, told};
use serde_json::{Value, json};

const ONE: &str = "/v1/contexts/demo/streams/count-1";

#[tokio::test]
async fn streams_are_listed_in_pages_by_prefix() {
    let site = Site::demo().await;
    for stream in ["a-1", "b-1", "b-2", "b-3", "c-1"] {
        site.fill(stream, 1).await;
    }
    let mut seen = Vec::new();
    let mut path = Some("/v1/contexts/demo/streams?prefix=b-&limit=2".to_owned());
    while let Some(link) = path {
        let page = site.json(&link).await;
        let streams = page["streams"].as_array().unwrap().iter();
        seen.extend(streams.map(|stream| stream["stream"].as_str().unwrap().to_owned()));
        path = page["next_link"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["b-1", "b-2", "b-3"]);
    let all = site.json("/v1/contexts/demo/streams").await;
    assert_eq!(all["streams"].as_array().unwrap().len(), 5);
    assert_eq!(all["next"], Value::Null);
}

#[tokio::test]
async fn settings_hide_events_and_can_be_read_back() {
    let site = Site::demo().await;
    site.fill("count-1", 5).await;
    let settings = json!({ "count_max": 2, "age_max_ms": 86_400_000 });
    let put = |settings: &Value| site.put(&format!("{ONE}/settings")).json(settings);
    assert_eq!(problem(put(&settings)).await, (428, "http.no_expectation".into()));
    let (status, body) = told(put(&settings).header("If-Match", "\"4\"")).await;
    assert_eq!((status, &body["position"]), (200, &json!(5)));
    let state = site.get(ONE).send().await.unwrap();
    assert_eq!(header(&state, "etag"), "\"4\"");
    let state: Value = state.json().await.unwrap();
    assert_eq!(
        state,
        json!({
            "stream": "count-1", "last": 4, "first": 3, "life": "alive", "settings": settings,
        })
    );
    let page = site.json(&format!("{ONE}/events")).await;
    assert_eq!(page["events"].as_array().unwrap().len(), 2);
    assert_eq!(problem(site.get(&format!("{ONE}/events/1"))).await.0, 404);
    let unknown = put(&json!({ "max_count": 2 })).header("If-Match", "*");
    assert_eq!(problem(unknown).await, (422, "http.body".into()));
    let recorded = site.json("/v1/contexts/demo/events?prefix=$$").await;
    assert_eq!(recorded["events"][0]["stream"], "$$count-1");
}

#[tokio::test]
async fn a_deleted_stream_comes_back_and_a_tombstoned_one_never() {
    let site = Site::demo().await;
    site.fill("count-1", 2).await;
    assert_eq!(problem(site.delete(ONE)).await, (428, "http.no_expectation".into()));
    assert_eq!(problem(site.delete(ONE).header("If-Match", "\"0\"")).await.0, 412);
    assert_eq!(told(site.delete(ONE).header("If-Match", "\"1\"")).await.0, 200);
    assert_eq!(site.json(ONE).await["life"], "deleted");
    assert_eq!(site.json(&format!("{ONE}/events")).await["events"], json!([]));
    site.fill("count-1", 1).await;
    assert_eq!(site.json(&format!("{ONE}/events/2")).await["revision"], 2);
    let tombstone = format!("{ONE}/tombstone?expected=any");
    assert_eq!(told(site.post(&tombstone)).await.0, 200);
    assert_eq!(site.json(ONE).await["life"], "tombstoned");
    let revive = site.post(&format!("{ONE}/events?expected=any")).json(&json!({ "type": "A" }));
    assert_eq!(problem(revive).await, (410, "append.tombstoned".into()));
}

#[tokio::test]
async fn a_stream_that_nobody_wrote_to_is_not_found() {
    let site = Site::demo().await;
    assert_eq!(problem(site.get(ONE)).await, (404, "http.no_stream".into()));
}

#[tokio::test]
async fn a_context_is_made_once() {
    let site = Site::demo().await;
    let (status, body) = told(site.put("/v1/contexts/a%2Fb")).await;
    assert_eq!(status, 201);
    assert_eq!(body, json!({ "context": "a/b", "head": null, "incarnation": 0 }));
    assert_eq!(told(site.put("/v1/contexts/a%2Fb")).await.0, 200);
    assert_eq!(site.json("/v1/contexts").await["contexts"], json!(["a/b", "demo"]));
    assert_eq!(problem(site.put("/v1/contexts/$a")).await, (400, "http.path".into()));
}
