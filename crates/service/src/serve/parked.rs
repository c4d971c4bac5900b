//! Parked inputs, over HTTP: listed, retried and discarded in the service that runs.
//!
//! Why: a reader's checkpoint and its databases have one writer, the running service, so a person
//! asks it instead of writing beside it.
//!
//! | ask | answer |
//! |---|---|
//! | `GET /admin/parked?reader=` | what readers have set aside, and why |
//! | `POST /admin/parked/{reader}/retry` | all of it tried again, and what came of each |
//! | `POST /admin/parked/{reader}/{event}/retry` | one, with those that are parked behind it |
//! | `POST /admin/parked/{reader}/{event}/discard` `{"why"}` | it is given up, and the reason kept |
//! | `POST /admin/parked/{reader}/{event}/end` `{"end", "why"}` | the parked saga is `completed` or `compensated` by hand |
//!
//! Invariant: C1 asking twice is safe; what was released is not parked any more and is answered so.

use crate::http::{Json, Path, Query};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use headwater_framework::http::Problem;
use headwater_framework::{End, ParkedInput, Retried, RetryOutcome, Service};
use headwater_model::EventId;
use serde::Deserialize;
use serde_json::{Value, json};

/// Inputs of one answer. Somebody with more of them first wants to know what they have in common.
const LISTED_COUNT_MAX: usize = 500;

/// The routes for the parked inputs of this service.
pub(super) fn router(service: Service) -> Router {
    Router::new()
        .route("/admin/parked", get(list))
        .route("/admin/parked/{reader}/retry", post(retry_all))
        .route("/admin/parked/{reader}/{event}/retry", post(retry))
        .route("/admin/parked/{reader}/{event}/discard", post(discard))
        .route("/admin/parked/{reader}/{event}/end", post(end))
        .with_state(service)
}

#[derive(Deserialize)]
struct Whose {
    reader: Option<String>,
}

async fn list(
    State(service): State<Service>,
    Query(whose): Query<Whose>,
) -> Result<Json<Value>, Problem> {
    let parked = match &whose.reader {
        Some(reader) => service.parked(reader).await?,
        None => service.all_parked().await?,
    };
    let listed: Vec<Value> = parked.iter().take(LISTED_COUNT_MAX).map(input).collect();
    let (name, count) = (service.name(), parked.len());
    Ok(Json(json!({ "service": name, "count": count, "parked": listed })))
}

async fn retry_all(
    State(service): State<Service>,
    Path(reader): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(told(&service.retry_all_parked(&reader).await?))
}

async fn retry(
    State(service): State<Service>,
    Path((reader, event)): Path<(String, EventId)>,
) -> Result<Json<Value>, Problem> {
    Ok(told(&service.retry_parked(&reader, event).await?))
}

#[derive(Deserialize)]
struct Reason {
    why: String,
}

async fn discard(
    State(service): State<Service>,
    Path((reader, event)): Path<(String, EventId)>,
    Json(reason): Json<Reason>,
) -> Result<Json<Value>, Problem> {
    let discarded = service.discard_parked(&reader, event, &reason.why).await?;
    Ok(Json(json!({
        "discarded": input(&discarded.input),
        "behindCount": discarded.behind_count,
    })))
}

#[derive(Deserialize)]
struct Ending {
    end: End,
    why: String,
}

async fn end(
    State(service): State<Service>,
    Path((reader, event)): Path<(String, EventId)>,
    Json(ending): Json<Ending>,
) -> Result<Json<Value>, Problem> {
    let ended = service.end_parked(&reader, event, ending.end, &ending.why).await?;
    Ok(Json(json!({ "ended": input(&ended), "end": ending.end })))
}

fn told(retried: &[Retried]) -> Json<Value> {
    let one = |Retried { input: parked, outcome }: &Retried| match outcome {
        RetryOutcome::Done => json!({ "outcome": "done", "input": input(parked) }),
        RetryOutcome::StillParked { code, why } => {
            json!({ "outcome": "parked", "code": code, "why": why, "input": input(parked) })
        }
    };
    Json(json!({ "retried": retried.iter().map(one).collect::<Vec<_>>() }))
}

fn input(input: &ParkedInput) -> Value {
    json!({
        "reader": input.reader,
        "source": input.source,
        "event": input.event,
        "type": input.event_type,
        "stream": input.stream,
        "revision": input.revision,
        "position": input.position,
        "key": input.key.as_ref().map(|key| key.as_str()),
        "code": input.code,
        "why": input.why,
        "parkedAt": input.parked_at,
    })
}
