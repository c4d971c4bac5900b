//! Mapping: which table's changes become which events, as data or in Rust.
//!
//! Why: a table's columns are its owner's business and change with its owner. Events are read by
//! others. What is between the two is written down here, in one place, and checked before anything is
//! mined.
//!
//! As TOML:
//! ```toml
//! [[table]]
//! table = "public.orders"
//! category = "order"             # streams order-<key>; the table's name unless said
//! tags = ["customer:{customer}"]
//! leave_out = ["password"]
//! shape = "before-and-after"
//! names = { updated = "OrderChanged" }   # OrdersUpdated unless said
//!
//! [[outbox]]
//! table = "public.outbox"
//! shape = "debezium"
//! ```

use crate::json::Decimals;
use serde::{Deserialize, Serialize};

/// Which tables are mined, and how. What is not named here is not mined.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// Tables whose rows are things that change.
    #[serde(rename = "table")]
    pub tables: Vec<TableMapping>,
    /// Tables whose rows are events already.
    #[serde(rename = "outbox")]
    pub outboxes: Vec<OutboxMapping>,
}

/// A table whose rows are things that change: a stream for each row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableMapping {
    /// `schema.name`.
    pub table: String,
    /// The category of its streams; without it, the table's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The columns whose values name a row's stream; without any, its replica identity or primary key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// The events' types.
    #[serde(default)]
    pub names: EventNames,
    /// What an event tells of the row.
    #[serde(default)]
    pub shape: Shape,
    /// Columns that no event shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
    /// Tags of each event, with columns' values in braces: `customer:{customer_id}`. A tag with a null
    /// in it is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// How `numeric` is written.
    #[serde(default)]
    pub decimals: Decimals,
    /// What happens when the table changes.
    #[serde(default)]
    pub on_schema_change: OnSchemaChange,
    /// Whether the rows that are there before mining begins become events, too.
    #[serde(default = "yes")]
    pub copy: bool,
}

/// The types of a table's events. `None`: derived from the table's name, as `OrdersUpdated`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventNames {
    /// A row that was there when mining began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// A new row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inserted: Option<String>,
    /// A changed row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// A row that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
    /// A table that was emptied: one event, in the stream of the category's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<String>,
}

/// What an event tells of the row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The row as it is; of a deleted one what is known of it.
    #[default]
    After,
    /// `{"before": …, "after": …}`, each where it is known.
    BeforeAndAfter,
    /// `{"key": …, "changed": …}` of an update, with the fields that differ. The table's replica
    /// identity must be full, or nobody knows what differs.
    Changed,
}

/// What happens when a table's columns change while it is mined. A change that takes away a column
/// which the mapping needs always stops the miner.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnSchemaChange {
    /// Events show the columns that there are, from the first change behind it on.
    #[default]
    Follow,
    /// The miner stops before the first change behind it. Starting it again accepts the new columns.
    Halt,
}

/// A table whose rows are events already. Updates and deletes of it say nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboxMapping {
    /// `schema.name`.
    pub table: String,
    /// Whose table it is.
    pub shape: OutboxShape,
    /// Whether the rows that are there before mining begins become events, in the order of the key.
    #[serde(default = "yes")]
    pub copy: bool,
}

/// Whose outbox it is. Streams and ids are those that polling the same table gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxShape {
    /// Our own table.
    Own,
    /// What Debezium's outbox event router reads: `id, aggregatetype, aggregateid, type, payload`.
    Debezium,
    /// Eventuate Tram's `message`: `id, destination, headers, payload`.
    Eventuate,
}

const fn yes() -> bool {
    true
}

impl TableMapping {
    /// A table with all its defaults.
    pub fn of(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            category: None,
            key: Vec::new(),
            names: EventNames::default(),
            shape: Shape::After,
            leave_out: Vec::new(),
            tags: Vec::new(),
            decimals: Decimals::Text,
            on_schema_change: OnSchemaChange::Follow,
            copy: true,
        }
    }

    /// With streams of this category.
    #[must_use]
    pub fn category(mut self, category: &str) -> Self {
        self.category = Some(category.to_owned());
        self
    }

    /// With events that tell this much.
    #[must_use]
    pub fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// With a tag on each event.
    #[must_use]
    pub fn tag(mut self, template: &str) -> Self {
        self.tags.push(template.to_owned());
        self
    }

    /// Without a column.
    #[must_use]
    pub fn leave_out(mut self, column: &str) -> Self {
        self.leave_out.push(column.to_owned());
        self
    }
}

impl Mapping {
    /// With a table.
    #[must_use]
    pub fn table(mut self, table: TableMapping) -> Self {
        self.tables.push(table);
        self
    }

    /// With an outbox.
    #[must_use]
    pub fn outbox(mut self, table: &str, shape: OutboxShape) -> Self {
        self.outboxes.push(OutboxMapping { table: table.to_owned(), shape, copy: true });
        self
    }

    /// The names of all tables, in the order in which they are copied.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let tables = self.tables.iter().map(|table| table.table.as_str());
        tables.chain(self.outboxes.iter().map(|outbox| outbox.table.as_str()))
    }
}
