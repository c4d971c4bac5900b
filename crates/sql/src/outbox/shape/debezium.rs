//! The table that Debezium's outbox event router reads.
//!
//! Why a column of ours: Debezium takes the order of rows from the database's log. The table has none
//! by itself, so it gets `headwater_seq`, which writers that do not name it fill all the same.

use super::cells::{self, Cells, Unfit};
use crate::outbox::session::Dialect;
use crate::outbox::sql;
use headwater_model::{ContentType, Metadata, NewEvent, StreamName};

pub(super) const COLUMNS: &[&str] =
    &["id", "aggregatetype", "aggregateid", "type", "payload", "headwater_seq"];

pub(super) fn selected(dialect: Dialect, payload_is_bytes: bool) -> String {
    let text = |column| sql::as_text(dialect, column);
    let payload = match payload_is_bytes {
        true => "null, o.payload".to_owned(),
        false => format!("{}, null", text("o.payload")),
    };
    let (id, key) = (text("o.id"), text("o.aggregateid"));
    format!("o.headwater_seq, {id}, o.aggregatetype, {key}, o.type, null, {payload}, null, null")
}

pub(super) fn read(cells: Cells) -> Result<(StreamName, NewEvent), Unfit> {
    let aggregate = cells::text(cells.stream.clone(), "aggregatetype").unwrap_or_default();
    let id = cells::text(cells.stream_id.clone(), "aggregateid").unwrap_or_default();
    let stream = cells::stream_of(&aggregate, &id);
    event(&stream, cells).map_err(|why| Unfit { stream, why })
}

fn event(stream: &str, cells: Cells) -> Result<(StreamName, NewEvent), String> {
    let stream = StreamName::new(stream.to_owned()).map_err(|error| error.to_string())?;
    let id = cells::uuid(&cells::text(cells.id, "the id")?)?;
    let event_type = cells::event_type(cells::text(cells.event_type, "the type")?)?;
    let (content_type, payload) = match cells.payload_bytes.into_bytes() {
        Some(bytes) => (ContentType::Binary, bytes.into()),
        // A row without a payload is a tombstone there; here it is an event that says nothing.
        None => cells::json(cells.payload.into_text().unwrap_or_else(|| "null".to_owned()))?,
    };
    let event = NewEvent {
        id,
        event_type,
        schema_version: 1,
        content_type,
        payload,
        metadata: Metadata::default(),
        tags: Vec::new(),
    };
    Ok((stream, event))
}
