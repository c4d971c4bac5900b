//! Rules: a mapping that has met its table, and makes events of rows.
//!
//! Invariants: the same change at the same place gives the same event under the same id, whenever and
//! how often it is read. A row that cannot be an event is an error, never left out.

mod outbox;
mod rows;

use crate::change::{Change, Moment, Table};
use crate::mapping::{OutboxMapping, TableMapping};
use bytestring::ByteString;
use headwater_model::{EventId, NewEvent, StreamName};
use outbox::OutboxRule;
use rows::RowRule;

/// An event and where it goes.
pub(crate) type Addressed = (StreamName, NewEvent);

/// What makes events of a table's changes.
#[derive(Debug)]
pub(crate) enum Rule {
    Rows(Box<RowRule>),
    Outbox(OutboxRule),
}

/// Why a mapping does not fit its table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A column that the mapping names is not there.
    #[error("the mapping of {table} needs column {column}, which is not there; it has {}", has.join(", "))]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Those that are there.
        has: Vec<String>,
    },
    /// Nothing names a row.
    #[error(
        "{table} has no key: say which columns name a row (`key = [\"…\"]`), or give it a primary key"
    )]
    NoKey {
        /// The table.
        table: String,
    },
    /// The log would not tell the key of a deleted row.
    #[error(
        "{table}: column {column} of the key is not in its replica identity, so the log would not tell whose row was deleted; `ALTER TABLE {table} REPLICA IDENTITY FULL`, or choose a unique index with it"
    )]
    KeyNotTold {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The log would not tell what has changed.
    #[error(
        "{table} is mapped to what has changed, which its log does not tell; `ALTER TABLE {table} REPLICA IDENTITY FULL`"
    )]
    ChangedNotTold {
        /// The table.
        table: String,
    },
    /// A name in the mapping that is none.
    #[error("the mapping of {table} is wrong: {why}")]
    Name {
        /// The table.
        table: String,
        /// What is wrong.
        why: String,
    },
    /// A table that is mapped twice, or a name without its schema.
    #[error("{table:?} is no mapping's table: {why}")]
    Table {
        /// As it is written.
        table: String,
        /// What is wrong.
        why: String,
    },
}

/// A row that no event can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a row of {table} cannot be an event: {why}")]
pub struct UnfitRow {
    /// The table.
    pub table: String,
    /// What is wrong with it.
    pub why: String,
}

impl Rule {
    /// `key` has been looked up where the mapping names none; `ids` is what ids derive from.
    pub(crate) fn of_table(
        mapping: &TableMapping,
        key: &[String],
        table: &Table,
        ids: EventId,
    ) -> Result<Self, MappingError> {
        RowRule::new(mapping, key, table, ids).map(|rule| Self::Rows(Box::new(rule)))
    }

    pub(crate) fn of_outbox(mapping: &OutboxMapping, table: &Table) -> Result<Self, MappingError> {
        OutboxRule::new(mapping.shape, table).map(Self::Outbox)
    }

    /// The columns' places that name a row.
    pub(crate) fn key_columns(&self) -> &[usize] {
        match self {
            Self::Rows(rule) => rule.key_columns(),
            Self::Outbox(_) => &[],
        }
    }

    /// The stream of a row; `None` where rows are no streams.
    pub(crate) fn stream(&self, change: &Change) -> Result<Option<StreamName>, UnfitRow> {
        match (self, change.row()) {
            (Self::Rows(rule), Some(row)) => rule.stream(row).map(Some),
            _ => Ok(None),
        }
    }

    /// The event of a change; `None` if it says nothing.
    pub(crate) fn event(
        &self,
        change: &Change,
        moment: &Moment,
    ) -> Result<Option<Addressed>, UnfitRow> {
        match self {
            Self::Rows(rule) => rule.event(change, moment).map(Some),
            Self::Outbox(rule) => rule.event(change, moment),
        }
    }
}

/// The column's place.
fn column(table: &Table, name: &str) -> Result<usize, MappingError> {
    table.column(name).ok_or_else(|| MappingError::NoColumn {
        table: table.name.to_string(),
        column: name.to_owned(),
        has: table.columns.iter().map(|column| column.name.to_string()).collect(),
    })
}

/// What is known of every mined event.
fn free_metadata(table: &ByteString, moment: &Moment) -> Vec<(ByteString, ByteString)> {
    let key = ByteString::from_static;
    let mut free = Vec::with_capacity(7);
    free.push((key("cdc.table"), table.clone()));
    free.push((key("cdc.transaction"), moment.transaction.clone()));
    free.push((key("cdc.commit"), moment.commit.clone()));
    free.push((key("cdc.committed_at"), moment.committed_at.clone()));
    free.push((key("cdc.change"), moment.change.to_string().into()));
    if let Some(part) = moment.part {
        free.push((key("cdc.part"), part.to_string().into()));
    }
    if let Some(moved) = &moment.moved {
        free.push((key("cdc.moved"), moved.as_shared().clone()));
    }
    free
}
