//! Views, over HTTP: how far they are, built anew, paused, put behind events, in the service that runs.
//!
//! Why: a view has one writer, the running service, so a person asks it instead of writing beside it.
//!
//! | ask | answer |
//! |---|---|
//! | `GET /admin/views` | how each is, and how far what is built beside it |
//! | `POST /admin/views/{view}/rebuild` | it is built anew, beside the one that queries go to until it is whole |
//! | `POST /admin/views/{view}/abandon` | what is built is given up |
//! | `POST /admin/views/{view}/pause` `{"why"}` | it stands still, also over a restart |
//! | `POST /admin/views/{view}/resume` | it goes on, also one that had halted |
//! | `POST /admin/views/{view}/seek` `{"source", "position" or "time", "why"}` | events are passed over, and it is kept why |
//!
//! Each answers with the view as it is then.

use crate::http::{Json, Path};
use crate::serve::endpoints::reader;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use headwater_framework::http::Problem;
use headwater_framework::{BuildHealth, SeekTo, Service, ViewHealth};
use headwater_model::{Position, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// The routes for the views of this service.
pub(super) fn router(service: Service) -> Router {
    Router::new()
        .route("/admin/views", get(list))
        .route("/admin/views/{view}/rebuild", post(rebuild))
        .route("/admin/views/{view}/abandon", post(abandon))
        .route("/admin/views/{view}/pause", post(pause))
        .route("/admin/views/{view}/resume", post(resume))
        .route("/admin/views/{view}/seek", post(seek))
        .with_state(service)
}

async fn list(State(service): State<Service>) -> Result<Json<Value>, Problem> {
    let views: Vec<Value> = service.views().await?.iter().map(view).collect();
    Ok(Json(json!({ "service": service.name(), "views": views })))
}

async fn rebuild(
    State(service): State<Service>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(view(&service.rebuild_view(&name).await?)))
}

async fn abandon(
    State(service): State<Service>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(view(&service.abandon_view(&name).await?)))
}

#[derive(Deserialize)]
struct Reason {
    why: String,
}

async fn pause(
    State(service): State<Service>,
    Path(name): Path<String>,
    Json(reason): Json<Reason>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(view(&service.pause_view(&name, &reason.why).await?)))
}

async fn resume(
    State(service): State<Service>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(view(&service.resume_view(&name).await?)))
}

#[derive(Deserialize)]
struct Seek {
    source: String,
    position: Option<u64>,
    time: Option<String>,
    why: String,
}

async fn seek(
    State(service): State<Service>,
    Path(name): Path<String>,
    Json(seek): Json<Seek>,
) -> Result<Json<Value>, Problem> {
    let to = match (seek.position, &seek.time) {
        (Some(position), None) => SeekTo::Position(Position(position)),
        (None, Some(time)) => SeekTo::Time(instant(time)?),
        (Some(_), Some(_)) | (None, None) => {
            let detail = "name either a position or a time";
            return Err(Problem::invalid("view.seek", detail));
        }
    };
    let skipped = service.seek_view(&name, &seek.source, to, &seek.why).await?;
    Ok(Json(json!({
        "view": view(&service.view_named(&name).await?),
        "skipped": { "source": skipped.source, "from": skipped.from, "to": skipped.to, "why": skipped.why },
    })))
}

fn instant(text: &str) -> Result<Timestamp, Problem> {
    text.parse().map_err(|error| {
        Problem::invalid(
            "view.seek",
            format!("`{text}` is no time such as 2026-11-21T20:00:00Z: {error}"),
        )
    })
}

fn view(view: &ViewHealth) -> Value {
    json!({
        "name": view.name,
        "version": view.version,
        "live": view.live,
        "paused": view.paused,
        "halted": view.is_halted(),
        "readers": view.readers.iter().map(reader).collect::<Vec<_>>(),
        "building": view.building.as_ref().map(building),
    })
}

fn building(building: &BuildHealth) -> Value {
    json!({
        "generation": building.generation,
        "done": building.done,
        "of": building.of,
        "perSecond": building.per_second,
        "secondsLeft": building.seconds_left,
        "readers": building.readers.iter().map(reader).collect::<Vec<_>>(),
    })
}
