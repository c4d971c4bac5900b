//! Postings: where the events of a term stand, lazily, from any position, in either direction.
//!
//! Why: a condition asks "any event of this term behind position p?", a filtered read asks for
//! the next few; neither may cost what the term's whole list costs, which may be 100 million.
//!
//! Picture: parts and runs hold ranges of positions that follow each other, so lists are
//! chained, never merged:
//! ```text
//!   run 0: 3 9 12 │ run 1: 40 41 │ tail: 77 80       seek(41) skips run 0 unread
//! ```

use super::error::IndexError;
use super::key::{Key, Term};
use super::list::List;
use headwater_model::{Direction, Position};

/// Where the events of one term stand, within one snapshot.
#[derive(Clone)]
pub struct Postings {
    key: OwnedKey,
    lists: Vec<List>,
}

/// Walks the postings of a term.
pub struct Cursor {
    postings: Postings,
    direction: Direction,
    /// The list that is being walked; past the last when nothing is left.
    list: usize,
    /// The rank to deliver next in it; `None`: not yet entered.
    rank: Option<u64>,
    block: Vec<u64>,
    block_start: u64,
}

#[derive(Clone)]
struct OwnedKey {
    kind: super::key::Kind,
    name: Box<[u8]>,
    hash: u64,
}

impl OwnedKey {
    fn borrow(&self) -> Key<'_> {
        Key { kind: self.kind, name: &self.name, hash: self.hash }
    }
}

impl Postings {
    /// `lists` in order of position.
    pub(crate) fn new(term: Term<'_>, lists: Vec<List>) -> Self {
        let key = term.key();
        let key = OwnedKey { kind: key.kind, name: Box::from(key.name), hash: key.hash };
        Self { key, lists }
    }

    /// How many there are. Known without reading them: put the rarest term first.
    pub fn count(&self) -> u64 {
        self.lists.iter().map(|list| list.count).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// All of them from the first on, or from the last back.
    pub fn cursor(self, direction: Direction) -> Cursor {
        let mut lists = self.lists;
        if direction == Direction::Backwards {
            lists.reverse();
        }
        Cursor {
            postings: Self { key: self.key, lists },
            direction,
            list: 0,
            rank: None,
            block: Vec::new(),
            block_start: 0,
        }
    }
}

impl Cursor {
    /// The next position in the cursor's direction.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an iterator would go on behind an error")]
    pub fn next(&mut self) -> Result<Option<Position>, IndexError> {
        loop {
            let Some(list) = self.postings.lists.get(self.list) else { return Ok(None) };
            let rank = match (self.rank, self.direction) {
                (Some(rank), _) => rank,
                (None, Direction::Forwards) => 0,
                (None, Direction::Backwards) => list.count - 1,
            };
            if rank >= list.count {
                self.enter(self.list + 1);
                continue;
            }
            let position = self.at(rank)?;
            match (self.direction, rank.checked_sub(1)) {
                (Direction::Forwards, _) => self.rank = Some(rank + 1),
                (Direction::Backwards, Some(before)) => self.rank = Some(before),
                (Direction::Backwards, None) => self.enter(self.list + 1),
            }
            return Ok(Some(Position(position)));
        }
    }

    /// Skips to the first position at or behind `position` in the cursor's direction; never turns
    /// back. What is skipped is not read.
    ///
    /// # Errors
    /// A run that is damaged or cannot be read.
    pub fn seek(&mut self, position: Position) -> Result<(), IndexError> {
        while let Some(list) = self.postings.lists.get(self.list) {
            let key = self.postings.key.borrow();
            let next = match self.direction {
                Direction::Forwards => {
                    let rank = list.rank(key, position.0)?.max(self.rank.unwrap_or(0));
                    (rank < list.count).then_some(rank)
                }
                Direction::Backwards => {
                    let behind = list.rank(key, position.0.saturating_add(1))?;
                    let start = self.rank.unwrap_or(list.count - 1);
                    behind.checked_sub(1).map(|rank| rank.min(start))
                }
            };
            if next.is_some() {
                self.rank = next;
                return Ok(());
            }
            self.enter(self.list + 1);
        }
        Ok(())
    }

    fn enter(&mut self, list: usize) {
        (self.list, self.rank) = (list, None);
        self.block.clear();
    }

    /// The position at a rank of the current list.
    fn at(&mut self, rank: u64) -> Result<u64, IndexError> {
        let within = |start: u64, block: &[u64]| {
            let n = usize::try_from(rank.checked_sub(start)?).ok()?;
            block.get(n).copied()
        };
        if let Some(position) = within(self.block_start, &self.block) {
            return Ok(position);
        }
        let key = self.postings.key.borrow();
        self.block_start = self.postings.lists[self.list].block(key, rank, &mut self.block)?;
        Ok(within(self.block_start, &self.block).expect("a block holds the rank it was asked for"))
    }
}
