//! Changes of the log, each brought to one key, on their way into the sink.

use super::Following;
use crate::bound::{Bound, Halves, difference};
use crate::cell::Row;
use crate::change::Change;
use crate::error::MineError;
use crate::postgres::message::{Before, MessageError};
use crate::postgres::relation::Relation;

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
                self.site.job.status.schema_changed(&table);
            }
        }
        self.tables.insert(relation.oid, bound);
        Ok(())
    }

    pub(super) async fn inserted(&mut self, relation: u32, after: Row) -> Result<(), MineError> {
        self.change(relation, |_| Halves::One(Change::Inserted(after))).await
    }

    pub(super) async fn updated(
        &mut self,
        relation: u32,
        before: Option<Before>,
        after: Row,
    ) -> Result<(), MineError> {
        self.change(relation, |bound| match before {
            None => Halves::One(Change::Updated { before: None, after }),
            Some(Before::Key(key)) => bound.updated(key, None, after),
            Some(Before::Full(row)) => bound.updated(row.clone(), Some(row), after),
        })
        .await
    }

    pub(super) async fn deleted(&mut self, relation: u32, before: Before) -> Result<(), MineError> {
        let (Before::Key(row) | Before::Full(row)) = before;
        self.change(relation, |_| Halves::One(Change::Deleted(row))).await
    }

    pub(super) async fn truncated(&mut self, relations: &[u32]) -> Result<(), MineError> {
        for relation in relations {
            self.change(*relation, |_| Halves::One(Change::Truncated)).await?;
        }
        Ok(())
    }

    async fn change(
        &mut self,
        relation: u32,
        halves: impl FnOnce(&Bound) -> Halves,
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
        let mut halves = halves(bound);
        let commit_at = self.sink.commit_at().unwrap_or_default();
        if self.sieve.is_needed(commit_at, self.transaction) {
            let mut seen = [false; 2];
            for (half, seen) in halves.each().zip(&mut seen) {
                let (queries, row) = (&mut self.site.queries, half.row());
                *seen = self.sieve.has_seen(queries, bound, row, self.transaction).await?;
            }
            halves = halves.without(seen);
        }
        self.sink.change(&bound.rule, &halves)
    }
}
