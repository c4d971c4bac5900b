//! Events as JSON asks for them.
//!
//! Why: a payload is stored as it was written, byte for byte: parsing it here would lose numbers
//! that a `f64` cannot hold. It stays a slice of the body.

use super::form;
use super::json::{AtMost, at_most, base64, read, slice_of, whole, written};
use super::metadata::{MetadataJson, traceparent};
use super::problem::Problem;
use super::refused::Refused;
use bytes::Bytes;
use headwater_model::limits::{APPEND_EVENT_COUNT_MAX, TAG_COUNT_MAX};
use headwater_model::{ContentType, EventId, EventType, Metadata, NewEvent, Tag};
use http::HeaderMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// An event as it is asked to be stored.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewEvent", extend("not" = { "required": ["payload", "payload_base64"] }))]
pub(super) struct AskedEvent<'a> {
    /// What has happened: `OrderPlaced`.
    #[serde(rename = "type")]
    #[schemars(schema_with = "form::name")]
    event_type: EventType,
    /// Who it will be. Without one it is derived from the Idempotency-Key, or is fresh.
    #[serde(default)]
    #[schemars(schema_with = "form::id_or_null")]
    id: Option<Uuid>,
    /// Which shape of the payload this is.
    #[serde(default = "first", deserialize_with = "whole")]
    #[schemars(range(max = 4_294_967_295_u32))]
    schema_version: u32,
    /// What it says, as JSON; `null` if nothing is said.
    #[serde(borrow, default, deserialize_with = "written")]
    #[schemars(schema_with = "form::anything")]
    payload: Option<&'a RawValue>,
    /// What it says, as bytes; instead of `payload`.
    #[serde(default)]
    #[schemars(schema_with = "form::base64")]
    payload_base64: Option<String>,
    /// What is known about it.
    #[serde(default)]
    metadata: MetadataJson,
    /// The marks by which it is found.
    #[serde(default, deserialize_with = "at_most::<TAG_COUNT_MAX, _, _>")]
    #[schemars(schema_with = "form::tags")]
    tags: Vec<Tag>,
}

const fn first() -> u32 {
    1
}

/// Where the ids of events come from that bring none.
pub(super) struct Ids {
    request: Option<EventId>,
    count: u32,
}

impl Ids {
    /// From a request's own name, within the scope in which it is one request.
    pub(super) fn new(key: Option<&str>, scope: &[&str]) -> Self {
        let named = |key: &str| {
            let scope = scope.iter().map(|part| format!("{}:{part}", part.len()));
            let name = format!("headwater:http:{}:{key}", scope.collect::<Vec<_>>().join(":"));
            EventId(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
        };
        Self { request: key.map(named), count: 0 }
    }

    /// The id of the next event: every event takes one, so that the others' ids do not depend on
    /// which events brought their own.
    pub(super) fn next(&mut self) -> EventId {
        let n = self.count;
        self.count += 1;
        self.request.map_or_else(|| EventId(Uuid::now_v7()), |request| request.derive(n))
    }
}

impl AskedEvent<'_> {
    /// The event, whose payload is a slice of `body`, and which stands there at `pointer`.
    pub(super) fn into_new(
        self,
        pointer: &str,
        body: &Bytes,
        headers: &HeaderMap,
        ids: &mut Ids,
    ) -> Result<NewEvent, Problem> {
        let (content_type, payload) = match (self.payload, self.payload_base64) {
            (Some(_), Some(_)) => {
                let why = "an event has payload or payload_base64, not both";
                return Err(Refused::body(format!("{pointer}/payload_base64"), why).into());
            }
            (None, Some(text)) => {
                let bytes = base64(&format!("{pointer}/payload_base64"), &text)?;
                (ContentType::Binary, bytes)
            }
            (Some(raw), None) => (ContentType::Json, slice_of(body, raw)),
            (None, None) => (ContentType::Json, Bytes::from_static(b"null")),
        };
        let derived = ids.next();
        let mut metadata = Metadata::from(self.metadata);
        metadata.traceparent = metadata.traceparent.or_else(|| traceparent(headers));
        Ok(NewEvent {
            id: self.id.map_or(derived, EventId),
            event_type: self.event_type,
            schema_version: self.schema_version,
            content_type,
            payload,
            metadata,
            tags: self.tags,
        })
    }
}

/// The events of a body: one, or a list.
pub(super) fn events(
    body: &Bytes,
    headers: &HeaderMap,
    ids: &mut Ids,
) -> Result<Vec<NewEvent>, Problem> {
    let begins_with = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if begins_with != Some(&b'[') {
        let event: AskedEvent<'_> = read(body)?;
        return Ok(vec![event.into_new("", body, headers, ids)?]);
    }
    let AtMost::<APPEND_EVENT_COUNT_MAX, AskedEvent<'_>>(events) = read(body)?;
    let events = events.into_iter().enumerate();
    events.map(|(n, event)| event.into_new(&format!("/{n}"), body, headers, ids)).collect()
}
