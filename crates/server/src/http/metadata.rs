//! Metadata as JSON: four known keys, and free ones in the order given.

use super::bounds::KEY_COUNT_MAX;
use super::form;
use bytestring::ByteString;
use headwater_model::Metadata;
use headwater_telemetry::TraceParent;
use http::HeaderMap;
use schemars::JsonSchema;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;

/// What is known about an event besides what it says.
#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Metadata")]
pub(super) struct MetadataJson {
    /// The business transaction that this belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    correlation: Option<ByteString>,
    /// The command or event that led to this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    causation: Option<ByteString>,
    /// W3C trace context of the work that recorded this; the request's own if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    traceparent: Option<ByteString>,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    actor: Option<ByteString>,
    /// Free keys.
    #[serde(skip_serializing_if = "Free::is_empty")]
    #[schemars(schema_with = "form::texts")]
    free: Free,
}

impl From<MetadataJson> for Metadata {
    fn from(json: MetadataJson) -> Self {
        let MetadataJson { correlation, causation, traceparent, actor, free } = json;
        Self { correlation, causation, traceparent, actor, free: free.0 }
    }
}

impl From<&Metadata> for MetadataJson {
    fn from(metadata: &Metadata) -> Self {
        let Metadata { correlation, causation, traceparent, actor, free } = metadata.clone();
        Self { correlation, causation, traceparent, actor, free: Free(free) }
    }
}

/// Keys and values, in the order given.
#[derive(Default)]
pub(super) struct Free(pub(super) Vec<(ByteString, ByteString)>);

impl Free {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Free {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Free {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Free;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {KEY_COUNT_MAX} texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Free, A::Error> {
        let mut free: Vec<(ByteString, ByteString)> = Vec::new();
        let mut seen = HashSet::new();
        while let Some((key, value)) = map.next_entry::<ByteString, ByteString>()? {
            if free.len() == KEY_COUNT_MAX {
                return Err(A::Error::custom(format_args!("more than {KEY_COUNT_MAX} keys")));
            }
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format_args!("the key {key:?} is given twice")));
            }
            free.push((key, value));
        }
        Ok(Free(free))
    }
}

/// The trace context of a request, if it is one: what is malformed is ignored, as its standard asks.
pub(super) fn traceparent(headers: &HeaderMap) -> Option<ByteString> {
    TraceParent::of_headers(headers).map(|trace| trace.to_string().into())
}
