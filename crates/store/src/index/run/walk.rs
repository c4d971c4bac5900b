//! Walks: all entries of a run, all positions and ids of a list, front to back.
//!
//! Why: a merge reads everything once; it goes past the cache, which belongs to readers, and
//! holds one page of each list.
//!
//! Invariants: D3, keys, positions and ids rise, or the run is damaged: the run that a merge
//! writes from them may rely on it.

use super::ids::{self, Id};
use super::postings::read_block;
use super::tree::TreeWalk;
use super::value::{Body, Value};
use super::{Run, blocks::Blocks};
use crate::index::error::IndexError;
use crate::index::key::{Key, Kind};
use std::sync::Arc;

/// All entries of a run, from a key on.
pub(crate) struct Entries {
    run: Arc<Run>,
    walk: TreeWalk,
    key: Vec<u8>,
    kind: Kind,
    value: Option<Value>,
}

impl Entries {
    /// Stands before the first entry; call [`Entries::advance`].
    pub(crate) fn new(run: Arc<Run>, from: &[u8]) -> Result<Self, IndexError> {
        let walk = run.tree.walk(&run.file, from)?;
        Ok(Self { run, walk, key: Vec::new(), kind: Kind::Category, value: None })
    }

    /// Goes to the next entry; `false`: there is none.
    pub(crate) fn advance(&mut self) -> Result<bool, IndexError> {
        let Some(found) = self.walk.next(&self.run.file, &self.run.tree)? else {
            self.value = None;
            return Ok(false);
        };
        let damaged = |why| self.run.file.damaged(found.number, why);
        if !self.key.is_empty() && self.walk.key() <= self.key.as_slice() {
            return Err(damaged("the keys do not rise"));
        }
        self.key.clear();
        self.key.extend_from_slice(self.walk.key());
        let kind = self.key.first().and_then(|byte| Kind::from_byte(*byte));
        self.kind = kind.ok_or_else(|| damaged("a key of no kind"))?;
        let value = Value::parse(self.kind, found.value(), self.run.footer.events);
        self.value = Some(value.map_err(damaged)?);
        Ok(true)
    }

    /// The bytes of the entry's key, its kind first; empty before the first.
    pub(crate) fn key_bytes(&self) -> &[u8] {
        &self.key
    }

    /// The entry's key.
    pub(crate) fn key(&self) -> Key<'_> {
        Key::of_bytes(self.kind, self.key.get(1..).unwrap_or_default())
    }

    /// The entry's value; `None` behind the last.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// The run they are of.
    pub(crate) fn run(&self) -> &Arc<Run> {
        &self.run
    }
}

/// All positions of a list, counted from the run's first and moved by `shift`.
pub(crate) struct PositionWalk {
    run: Arc<Run>,
    postings: Option<Blocks>,
    shift: u32,
    left: u32,
    next_block: u32,
    last: Option<u32>,
    block: std::vec::IntoIter<u32>,
}

impl PositionWalk {
    pub(crate) fn new(run: Arc<Run>, value: &Value, shift: u32) -> Self {
        let (postings, block) = match &value.body {
            Body::Short { positions, .. } => (None, positions.clone()),
            Body::Long { postings, .. } => (Some(postings.clone()), Vec::new()),
        };
        let left = value.count;
        Self { run, postings, shift, left, next_block: 0, last: None, block: block.into_iter() }
    }

    fn refill(&mut self) -> Result<(), IndexError> {
        let Some(postings) = &self.postings else { return Ok(()) };
        let mut block = Vec::new();
        read_block(&self.run.file, postings, self.next_block, false, &mut block)?;
        self.next_block += 1;
        self.block = block.into_iter();
        Ok(())
    }

    fn step(&mut self) -> Result<u32, IndexError> {
        if self.block.len() == 0 {
            self.refill()?;
        }
        let position = self.block.next();
        let events = self.run.footer.events;
        let rising =
            position.filter(|own| *own < events && self.last.is_none_or(|last| last < *own));
        self.last = rising;
        rising
            .map(|position| position + self.shift)
            .ok_or_else(|| self.run.file.damaged(0, "the positions of a list do not rise"))
    }
}

impl Iterator for PositionWalk {
    type Item = Result<u32, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(self.step())
    }
}

/// All ids of a stream, sorted, their positions moved by `shift`.
pub(crate) struct IdWalk {
    run: Arc<Run>,
    ids: Option<Blocks>,
    shift: u32,
    left: u32,
    next_block: u32,
    last: Option<u32>,
    block: std::vec::IntoIter<Id>,
}

impl IdWalk {
    pub(crate) fn new(run: Arc<Run>, value: &Value, shift: u32) -> Self {
        let (ids, block) = match &value.body {
            Body::Short { positions, fingerprints } => {
                let both = fingerprints.iter().copied().zip(positions.iter().copied());
                let mut block = both.collect::<Vec<Id>>();
                block.sort_unstable();
                (None, block)
            }
            Body::Long { ids, .. } => (ids.as_ref().map(|(ids, _)| ids.clone()), Vec::new()),
        };
        let left = value.count;
        Self { run, ids, shift, left, next_block: 0, last: None, block: block.into_iter() }
    }

    fn step(&mut self) -> Result<Id, IndexError> {
        if let (0, Some(ids)) = (self.block.len(), &self.ids) {
            let mut block = Vec::new();
            ids::read_block(&self.run.file, ids, self.next_block, &mut block)?;
            self.next_block += 1;
            self.block = block.into_iter();
        }
        let events = self.run.footer.events;
        let sorted = |id: &Id| self.last.is_none_or(|last| last <= id.0) && id.1 < events;
        let id = self.block.next().filter(sorted);
        self.last = id.map(|id| id.0);
        id.map(|(fingerprint, position)| (fingerprint, position + self.shift))
            .ok_or_else(|| self.run.file.damaged(0, "the ids of a stream are not sorted"))
    }
}

impl Iterator for IdWalk {
    type Item = Result<Id, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(self.step())
    }
}
