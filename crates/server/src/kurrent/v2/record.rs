//! Records of version 2, as events.
//!
//! Why: they have properties instead of metadata. Readers of version 1 are shown those properties
//! as JSON, with the schema beside them, so that is what is stored.

use super::super::event::Proposed;
use super::super::refusal::Refusal;
use bytes::Bytes;
use headwater_model::{ContentType, EventId};
use headwater_wire::kurrent::kurrentdb::protocol::v2::streams as pb;
use prost_types::value::Kind;
use serde_json::{Map, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// Lists and objects within each other in a property.
const DEPTH_MAX: usize = 32;

/// The events of records that are all for one stream.
pub(super) fn all(records: Vec<pb::AppendRecord>) -> Result<Vec<Proposed>, Refusal> {
    records.into_iter().map(proposed).collect()
}

/// The events of each stream, in the order in which the streams are first named; and of each record the
/// place of its stream.
pub(super) fn by_stream(records: Vec<pb::AppendRecord>) -> Result<ByStream, Refusal> {
    let mut streams: Vec<(String, Vec<Proposed>)> = Vec::new();
    let mut turns = Vec::with_capacity(records.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for record in records {
        let stream = record.stream.clone();
        let place = *places.entry(stream.clone()).or_insert_with(|| {
            streams.push((stream, Vec::new()));
            streams.len() - 1
        });
        streams[place].1.push(proposed(record)?);
        turns.push(u32::try_from(place).map_err(|_| Refusal::invalid("too many streams"))?);
    }
    Ok((streams, turns))
}

type ByStream = (Vec<(String, Vec<Proposed>)>, Vec<u32>);

fn proposed(record: pb::AppendRecord) -> Result<Proposed, Refusal> {
    let schema = record.schema.ok_or_else(|| Refusal::invalid("a record has no schema"))?;
    let id = match record.record_id.as_deref() {
        Some(text) => Uuid::parse_str(text)
            .map_err(|_| Refusal::invalid(format!("record id '{text}' is not a UUID")))?,
        None => Uuid::now_v7(),
    };
    let (content_type, format) = match schema.format() {
        pb::SchemaFormat::Json => (ContentType::Json, "Json"),
        pb::SchemaFormat::Protobuf => (ContentType::Binary, "Protobuf"),
        pb::SchemaFormat::Avro => (ContentType::Binary, "Avro"),
        pb::SchemaFormat::Bytes => (ContentType::Binary, "Bytes"),
        pb::SchemaFormat::Unspecified => {
            return Err(Refusal::invalid(format!("record {id} does not say its schema's format")));
        }
    };
    let mut properties = Map::new();
    for (key, value) in record.properties {
        properties.insert(key, json(value, 0)?);
    }
    properties.insert("$schema.name".to_owned(), schema.name.clone().into());
    properties.insert("$schema.format".to_owned(), format.into());
    properties.extend(schema.id.map(|id| ("$schema.id".to_owned(), id.into())));
    Ok(Proposed {
        id: EventId(id),
        event_type: schema.name,
        content_type,
        custom: Bytes::from(Value::Object(properties).to_string()),
        data: record.data,
    })
}

fn json(value: prost_types::Value, depth: usize) -> Result<Value, Refusal> {
    if depth > DEPTH_MAX {
        return Err(Refusal::invalid(format!("a property is deeper than {DEPTH_MAX} levels")));
    }
    Ok(match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(flag)) => flag.into(),
        Some(Kind::NumberValue(number)) => number_of(number),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::ListValue(list)) => {
            let values = list.values.into_iter().map(|value| json(value, depth + 1));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        Some(Kind::StructValue(object)) => {
            let fields = object.fields.into_iter();
            let fields = fields.map(|(key, value)| Ok((key, json(value, depth + 1)?)));
            Value::Object(fields.collect::<Result<_, Refusal>>()?)
        }
    })
}

/// A whole number is written as one: in protobuf they are all of one kind.
fn number_of(number: f64) -> Value {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        return format!("{number:.0}").parse::<i64>().map_or(Value::Null, Value::from);
    }
    Value::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(kind: Kind) -> prost_types::Value {
        prost_types::Value { kind: Some(kind) }
    }

    #[test]
    fn properties_become_json_with_whole_numbers_whole() {
        assert_eq!(json(value(Kind::NumberValue(3.0)), 0), Ok(3.into()));
        assert_eq!(json(value(Kind::NumberValue(-2.5)), 0), Ok((-2.5).into()));
        let list = prost_types::ListValue { values: vec![value(Kind::BoolValue(true))] };
        assert_eq!(json(value(Kind::ListValue(list)), 0), Ok(serde_json::json!([true])));
    }

    #[test]
    fn a_property_without_a_bottom_is_refused() {
        let mut deep = value(Kind::BoolValue(true));
        for _ in 0..=DEPTH_MAX {
            deep = value(Kind::ListValue(prost_types::ListValue { values: vec![deep] }));
        }
        assert!(json(deep, 0).is_err());
    }
}
