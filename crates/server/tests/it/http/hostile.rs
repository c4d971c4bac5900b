//! D3: whatever comes over the socket is an answer, never a panic, a hang or a 5xx.

use super::site::{Site, problem};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().unwrap())
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, ..Config::default() })
}

/// A part of a path: mostly one that leads somewhere.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "v1", "contexts", "demo", "streams", "count-1", "events", "settings", "tombstone", "id",
            "appends", "checkpoints", "livez", "metrics", "0", "3", "$$count-1", "%24%24count-1",
        ]).prop_map(str::to_owned),
        1 => "[!-~]{0,8}".prop_filter("another part", |text| !text.contains(['?', '#'])),
        1 => "(%[0-9a-fA-F]{2}){1,4}",
        1 => any::<u64>().prop_map(|n| n.to_string()),
    ]
}

fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "from",
        "direction",
        "limit",
        "as_of",
        "format",
        "type",
        "tag",
        "stream",
        "prefix",
        "category",
        "after",
        "expected",
        "x",
    ]);
    let value = prop_oneof![
        any::<u64>().prop_map(|n| n.to_string()),
        prop::sample::select(vec!["start", "end", "any", "none", "exists", "backwards", "1", "0"])
            .prop_map(str::to_owned),
        "[!-~]{0,8}".prop_filter("within the query", |text| !text.contains('#')),
        "(%[0-9a-fA-F]{2}){1,4}",
        Just("2026-03-09T14:00:00Z".to_owned()),
    ];
    let pair = (name, value).prop_map(|(name, value)| format!("{name}={value}"));
    prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let json = prop::sample::select(vec![
        "{}",
        "[]",
        "[{}]",
        "null",
        "{\"type\":\"A\"}",
        "[{\"type\":\"A\",\"data\":[[[[]]]]}]",
        "{\"writes\":[{\"stream\":\"a\",\"expected\":18446744073709551615}]}",
        "{\"writes\":[{\"stream\":\"a\",\"expected\":\"any\",\"events\":[{\"type\":\"B\"}]}]}",
        "{\"conditions\":[{\"query\":[{\"tags\":[\"\"]}],\"after\":18446744073709551615}]}",
        "{\"conditions\":[{\"query\":[],\"after\":9223372036854775807}]}",
        "{\"checkpoints\":[{\"name\":\"a\",\"to\":{\"incarnation\":0,\"position\":1}}]}",
        "{\"specversion\":\"1.0\",\"id\":\"\u{0}\",\"type\":\"A\",\"source\":\"s\"}",
        "{\"count_max\":18446744073709551615,\"age_max_ms\":18446744073709551615}",
        "{\"truncate_before\":9223372036854775807}",
        "{\"count_max\":0}",
        "[[[[[[[[[[",
        "\"\\ud800\"",
    ]);
    prop_oneof![
        3 => json.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let name = prop::sample::select(vec![
        "If-Match",
        "If-None-Match",
        "Idempotency-Key",
        "Last-Event-ID",
        "Accept",
        "Content-Type",
        "ce-specversion",
        "ce-type",
        "ce-id",
        "ce-source",
        "ce-x",
        "traceparent",
    ]);
    let value = prop_oneof![
        "[ -~]{0,12}",
        prop::sample::select(vec![
            "*",
            "\"1\"",
            "application/json",
            "application/cloudevents+json",
            "1.0",
            "0.1",
            "%C3",
            "application/cloudevents-batch+json",
            "text/event-stream;q=0",
            "*/*;q=",
            "%",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec((name, value), 0..4)
}

#[test]
fn no_request_is_answered_with_a_failure_of_ours() {
    let site = runtime().block_on(async {
        let site = Site::demo().await;
        site.fill("count-1", 3).await;
        site
    });
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "X"]);
    let path = prop::collection::vec(part(), 0..7).prop_map(|parts| parts.join("/"));
    let request = (method, path, query(), headers(), body());
    let held = runner(1_500).run(&request, |(method, path, query, headers, body)| {
        runtime().block_on(async {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = site.request(method, &format!("/{path}?{query}"));
            for (name, value) in headers {
                // A tail does not end, which is another test's matter.
                if !value.contains("event-stream") {
                    request = request.header(name, value);
                }
            }
            let Ok(request) = request.body(body).timeout(Duration::from_secs(60)).build() else {
                return Ok(()); // no client can send it
            };
            let answer = site.send(request).await;
            prop_assert!(answer.is_ok(), "{:?}", answer.err());
            let status = answer.unwrap().status();
            prop_assert!(!status.is_server_error(), "{}", status);
            Ok(())
        })
    });
    held.unwrap();
}

#[test]
fn bytes_that_are_no_request_end_a_connection_and_nothing_else() {
    let site = runtime().block_on(Site::demo());
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..256),
        "(GET|POST|PRI) [ -~]{0,40}( HTTP/1.1)?\r\n([A-Za-z-]{1,8}: [ -~]{0,20}\r\n){0,4}\r\n"
            .prop_map(String::into_bytes),
    ];
    let held = runner(200).run(&bytes, |bytes| {
        runtime().block_on(async {
            let mut socket = TcpStream::connect(site.address).await.unwrap();
            let _ = socket.write_all(&bytes).await;
            let _ = socket.shutdown().await;
            let mut answer = Vec::new();
            let read = socket.read_to_end(&mut answer);
            prop_assert!(tokio::time::timeout(Duration::from_secs(60), read).await.is_ok());
            prop_assert!(!answer.starts_with(b"HTTP/1.1 5"), "{:?}", answer);
            Ok(())
        })
    });
    held.unwrap();
    runtime().block_on(async {
        assert_eq!(site.get("/livez").send().await.unwrap().status(), 200);
    });
}

/// A list of values was taken for the object that they would make: `[]` took all settings away.
#[tokio::test]
async fn a_list_is_not_taken_for_an_object() {
    let site = Site::demo().await;
    site.fill("order-1", 3).await;
    let path = "/v1/contexts/demo/streams/order-1/settings?expected=any";
    let settings = serde_json::json!({ "count_max": 2 });
    assert_eq!(site.put(path).json(&settings).send().await.unwrap().status(), 200);
    for list in [serde_json::json!([]), serde_json::json!([null, null, 1])] {
        assert_eq!(problem(site.put(path).json(&list)).await, (422, "http.body".to_owned()));
    }
    let stream = site.json("/v1/contexts/demo/streams/order-1").await;
    assert_eq!(stream["settings"], settings);
    let group = site.put("/v1/contexts/demo/groups/billing").json(&serde_json::json!(["now"]));
    assert_eq!(problem(group).await, (422, "http.body".to_owned()));
}
