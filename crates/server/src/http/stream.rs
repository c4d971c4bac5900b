//! Streams as a whole: listing them, what is kept of them, and their end.

use super::append::must_be_json;
use super::ask::Ask;
use super::bounds::PAGE_STREAM_COUNT;
use super::expected::expected;
use super::form;
use super::json::{place_or_null, read_object};
use super::link;
use super::page::{json, limit};
use super::param::{BEGINS, BEHIND};
use super::problem::Problem;
use super::refused::Refused;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use headwater_model::{
    Appended, ExpectedRevision, Position, Revision, StreamChange, StreamLife, StreamName,
    StreamSettings, StreamState,
};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stream at one moment.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Stream")]
pub(super) struct ShownStream {
    /// Its name.
    #[schemars(schema_with = "form::stream_shown")]
    stream: StreamName,
    /// The last event's revision, hidden ones included; `null`: there never was one.
    #[schemars(schema_with = "form::place_or_null")]
    last: Option<Revision>,
    /// The first revision that reads show; behind `last` when all are hidden.
    #[schemars(schema_with = "form::place")]
    first: Revision,
    /// `alive`, `deleted` (a new event revives it) or `tombstoned` (it takes no more events).
    #[schemars(with = "String")]
    life: StreamLife,
    /// What is kept.
    settings: SettingsJson,
}

impl From<StreamState> for ShownStream {
    fn from(state: StreamState) -> Self {
        let StreamState { stream, last, first, settings, life } = state;
        Self { stream, last, first, life, settings: settings.into() }
    }
}

/// What is kept of a stream. What is not said is not limited.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "StreamSettings")]
pub(super) struct SettingsJson {
    /// At most so many of the newest events.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "place_or_null")]
    #[schemars(schema_with = "form::place_or_null")]
    count_max: Option<u64>,
    /// Events not older than so many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "place_or_null")]
    #[schemars(schema_with = "form::place_or_null")]
    age_max_ms: Option<u64>,
    /// Events from this revision on.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "place_or_null")]
    #[schemars(schema_with = "form::place_or_null")]
    truncate_before: Option<u64>,
}

impl From<StreamSettings> for SettingsJson {
    fn from(settings: StreamSettings) -> Self {
        let StreamSettings { count_max, age_max_ms, truncate_before } = settings;
        Self { count_max, age_max_ms, truncate_before: truncate_before.map(|first| first.0) }
    }
}

impl From<SettingsJson> for StreamSettings {
    fn from(json: SettingsJson) -> Self {
        let SettingsJson { count_max, age_max_ms, truncate_before } = json;
        Self { count_max, age_max_ms, truncate_before: truncate_before.map(Revision) }
    }
}

/// Streams, in order of name.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Streams")]
pub(super) struct ShownStreams {
    /// The streams.
    streams: Vec<ShownStream>,
    /// Give it as `after` to see what follows; `null` when nothing does.
    #[schemars(with = "Option<String>")]
    next: Option<StreamName>,
    /// The address of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

/// A change to a stream as a whole was recorded.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StreamChanged")]
pub(super) struct ShownChange {
    /// Where it was recorded.
    #[schemars(schema_with = "form::place_or_null")]
    position: Option<Position>,
}

/// Streams whose names begin so.
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let count_max = limit(&ask, PAGE_STREAM_COUNT)?;
    let after = ask.names(&BEHIND, StreamName::system)?.pop();
    let prefix = ask.query(&BEGINS).filter(|prefix| !prefix.is_empty());
    let named = prefix.map(|prefix| StreamName::system(prefix.to_owned())).transpose();
    let refused = |why| Refused::query(BEGINS.name, why);
    let prefix = named.map_err(refused)?.map_or_else(String::new, |name| name.to_string());
    let states = ask.context().await?.streams(prefix, after, count_max).await?;
    let next = states.last().filter(|_| states.len() == count_max);
    let next = next.map(|state| state.stream.clone());
    let link = |next: &StreamName| {
        let others = [(BEHIND.name, Some(next.to_string()))];
        link::with(ask.uri.path(), ask.pairs(), &others)
    };
    let next_link = next.as_ref().map(link);
    let streams = states.into_iter().map(ShownStream::from).collect();
    Ok(fresh(&ShownStreams { streams, next, next_link }))
}

/// A stream as a whole.
pub(super) async fn state(ask: Ask) -> Result<Response, Problem> {
    let stream = ask.stream()?;
    let state = ask.context().await?.stream(stream.clone()).await?;
    if state == StreamState::unknown(stream.clone()) {
        return Err(Refused::NoStream { stream }.into());
    }
    let tag = state.last.map(|last| format!("\"{last}\""));
    let mut response = fresh(&ShownStream::from(state));
    if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

/// Replaces what is kept of a stream.
pub(super) async fn settings(ask: Ask) -> Result<Response, Problem> {
    let (stream, expected) = (ask.stream()?, expected(&ask)?);
    must_be_json(&ask.headers)?;
    let body = ask.body().await?;
    let settings: SettingsJson = read_object(&body.bytes)?;
    change(&ask, stream, expected, StreamChange::Settings(settings.into())).await
}

/// Hides all events up to now.
pub(super) async fn delete(ask: Ask) -> Result<Response, Problem> {
    let (stream, expected) = (ask.stream()?, expected(&ask)?);
    change(&ask, stream, expected, StreamChange::Delete).await
}

/// Hides all events, and refuses new ones for ever.
pub(super) async fn tombstone(ask: Ask) -> Result<Response, Problem> {
    let (stream, expected) = (ask.stream()?, expected(&ask)?);
    change(&ask, stream, expected, StreamChange::Tombstone).await
}

async fn change(
    ask: &Ask,
    stream: StreamName,
    expected: ExpectedRevision,
    change: StreamChange,
) -> Result<Response, Problem> {
    let context = ask.context().await?;
    let Appended { position, .. } = context.change_stream(stream, expected, change).await?;
    Ok(fresh(&ShownChange { position }))
}

/// An answer that is true now and is not kept.
pub(super) fn fresh(value: &impl Serialize) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, Body::from(json(value))).into_response()
}
