//! What an append is answered with.

use super::form;
use super::link;
use super::page::json;
use axum::body::Body;
use axum::response::Response;
use headwater_model::{Append, Appended, ContextName, EventId, Position, Revision, StreamName};
use http::header::{CONTENT_TYPE, ETAG, HeaderName, LOCATION};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

/// What was done, or had been done when the same ids were first appended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Appended")]
pub(super) struct ShownAppended {
    /// The last event's position; with no events, the context's last one.
    #[schemars(schema_with = "form::place_or_null")]
    position: Option<Position>,
    /// These ids had been appended before, and nothing was written now.
    replayed: bool,
    /// By stream, in the order asked.
    writes: Vec<Written>,
}

/// What was done to one stream.
#[derive(Serialize, JsonSchema)]
struct Written {
    /// Which.
    #[schemars(schema_with = "form::stream_shown")]
    stream: StreamName,
    /// Its last revision; `null`: it has no events.
    #[schemars(schema_with = "form::place_or_null")]
    revision: Option<Revision>,
    /// Its events, in order.
    #[schemars(with = "Vec<String>")]
    ids: Vec<EventId>,
}

/// What will be told of an append, kept while the store has it.
pub(super) struct Asked {
    writes: Vec<(StreamName, Vec<EventId>)>,
}

/// Notes what will be told.
pub(super) fn asked(append: &Append) -> Asked {
    let ids = |write: &headwater_model::StreamWrite| {
        (write.stream.clone(), write.events.iter().map(|event| event.id).collect())
    };
    Asked { writes: append.writes.iter().map(ids).collect() }
}

/// The answer to an append of one stream: its events have an address.
pub(super) fn one(context: &ContextName, asked: Asked, appended: &Appended) -> Response {
    let last = appended.revisions.first().copied().flatten();
    let first = asked.writes.first().and_then(|(stream, ids)| {
        let before = u64::try_from(ids.len()).ok()?.checked_sub(1)?;
        Some((stream.clone(), last?.0.checked_sub(before)?))
    });
    let mut response = many(context, asked, appended);
    let headers = response.headers_mut();
    if let Some((stream, revision)) = first {
        let stream = link::stream(context.as_str(), stream.as_str());
        set(headers, LOCATION, format!("{stream}/events/{revision}"));
    }
    if let Some(last) = last {
        set(headers, ETAG, format!("\"{last}\""));
    }
    response
}

/// The answer to an append.
pub(super) fn many(context: &ContextName, asked: Asked, appended: &Appended) -> Response {
    let has_events = asked.writes.iter().any(|(_, ids)| !ids.is_empty());
    let writes = asked.writes.into_iter().zip(&appended.revisions);
    let shown = ShownAppended {
        position: appended.position,
        replayed: appended.replayed,
        writes: writes
            .map(|((stream, ids), revision)| Written { stream, revision: *revision, ids })
            .collect(),
    };
    let mut response = Response::new(Body::from(json(&shown)));
    if has_events {
        *response.status_mut() = StatusCode::CREATED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(position) = appended.position {
        let name = HeaderName::from_static("headwater-position");
        set(headers, name, format!("{context}:{position}"));
    }
    if appended.replayed {
        let name = HeaderName::from_static("idempotent-replayed");
        headers.insert(name, HeaderValue::from_static("true"));
    }
    response
}

/// Sets a header. A context's name may hold letters that a header cannot: then there is none.
fn set(headers: &mut http::HeaderMap, name: HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}
