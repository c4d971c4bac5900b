//! Rows that are events already: outboxes, read from the log instead of polled.
//!
//! Invariant: a row gives the same stream, type, id and payload as polling the same table does, so a
//! service can go over from the one to the other.

use super::{Addressed, MappingError, UnfitRow, column, free_metadata};
use crate::cell::Row;
use crate::change::{Change, Moment, Table};
use crate::json::from_hex;
use crate::mapping::OutboxShape;
use bytes::Bytes;
use bytestring::ByteString;
use headwater_model::{ContentType, EventId, EventType, Metadata, NewEvent, StreamName, Tag};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use std::fmt::Display;
use uuid::Uuid;

#[derive(Debug)]
pub(crate) struct OutboxRule {
    table: ByteString,
    columns: Columns,
}

/// Where each shape's columns are.
#[derive(Debug)]
enum Columns {
    Own {
        id: usize,
        stream: usize,
        event_type: usize,
        schema_version: usize,
        payload: usize,
        payload_bytes: usize,
        metadata: usize,
        tags: usize,
    },
    Debezium {
        id: usize,
        category: usize,
        key: usize,
        event_type: usize,
        payload: usize,
    },
    Eventuate {
        id: usize,
        destination: usize,
        headers: usize,
        payload: usize,
    },
}

/// What ids derive from that are not 128 bits; the same as for who polls the table.
const EVENTUATE_IDS: EventId = EventId(Uuid::from_u128(0x6f75_7462_6f78_2e65_7665_6e74_7561_7465));

impl OutboxRule {
    pub(super) fn new(shape: OutboxShape, table: &Table) -> Result<Self, MappingError> {
        let at = |name| column(table, name);
        let columns = match shape {
            OutboxShape::Own => Columns::Own {
                id: at("id")?,
                stream: at("stream")?,
                event_type: at("type")?,
                schema_version: at("schema_version")?,
                payload: at("payload")?,
                payload_bytes: at("payload_bytes")?,
                metadata: at("metadata")?,
                tags: at("tags")?,
            },
            OutboxShape::Debezium => Columns::Debezium {
                id: at("id")?,
                category: at("aggregatetype")?,
                key: at("aggregateid")?,
                event_type: at("type")?,
                payload: at("payload")?,
            },
            OutboxShape::Eventuate => Columns::Eventuate {
                id: at("id")?,
                destination: at("destination")?,
                headers: at("headers")?,
                payload: at("payload")?,
            },
        };
        Ok(Self { table: table.name.clone(), columns })
    }

    pub(super) fn event(
        &self,
        change: &Change,
        moment: &Moment,
    ) -> Result<Option<Addressed>, UnfitRow> {
        let row = match change {
            Change::Inserted(row) | Change::Found(row) => row,
            // What was published is marked or deleted: that says nothing.
            Change::Updated { .. } | Change::Deleted(_) | Change::Truncated => return Ok(None),
        };
        let read = match &self.columns {
            Columns::Own { .. } => self.own(row),
            Columns::Debezium { id, category, key, event_type, payload } => {
                self.debezium(row, [*id, *category, *key, *event_type, *payload])
            }
            Columns::Eventuate { id, destination, headers, payload } => {
                self.eventuate(row, [*id, *destination, *headers, *payload])
            }
        };
        let (stream, mut event) =
            read.map_err(|why| UnfitRow { table: self.table.to_string(), why })?;
        event.metadata.free.extend(free_metadata(&self.table, moment));
        Ok(Some((stream, event)))
    }

    fn own(&self, row: &Row) -> Result<Addressed, String> {
        let Columns::Own {
            id,
            stream,
            event_type,
            schema_version,
            payload,
            payload_bytes,
            metadata,
            tags,
        } = &self.columns
        else {
            return Err("it is no outbox of ours".to_owned());
        };
        let bytes = row.cell(*payload_bytes).text();
        let (content_type, payload) = match (row.cell(*payload).text(), bytes) {
            (Some(_), Some(_)) => return Err("there are two payloads".to_owned()),
            (Some(text), None) => json(text)?,
            (None, Some(hex)) => {
                let bytes = from_hex(hex).ok_or("the payload's bytes are not in hexadecimal")?;
                (ContentType::Binary, bytes.into())
            }
            (None, None) => return Err("there is no payload".to_owned()),
        };
        let metadata = match row.cell(*metadata).text() {
            Some(text) => metadata_of(object(text)?),
            None => Metadata::default(),
        };
        let tags = match row.cell(*tags).text() {
            Some(text) => tags_of(text)?,
            None => Vec::new(),
        };
        let event = NewEvent {
            id: uuid_of(needed(row, *id, "id")?)?,
            event_type: event_type_of(needed(row, *event_type, "type")?)?,
            schema_version: needed(row, *schema_version, "schema_version")?
                .parse()
                .map_err(worded)?,
            content_type,
            payload,
            metadata,
            tags,
        };
        Ok((StreamName::new(needed(row, *stream, "stream")?).map_err(worded)?, event))
    }

    fn debezium(&self, row: &Row, columns: [usize; 5]) -> Result<Addressed, String> {
        let [id, category, key, event_type, payload] = columns;
        let (category, key) =
            (needed(row, category, "aggregatetype")?, needed(row, key, "aggregateid")?);
        // A row without a payload is a tombstone there; here it is an event that says nothing.
        let payload = row.cell(payload).text().unwrap_or("null");
        let (content_type, payload) = match payload.strip_prefix("\\x").and(from_hex(payload)) {
            Some(bytes) => (ContentType::Binary, bytes.into()),
            None => json(payload)?,
        };
        let id = uuid_of(needed(row, id, "id")?)?;
        let event_type = event_type_of(needed(row, event_type, "type")?)?;
        let event = NewEvent { content_type, ..NewEvent::json(id, event_type, payload) };
        Ok((stream_of(&category, &key)?, event))
    }

    fn eventuate(&self, row: &Row, columns: [usize; 4]) -> Result<Addressed, String> {
        let [id, destination, headers, payload] = columns;
        let destination = needed(row, destination, "destination")?;
        let headers = object(&needed(row, headers, "headers")?)?;
        let header =
            |name: &str| headers.get(name).and_then(Value::as_str).filter(|v| !v.is_empty());
        let own = row.cell(id).text().filter(|id| !id.is_empty());
        let message = own.or_else(|| header("ID")).ok_or("the message has no id")?;
        let key =
            header("PARTITION_ID").or_else(|| header("event-aggregate-id")).unwrap_or(message);
        let stream = stream_of(&destination, key)?;
        let kind = ["event-type", "command_type", "reply_type"].into_iter().find_map(header);
        let event_type = event_type_of(kind.unwrap_or("Message").into())?;
        let payload = needed(row, payload, "payload")?;
        let content_type = match serde_json::from_str::<IgnoredAny>(&payload) {
            Ok(_) => ContentType::Json,
            Err(_) => ContentType::Binary,
        };
        let id = eventuate_id(message);
        let reply_to = header("reply_to_message_id").map(ByteString::from);
        let mut metadata = metadata_of(headers);
        metadata.causation = metadata.causation.or(reply_to);
        let event = NewEvent::json(id, event_type, payload.into_bytes());
        Ok((stream, NewEvent { content_type, metadata, ..event }))
    }
}

fn worded(error: impl Display) -> String {
    error.to_string()
}

fn needed(row: &Row, column: usize, name: &str) -> Result<ByteString, String> {
    match row.cell(column).text() {
        Some(text) => Ok(text.into()),
        None => Err(format!("{name} is null or not told")),
    }
}

fn json(text: &str) -> Result<(ContentType, Bytes), String> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|e| format!("the payload is no JSON: {e}"))?;
    Ok((ContentType::Json, Bytes::copy_from_slice(text.as_bytes())))
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("headers or metadata are no object: {error}"))
}

fn metadata_of(object: Map<String, Value>) -> Metadata {
    let mut metadata = Metadata::default();
    for (key, value) in object {
        let value: ByteString = match value {
            Value::Null => continue,
            Value::String(text) => text.into(),
            other => other.to_string().into(),
        };
        metadata.put(key.into(), value);
    }
    metadata
}

fn tags_of(text: &str) -> Result<Vec<Tag>, String> {
    let texts: Vec<String> = serde_json::from_str(text).map_err(worded)?;
    texts.into_iter().map(|tag| Tag::new(tag).map_err(worded)).collect()
}

fn uuid_of(text: ByteString) -> Result<EventId, String> {
    Uuid::parse_str(&text).map(EventId).map_err(|e| format!("the id {text:?} is no UUID: {e}"))
}

fn event_type_of(text: ByteString) -> Result<EventType, String> {
    EventType::new(text).map_err(worded)
}

/// A category ends at the first dash, so its own dashes become `_`.
fn stream_of(category: &str, id: &str) -> Result<StreamName, String> {
    StreamName::of(&category.replace('-', "_"), id).map_err(worded)
}

/// `0000018c2a7b3c4d-0242ac1100020000` is 128 bits, as a UUID is; from anything else an id derives.
fn eventuate_id(message: &str) -> EventId {
    let half = |text: &str| match text.len() {
        16 if text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(text, 16).ok()
        }
        _ => None,
    };
    let halves = message.split_once('-').and_then(|(high, low)| Some((half(high)?, half(low)?)));
    match (halves, Uuid::parse_str(message)) {
        (Some((high, low)), _) => EventId(Uuid::from_u64_pair(high, low)),
        (None, Ok(id)) => EventId(id),
        (None, Err(_)) => EVENTUATE_IDS.derive_named(message),
    }
}
