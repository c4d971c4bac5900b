//! How an event stands in a row of our own table.
//!
//! | column | holds |
//! |---|---|
//! | `seq` | the place among the table's rows, given by the database at the insert |
//! | `share` | which relay's it is, computed by the database from the stream |
//! | `id` | the event's id; the database makes one for rows that name none |
//! | `stream` | where the event goes, and what it stays in order with |
//! | `type`, `schema_version` | what it says has happened, in which shape |
//! | `payload` or `payload_bytes` | JSON as a text, or anything as bytes |
//! | `metadata` | a JSON object of texts, or null |
//! | `tags` | a JSON list of texts, or null |
//! | `created_at` | when, by the database's clock |

use headwater_model::{ContentType, Metadata, NewEvent, Tag};
use serde_json::{Map, Value};

/// An event's columns, as every driver writes them.
#[derive(Debug)]
pub(crate) struct Columns<'e> {
    /// The payload, if it is JSON.
    pub(crate) payload: Option<&'e str>,
    /// The payload otherwise.
    pub(crate) payload_bytes: Option<&'e [u8]>,
    /// As JSON; `None` if nothing is known.
    pub(crate) metadata: Option<String>,
    /// As JSON; `None` if there are none.
    pub(crate) tags: Option<String>,
}

impl<'e> Columns<'e> {
    pub(crate) fn of(event: &'e NewEvent) -> Self {
        let text = match event.content_type {
            ContentType::Json => std::str::from_utf8(&event.payload).ok(),
            ContentType::Binary => None,
        };
        Self {
            payload: text,
            payload_bytes: text.is_none().then_some(&*event.payload),
            metadata: metadata(&event.metadata),
            tags: tags(&event.tags),
        }
    }
}

fn metadata(metadata: &Metadata) -> Option<String> {
    let Metadata { correlation, causation, traceparent, actor, free } = metadata;
    let known = [
        ("correlation", correlation),
        ("causation", causation),
        ("traceparent", traceparent),
        ("actor", actor),
    ];
    let known = known.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
    let free = free.iter().map(|(key, value)| (&**key, value));
    let object: Map<String, Value> =
        known.chain(free).map(|(key, value)| (key.to_owned(), (&**value).into())).collect();
    (!object.is_empty()).then(|| Value::Object(object).to_string())
}

fn tags(tags: &[Tag]) -> Option<String> {
    let texts: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    (!texts.is_empty()).then(|| Value::from(texts).to_string())
}
