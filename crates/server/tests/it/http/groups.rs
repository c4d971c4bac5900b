//! Consumer groups over HTTP: members by name, fetches that wait, and what the answers say.

use super::site::{Site, told};
use headwater_model::Timestamp;
use headwater_model::memory::MemoryContexts;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const GROUP: &str = "/v1/contexts/demo/groups/billing";

async fn put(site: &Site, path: &str, body: Value) -> (u16, Value) {
    told(site.request(Method::PUT, path).json(&body)).await
}

async fn post(site: &Site, path: &str, body: Value) -> (u16, Value) {
    told(site.request(Method::POST, path).json(&body)).await
}

async fn fetch(site: &Site, member: &str, query: &str) -> Value {
    let path = format!("{GROUP}/members/{member}/fetch?{query}");
    let (status, body) = told(site.request(Method::POST, &path)).await;
    assert_eq!(status, 200, "{body}");
    body["deliveries"].clone()
}

/// A site with a group over everything.
async fn ground(settings: Value) -> Site {
    let site = Site::demo().await;
    let made = put(&site, GROUP, json!({ "start": "now", "settings": settings })).await;
    assert_eq!(made.0, 201, "{}", made.1);
    site
}

async fn append(site: &Site, stream: &str) {
    site.append(stream, json!({ "type": "Sent" })).await;
}

/// C3: the second event of a stream comes when the first is acked, whoever asks.
#[tokio::test]
async fn members_share_events_and_each_key_is_in_order() {
    let site = ground(json!({})).await;
    for stream in ["a-1", "a-1", "b-1"] {
        append(&site, stream).await;
    }
    let first = fetch(&site, "one", "limit=1&wait_ms=0").await;
    assert_eq!((&first[0]["key"], &first[0]["event"]["revision"]), (&json!("a-1"), &json!(0)));
    let other = fetch(&site, "two", "wait_ms=0").await;
    assert_eq!((other.as_array().unwrap().len(), &other[0]["key"]), (1, &json!("b-1")));
    assert_eq!(fetch(&site, "two", "wait_ms=0").await, json!([]), "C3: one at a time");
    let ids = json!({ "deliveries": [first[0]["id"]] });
    let acked = post(&site, &format!("{GROUP}/members/one/ack"), ids.clone()).await;
    assert_eq!(acked, (200, json!({ "count": 1 })));
    let next = fetch(&site, "two", "wait_ms=0").await;
    assert_eq!((&next[0]["key"], &next[0]["event"]["revision"]), (&json!("a-1"), &json!(1)));
    let late = post(&site, &format!("{GROUP}/members/one/ack"), ids).await;
    assert_eq!((late.0, &late.1["code"]), (409, &json!("group.not_yours")));
}

/// A fetch is called for what comes, without asking again and again.
#[tokio::test]
async fn a_fetch_waits_for_the_first_delivery() {
    let site = ground(json!({})).await;
    let (fetched, ()) = tokio::join!(fetch(&site, "one", "wait_ms=20000"), append(&site, "a-1"));
    assert_eq!(fetched[0]["attempt"], 1);
}

/// C3: a caller that leaves gives back what it held, and so does one whose group was sought.
#[tokio::test]
async fn who_leaves_gives_back_what_it_held() {
    let site = ground(json!({})).await;
    append(&site, "a-1").await;
    fetch(&site, "one", "wait_ms=0").await;
    let left = told(site.request(Method::DELETE, &format!("{GROUP}/members/one"))).await;
    assert_eq!(left.0, 200);
    let again = fetch(&site, "two", "wait_ms=20000").await;
    assert_eq!(again[0]["attempt"], 2);
    let gone = told(site.request(Method::DELETE, &format!("{GROUP}/members/one"))).await;
    assert_eq!((gone.0, &gone.1["code"]), (409, &json!("group.not_a_member")));
}

#[tokio::test]
async fn each_problem_has_its_status_and_its_code() {
    let site = ground(json!({})).await;
    let code = |(status, body): (u16, Value)| (status, body["code"].as_str().unwrap().to_owned());
    let other = json!({ "start": "now", "settings": { "attempts_max": 7 } });
    assert_eq!(code(put(&site, GROUP, other).await), (409, "group.exists".into()));
    let fixed = put(&site, &format!("{GROUP}/settings"), json!({ "key": "category" })).await;
    assert_eq!(code(fixed), (409, "group.fixed".into()));
    let none = json!({ "start": "now", "settings": { "in_flight_count_max": 0 } });
    let invalid = put(&site, "/v1/contexts/demo/groups/none", none).await;
    assert_eq!(code(invalid), (422, "group.invalid".into()));
    let missing = told(site.get("/v1/contexts/demo/groups/none")).await;
    assert_eq!(code(missing), (404, "group.not_found".into()));
    let ahead = json!({ "to": { "incarnation": 0, "position": 99 } });
    let diverged = post(&site, &format!("{GROUP}/seek"), ahead).await;
    assert_eq!(code(diverged), (410, "group.diverged".into()));
    let small = put(&site, &format!("{GROUP}/settings"), json!({ "member_count_max": 1 })).await;
    assert_eq!(small.0, 200, "{}", small.1);
    fetch(&site, "one", "wait_ms=0").await;
    let full = format!("{GROUP}/members/two/fetch?wait_ms=0");
    let full = told(site.request(Method::POST, &full)).await;
    assert_eq!(code(full), (503, "group.too_many_members".into()));
    for (path, body, pointer) in [
        ("seek", json!({ "to": 7 }), "#/to"),
        ("parked/replay", json!({ "part": "some" }), "#/part"),
        ("parked/skip", json!({ "part": "all", "reason": "", "why": "" }), "#/why"),
        ("members/one/ack", json!({ "deliveries": ["x"] }), "#/deliveries/0"),
    ] {
        let (status, body) = post(&site, &format!("{GROUP}/{path}"), body).await;
        assert_eq!((status, &body["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}");
    }
    for query in ["wait_ms=30000", "limit=0", "limit=x", "wait=1"] {
        let path = format!("{GROUP}/members/one/fetch?{query}");
        let (status, body) = told(site.request(Method::POST, &path)).await;
        assert_eq!((status, &body["code"]), (400, &json!("http.query")), "{query}");
    }
}

/// A group goes on where it is told: by instant, by checkpoint, or at an end.
#[tokio::test]
async fn a_group_is_sought_to_any_place() {
    let site = ground(json!({})).await;
    for n in 0..3 {
        append(&site, &format!("a-{n}")).await;
    }
    for (to, count) in [
        (json!("beginning"), true),
        (json!("now"), false),
        (json!("1990-01-01T00:00:00Z"), true),
        (json!({ "incarnation": 0, "position": 0 }), true),
    ] {
        let sought = post(&site, &format!("{GROUP}/seek"), json!({ "to": to })).await;
        assert_eq!(sought.0, 200, "{}", sought.1);
        let fetched = fetch(&site, "one", "limit=100&wait_ms=0").await;
        assert_eq!(!fetched.as_array().unwrap().is_empty(), count, "{to}");
    }
}

/// A caller that is silent for longer than the lease is gone; its next fetch joins anew.
#[tokio::test]
async fn silence_for_longer_than_the_lease_gives_back() {
    let seconds = Arc::new(AtomicU64::new(1_000));
    let now = Arc::clone(&seconds);
    let clock = move || Timestamp::from_micros(now.load(Ordering::SeqCst) * 1_000_000);
    let site = Site::over(Arc::new(MemoryContexts::new(Arc::new(clock)))).await;
    assert_eq!(site.put("/v1/contexts/demo").send().await.unwrap().status(), 201);
    let settings = json!({ "lease_ms": 60_000, "ack_wait_ms": 600_000 });
    let made = put(&site, GROUP, json!({ "start": "now", "settings": settings })).await;
    assert_eq!(made.0, 201, "{}", made.1);
    append(&site, "a-1").await;
    let held = fetch(&site, "one", "wait_ms=0").await;
    seconds.store(1_059, Ordering::SeqCst);
    assert_eq!(fetch(&site, "two", "wait_ms=0").await, json!([]), "it is held");
    seconds.store(1_061, Ordering::SeqCst);
    let given = fetch(&site, "two", "wait_ms=0").await;
    assert_eq!(given[0]["attempt"], 2);
    let late = json!({ "deliveries": [held[0]["id"]] });
    let late = post(&site, &format!("{GROUP}/members/one/ack"), late).await;
    assert_eq!((late.0, &late.1["code"]), (409, &json!("group.not_a_member")));
    assert_eq!(fetch(&site, "one", "wait_ms=0").await, json!([]), "it joins again");
    assert_eq!(site.json(GROUP).await["members"].as_array().unwrap().len(), 2);
}

/// A server that stops does not keep who waits.
#[tokio::test]
async fn a_fetch_that_waits_ends_when_the_server_stops() {
    let site = ground(json!({})).await;
    let path = format!("{GROUP}/members/one/fetch?wait_ms=20000");
    let waiting = tokio::spawn(told(site.post(&path)));
    while site.json(GROUP).await["members"] == json!([]) {
        tokio::task::yield_now().await;
    }
    site.stop().await;
    let (status, body) = waiting.await.unwrap();
    assert_eq!((status, &body["code"]), (503, &json!("http.stopping")));
}
