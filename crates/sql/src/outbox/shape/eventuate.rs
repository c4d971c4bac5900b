//! Eventuate Tram's table `message`: events, commands and replies, told apart by their headers.
//!
//! Ids made by an application are two groups of 16 hexadecimal digits, 128 bits: the same bits are the
//! event's id. From any other id, and from a number of the database's, an id is derived.

use super::RowKey;
use super::cells::{self, Cells, Unfit};
use crate::outbox::session::Dialect;
use crate::outbox::sql;
use headwater_model::{EventId, NewEvent, StreamName};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

pub(super) const COLUMNS: &[&str] = &["id", "destination", "headers", "payload", "published"];
pub(super) const COLUMNS_DBID: &[&str] =
    &["dbid", "id", "destination", "headers", "payload", "published"];

/// What ids are derived under that are no 128 bits.
const IDS: EventId = EventId(Uuid::from_u128(0x6f75_7462_6f78_2e65_7665_6e74_7561_7465));

pub(super) fn selected(dialect: Dialect, key: &str) -> String {
    let text = |column| sql::as_text(dialect, column);
    let (id, headers, payload) = (text("o.id"), text("o.headers"), text("o.payload"));
    format!("{key}, {id}, o.destination, null, null, null, {payload}, null, {headers}, null")
}

pub(super) fn read(cells: Cells) -> Result<(StreamName, NewEvent), Unfit> {
    let destination = cells::text(cells.stream.clone(), "the destination").unwrap_or_default();
    let headers = cells::text(cells.metadata.clone(), "the headers");
    match headers.and_then(|text| cells::object(&text, "the headers")) {
        Ok(headers) => {
            let stream = cells::stream_of(&destination, &key_of(&headers, &cells));
            event(&stream, headers, cells).map_err(|why| Unfit { stream, why })
        }
        // Which of the destination's keys it holds up cannot be told.
        Err(why) => Err(Unfit { stream: destination, why }),
    }
}

/// What keeps messages in order: what Eventuate itself gives a broker as the key.
fn key_of(headers: &Map<String, Json>, cells: &Cells) -> String {
    let header = |name: &str| headers.get(name).and_then(Json::as_str).filter(|v| !v.is_empty());
    let key = header("PARTITION_ID").or_else(|| header("event-aggregate-id"));
    key.map_or_else(|| message_id(headers, cells), str::to_owned)
}

fn message_id(headers: &Map<String, Json>, cells: &Cells) -> String {
    let own = cells.id.clone().into_text().filter(|id| !id.is_empty());
    let header = || headers.get("ID").and_then(Json::as_str).map(str::to_owned);
    own.or_else(header).unwrap_or_else(|| match &cells.key {
        RowKey::Number(number) => format!("dbid {number}"),
        RowKey::Text(text) => text.clone(),
    })
}

/// `0000018c2a7b3c4d-0242ac1100020000`, a UUID, or anything else.
fn event_id(message: &str) -> EventId {
    let half = |text: &str| {
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u64::from_str_radix(text, 16).ok()).flatten()
    };
    let halves = message.split_once('-').and_then(|(hi, lo)| Some((half(hi)?, half(lo)?)));
    match (halves, Uuid::parse_str(message)) {
        (Some((hi, lo)), _) => EventId(Uuid::from_u64_pair(hi, lo)),
        (None, Ok(id)) => EventId(id),
        (None, Err(_)) => IDS.derive_named(message),
    }
}

fn event(
    stream: &str,
    headers: Map<String, Json>,
    cells: Cells,
) -> Result<(StreamName, NewEvent), String> {
    let stream = StreamName::new(stream.to_owned()).map_err(|error| error.to_string())?;
    let header = |name: &str| headers.get(name).and_then(Json::as_str).map(str::to_owned);
    let kind = ["event-type", "command_type", "reply_type"].into_iter().find_map(header);
    let event_type = cells::event_type(kind.unwrap_or_else(|| "Message".to_owned()))?;
    let id = event_id(&message_id(&headers, &cells));
    let causation = header("reply_to_message_id");
    let payload = cells::text(cells.payload, "the payload")?;
    let (content_type, payload) = cells::json_or_binary(payload);
    let mut metadata = cells::metadata(headers);
    metadata.causation = metadata.causation.or(causation.map(Into::into));
    let tags = Vec::new();
    let event =
        NewEvent { id, event_type, schema_version: 1, content_type, payload, metadata, tags };
    Ok((stream, event))
}
