//! Every error that the store can answer, as a client of HTTP meets it.

use super::broken::Broken;
use super::site::{Site, whole_problem};
use headwater_model::append::WrongRevision;
use headwater_model::{
    AppendError, Checkpoint, CheckpointName, Corrupt, Denied, EventId, ExpectedRevision,
    Incarnation, LostReply, Position, ReadError, Revision, StreamName, Unavailable,
};
use headwater_server::http::{Refused, Sought};
use serde_json::json;
use uuid::Uuid;

/// The page where operators look codes up.
const PAGE: &str = include_str!("../../../../../docs/errors/http.md");

fn stream() -> StreamName {
    StreamName::new("order-1").unwrap()
}

fn forbidden() -> Denied {
    let (who, verb, what) = ("ana".into(), "append".into(), "stream order-1 of shop".into());
    Denied::Forbidden { who, verb, what }
}

fn unknown_caller() -> Denied {
    Denied::Unauthenticated { why: "there are no credentials".into() }
}

fn unavailable() -> Vec<(Unavailable, u16, &'static str)> {
    let why = || "secret".to_owned();
    vec![
        (Unavailable::Full { why: why() }, 507, "store.full"),
        (Unavailable::Poisoned { why: why() }, 503, "store.poisoned"),
        (Unavailable::Closed, 503, "store.closed"),
        (Unavailable::Locked { owner: why() }, 503, "store.locked"),
        (Unavailable::Fenced { why: why() }, 503, "store.fenced"),
        (Unavailable::Io { what: why(), why: why() }, 503, "store.io"),
    ]
}

fn corrupt() -> Corrupt {
    Corrupt { file: "/secret/7.seg".into(), at: 9, why: "rot".into() }
}

fn append_errors() -> Vec<(AppendError, u16, &'static str)> {
    let expected = ExpectedRevision::At(Revision(5));
    let wrong = WrongRevision { stream: stream(), expected, actual: Some(Revision(7)) };
    let checkpoint = Checkpoint { incarnation: Incarnation(0), position: Position(3) };
    let name = CheckpointName::new("reader").unwrap();
    let id = EventId(Uuid::nil());
    let mut errors = vec![
        (AppendError::WrongRevision(wrong), 412, "append.wrong_revision"),
        (
            AppendError::ConditionFailed { condition: 1, after: None, position: Position(4) },
            409,
            "append.condition_failed",
        ),
        (
            AppendError::CheckpointMoved { name, expected: None, actual: Some(checkpoint) },
            409,
            "append.checkpoint_moved",
        ),
        (
            AppendError::IdReused { id, stream: stream(), revision: Revision(2) },
            409,
            "append.id_reused",
        ),
        (
            AppendError::PartlyRepeated { stream: stream(), repeated: vec![id] },
            409,
            "append.partly_repeated",
        ),
        (
            AppendError::ConditionTooBroad { condition: 0, unseen: 9, examined_max: 8 },
            422,
            "append.condition_too_broad",
        ),
        (AppendError::Tombstoned { stream: stream() }, 410, "append.tombstoned"),
        (AppendError::TooLarge { what: "bytes", size: 2, size_max: 1 }, 413, "append.too_large"),
        (AppendError::Invalid { why: "twice".into() }, 422, "append.invalid"),
        (AppendError::Unknown(LostReply { why: "gone".into() }), 503, "append.unknown"),
        (AppendError::Corrupt(corrupt()), 500, "store.corrupt"),
        (AppendError::Denied(forbidden()), 403, "access.denied"),
        (AppendError::Denied(unknown_caller()), 401, "access.unauthenticated"),
    ];
    let of = |(cause, status, code)| (AppendError::Unavailable(cause), status, code);
    errors.extend(unavailable().into_iter().map(of));
    errors
}

fn read_errors() -> Vec<(ReadError, u16, &'static str)> {
    let diverged =
        ReadError::Diverged { position: Position(9), had: Incarnation(1), is: Incarnation(2) };
    let mut errors = vec![
        (diverged, 410, "read.diverged"),
        (ReadError::Invalid { why: "too wide".into() }, 400, "read.invalid"),
        (ReadError::Denied(forbidden()), 403, "access.denied"),
        (ReadError::Denied(unknown_caller()), 401, "access.unauthenticated"),
        (ReadError::Corrupt(corrupt()), 500, "store.corrupt"),
    ];
    let of = |(cause, status, code)| (ReadError::Unavailable(cause), status, code);
    errors.extend(unavailable().into_iter().map(of));
    errors
}

#[tokio::test]
async fn every_error_of_an_append_has_its_status_and_keeps_its_code() {
    for (error, status, code) in append_errors() {
        let site = Site::over(Broken::new(error, read_errors().remove(0).0)).await;
        let path = "/v1/contexts/demo/streams/order-1";
        let event = json!({ "type": "A" });
        for request in [
            site.post(&format!("{path}/events?expected=any")).json(&event),
            site.post("/v1/contexts/demo/appends").json(&json!({})),
            site.put(&format!("{path}/settings?expected=any")).json(&json!({})),
            site.delete(&format!("{path}?expected=any")),
            site.post(&format!("{path}/tombstone?expected=any")),
        ] {
            let answer = request.send().await.unwrap();
            let again = answer.headers().contains_key("retry-after");
            let (told, known, body) = whole_problem(answer).await;
            assert_eq!((told.as_u16(), known.as_str()), (status, code));
            assert_eq!(again, [503, 507].contains(&status), "{code} says when to come again");
            assert!(!body.to_string().contains("/secret/"), "{body}");
        }
    }
}

#[tokio::test]
async fn every_error_of_a_read_has_its_status_and_keeps_its_code() {
    for (error, status, code) in read_errors() {
        let site = Site::over(Broken::new(append_errors().remove(0).0, error)).await;
        let path = "/v1/contexts/demo/streams/order-1";
        for (path, accept) in [
            ("/v1/contexts/demo", "*/*"),
            ("/v1/contexts/demo/events", "*/*"),
            ("/v1/contexts/demo/events?from=start", "text/event-stream"),
            ("/v1/contexts/demo/events/3", "*/*"),
            ("/v1/contexts/demo/streams", "*/*"),
            ("/v1/contexts/demo/checkpoints/c", "*/*"),
            (path, "*/*"),
            (&format!("{path}/events"), "*/*"),
            (&format!("{path}/events?from=start"), "text/event-stream"),
            (&format!("{path}/events?from=3"), "text/event-stream"),
            (&format!("{path}/events/3"), "*/*"),
            (&format!("{path}/events/id/{}", Uuid::nil()), "*/*"),
        ] {
            let answer = site.get(path).header("Accept", accept).send().await.unwrap();
            let (told, known, _) = whole_problem(answer).await;
            assert_eq!((told.as_u16(), known.as_str()), (status, code), "{path}");
        }
    }
}

/// Every refusal that this face itself can give.
fn refused() -> Vec<Refused> {
    let text = || "x".to_owned();
    let revision = Sought::Revision(stream(), Revision(1));
    vec![
        Refused::Page { path: text() },
        Refused::Method { method: text() },
        Refused::NoStream { stream: stream() },
        Refused::NoEvent { what: revision },
        Refused::Path { name: text(), why: text() },
        Refused::AddressTooLong { bytes: 2, bytes_max: 1 },
        Refused::Query { name: text(), why: text() },
        Refused::Header { name: "x", why: text() },
        Refused::NoExpectation,
        Refused::Contradiction { one: ExpectedRevision::NoStream, other: ExpectedRevision::Exists },
        Refused::NoStart,
        Refused::MediaType { given: text(), accepted: "y" },
        Refused::NotAcceptable { given: text(), offered: text() },
        Refused::BodyTooLarge { bytes_max: 1 },
        Refused::BodyBroken { why: text() },
        Refused::Json { why: text() },
        Refused::Body { pointer: text(), why: text() },
        Refused::TooManyTails { count_max: 1 },
        Refused::TooSlow { seconds: 1 },
        Refused::Panicked,
        Refused::Stopping,
    ]
}

#[test]
fn every_refusal_has_a_page_that_names_its_status() {
    for refused in refused() {
        let heading = format!("## {}\n{} ", refused.code(), refused.status().as_u16());
        assert!(PAGE.contains(&heading), "docs/errors/http.md has no {heading:?}");
    }
}

#[tokio::test]
async fn what_no_handler_sees_is_a_problem_too() {
    let site = Site::demo().await;
    let long = format!("/v1/contexts/{}", "x".repeat(17_000));
    let answer = site.get(&long).send().await.unwrap();
    assert_eq!(whole_problem(answer).await.1, "http.address_too_long");
    let answer = site.get("/v1/contexts/demo/events").header("Accept", "image/png").send().await;
    assert_eq!(whole_problem(answer.unwrap()).await.1, "http.not_acceptable");
    let answer = site.request(reqwest::Method::PATCH, "/v1/contexts/demo").send().await.unwrap();
    assert_eq!(whole_problem(answer).await.1, "http.method");
    let answer = site.get("/v1/contexts/demo/none").send().await.unwrap();
    assert_eq!(whole_problem(answer).await.1, "http.page");
}
