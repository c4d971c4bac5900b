//! A `CloudEvent` in JSON, as it is read.
//!
//! Why not a struct with the rest flattened into a map: that would read every value through a
//! buffer, and the data must stay as it was written.

use super::mapped::Mapped;
use crate::http::bounds::KEY_COUNT_MAX;
use crate::http::form;
use crate::http::json::{base64, slice_of};
use crate::http::problem::Problem;
use crate::http::refused::Refused;
use bytes::Bytes;
use headwater_model::{ContentType, NewEvent};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

/// The form of a `CloudEvent` in JSON; extensions stand beside these.
#[derive(JsonSchema)]
#[schemars(
    extend("not" = { "required": ["data", "data_base64"] }),
    extend("propertyNames" = { "pattern": "^([a-z0-9]+|data_base64)$" }),
    extend("additionalProperties" = { "type": ["string", "integer", "boolean", "null"] }),
)]
#[expect(dead_code, reason = "it is a description; `Attributes` reads")]
pub(in crate::http) struct CloudEvent {
    /// Unique together with the source. A UUID is kept as the event's id.
    #[schemars(schema_with = "form::name")]
    id: String,
    /// Where it comes from, as a URI reference.
    #[schemars(schema_with = "form::name")]
    source: String,
    /// `1.0`.
    #[schemars(schema_with = "one_point_o")]
    specversion: String,
    /// What has happened.
    #[serde(rename = "type")]
    #[schemars(schema_with = "form::name")]
    event_type: String,
    /// What it is about.
    subject: Option<String>,
    /// When it happened.
    #[schemars(schema_with = "form::time")]
    #[serde(default)]
    time: String,
    /// What the data is; JSON if nothing is said.
    datacontenttype: Option<String>,
    /// The schema of the data.
    dataschema: Option<String>,
    /// JSON.
    #[schemars(schema_with = "form::anything")]
    #[serde(default)]
    data: Value,
    /// Bytes; instead of `data`.
    #[schemars(schema_with = "form::base64")]
    #[serde(default)]
    data_base64: String,
}

fn one_point_o(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "const": "1.0" })
}

/// Names and values, as they stand in the body.
pub(super) struct Attributes<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names).map(Attributes)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = BTreeMap<String, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a CloudEvent: an object of at most {KEY_COUNT_MAX} attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut attributes = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            if attributes.len() == KEY_COUNT_MAX {
                return Err(A::Error::custom(format_args!("more than {KEY_COUNT_MAX} attributes")));
            }
            if attributes.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name} is given twice")));
            }
            attributes.insert(name, value);
        }
        Ok(attributes)
    }
}

impl Attributes<'_> {
    /// The event, which stands in `body` at `pointer`.
    pub(super) fn into_new(mut self, pointer: &str, body: &Bytes) -> Result<NewEvent, Problem> {
        let data = self.0.remove("data");
        let base64_data = self.0.remove("data_base64");
        let mut mapped = Mapped::new(pointer);
        for (name, raw) in &self.0 {
            if let Some(text) = text(&format!("{pointer}/{name}"), raw)? {
                mapped.attribute(name, text)?;
            }
        }
        let (content_type, payload) = match (data, base64_data) {
            (Some(_), Some(_)) => {
                let why = "an event has data or data_base64, not both";
                return Err(Refused::body(format!("{pointer}/data_base64"), why).into());
            }
            (Some(raw), None) => (ContentType::Json, slice_of(body, raw)),
            (None, Some(raw)) => {
                let pointer = format!("{pointer}/data_base64");
                let text = text(&pointer, raw)?.unwrap_or_default();
                (ContentType::Binary, base64(&pointer, &text)?)
            }
            (None, None) => (ContentType::Binary, Bytes::new()),
        };
        mapped.into_new(content_type, payload)
    }
}

const NOT_AN_ATTRIBUTE: &str = "an attribute is a text, a whole number or a truth";

/// An attribute's value as text: its types are texts, whole numbers and truths. `null` is none.
fn text(pointer: &str, raw: &RawValue) -> Result<Option<String>, Problem> {
    let refused = |why: String| Problem::from(Refused::body(pointer, why));
    let value: Value = serde_json::from_str(raw.get()).map_err(|why| refused(why.to_string()))?;
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Bool(is) => Ok(Some(is.to_string())),
        Value::Number(number) if !number.is_f64() => Ok(Some(number.to_string())),
        // `7.0` is a whole number too, as JSON Schema means it.
        Value::Number(number) => match number.as_f64().filter(|number| number.fract() == 0.0) {
            Some(whole) => Ok(Some(format!("{whole:.0}"))),
            None => Err(refused(NOT_AN_ATTRIBUTE.to_owned())),
        },
        Value::Array(_) | Value::Object(_) => Err(refused(NOT_AN_ATTRIBUTE.to_owned())),
    }
}
