//! Tails: R3 over HTTP, across the switch from stored to live, reconnections, slow readers and a
//! server that stops.

use super::site::{Site, memory, problem, whole_problem};
use headwater_env::{OsDisk, OsEntropy, SystemClock};
use headwater_store::{EmbeddedStore, Environment, Options};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

const TAIL: &str = "text/event-stream";

/// Longer than anything here takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a tail says, message by message, as a browser reads it.
struct Reader {
    answer: Response,
    text: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Message {
    id: Option<String>,
    event: Option<String>,
    data: String,
}

impl Message {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

impl Reader {
    async fn of(request: RequestBuilder) -> Self {
        let answer = request.header("Accept", TAIL).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], TAIL);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self { answer, text: String::new() }
    }

    /// The next message; `None`: the tail has ended.
    async fn next(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("a message in time")
    }

    async fn read(&mut self) -> Option<Message> {
        loop {
            if let Some((lines, rest)) = self.text.split_once("\n\n") {
                let message = message(lines);
                self.text = rest.to_owned();
                if message != Message::default() {
                    return Some(message);
                }
                continue;
            }
            let chunk = self.answer.chunk().await.ok().flatten()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next message that is an event of the store.
    async fn event(&mut self) -> Message {
        loop {
            let message = self.next().await.expect("the tail goes on");
            if message.event.is_none() {
                return message;
            }
            assert_eq!(message.event.as_deref(), Some("caught-up"), "{message:?}");
        }
    }

    async fn caught_up(&mut self) -> Message {
        loop {
            let message = self.next().await.expect("the tail goes on");
            if message.event.as_deref() == Some("caught-up") {
                return message;
            }
        }
    }
}

/// One message, by the rules of HTML's standard.
fn message(lines: &str) -> Message {
    let mut message = Message::default();
    for line in lines.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => message.id = Some(id.to_owned()),
            Some(("event", event)) => message.event = Some(event.to_owned()),
            Some(("data", data)) => {
                message.data.push_str(data);
                message.data.push('\n');
            }
            _ => assert!(line.starts_with("retry: ") || line.starts_with(':'), "{line:?}"),
        }
    }
    message
}

fn n(message: &Message) -> u64 {
    message.json()["payload"]["n"].as_u64().unwrap()
}

/// R3: readers that begin while others append see everything once, in order: the store is the real
/// one, on disk, so that the switch from stored to live happens under racing commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_missed_or_doubled_between_stored_and_live() {
    const WRITERS: u64 = 4;
    const EACH: u64 = 60;
    let dir = tempfile::tempdir().unwrap();
    let environment = Environment {
        disk: Arc::new(OsDisk::new()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let store = EmbeddedStore::open_in(environment, dir.path(), Options::default()).unwrap();
    let site = Arc::new(Site::over(Arc::new(store)).await);
    assert_eq!(site.put("/v1/contexts/demo").send().await.unwrap().status(), 201);
    let writers = (0..WRITERS).map(|writer| {
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            for n in 0..EACH {
                let event = json!({ "type": "Counted", "payload": { "n": n } });
                site.append(&format!("count-{writer}"), event).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let readers = (0..6).map(|_| {
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            let path = "/v1/contexts/demo/events?from=start&category=count";
            let mut reader = Reader::of(site.get(path)).await;
            let mut next = [0; WRITERS as usize];
            for position in 0..WRITERS * EACH {
                let message = reader.event().await;
                assert_eq!(message.id, Some(format!("0.{position}")));
                let event = message.json();
                assert_eq!(event["position"], position);
                let writer: usize = event["stream"].as_str().unwrap()[6..].parse().unwrap();
                assert_eq!(event["payload"]["n"], next[writer]);
                next[writer] += 1;
            }
        })
    });
    for task in readers.chain(writers).collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// R3 across connections: whoever says the id of the last message they handled goes on behind it.
#[tokio::test]
async fn a_reader_that_reconnects_sees_every_event_once() {
    let site = Site::demo().await;
    let (mut seen, mut last) = (Vec::new(), None);
    for round in 0..6 {
        for _ in 0..3 {
            site.fill("other-1", 1).await;
            site.fill("count-1", 1).await;
        }
        let path = "/v1/contexts/demo/events?from=start&type=Counted&category=count";
        let request = site.get(path);
        let request = match &last {
            None => request,
            Some(id) => request.header("Last-Event-ID", id),
        };
        let mut reader = Reader::of(request).await;
        // Some rounds end in the middle, some at the end.
        for _ in 0..=(round % 3) {
            let message = reader.event().await;
            seen.push(message.json()["revision"].as_u64().unwrap());
            last = message.id;
        }
    }
    let path = "/v1/contexts/demo/events?type=Counted&category=count";
    let mut reader = Reader::of(site.get(path).header("Last-Event-ID", last.unwrap())).await;
    while seen.len() < 18 {
        seen.push(reader.event().await.json()["revision"].as_u64().unwrap());
    }
    assert_eq!(seen, (0..18).collect::<Vec<_>>());
    let end = reader.caught_up().await;
    assert_eq!(end.id.as_deref(), Some("0.35"));
    assert_eq!(end.json(), json!({ "incarnation": 0, "position": 35 }));
}

#[tokio::test]
async fn a_tail_begins_where_it_is_told_and_must_be_told() {
    let site = Site::demo().await;
    site.fill("count-1", 3).await;
    let path = "/v1/contexts/demo/events";
    let tail = |query: &str| site.get(&format!("{path}{query}")).header("Accept", TAIL);
    assert_eq!(problem(tail("")).await, (400, "http.no_start".into()));
    assert_eq!(problem(tail("?from=now")).await, (400, "http.query".into()));
    let from =
        async |query: &str| n(&Reader::of(site.get(&format!("{path}{query}"))).await.event().await);
    assert_eq!(from("?from=start").await, 0);
    assert_eq!(from("?from=2").await, 2);
    let mut end = Reader::of(site.get(&format!("{path}?from=end"))).await;
    assert_eq!(end.caught_up().await.id.as_deref(), Some("0.2"));
    site.append("count-1", json!({ "type": "Counted", "payload": { "n": 3 } })).await;
    assert_eq!(n(&end.event().await), 3);
    for id in ["17", "0.x", "0.99999999999999999999", "-1.0"] {
        let told = problem(tail("").header("Last-Event-ID", id)).await;
        assert_eq!(told, (400, "http.header".into()), "{id}");
    }
    for id in ["0.99", "7.0"] {
        let told = tail("").header("Last-Event-ID", id).send().await.unwrap();
        let (status, code, body) = whole_problem(told).await;
        assert_eq!((status.as_u16(), code.as_str()), (410, "read.diverged"), "{body}");
    }
}

/// A stream's tail may begin with a revision that is to come; who reconnects before it does has
/// not come to it either.
#[tokio::test]
async fn a_streams_tail_begins_with_its_revision() {
    let site = Site::demo().await;
    site.fill("count-1", 2).await;
    site.fill("other-1", 2).await;
    let path = "/v1/contexts/demo/streams/count-1/events";
    let stored = Reader::of(site.get(&format!("{path}?from=1"))).await.event().await;
    assert_eq!(stored.json()["revision"], 1);
    let later = format!("{path}?from=3");
    let mut reader = Reader::of(site.get(&later)).await;
    let caught_up = reader.caught_up().await;
    let mut again =
        Reader::of(site.get(&later).header("Last-Event-ID", caught_up.id.unwrap())).await;
    site.fill("count-1", 2).await;
    assert_eq!(reader.event().await.json()["revision"], 3);
    assert_eq!(again.event().await.json()["revision"], 3);
    let nobody = "/v1/contexts/demo/streams/nobody-1/events?from=start";
    let mut waiting = Reader::of(site.get(nobody)).await;
    waiting.caught_up().await;
    site.fill("nobody-1", 1).await;
    assert_eq!(waiting.event().await.json()["stream"], "nobody-1");
}

#[tokio::test]
async fn payloads_with_line_breaks_and_cloud_events_come_whole() {
    let site = Site::demo().await;
    let path = "/v1/contexts/demo/streams/count-1/events";
    let request = site.post(&format!("{path}?expected=any"));
    let request = request.header("Content-Type", "application/json");
    let pretty = "{\"type\":\"A\",\"payload\":{\n\r\n  \"a\": \"b\\nc\"\r}}";
    assert_eq!(request.body(pretty).send().await.unwrap().status(), 201);
    let plain = Reader::of(site.get(&format!("{path}?from=start"))).await.event().await;
    assert_eq!(plain.json()["payload"], json!({ "a": "b\nc" }));
    let path = format!("{path}?from=start&format=cloudevents");
    let cloud = Reader::of(site.get(&path)).await.event().await;
    assert_eq!(cloud.json()["specversion"], "1.0");
}

/// A reader that takes nothing holds one page: what the server has written stops growing, and
/// others go on.
#[tokio::test]
async fn a_slow_reader_is_not_waited_for_and_not_written_ahead_for() {
    let site = Site::demo().await;
    let large = json!({ "type": "Large", "payload": "x".repeat(200_000) });
    for _ in 0..200 {
        site.append("large-1", large.clone()).await;
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1_024).unwrap();
    let mut slow = socket.connect(site.address).await.unwrap();
    let request = "GET /v1/contexts/demo/events?from=start HTTP/1.1\r\nHost: x\r\n\
                   Accept: text/event-stream\r\n\r\n";
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1_024];
    slow.read_exact(&mut first).await.unwrap();

    let path = "/v1/contexts/demo/events?from=start";
    let mut quick = Reader::of(site.get(path)).await;
    for _ in 0..200 {
        quick.event().await;
    }
    let delivered = metric(&site, "headwater_delivered_events_total").await;
    // 40 MB are there; the slow one was given what fits into sockets, and a page of 8 MiB.
    assert!(delivered < 200 + 160, "{delivered} events were delivered");
    assert!(metric(&site, "headwater_subscriptions").await == 2);
    drop(slow);
}

async fn metric(site: &Site, name: &str) -> u64 {
    let text = site.get("/metrics").send().await.unwrap().text().await.unwrap();
    let line = format!("{name}{{context=\"demo\"}} ");
    text.lines().find_map(|found| found.strip_prefix(&*line)).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_tail_ends_with_the_server_and_holds_it_up_no_longer() {
    let site = Site::demo().await;
    site.fill("count-1", 1).await;
    let mut reader = Reader::of(site.get("/v1/contexts/demo/events?from=start")).await;
    reader.caught_up().await;
    let ended = site.stopping();
    assert_eq!(reader.next().await, None);
    tokio::time::timeout(PATIENCE, ended).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn more_tails_than_are_served_are_told_to_come_later() {
    let site = Site::over(Arc::new(memory())).await;
    assert_eq!(site.put("/v1/contexts/demo").send().await.unwrap().status(), 201);
    let path = "/v1/contexts/demo/events?from=start";
    let mut open = Vec::new();
    for _ in 0..512 {
        open.push(Reader::of(site.get(path)).await);
    }
    let one_more = site.get(path).header("Accept", TAIL).send().await.unwrap();
    assert_eq!(one_more.headers()["retry-after"], "1");
    assert_eq!(whole_problem(one_more).await.1, "http.too_many_tails");
}
