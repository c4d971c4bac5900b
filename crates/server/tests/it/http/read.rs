//! Reading over HTTP: pages, links and single events.

use super::site::{Site, header, problem, told};
use serde_json::{Value, json};

const EVENTS: &str = "/v1/contexts/demo/streams/count-1/events";

fn places(page: &Value, place: &str) -> Vec<u64> {
    let events = page["events"].as_array().unwrap().iter();
    events.map(|event| event[place].as_u64().unwrap()).collect()
}

/// A3: whoever follows the links of one page sees every event once, in either direction.
#[tokio::test]
async fn links_lead_through_a_whole_stream() {
    let site = Site::demo().await;
    site.fill("count-1", 25).await;
    for (first, rel) in [("?limit=7", "next"), ("?from=24&direction=backwards&limit=7", "next")] {
        let (mut seen, mut path) = (Vec::new(), Some(format!("{EVENTS}{first}")));
        while let Some(link) = path {
            let page = site.json(&link).await;
            assert!(places(&page, "revision").len() <= 7);
            seen.extend(places(&page, "revision"));
            path = page["links"][rel].as_str().map(str::to_owned);
        }
        if first.contains("backwards") {
            seen.reverse();
        }
        assert_eq!(seen, (0..25).collect::<Vec<_>>(), "{first}");
    }
    let middle = site.json(&format!("{EVENTS}?from=10&limit=5")).await;
    assert_eq!((&middle["next"], &middle["last"]), (&json!(15), &json!(24)));
    let before = site.json(middle["links"]["previous"].as_str().unwrap()).await;
    assert_eq!(places(&before, "revision"), [9, 8, 7, 6, 5]);
    let back = site.json(before["links"]["previous"].as_str().unwrap()).await;
    assert_eq!(places(&back, "revision"), [10, 11, 12, 13, 14]);
}

/// Whoever polls asks for what is later, and gets only what is new.
#[tokio::test]
async fn the_last_page_leads_to_what_is_still_to_come() {
    let site = Site::demo().await;
    site.fill("count-1", 3).await;
    for path in [EVENTS, "/v1/contexts/demo/events?type=Counted"] {
        let page = site.json(path).await;
        assert_eq!((&page["next"], &page["links"]["next"]), (&Value::Null, &Value::Null));
        let later = page["links"]["later"].as_str().unwrap();
        assert_eq!(site.json(later).await["events"], json!([]));
        let count = site.json(later).await["events"].as_array().unwrap().len();
        site.fill("count-1", 1).await;
        let new = site.json(later).await;
        assert_eq!((count, new["events"].as_array().unwrap().len()), (0, 1), "{later}");
    }
}

#[tokio::test]
async fn a_page_that_did_not_change_is_not_sent_again() {
    let site = Site::demo().await;
    site.fill("count-1", 3).await;
    let path = format!("{EVENTS}?from=0&limit=2");
    let first = site.get(&path).send().await.unwrap();
    let tag = header(&first, "etag");
    assert!(header(&first, "link").contains("rel=\"next\""));
    site.fill("count-1", 1).await;
    let known = |tag: &str| site.get(&path).header("If-None-Match", format!("\"x\", {tag}"));
    let again = known(&tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag.clone()));
    assert_eq!(again.text().await.unwrap(), "");
    let cloud = known(&tag).header("Accept", "application/cloudevents-batch+json").send().await;
    assert_eq!(cloud.unwrap().status(), 200, "another form is another page");
    let settings = site.put("/v1/contexts/demo/streams/count-1/settings?expected=any");
    assert_eq!(told(settings.json(&json!({ "truncate_before": 1 }))).await.0, 200);
    assert_eq!(known(&tag).send().await.unwrap().status(), 200, "an event is hidden now");
    let one = site.get(&format!("{EVENTS}/2")).send().await.unwrap();
    let request = site.get(&format!("{EVENTS}/2")).header("If-None-Match", header(&one, "etag"));
    assert_eq!(request.send().await.unwrap().status(), 304);
}

#[tokio::test]
async fn a_page_is_of_the_moment_that_was_asked() {
    let site = Site::demo().await;
    site.fill("count-1", 2).await;
    site.fill("count-2", 2).await;
    site.fill("count-1", 2).await;
    let page = site.json(&format!("{EVENTS}?as_of=3")).await;
    assert_eq!((places(&page, "revision"), &page["last"]), (vec![0, 1], &json!(1)));
    let all = site.json("/v1/contexts/demo/events?as_of=2").await;
    assert_eq!(places(&all, "position"), [0, 1, 2]);
    let instant = all["events"][1]["recorded_at"].as_str().unwrap();
    let then = site.json(&format!("/v1/contexts/demo/events?as_of={instant}")).await;
    assert_eq!(places(&then, "position"), [0, 1]);
    for nonsense in ["yesterday", "-1", ""] {
        let path = format!("{EVENTS}?as_of={nonsense}");
        assert_eq!(problem(site.get(&path)).await, (400, "http.query".into()), "{nonsense}");
    }
}

#[tokio::test]
async fn a_filter_takes_streams_prefixes_categories_types_and_tags() {
    let site = Site::demo().await;
    let event = |kind: &str, tags: Value| json!({ "type": kind, "tags": tags });
    site.append("order-1", event("Placed", json!(["customer:1", "day:2"]))).await;
    site.append("order-2", event("Paid", json!(["customer:1"]))).await;
    site.append("customer-1", event("Joined", json!([]))).await;
    let of = async |query: &str| {
        places(&site.json(&format!("/v1/contexts/demo/events?{query}")).await, "position")
    };
    assert_eq!(of("stream=order-1&stream=customer-1").await, [0, 2]);
    assert_eq!(of("prefix=order-").await, [0, 1]);
    assert_eq!(of("category=customer&category=order").await, [0, 1, 2]);
    assert_eq!(of("type=Paid&type=Joined").await, [1, 2]);
    assert_eq!(of("tag=customer:1&tag=day:2").await, [0]);
    assert_eq!(of("category=order&type=Joined").await, Vec::<u64>::new());
    assert_eq!(of("direction=backwards&from=end").await, [2, 1, 0]);
    assert_eq!(of("from=end").await, Vec::<u64>::new());
    let (status, body) = told(site.get("/v1/contexts/demo/events?typ=Paid")).await;
    assert_eq!((status, &body["code"]), (400, &json!("http.query")));
    assert!(body["detail"].as_str().unwrap().contains("stream, prefix, category, type, tag"));
}

#[tokio::test]
async fn an_event_is_found_by_its_revision_its_id_and_its_position() {
    let site = Site::demo().await;
    site.fill("count-1", 3).await;
    let event = site.json(&format!("{EVENTS}/1")).await;
    assert_eq!((&event["revision"], &event["payload"]["n"]), (&json!(1), &json!(1)));
    let id = event["id"].as_str().unwrap();
    assert_eq!(site.json(&format!("{EVENTS}/id/{id}")).await, event);
    assert_eq!(site.json("/v1/contexts/demo/events/1").await, event);
    let none = "00000000-0000-0000-0000-000000000000";
    for path in
        [format!("{EVENTS}/3"), format!("{EVENTS}/id/{none}"), "/v1/contexts/demo/events/3".into()]
    {
        assert_eq!(problem(site.get(&path)).await, (404, "http.no_event".into()), "{path}");
    }
    for path in [format!("{EVENTS}/x"), format!("{EVENTS}/id/x"), format!("{EVENTS}/-1")] {
        assert_eq!(problem(site.get(&path)).await, (400, "http.path".into()), "{path}");
    }
}

#[tokio::test]
async fn bytes_that_are_not_json_are_shown_as_base64() {
    let site = Site::demo().await;
    site.append("blob-1", json!({ "type": "Scanned", "payload_base64": "/+8A" })).await;
    site.append("blob-1", json!({ "type": "Empty" })).await;
    let page = site.json("/v1/contexts/demo/streams/blob-1/events").await;
    let first = &page["events"][0];
    assert_eq!(
        (&first["payload_base64"], &first["content_type"]),
        (&json!("/+8A"), &json!("binary"))
    );
    assert_eq!(first.get("payload"), None);
    assert_eq!(page["events"][1]["payload"], Value::Null);
    assert_eq!(page["events"][1]["content_type"], "json");
}

#[tokio::test]
async fn metadata_and_the_requests_trace_are_kept() {
    let site = Site::demo().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let event = "{\"type\":\"A\",\"metadata\":{\"correlation\":\"c\",\"actor\":\"ann\",\
                 \"free\":{\"z\":\"1\",\"a\":\"2\"}}}";
    let request = site.post(&format!("{EVENTS}?expected=any")).header("traceparent", trace);
    let request = request.header("Content-Type", "application/json").body(event);
    assert_eq!(told(request).await.0, 201);
    let text = site.get(EVENTS).send().await.unwrap().text().await.unwrap();
    let in_order = format!(
        "{{\"correlation\":\"c\",\"traceparent\":\"{trace}\",\"actor\":\"ann\",\
         \"free\":{{\"z\":\"1\",\"a\":\"2\"}}}}"
    );
    assert!(text.contains(&in_order), "{text}");
}

/// A question must not make what it asks about.
#[tokio::test]
async fn what_is_not_there_is_not_found_and_not_made() {
    let site = Site::demo().await;
    for path in ["", "/events", "/streams", "/streams/a", "/streams/a/events", "/checkpoints/c"] {
        let path = format!("/v1/contexts/nowhere{path}");
        assert_eq!(problem(site.get(&path)).await, (404, "context.not_found".into()), "{path}");
    }
    let write = site.post("/v1/contexts/nowhere/streams/a/events?expected=any");
    assert_eq!(
        problem(write.json(&json!({ "type": "A" }))).await,
        (404, "context.not_found".into())
    );
    assert_eq!(site.json("/v1/contexts").await, json!({ "contexts": ["demo"] }));
    assert_eq!(problem(site.get("/nowhere")).await, (404, "http.page".into()));
    let other = site.delete("/v1/contexts").send().await.unwrap();
    assert_eq!((other.status().as_u16(), header(&other, "allow")), (405, "GET,HEAD".into()));
    let empty = site.json("/v1/contexts/demo/streams/a/events").await;
    assert_eq!((&empty["events"], &empty["last"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn names_of_any_letters_have_addresses() {
    let site = Site::demo().await;
    let name = "a/b ?#%ü\u{1f30a}";
    let path = "/v1/contexts/demo/streams/a%2Fb%20%3F%23%25%C3%BC%F0%9F%8C%8A/events";
    let request = site.post(&format!("{path}?expected=none")).json(&json!({ "type": "A" }));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(site.json(&header(&answer, "location")).await["stream"], name);
    assert_eq!(problem(site.get("/v1/contexts/demo/streams/%FF")).await, (400, "http.path".into()));
    assert_eq!(problem(site.get("/v1/contexts/demo/streams/%0A")).await, (400, "http.path".into()));
}
