//! Writing: one call in the caller's own transaction, whatever it is made of.
//!
//! Invariant: B1, the row is part of the transaction that is handed in, and of nothing else. What no
//! store would take is refused here, where its writer can still do something about it.

#[cfg(feature = "mariadb")]
mod mariadb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use super::shape::cells::check;
use super::{OutboxError, OutboxTable, RelayError, Shape};
use headwater_model::{AppendError, ContentType, NewEvent, StreamName};
use serde::de::IgnoredAny;

/// An outbox to write to: a table of ours, `headwater_outbox` if nothing else is said.
///
/// Write the event *behind* the rows that it is about: what locks those rows then also keeps two
/// writers of one stream apart, and rows of a stream are in the order in which that was decided.
#[derive(Debug, Clone)]
pub struct Outbox {
    table: OutboxTable,
    insert: String,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::of(OutboxTable::default())
    }
}

/// The columns that writers fill, in the order of every insert.
const COLUMNS: &str = "id, stream, type, schema_version, payload, payload_bytes, metadata, tags";

impl Outbox {
    /// The table `headwater_outbox`.
    pub fn new() -> Self {
        Self::default()
    }

    /// A table of another name, perhaps in a schema.
    ///
    /// # Errors
    /// [`RelayError::Shape`] if the name is no plain one.
    pub fn named(name: &str) -> Result<Self, RelayError> {
        OutboxTable::named(Shape::Own, name).map(Self::of)
    }

    /// The table, as relays know it.
    pub fn table(&self) -> &OutboxTable {
        &self.table
    }

    fn of(table: OutboxTable) -> Self {
        let insert = format!("insert into {} ({COLUMNS}) values", table.name());
        Self { table, insert }
    }
}

/// What no store would take, and no reader could read.
fn accept(stream: &StreamName, events: &[NewEvent]) -> Result<(), OutboxError> {
    check(stream, events).map_err(OutboxError::Event)?;
    for event in events.iter().filter(|event| event.content_type == ContentType::Json) {
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(&event.payload) {
            let why = format!("the payload of event {} is no JSON: {error}", event.id);
            return Err(OutboxError::Event(AppendError::Invalid { why }));
        }
    }
    Ok(())
}
