//! Our own table. `columns.rs` says how events are written into it.

use super::cells::{self, Cells, Unfit};
use crate::outbox::session::Dialect;
use crate::outbox::sql;
use headwater_model::{ContentType, Metadata, NewEvent, StreamName};

pub(super) const COLUMNS: &[&str] = &[
    "seq",
    "id",
    "stream",
    "type",
    "schema_version",
    "payload",
    "payload_bytes",
    "metadata",
    "tags",
    "created_at",
];

pub(super) fn selected(dialect: Dialect) -> String {
    let id = sql::as_text(dialect, "o.id");
    let version = sql::as_number(dialect, "o.schema_version");
    format!(
        "o.seq, {id}, o.stream, null, o.type, {version}, o.payload, o.payload_bytes, o.metadata, \
         o.tags"
    )
}

pub(super) fn read(cells: Cells) -> Result<(StreamName, NewEvent), Unfit> {
    let named = cells::text(cells.stream.clone(), "the stream").unwrap_or_default();
    event(cells).map_err(|why| Unfit { stream: named, why })
}

fn event(cells: Cells) -> Result<(StreamName, NewEvent), String> {
    let stream = cells::text(cells.stream, "the stream")?;
    let stream = StreamName::new(stream).map_err(|error| error.to_string())?;
    let id = cells::uuid(&cells::text(cells.id, "the id")?)?;
    let event_type = cells::event_type(cells::text(cells.event_type, "the type")?)?;
    let version = cells.schema_version.as_number().and_then(|number| u32::try_from(number).ok());
    let schema_version = version.ok_or("the schema version is no number from 0 to 4294967295")?;
    let is_text = cells.payload != crate::outbox::session::Value::Null;
    let (content_type, payload) = match cells.payload_bytes.into_bytes() {
        Some(_) if is_text => return Err("there are two payloads".to_owned()),
        Some(bytes) => (ContentType::Binary, bytes.into()),
        None => cells::json(cells::text(cells.payload, "the payload")?)?,
    };
    let metadata = match cells.metadata.into_text() {
        Some(text) => cells::metadata(cells::object(&text, "the metadata")?),
        None => Metadata::default(),
    };
    let tags = cells.tags.into_text().map_or_else(|| Ok(Vec::new()), |text| cells::tags(&text))?;
    let event = NewEvent { id, event_type, schema_version, content_type, payload, metadata, tags };
    Ok((stream, event))
}
