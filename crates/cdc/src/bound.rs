//! Bound tables: a table as the log shows it, met by its mapping.

use crate::cell::{Cell, Row};
use crate::change::{Change, Table};
use crate::mapping::{Mapping, OnSchemaChange};
use crate::rule::{MappingError, Rule};
use headwater_model::EventId;

/// A table and what makes events of it.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) table: Table,
    pub(crate) rule: Rule,
    /// The columns by which its rows are copied in order, and where they are in a row.
    pub(crate) copy_key: Vec<(String, usize)>,
    /// Whether its rows are copied.
    pub(crate) copy: bool,
    /// Whether the miner stops when its columns change.
    pub(crate) halts: bool,
}

/// The columns that name rows.
pub(crate) struct Keys {
    /// Those of the stream, where the mapping names none.
    pub(crate) usual: Vec<String>,
    /// Those of the primary key.
    pub(crate) primary: Vec<String>,
}

impl Bound {
    /// The table with its mapping; `None` if it has none.
    pub(crate) fn of(
        mapping: &Mapping,
        seen: Table,
        keys: Keys,
        ids: EventId,
    ) -> Result<Option<Self>, MappingError> {
        let name: &str = &seen.name;
        let table = mapping.tables.iter().find(|table| table.table == name);
        let outbox = mapping.outboxes.iter().find(|outbox| outbox.table == name);
        let Keys { usual, primary } = keys;
        let (rule, copy, halts, key) = match (table, outbox) {
            (Some(mapping), _) => {
                let key = if mapping.key.is_empty() { usual } else { mapping.key.clone() };
                let rule = Rule::of_table(mapping, &key, &seen, ids)?;
                let halts = mapping.on_schema_change == OnSchemaChange::Halt;
                (rule, mapping.copy, halts, if primary.is_empty() { key } else { primary })
            }
            (None, Some(mapping)) => {
                (Rule::of_outbox(mapping, &seen)?, mapping.copy, false, primary)
            }
            (None, None) => return Ok(None),
        };
        let place = |name: String| seen.column(&name).map(|at| (name, at));
        let copy_key: Vec<_> = key.into_iter().filter_map(place).collect();
        if copy && copy_key.is_empty() {
            return Err(MappingError::NoKey { table: name.to_owned() });
        }
        Ok(Some(Self { table: seen, rule, copy_key, copy, halts }))
    }

    /// An update, as one change or as the two of a row that moved. `old` tells at least the key;
    /// `before` is all of it, if the log tells.
    pub(crate) fn updated(&self, old: Row, before: Option<Row>, after: Row) -> Halves {
        let columns = self.rule.key_columns();
        let now = |at: usize| match after.cell(at) {
            Cell::Unchanged => before.as_ref().map_or(after.cell(at), |before| before.cell(at)),
            cell => cell,
        };
        if columns.iter().all(|at| old.cell(*at).text() == now(*at).text()) {
            return Halves::One(Change::Updated { before, after });
        }
        let new = filled(after, before.as_ref());
        Halves::Two(Change::Deleted(old), Change::Inserted(new))
    }
}

/// A change of one row: of one key, or of two.
pub(crate) enum Halves {
    /// It says nothing any more.
    None,
    /// Of one key.
    One(Change),
    /// A row that moved: from the first, to the second.
    Two(Change, Change),
}

impl Halves {
    /// What it is made of.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Change> {
        let (first, second) = match self {
            Self::None => (None, None),
            Self::One(change) => (Some(change), None),
            Self::Two(from, to) => (Some(from), Some(to)),
        };
        first.into_iter().chain(second)
    }

    /// What is left without those that a copy has seen.
    pub(crate) fn without(self, seen: [bool; 2]) -> Self {
        match (self, seen) {
            (Self::One(change), [false, _])
            | (Self::Two(change, _), [false, true])
            | (Self::Two(_, change), [true, false]) => Self::One(change),
            (Self::Two(from, to), [false, false]) => Self::Two(from, to),
            _ => Self::None,
        }
    }
}

/// The row as it is, with what the log does not repeat taken from the row as it was.
fn filled(mut after: Row, before: Option<&Row>) -> Row {
    let Some(before) = before else { return after };
    for (at, cell) in after.0.iter_mut().enumerate() {
        if *cell == Cell::Unchanged {
            *cell = before.cell(at).clone();
        }
    }
    after
}

/// What is different between two shapes of a table, in words; empty for nothing.
pub(crate) fn difference(old: &Table, new: &Table) -> String {
    let mut words = Vec::new();
    for column in &new.columns {
        match old.columns.iter().find(|other| other.name == column.name) {
            None => words.push(format!("{} is new", column.name)),
            Some(other) if other.type_name != column.type_name => {
                words.push(format!("{} has another type", column.name));
            }
            Some(_) => {}
        }
    }
    let gone = old.columns.iter().filter(|column| new.column(&column.name).is_none());
    words.extend(gone.map(|column| format!("{} is gone", column.name)));
    words.join(", ")
}
