//! Changes of the log, each brought to one key, on their way into the sink.

use super::Following;
use crate::cell::Row;
use crate::change::{Change, Table};
use crate::error::MineError;
use crate::postgres::message::{Before, MessageError};
use crate::postgres::relation::Relation;
use crate::postgres::site::Bound;

impl Following<'_> {
    /// What a table looks like from here on.
    pub(super) async fn relation(&mut self, relation: &Relation) -> Result<(), MineError> {
        let bound = self.site.bind(relation).await?;
        if let (Some(Some(old)), Some(new)) = (self.tables.get(&relation.oid), &bound) {
            let what = difference(&old.table, &new.table);
            if !what.is_empty() {
                let table = new.table.name.to_string();
                if new.halts {
                    return Err(MineError::SchemaChanged { table, what });
                }
                tracing::warn!(table, what, "the columns of a mined table changed");
                self.site.status.schema_changed(&table);
            }
        }
        self.tables.insert(relation.oid, bound);
        Ok(())
    }

    pub(super) async fn inserted(&mut self, relation: u32, after: Row) -> Result<(), MineError> {
        self.change(relation, |_| Ok(vec![Change::Inserted(after)])).await
    }

    pub(super) async fn updated(
        &mut self,
        relation: u32,
        before: Option<Before>,
        after: Row,
    ) -> Result<(), MineError> {
        self.change(relation, |bound| {
            let (old, before) = match before {
                None => return Ok(vec![Change::Updated { before: None, after }]),
                Some(Before::Key(key)) => (key, None),
                Some(Before::Full(row)) => (row.clone(), Some(row)),
            };
            let new = filled(&after, before.as_ref());
            let key = |row: &Row| -> Vec<Option<String>> {
                let columns = bound.rule.key_columns().iter();
                columns.map(|at| row.cell(*at).text().map(str::to_owned)).collect()
            };
            Ok(match key(&old) == key(&new) {
                true => vec![Change::Updated { before, after }],
                false => vec![Change::Deleted(old), Change::Inserted(new)],
            })
        })
        .await
    }

    pub(super) async fn deleted(&mut self, relation: u32, before: Before) -> Result<(), MineError> {
        let (Before::Key(row) | Before::Full(row)) = before;
        self.change(relation, |_| Ok(vec![Change::Deleted(row)])).await
    }

    pub(super) async fn truncated(&mut self, relations: &[u32]) -> Result<(), MineError> {
        for relation in relations {
            self.change(*relation, |_| Ok(vec![Change::Truncated])).await?;
        }
        Ok(())
    }

    async fn change(
        &mut self,
        relation: u32,
        halves: impl FnOnce(&Bound) -> Result<Vec<Change>, MineError>,
    ) -> Result<(), MineError> {
        let Some(bound) = self.tables.get(&relation) else {
            let kind = 'R';
            tracing::error!(relation, "a change of a table that was never described");
            return Err(MessageError::Unknown { kind }.into());
        };
        let Some(bound) = bound else {
            self.sink.pass();
            return Ok(());
        };
        let mut halves = halves(bound)?;
        let commit_at = self.sink.commit_at().unwrap_or_default();
        if self.sieve.is_needed(commit_at, self.transaction) {
            let mut kept = Vec::with_capacity(halves.len());
            for half in halves {
                let (queries, row) = (&mut self.site.queries, half.row());
                if !self.sieve.has_seen(queries, bound, row, self.transaction).await? {
                    kept.push(half);
                }
            }
            halves = kept;
        }
        self.sink.change(&bound.rule, &halves)
    }
}

/// The row as it is, with what the log does not repeat taken from the row as it was.
fn filled(after: &Row, before: Option<&Row>) -> Row {
    let Some(before) = before else { return after.clone() };
    let cell = |(at, cell): (usize, &crate::cell::Cell)| match cell {
        crate::cell::Cell::Unchanged => before.cell(at).clone(),
        _ => cell.clone(),
    };
    Row(after.0.iter().enumerate().map(cell).collect())
}

/// What is different between two shapes of a table, in words; empty for nothing.
fn difference(old: &Table, new: &Table) -> String {
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
