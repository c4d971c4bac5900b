//! An event as a `CloudEvent` in JSON.

use super::PREFIX;
use crate::http::json::to_base64;
use crate::http::link::segment;
use crate::http::metadata::Free;
use crate::http::shown::json_of;
use headwater_model::{ContentType, ContextName, RecordedEvent};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// What stands between tags, and what escapes it.
const IN_TAGS: &AsciiSet = &CONTROLS.add(b',').add(b'%');

/// An event of a context.
pub(in crate::http) struct ShownCloudEvent<'a> {
    /// Of this context.
    pub(in crate::http) context: &'a ContextName,
    /// This event.
    pub(in crate::http) event: &'a RecordedEvent,
}

impl Serialize for ShownCloudEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { context, event } = self;
        let mut map = serializer.serialize_map(None)?;
        let kept = |name: &str| event.metadata.get(&format!("{PREFIX}{name}"));
        map.serialize_entry("specversion", "1.0")?;
        match kept("id") {
            Some(id) => map.serialize_entry("id", id)?,
            None => map.serialize_entry("id", &event.id)?,
        }
        match kept("source") {
            Some(source) => map.serialize_entry("source", source)?,
            None => map.serialize_entry("source", &self.source())?,
        }
        map.serialize_entry("type", event.event_type.as_str())?;
        map.serialize_entry("subject", kept("subject").unwrap_or(event.stream.as_str()))?;
        match kept("time") {
            Some(time) => map.serialize_entry("time", time)?,
            None => map.serialize_entry("time", &event.recorded_at)?,
        }
        self.known(&mut map)?;
        self.kept(&mut map)?;
        map.serialize_entry("hwcontext", context.as_str())?;
        map.serialize_entry("hwstream", event.stream.as_str())?;
        map.serialize_entry("hwrevision", &event.revision.to_string())?;
        map.serialize_entry("hwposition", &event.position.to_string())?;
        self.data(&mut map)?;
        map.end()
    }
}

impl ShownCloudEvent<'_> {
    fn source(&self) -> String {
        let (context, stream) = (self.context.as_str(), self.event.stream.as_str());
        format!("/v1/contexts/{}/streams/{}", segment(context), segment(stream))
    }

    /// What metadata and attributes call by different names.
    fn known<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let event = self.event;
        let known = [
            ("traceparent", &event.metadata.traceparent),
            ("correlationid", &event.metadata.correlation),
            ("causationid", &event.metadata.causation),
            ("authid", &event.metadata.actor),
        ];
        for (name, value) in known {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        if event.schema_version != 1 {
            map.serialize_entry("hwschemaversion", &event.schema_version.to_string())?;
        }
        if !event.tags.is_empty() {
            let encoded =
                |tag: &headwater_model::Tag| utf8_percent_encode(tag.as_str(), IN_TAGS).to_string();
            let tags: Vec<_> = event.tags.iter().map(encoded).collect();
            map.serialize_entry("hwtags", &tags.join(","))?;
        }
        Ok(())
    }

    /// Attributes that came in as such, and the metadata that did not.
    fn kept<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        const SAID: &[&str] = &["id", "source", "subject", "time", "datacontenttype"];
        let mut rest = Vec::new();
        for (key, value) in &self.event.metadata.free {
            match key.strip_prefix(PREFIX).filter(|name| is_extension(name)) {
                Some(name) if SAID.contains(&name) => {}
                Some(name) => map.serialize_entry(name, value)?,
                None => rest.push((key.clone(), value.clone())),
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        let rest = serde_json::to_string(&Free(rest)).map_err(serde::ser::Error::custom)?;
        map.serialize_entry("hwmetadata", &rest)
    }

    fn data<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let event = self.event;
        let kind = event.metadata.get("ce-datacontenttype");
        if event.content_type == ContentType::Binary && event.payload.is_empty() {
            return kind.map_or(Ok(()), |kind| map.serialize_entry("datacontenttype", kind));
        }
        match json_of(event) {
            Some(json) => {
                map.serialize_entry("datacontenttype", kind.unwrap_or("application/json"))?;
                map.serialize_entry("data", json)
            }
            None => {
                let kind = kind.unwrap_or("application/octet-stream");
                map.serialize_entry("datacontenttype", kind)?;
                map.serialize_entry("data_base64", &to_base64(&event.payload))
            }
        }
    }
}

/// Whether an attribute of this name can be written beside the ones that are always there. A free
/// key like `ce-data`, which only a store in process can hold, cannot.
fn is_extension(name: &str) -> bool {
    const OURS: &[&str] =
        &["specversion", "type", "data", "traceparent", "correlationid", "causationid", "authid"];
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    !name.is_empty()
        && name.chars().all(is_plain)
        && !name.starts_with("hw")
        && !OURS.contains(&name)
}
