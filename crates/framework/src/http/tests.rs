//! Requests become causes and tokens; errors and receipts become answers.

use super::{Actor, HEADWATER_POSITION, IDEMPOTENT_REPLAYED, Problem};
use crate::{After, Cause, CommandError, InvalidAfter, ReadModelError, Receipt};
use crate::{Failed, Refusal, RefusalKind};
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use futures_util::FutureExt;
use headwater_model::{ContextName, LostReply, Position, ReadError, StreamName, Unavailable};
use http::Request;

fn extract<T: FromRequestParts<()>>(request: http::request::Builder) -> Result<T, T::Rejection> {
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    T::from_request_parts(&mut parts, &()).now_or_never().unwrap()
}

fn cause(request: http::request::Builder) -> Cause {
    extract(request).unwrap()
}

fn post(path: &str, key: &str) -> http::request::Builder {
    Request::post(path).header("Idempotency-Key", key)
}

/// A client that got no answer sends the same request again; were its id another, the order would
/// be made twice.
#[test]
fn the_same_key_on_the_same_route_by_the_same_actor_is_the_same_cause() {
    let first = cause(post("/orders", "k"));
    assert_eq!(first.id(), cause(post("/orders", "k")).id());
    assert_eq!(
        first.id(),
        cause(post("/orders?dry", "\"k\"")).id(),
        "quoted, as the standard has it"
    );
    assert_eq!(first.traceparent(), cause(post("/orders", "k")).traceparent());
    assert_ne!(first.id(), cause(post("/orders", "l")).id());
    assert_ne!(first.id(), cause(post("/orders/1/cancel", "k")).id());
    let by_ann = cause(post("/orders", "k").extension(Actor("ann".into())));
    assert_ne!(first.id(), by_ann.id());
    assert_eq!(by_ann.actor(), Some("ann"));
}

#[test]
fn a_request_without_a_key_is_its_own() {
    let fresh = || cause(Request::post("/orders").extension(Actor("ann".into())));
    assert_ne!(fresh().id(), fresh().id());
    assert_eq!(fresh().actor(), Some("ann"));
}

#[test]
fn a_key_that_is_none_is_refused() {
    for key in ["", "\"\"", &"k".repeat(256), "\u{e9}"] {
        let refused = extract::<Cause>(post("/orders", key)).unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.code()), (400, "request.idempotency_key"));
    }
}

#[test]
fn a_trace_goes_through_and_a_malformed_one_begins_anew() {
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = |value: &str| {
        let cause = cause(post("/orders", "k").header("traceparent", value));
        cause.traceparent().unwrap().to_owned()
    };
    assert_eq!(traced(given), given);
    let later = format!("01{}-more", &given[2..]);
    assert_eq!(traced(&later), later, "a later format is passed on as it is");
    let root = cause(post("/orders", "k")).traceparent().unwrap().to_owned();
    let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    for wrong in ["", "no", zero, &given.to_uppercase(), &format!("{given}-more"), &given[..54]] {
        assert_eq!(traced(wrong), root, "{wrong:?}");
    }
    let itself = Request::get("/").header("traceparent", &*root);
    assert_eq!(cause(itself).traceparent(), Some(&*root), "what begins here is well formed");
}

#[test]
fn after_is_read_from_the_query() {
    let after = |uri: &str| extract::<After>(Request::get(uri));
    assert_eq!(after("/orders").unwrap(), After::nothing());
    let two = after("/orders?page=2&after=orders%3A12,customers:3&after=history:4").unwrap();
    assert_eq!(two.to_string(), "orders:12,customers:3,history:4");
    let refused = after("/orders?after=12").unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.code()), (400, "request.after"));
}

#[test]
fn a_receipt_tells_its_place_and_whether_it_was_there_before() {
    let receipt = |replayed| Receipt {
        context: ContextName::new("orders").unwrap(),
        position: Some(Position(123)),
        events: vec![()],
        replayed,
    };
    let headers = |receipt| {
        let response: Response = (receipt, "").into_response();
        let text = |name| response.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        (text(HEADWATER_POSITION), text(IDEMPOTENT_REPLAYED))
    };
    assert_eq!(headers(receipt(false)), (Some("orders:123".into()), None));
    assert_eq!(headers(receipt(true)), (Some("orders:123".into()), Some("true".into())));
    let nothing = Receipt { position: None, ..receipt(false) };
    assert_eq!(headers(nothing), (None, None));
}

#[derive(Debug, thiserror::Error)]
#[error("no")]
struct No(RefusalKind);

impl Refusal for No {
    fn kind(&self) -> RefusalKind {
        self.0
    }
    fn code(&self) -> &'static str {
        "order.no"
    }
}

#[test]
fn each_error_has_its_status_and_keeps_its_code() {
    let stream = || StreamName::new("order-1").unwrap();
    let status = |error: CommandError<No>| {
        let problem = Problem::from(error);
        (problem.status().as_u16(), problem.code().to_owned())
    };
    let refused = |kind| status(CommandError::Refused(No(kind)));
    assert_eq!(refused(RefusalKind::Invalid), (422, "order.no".into()));
    assert_eq!(refused(RefusalKind::Forbidden).0, 403);
    assert_eq!(refused(RefusalKind::NotFound).0, 404);
    assert_eq!(refused(RefusalKind::Conflict).0, 409);
    let reused = status(CommandError::KeyReused { stream: stream() });
    assert_eq!(reused, (422, "command.key_reused".into()));
    let large = CommandError::TooLarge { what: "bytes", size: 2, size_max: 1 };
    assert_eq!(status(large), (413, "command.too_large".into()));
    assert_eq!(status(CommandError::Contended { stream: stream(), attempts: 3 }).0, 503);
    assert_eq!(status(CommandError::Unknown(LostReply { why: "gone".into() })).0, 503);
    assert_eq!(
        status(CommandError::Unavailable(Unavailable::Closed)),
        (503, "store.closed".into())
    );
    assert_eq!(status(CommandError::Rejected { why: "defect".into() }).0, 500);
    assert_eq!(Problem::from(ReadError::Unavailable(Unavailable::Closed)).status().as_u16(), 503);
    assert_eq!(Problem::from(Failed::for_now("busy")).status().as_u16(), 503);
    let not_wired = Problem::from(ReadModelError::NotWired { projection: "orders" });
    assert_eq!(not_wired.status().as_u16(), 500);
    assert_eq!(Problem::from("x".parse::<After>().map(drop).unwrap_err()).code(), "request.after");
    let _: fn(InvalidAfter) -> Problem = Problem::from;
}

#[test]
fn what_an_operator_must_mend_is_not_told_to_the_caller() {
    let problem = Problem::from(Failed::for_good("column `secret` of `select secret …`"));
    assert_eq!(problem.status().as_u16(), 500);
    assert!(!problem.detail().contains("secret"), "{problem}");
}

#[test]
fn a_problem_is_written_as_its_standard_has_it() {
    let problem =
        Problem::invalid("request.body", "the body does not fit").at("/total", "no money");
    let response = problem.clone().into_response();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(!response.headers().contains_key("retry-after"));
    let body = http_body(response);
    assert_eq!(
        body,
        serde_json::json!({
            "type": "urn:headwater:error:request.body",
            "title": "Unprocessable Entity",
            "status": 422,
            "code": "request.body",
            "detail": "the body does not fit",
            "errors": [{ "pointer": "#/total", "detail": "no money" }],
        })
    );
    let later = Problem::unavailable("view.behind", "not yet").into_response();
    assert_eq!(later.headers()["retry-after"], "1");
    assert_eq!(http_body(Problem::not_found("order").into_response())["code"], "order.not_found");
}

fn http_body(response: Response) -> serde_json::Value {
    let mut data = response.into_body().into_data_stream();
    let bytes = futures_util::StreamExt::next(&mut data).now_or_never().unwrap().unwrap().unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
