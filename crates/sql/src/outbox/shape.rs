//! Shapes: whose table it is, how its rows read, and which of them come first.
//!
//! Why: services that come from elsewhere have an outbox already. Their writers stay as they are;
//! only who reads the table changes. `docs/outbox.md` has the mappings as tables.
//!
//! | shape | a stream is | in order of | published rows are |
//! |---|---|---|---|
//! | [`Shape::Own`] | `stream` | `seq` | deleted |
//! | [`Shape::Debezium`] | `aggregatetype`-`aggregateid` | `headwater_seq`, which is added to the table | deleted |
//! | [`Shape::Eventuate`] | `destination`-key of the message | `id` | marked, `published = 1` |
//! | [`Shape::EventuateDbid`] | the same | `dbid` | marked, `published = 1` |

pub(crate) mod cells;
mod debezium;
mod eventuate;
mod own;

use super::RelayError;
use super::session::{Dialect, Value};
use super::sql;
use cells::{Cells, Unfit};
use headwater_model::{NewEvent, StreamName};
use std::fmt;

/// How a table is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// The table that [`Outbox`](super::Outbox) writes to.
    #[default]
    Own,
    /// What Debezium's outbox event router reads.
    Debezium,
    /// Eventuate Tram's `message`, ids made by the application.
    Eventuate,
    /// Eventuate Tram's `message`, ids made by the database.
    EventuateDbid,
}

impl Shape {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Own, Self::Debezium, Self::Eventuate, Self::EventuateDbid];

    /// Its name in settings and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Debezium => "debezium",
            Self::Eventuate => "eventuate",
            Self::EventuateDbid => "eventuate-dbid",
        }
    }

    /// The shape of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// The table's usual name.
    pub const fn usual_table(self) -> &'static str {
        match self {
            Self::Own => "headwater_outbox",
            Self::Debezium => "outbox",
            Self::Eventuate | Self::EventuateDbid => "message",
        }
    }

    /// The columns that must be there.
    pub(crate) const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Own => own::COLUMNS,
            Self::Debezium => debezium::COLUMNS,
            Self::Eventuate => eventuate::COLUMNS,
            Self::EventuateDbid => eventuate::COLUMNS_DBID,
        }
    }

    /// What puts rows in order and names them.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Own => "seq",
            Self::Debezium => "headwater_seq",
            Self::Eventuate => "id",
            Self::EventuateDbid => "dbid",
        }
    }

    /// Whether published rows stay in the table.
    pub(crate) const fn marks(self) -> bool {
        matches!(self, Self::Eventuate | Self::EventuateDbid)
    }

    /// Reads a row: its stream and the event that it stands for.
    pub(crate) fn read(self, cells: Cells) -> Result<(StreamName, NewEvent), Unfit> {
        match self {
            Self::Own => own::read(cells),
            Self::Debezium => debezium::read(cells),
            Self::Eventuate | Self::EventuateDbid => eventuate::read(cells),
        }
    }

    /// The columns of a fetch, in the order of [`Cells`].
    fn selected(self, dialect: Dialect, payload_is_bytes: bool) -> String {
        match self {
            Self::Own => own::selected(dialect),
            Self::Debezium => debezium::selected(dialect, payload_is_bytes),
            Self::Eventuate => eventuate::selected(dialect, "o.id"),
            Self::EventuateDbid => eventuate::selected(dialect, "o.dbid"),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An outbox: a table and its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxTable {
    name: String,
    shape: Shape,
}

impl Default for OutboxTable {
    fn default() -> Self {
        Self::of(Shape::Own)
    }
}

impl OutboxTable {
    /// The table that usually has this shape.
    pub fn of(shape: Shape) -> Self {
        Self { name: shape.usual_table().to_owned(), shape }
    }

    /// A table by its name, perhaps behind its schema's: `billing.outbox`.
    ///
    /// # Errors
    /// [`RelayError::Shape`] if it is no plain name: letters, digits and `_`, at most 63 of them.
    pub fn named(shape: Shape, name: &str) -> Result<Self, RelayError> {
        let is_plain = |part: &str| {
            let mut chars = part.chars();
            chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
                && chars.all(|next| next.is_ascii_alphanumeric() || next == '_')
                && part.len() <= 63
        };
        if name.split('.').count() <= 2 && name.split('.').all(is_plain) {
            return Ok(Self { name: name.to_owned(), shape });
        }
        let why = "a name is letters, digits and `_`, perhaps behind a schema's and a dot".into();
        Err(RelayError::Shape { table: name.to_owned(), shape: shape.name(), why })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The table's name without its schema's, and the schema's.
    pub(crate) fn parts(&self) -> (&str, Option<&str>) {
        match self.name.split_once('.') {
            Some((schema, table)) => (table, Some(schema)),
            None => (&self.name, None),
        }
    }

    /// How many shares it has: how many relays can share it.
    pub(crate) fn share_count(&self, dialect: Dialect) -> u16 {
        #[cfg(feature = "sqlite")]
        if dialect == Dialect::Sqlite {
            return 1; // one file, one machine: a second relay only stands by
        }
        match self.shape {
            Shape::Own => super::limits::SHARE_COUNT,
            // Their rows have no share. One relay at a time, others stand by.
            Shape::Debezium | Shape::Eventuate | Shape::EventuateDbid => 1,
        }
    }

    /// A row by its name in messages; `None` if no row of this shape can have it.
    pub(crate) fn key(&self, text: &str) -> Option<RowKey> {
        match self.shape {
            Shape::Eventuate => Some(RowKey::Text(text.to_owned())),
            Shape::Own | Shape::Debezium | Shape::EventuateDbid => {
                text.parse().ok().map(RowKey::Number)
            }
        }
    }

    /// What is to be published and not parked, oldest first: the share, then what [`Cells`] hold.
    /// `only` are the shares to look at; none: all.
    pub(crate) fn fetch(
        &self,
        dialect: Dialect,
        payload_is_bytes: bool,
        only: &[u16],
        limit: usize,
    ) -> String {
        let selected = self.shape.selected(dialect, payload_is_bytes);
        let pending = self.pending(dialect);
        let shares = match only {
            [] => String::new(),
            shares => format!(" and o.share in ({})", sql::list(shares)),
        };
        let (table, order) = (&self.name, self.ordered(dialect));
        let share = match self.share_count(dialect) {
            1 => "0".to_owned(),
            _ => sql::as_number(dialect, "o.share"),
        };
        format!(
            "select {share}, {selected} from {table} o where {pending}{shares} \
             order by {order} limit {limit}"
        )
    }

    /// How many rows wait, since when the first of them does (µs), and what time it is (ms).
    pub(crate) fn counted(&self, dialect: Dialect, count_max: u64) -> String {
        let (table, pending) = (&self.name, self.pending(dialect));
        let (order, created) = (self.ordered(dialect), self.created(dialect));
        let now = sql::now_ms(dialect);
        format!(
            "select (select count(*) from (select 1 as one from {table} o where {pending} \
             limit {count_max}) counted), \
             (select {created} from {table} o where {pending} order by {order} limit 1), {now}"
        )
    }

    /// Takes rows away that have one of these keys.
    pub(crate) fn done(&self, list: &str) -> String {
        let (table, key) = (&self.name, self.shape.key());
        match self.shape.marks() {
            true => format!("update {table} set published = 1 where {key} in ({list})"),
            false => format!("delete from {table} where {key} in ({list})"),
        }
    }

    fn pending(&self, dialect: Dialect) -> String {
        let key = sql::as_text(dialect, &format!("o.{}", self.shape.key()));
        let mark = if self.shape.marks() { "o.published = 0 and " } else { "" };
        let name = &self.name; // plain, so that it can stand between quotes
        format!(
            "{mark}not exists (select 1 from headwater_outbox_parked p \
             where p.outbox = '{name}' and p.row_key = {key})"
        )
    }

    fn ordered(&self, dialect: Dialect) -> String {
        match self.shape {
            // Ids of hexadecimal digits and a dash, in the order of their bytes whatever the locale.
            Shape::Eventuate => sql::by_bytes(dialect, "o.id"),
            shape => format!("o.{}", shape.key()),
        }
    }

    fn created(&self, dialect: Dialect) -> String {
        match self.shape {
            Shape::Own => sql::micros(dialect, "o.created_at"),
            Shape::Debezium => "null".to_owned(),
            Shape::Eventuate | Shape::EventuateDbid => "o.creation_time * 1000".to_owned(),
        }
    }
}

/// A row's name in its table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum RowKey {
    /// Made by the database.
    Number(i64),
    /// Made by the application.
    Text(String),
}

impl RowKey {
    pub(crate) fn of(cell: Value) -> Option<Self> {
        match cell {
            Value::Number(number) => Some(Self::Number(number)),
            other => other.into_text().map(Self::Text),
        }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
