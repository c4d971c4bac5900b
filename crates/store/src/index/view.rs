//! Views: which runs and parts make up the index at one moment.
//!
//! Why: sealing and merging swap one view for the next in one step; who holds the old one reads
//! on in it.
//!
//! Invariants: runs and parts follow each other by position without gap or overlap.

use super::entry::Place;
use super::error::IndexError;
use super::key::Key;
use super::list::List;
use super::tail::Part;
use headwater_model::{StreamName, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The runs and parts of one moment, in order of position.
#[derive(Clone, Default)]
pub(crate) struct View {
    pub(crate) parts: Vec<Arc<Part>>,
}

impl View {
    /// The position behind the last event.
    pub(crate) fn end(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.end())
    }

    /// The lists of `key` below `until`, the newest first; each is looked up when it is asked for.
    pub(crate) fn newest_first<'a>(
        &'a self,
        key: Key<'a>,
        until: u64,
    ) -> impl Iterator<Item = Result<List, IndexError>> + 'a {
        let parts = self.parts.iter().rev().filter_map(move |part| List::of_part(part, key, until));
        parts.map(Ok)
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
        for part in &self.parts {
            names.extend(part.names(prefix, after, until, count_max));
        }
        let name = |name: Box<[u8]>| {
            let name = String::from_utf8(name.into()).expect("it was told as a str");
            StreamName::system(name).expect("it was told as a stream's name")
        };
        Ok(names.into_iter().take(count_max).map(name).collect())
    }

    /// Where the record of `position` stands.
    pub(crate) fn locate(&self, position: u64) -> Result<Option<Place>, IndexError> {
        let part = self.parts.iter().rfind(|part| part.first() <= position);
        Ok(part.and_then(|part| part.locate(position)))
    }

    /// The last position recorded at or before `time`.
    pub(crate) fn last_at(&self, time: Timestamp) -> Result<Option<u64>, IndexError> {
        Ok(self.parts.iter().rev().find_map(|part| part.last_at(time)))
    }
}
