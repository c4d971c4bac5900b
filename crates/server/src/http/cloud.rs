//! `CloudEvents` 1.0: in, in all three modes of HTTP, and out, structured and batched.
//!
//! Why: other languages have libraries for them, and brokers speak them.
//!
//! Picture:
//! ```text
//!   id           event id, if it is a UUID; else one derived from source and id
//!   type         event type
//!   data         payload: `data` is JSON, `data_base64` is binary
//!   traceparent, correlationid, causationid, authid       metadata of the same meaning
//!   hwschemaversion, hwtags, hwmetadata                   schema version, tags, free metadata
//!   hwcontext, hwstream, hwrevision, hwposition           said, never read: the store knows better
//!   source, subject, time, dataschema, all others         free metadata: `ce-source` …
//! ```
//! Invariant: what came in as a `CloudEvent` goes out with the same attributes and the same data.

mod attributes;
mod binary;
mod mapped;
mod shown;

pub(super) use attributes::CloudEvent;
pub(super) use binary::{binary, is_binary};
pub(super) use shown::ShownCloudEvent;

use super::json::{AtMost, read};
use super::metadata::traceparent;
use super::problem::Problem;
use attributes::Attributes;
use bytes::Bytes;
use headwater_model::NewEvent;
use headwater_model::limits::APPEND_EVENT_COUNT_MAX;
use http::HeaderMap;

/// One event in JSON.
pub(super) const CLOUD_JSON: &str = "application/cloudevents+json";

/// A list of events in JSON.
pub(super) const CLOUD_BATCH_JSON: &str = "application/cloudevents-batch+json";

/// What attributes are called in the free metadata.
const PREFIX: &str = "ce-";

/// The event of a body in structured mode.
pub(super) fn structured(body: &Bytes, headers: &HeaderMap) -> Result<Vec<NewEvent>, Problem> {
    let event: Attributes<'_> = read(body)?;
    Ok(vec![traced(event.into_new("", body)?, headers)])
}

/// The events of a body in batched mode.
pub(super) fn batch(body: &Bytes, headers: &HeaderMap) -> Result<Vec<NewEvent>, Problem> {
    let AtMost::<APPEND_EVENT_COUNT_MAX, Attributes<'_>>(events) = read(body)?;
    let events = events.into_iter().enumerate();
    events.map(|(n, event)| Ok(traced(event.into_new(&format!("/{n}"), body)?, headers))).collect()
}

/// An event without a trace of its own belongs to the request's.
fn traced(mut event: NewEvent, headers: &HeaderMap) -> NewEvent {
    let own = event.metadata.traceparent.take();
    event.metadata.traceparent = own.or_else(|| traceparent(headers));
    event
}

/// Whether a media type is JSON.
fn is_json(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind == "text/json" || kind.ends_with("+json")
}
