//! Progress of a copy: rows on their way into the store, each append with the note of how far it is.
//!
//! Invariant: a row and the note that it was copied are one append, so it is found once.

use crate::batch::Batch;
use crate::bound::Bound;
use crate::cell::Row;
use crate::change::{Change, Moment};
use crate::error::MineError;
use crate::job::Job;
use crate::limits::{PART_BYTES_MAX, PART_EVENT_COUNT_MAX};
use crate::notes::{CopyPlace, Copying, Note, Phase, SourceName, checkpoint, save};
use crate::rule::Addressed;
use bytestring::ByteString;
use headwater_model::{Append, Revision};

/// How far a copy is.
pub(crate) struct Progress {
    pub(crate) job: Job,
    pub(crate) source: SourceName,
    pub(crate) generation: u32,
    pub(crate) copying: Copying,
    pub(crate) last_note: Revision,
}

impl Progress {
    /// The moment of all rows that are found.
    pub(crate) fn moment(&self) -> Moment {
        let now = self.job.store.now();
        Moment {
            change: u64::from(self.generation),
            transaction: ByteString::from_static("copy"),
            committed_at: now.to_string().into(),
            ..Moment::of(String::new(), self.copying.consistent_at, now)
        }
    }

    /// The table that is next, if any is left.
    pub(crate) fn table(&self) -> Option<String> {
        self.copying.tables.get(self.copying.at.table).cloned()
    }

    /// A table is done.
    pub(crate) fn next_table(&mut self) {
        self.copying.at = CopyPlace { table: self.copying.at.table + 1, behind: None };
    }

    /// Appends rows, in the order of their keys.
    pub(crate) async fn rows(
        &mut self,
        bound: &Bound,
        moment: &Moment,
        rows: Vec<Row>,
    ) -> Result<(), MineError> {
        let (mut events, mut bytes): (Vec<Addressed>, usize) = (Vec::new(), 0);
        for row in rows {
            let key = |at: &(String, usize)| row.cell(at.1).text().unwrap_or_default().to_owned();
            let behind = bound.copy_key.iter().map(key).collect();
            if let Some(event) = bound.rule.event(&Change::Found(row), moment)? {
                bytes += event.1.bytes() + event.0.as_str().len();
                events.push(event);
            }
            self.copying.at.behind = Some(behind);
            if bytes >= PART_BYTES_MAX || events.len() >= PART_EVENT_COUNT_MAX {
                self.append(&mut events, bytes).await?;
                bytes = 0;
            }
        }
        self.append(&mut events, bytes).await
    }

    async fn append(&mut self, events: &mut Vec<Addressed>, bytes: usize) -> Result<(), MineError> {
        let mut batch = Batch::default();
        batch.add(events, bytes);
        let append = Append { writes: batch.take(), ..Append::default() };
        self.note(Phase::Copying(self.copying.clone()), append).await
    }

    async fn note(&mut self, phase: Phase, mut append: Append) -> Result<(), MineError> {
        let note = Note { source: self.source.clone(), generation: self.generation, phase };
        append.writes.push(self.job.names.write(&note, Some(self.last_note)));
        self.job.store.append(append).await?;
        self.last_note = self.last_note.next();
        Ok(())
    }

    /// Notes that the log is followed from here on.
    pub(crate) async fn finish(mut self) -> Result<Copying, MineError> {
        let saved = self.job.names.saved(&*self.job.store).await?;
        let to = checkpoint(self.generation, self.copying.consistent_at.0);
        let mut append = Append::default();
        append.checkpoints.extend(save(&self.job.names.place, saved.place, to));
        self.note(Phase::Following(self.copying.clone()), append).await?;
        Ok(self.copying)
    }
}
