//! Changes of the log, each brought to one key, on their way into the sink.

use super::Following;
use crate::bound::{Halves, difference};
use crate::cell::Row;
use crate::change::Change;
use crate::error::MineError;
use crate::mariadb::shape::is_whole;
use mysql_async::binlog::events::{Event, EventData, TableMapEvent};

/// Number of an event of rows that only ends a statement.
const NO_TABLE: u64 = 0xFF_FFFF;

impl Following<'_> {
    /// What a table looks like from here on. It is said again in every transaction.
    pub(super) async fn table(&mut self, event: &Event) -> Result<(), MineError> {
        let map = event.read_event::<TableMapEvent<'_>>();
        let map = map.map_err(|error| Self::malformed(error.to_string()))?;
        let known = self.tables.get(&map.table_id());
        if known.is_some_and(|(said, _)| said == event.data()) {
            return Ok(());
        }
        let mapped = self.site.bind(&map).await?;
        if let Some(new) = mapped.as_ref().map(|mapped| &mapped.bound) {
            let old = self.tables.values().filter_map(|(_, mapped)| mapped.as_ref());
            let old = old.map(|mapped| &mapped.bound).find(|old| old.table.name == new.table.name);
            let what = old.map(|old| difference(&old.table, &new.table)).unwrap_or_default();
            if !what.is_empty() {
                let table = new.table.name.to_string();
                if new.halts {
                    return Err(MineError::SchemaChanged { table, what });
                }
                tracing::warn!(table, what, "the columns of a mined table changed");
                self.site.job.status.schema_changed(&table);
            }
            let name = new.table.name.clone();
            let is_other = |mapped: &Option<super::Mapped>| {
                mapped.as_ref().is_none_or(|mapped| mapped.bound.table.name != name)
            };
            self.tables.retain(|_, (_, mapped)| is_other(mapped));
        }
        self.tables.insert(map.table_id(), (event.data().to_vec(), mapped));
        Ok(())
    }

    /// Rows of a table that was described before.
    pub(super) async fn rows(&mut self, event: &Event) -> Result<(), MineError> {
        let data = event.read_data().map_err(|error| Self::malformed(error.to_string()))?;
        let Some(EventData::RowsEvent(event)) = data else { return Ok(()) };
        if event.table_id() == NO_TABLE {
            return Ok(());
        }
        let Some((_, mapped)) = self.tables.get(&event.table_id()) else {
            return Err(Self::malformed("rows of a table that was never described".to_owned()));
        };
        let Some(mapped) = mapped else {
            self.sink.pass();
            return Ok(());
        };
        let name = || mapped.bound.table.name.to_string();
        if !is_whole(&event) {
            return Err(MineError::RowImage { table: name() });
        }
        let worded = |why: String| Self::malformed(format!("a row of {}: {why}", name()));
        let rows = mapped.logged.rows(&event).map_err(worded)?;
        if let Some(open) = &mut self.transaction {
            open.concerns_us = true;
        }
        let begin_at = self.transaction.map(|open| open.begin_at).unwrap_or_default();
        for (before, after) in rows {
            let mut halves = match (before, after) {
                (None, Some(after)) => Halves::One(Change::Inserted(after)),
                (Some(before), None) => Halves::One(Change::Deleted(before)),
                (Some(before), Some(after)) => {
                    let key = |row: &Row| {
                        let columns = mapped.bound.rule.key_columns().iter();
                        Row(columns.map(|at| row.cell(*at).clone()).collect())
                    };
                    match key(&before) == key(&after) {
                        true => Halves::One(Change::Updated { before: Some(before), after }),
                        false => Halves::Two(Change::Deleted(before), Change::Inserted(after)),
                    }
                }
                (None, None) => Halves::None,
            };
            if self.sieve.is_needed(begin_at) {
                let mut seen = [false; 2];
                for (half, seen) in halves.each().zip(&mut seen) {
                    let (bound, row) = (&mapped.bound, half.row());
                    *seen = self.sieve.has_seen(self.site, bound, row, begin_at).await?;
                }
                halves = halves.without(seen);
            }
            self.sink.change(&mapped.bound.rule, &halves)?;
        }
        Ok(())
    }

    /// A table that lost all its rows.
    pub(super) async fn emptied(&mut self, table: &str) -> Result<(), MineError> {
        let known = self.site.tables.iter().find(|known| known.name == table);
        let Some(known) = known else { return Ok(()) };
        let bound = self.site.found(known)?;
        let begin_at = self.transaction.map(|open| open.begin_at).unwrap_or_default();
        let is_seen = self.sieve.is_needed(begin_at)
            && self.sieve.has_seen(self.site, &bound, None, begin_at).await?;
        if is_seen {
            self.sink.pass();
            return Ok(());
        }
        self.sink.change(&bound.rule, &Halves::One(Change::Truncated))
    }
}
