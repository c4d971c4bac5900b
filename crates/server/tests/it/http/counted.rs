//! What the server counts, and whether it lives.

use super::site::{Site, memory, problem, told};
use serde_json::json;
use std::sync::Arc;

async fn text(site: &Site) -> String {
    let answer = site.get("/metrics").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4");
    answer.text().await.unwrap()
}

#[tokio::test]
async fn appends_reads_and_requests_are_counted() {
    let site = Site::demo().await;
    site.fill("count-1", 3).await;
    let path = "/v1/contexts/demo/streams/count-1/events";
    let stale = site.post(path).header("If-Match", "\"9\"").json(&json!({ "type": "A" }));
    assert_eq!(told(stale).await.0, 412);
    site.json(path).await;
    assert_eq!(told(site.get("/invented/by/a/stranger")).await.0, 404);
    let text = text(&site).await;
    for line in [
        "headwater_appends_total{context=\"demo\",outcome=\"made\"} 1",
        "headwater_appends_total{context=\"demo\",outcome=\"refused\"} 1",
        "headwater_appended_events_total{context=\"demo\"} 3",
        "headwater_read_events_total{context=\"demo\"} 3",
        "headwater_append_seconds_count{context=\"demo\"} 2",
        "headwater_read_seconds_count{kind=\"stream\"} 1",
        "headwater_head_position{context=\"demo\"} 2",
        "headwater_subscriptions{context=\"demo\"} 0",
        "headwater_build_info{version=\"0.1.0\"} 1",
        "headwater_http_requests_total{method=\"POST\",\
         route=\"/v1/contexts/{context}/streams/{stream}/events\",status=\"412\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("stranger"), "nobody invents labels");
    assert!(text.contains("# TYPE headwater_append_seconds histogram\n"));
    assert!(text.contains("headwater_connections "));
}

#[tokio::test]
async fn it_lives_and_is_ready_until_it_stops() {
    let site = Site::over(Arc::new(memory())).await;
    assert_eq!(told(site.get("/livez")).await, (200, json!("alive\n")));
    assert_eq!(told(site.get("/readyz")).await, (200, json!({ "ready": true, "contexts": 0 })));
    assert_eq!(problem(site.get("/readyz?verbose")).await, (400, "http.query".into()));
    site.stop().await;
}
