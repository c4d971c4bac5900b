//! The tree: from a key to its value, in as many page reads as the tree is high.
//!
//! Why: the keys of ten million streams do not stay in memory; the few pages above them do, once
//! they were asked for.
//!
//! Picture:
//! ```text
//!   leaves, between pages of other kinds        branch pages, one behind the other
//!   [a…b] · [c…f] · · [g…k] [l…z]   …   twig[a c g] twig[l …] │ root[a l]
//! ```
//!
//! Invariants: keys rise through the leaves in the order of the twigs. A branch key is the
//! shortest text that is behind all keys before its page and not behind its first.

use super::bytes::{Reader, put_varint};
use super::file::{Pinned, RunFile, RunWriter};
use super::page::{Page, PageKind};
use super::sorted::{SortedBuilder, Walk, find, floor};
use crate::index::error::IndexError;
use headwater_env::DiskError;
use std::ops::Range;

/// More levels than 2^32 pages can need: what says more is not a tree.
const HEIGHT_MAX: u32 = 12;

/// Where a tree is in its file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct TreeShape {
    /// The first branch page.
    pub(crate) branch_first: u32,
    /// How many branch pages there are; the last is the root.
    pub(crate) branch_count: u32,
    /// How many of them, from the first on, refer to leaves.
    pub(crate) twig_count: u32,
    /// How many branch pages stand between a reader and a leaf.
    pub(crate) height: u32,
}

/// Builds a tree from rising keys.
pub(crate) struct TreeBuilder {
    leaf: SortedBuilder,
    leaf_separator: Vec<u8>,
    twig: SortedBuilder,
    twigs: Vec<(Vec<u8>, Page)>,
}

impl TreeBuilder {
    pub(crate) fn new() -> Self {
        Self {
            leaf: SortedBuilder::new(PageKind::Keys),
            leaf_separator: Vec::new(),
            twig: SortedBuilder::new(PageKind::Branch),
            twigs: Vec::new(),
        }
    }

    /// Takes in the next key.
    pub(crate) fn push(
        &mut self,
        writer: &mut RunWriter,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), DiskError> {
        if self.leaf.is_empty() {
            self.leaf_separator = separator(&[], key);
        }
        if !self.leaf.push(key, value) {
            let next = separator(self.leaf.last(), key);
            self.end_leaf(writer)?;
            self.leaf_separator = next;
            assert!(self.leaf.push(key, value), "an empty page takes an entry");
        }
        Ok(())
    }

    /// Writes what is left: the last leaf and all branches.
    pub(crate) fn finish(mut self, writer: &mut RunWriter) -> Result<TreeShape, DiskError> {
        if !self.leaf.is_empty() {
            self.end_leaf(writer)?;
        }
        if !self.twig.is_empty() {
            self.end_twig();
        }
        let branch_first = writer.next();
        let twig_count = self.twigs.len() as u32;
        let mut level = std::mem::take(&mut self.twigs);
        let mut height = 1;
        loop {
            let many = level.len() > 1;
            for (separator, page) in level.drain(..) {
                let number = writer.push(page)?;
                if many {
                    self.push_branch(&separator, number);
                }
            }
            if !many {
                break;
            }
            self.end_twig();
            level = std::mem::take(&mut self.twigs);
            height += 1;
        }
        let branch_count = writer.next() - branch_first;
        Ok(TreeShape { branch_first, branch_count, twig_count, height })
    }

    fn end_leaf(&mut self, writer: &mut RunWriter) -> Result<(), DiskError> {
        let (page, _) = self.leaf.take();
        let number = writer.push(page)?;
        let separator = std::mem::take(&mut self.leaf_separator);
        self.push_branch(&separator, number);
        Ok(())
    }

    fn push_branch(&mut self, separator: &[u8], number: u32) {
        let mut value = Vec::with_capacity(5);
        put_varint(&mut value, u64::from(number));
        if !self.twig.push(separator, &value) {
            self.end_twig();
            assert!(self.twig.push(separator, &value), "an empty page takes an entry");
        }
    }

    fn end_twig(&mut self) {
        let (page, first) = self.twig.take();
        self.twigs.push((first, page));
    }
}

/// The shortest text behind `before` that is not behind `key`.
fn separator(before: &[u8], key: &[u8]) -> Vec<u8> {
    let shared = before.iter().zip(key).take_while(|(a, b)| a == b).count();
    key[..key.len().min(shared + 1)].to_vec()
}

/// A tree in an open file.
pub(crate) struct Tree {
    shape: TreeShape,
    branches: Pinned,
}

/// A value and the page it stands in.
#[derive(Clone)]
pub(crate) struct Found {
    /// The page.
    pub(crate) page: Page,
    /// Its number, for the error that it may deserve.
    pub(crate) number: u32,
    /// Where in its body.
    pub(crate) at: Range<usize>,
}

impl Found {
    /// The value.
    pub(crate) fn value(&self) -> &[u8] {
        self.page.body().get(self.at.clone()).unwrap_or_default()
    }
}

impl Tree {
    pub(crate) fn open(file: &RunFile, shape: TreeShape) -> Result<Self, IndexError> {
        let TreeShape { branch_first, branch_count, twig_count, height } = shape;
        if branch_count == 0 || twig_count == 0 || twig_count > branch_count {
            return Err(file.damaged(branch_first, "the tree has no root"));
        }
        if height == 0 || height > HEIGHT_MAX {
            return Err(file.damaged(branch_first, "the tree is higher than trees are"));
        }
        Ok(Self { shape, branches: file.pins(branch_first, branch_count)? })
    }

    /// The value of exactly this key.
    pub(crate) fn get(&self, file: &RunFile, key: &[u8]) -> Result<Option<Found>, IndexError> {
        let Some((_, number)) = self.leaf_of(file, key)? else { return Ok(None) };
        let page = file.page(number, PageKind::Keys)?;
        let at = find(&page, key).map_err(|why| file.damaged(number, why))?;
        Ok(at.map(|at| Found { page, number, at }))
    }

    /// All entries at or behind `key`, or all, in order.
    pub(crate) fn walk(&self, file: &RunFile, key: &[u8]) -> Result<TreeWalk, IndexError> {
        let mut walk = TreeWalk { twig: 0, twig_walk: None, leaf: None };
        if let Some((twig, _)) = self.leaf_of(file, key)? {
            walk.twig = twig;
            let page = self.branch(file, twig)?.clone();
            let inside = Walk::near(&page, key).map_err(|why| self.damaged(file, twig, why))?;
            walk.twig_walk = Some((page, inside));
        }
        Ok(walk)
    }

    /// The leaf that `key` would stand in, and the twig that refers to it.
    fn leaf_of(&self, file: &RunFile, key: &[u8]) -> Result<Option<(u32, u32)>, IndexError> {
        let mut branch = self.shape.branch_count - 1;
        for _ in 1..self.shape.height {
            let Some(number) = self.child_of(file, branch, key)? else { return Ok(None) };
            // Children stand before their parents, so this ends whatever the bytes say.
            let child = number.checked_sub(self.shape.branch_first).filter(|n| *n < branch);
            branch = child.ok_or_else(|| self.damaged(file, branch, "a branch has no child"))?;
        }
        Ok(self.child_of(file, branch, key)?.map(|number| (branch, number)))
    }

    fn child_of(&self, file: &RunFile, n: u32, key: &[u8]) -> Result<Option<u32>, IndexError> {
        let page = self.branch(file, n)?;
        let child = floor(page, key).and_then(|at| match at {
            Some(at) => Reader(&page.body()[at]).varint_u32().map(Some),
            None => Ok(None),
        });
        child.map_err(|why| self.damaged(file, n, why))
    }

    fn branch(&self, file: &RunFile, n: u32) -> Result<&Page, IndexError> {
        file.pinned(&self.branches, self.shape.branch_first, n as usize, PageKind::Branch)
    }

    fn damaged(&self, file: &RunFile, branch: u32, why: &'static str) -> IndexError {
        file.damaged(self.shape.branch_first.saturating_add(branch), why)
    }
}

/// Walks all entries of a tree in order. Reads leaves past the cache.
pub(crate) struct TreeWalk {
    twig: u32,
    twig_walk: Option<(Page, Walk)>,
    leaf: Option<(Page, u32, Walk)>,
}

impl TreeWalk {
    /// The next entry; its key is then [`TreeWalk::key`].
    pub(crate) fn next(
        &mut self,
        file: &RunFile,
        tree: &Tree,
    ) -> Result<Option<Found>, IndexError> {
        loop {
            if let Some((page, number, walk)) = &mut self.leaf {
                let next = walk.next(page).map_err(|why| file.damaged(*number, why))?;
                if let Some(at) = next {
                    return Ok(Some(Found { page: page.clone(), number: *number, at }));
                }
            }
            let Some(number) = self.next_leaf(file, tree)? else { return Ok(None) };
            let page = file.read(number, PageKind::Keys)?;
            let walk = Walk::new(&page);
            self.leaf = Some((page, number, walk));
        }
    }

    /// The key of the entry that [`TreeWalk::next`] gave: its kind and its name.
    pub(crate) fn key(&self) -> &[u8] {
        self.leaf.as_ref().map_or(&[], |(_, _, walk)| walk.key())
    }

    fn next_leaf(&mut self, file: &RunFile, tree: &Tree) -> Result<Option<u32>, IndexError> {
        loop {
            if self.twig >= tree.shape.twig_count {
                return Ok(None);
            }
            if self.twig_walk.is_none() {
                let page = tree.branch(file, self.twig)?.clone();
                let walk = Walk::new(&page);
                self.twig_walk = Some((page, walk));
            }
            let (page, walk) = self.twig_walk.as_mut().expect("it was made above");
            let damaged = |why| tree.damaged(file, self.twig, why);
            match walk.next(page).map_err(damaged)? {
                Some(at) => {
                    let number = Reader(&page.body()[at]).varint_u32().map_err(damaged)?;
                    return Ok(Some(number));
                }
                None => {
                    self.twig += 1;
                    self.twig_walk = None;
                }
            }
        }
    }
}
