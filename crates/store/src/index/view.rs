//! Views: which runs and parts make up the index at one moment.
//!
//! Why: sealing and merging swap one view for the next in one step; who holds the old one reads
//! on in it.
//!
//! Invariants: runs and parts follow each other by position without gap or overlap.

use super::error::IndexError;
use super::key::{Key, Kind};
use super::list::List;
use super::run::{Entries, Run};
use super::tail::Part;
use headwater_journal_file::Place;
use headwater_model::{StreamName, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The runs and parts of one moment, in order of position.
#[derive(Clone, Default)]
pub(crate) struct View {
    pub(crate) runs: Vec<Arc<Run>>,
    pub(crate) parts: Vec<Arc<Part>>,
}

impl View {
    /// The position behind the last event.
    pub(crate) fn end(&self) -> u64 {
        match (self.parts.last(), self.runs.last()) {
            (Some(part), _) => part.end(),
            (None, Some(run)) => run.end(),
            (None, None) => 0,
        }
    }

    /// The lists of `key` below `until`, the newest first; each is looked up when it is asked for.
    pub(crate) fn newest_first<'a>(
        &'a self,
        key: Key<'a>,
        until: u64,
    ) -> impl Iterator<Item = Result<List, IndexError>> + 'a {
        let parts = self.parts_newest_first(until);
        let parts = parts.filter_map(move |part| List::of_part(part, key, until).map(Ok));
        parts.chain(self.runs_newest_first(key, until))
    }

    /// The parts that begin below `until`, the newest first.
    pub(crate) fn parts_newest_first(&self, until: u64) -> impl Iterator<Item = &Arc<Part>> {
        self.parts.iter().rev().filter(move |part| part.first() < until)
    }

    /// As [`Self::newest_first`], behind the parts.
    pub(crate) fn runs_newest_first<'a>(
        &'a self,
        key: Key<'a>,
        until: u64,
    ) -> impl Iterator<Item = Result<List, IndexError>> + 'a {
        let runs = self.runs.iter().rev().filter(move |run| run.first() < until);
        runs.filter_map(move |run| List::of_run(run, key, until).transpose())
    }

    /// Names of streams that begin with `prefix` and stand behind `after`, in order.
    pub(crate) fn names(
        &self,
        prefix: &[u8],
        after: &[u8],
        until: u64,
        count_max: usize,
    ) -> Result<Vec<StreamName>, IndexError> {
        let mut names = BTreeSet::new();
        for part in self.parts.iter().filter(|part| part.first() < until) {
            names.extend(part.names(prefix, after, until, count_max));
        }
        for run in self.runs.iter().filter(|run| run.first() < until) {
            run_names(run, (prefix, after), until, count_max, &mut names)?;
        }
        Ok(names.into_iter().take(count_max).collect())
    }

    /// Where the record of `position` stands.
    pub(crate) fn locate(&self, position: u64) -> Result<Option<Place>, IndexError> {
        if let Some(part) = self.parts.iter().rfind(|part| part.first() <= position) {
            return Ok(part.locate(position));
        }
        let behind = self.runs.partition_point(|run| run.first() <= position);
        match behind.checked_sub(1) {
            Some(n) => self.runs[n].locate(position),
            None => Ok(None),
        }
    }

    /// The last position recorded at or before `time`.
    pub(crate) fn last_at(&self, time: Timestamp) -> Result<Option<u64>, IndexError> {
        if let Some(last) = self.parts.iter().rev().find_map(|part| part.last_at(time)) {
            return Ok(Some(last));
        }
        for run in self.runs.iter().rev() {
            if let Some(last) = run.last_at(time)? {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }
}

/// Adds the names of a run's streams that begin with `prefix` and stand behind `after`.
fn run_names(
    run: &Arc<Run>,
    (prefix, after): (&[u8], &[u8]),
    until: u64,
    count_max: usize,
    names: &mut BTreeSet<StreamName>,
) -> Result<(), IndexError> {
    let mut from = vec![Kind::Stream as u8];
    from.extend_from_slice(after.max(prefix));
    let mut entries = Entries::new(Arc::clone(run), &from)?;
    let mut left = count_max;
    while left > 0 && entries.advance()? {
        let key = entries.key();
        let wanted = key.kind == Kind::Stream && key.name.starts_with(prefix) && key.name > after;
        if !wanted && entries.key_bytes() > from.as_slice() {
            break;
        }
        let Some(value) = entries.value().filter(|_| wanted) else { continue };
        if until < run.end() && List::of_value(run, Arc::new(value.clone()), until)?.is_none() {
            continue;
        }
        let text = std::str::from_utf8(key.name).ok().map(str::to_owned);
        let name = text.and_then(|text| StreamName::system(text).ok());
        names.insert(name.ok_or_else(|| run.file().damaged(0, "a stream has no name"))?);
        left -= 1;
    }
    Ok(())
}
