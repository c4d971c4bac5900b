//! Values: what the tree of a run says of a key.
//!
//! Why: most streams have few events, and their whole story fits beside their name; the few long
//! lists only leave word where they are.
//!
//! Picture (numbers are varints; fingerprints are four bytes):
//! ```text
//!   stream:  first revision, then
//!   short:   count × 2     │ positions, rising │ fingerprints, if a stream
//!   long:    count × 2 + 1 │ last position │ postings table │ if a stream: ids table, filter
//! ```
//!
//! Invariants: A3, revisions are dense, so the first and the count say all. A4, there are as many
//! fingerprints as positions.

use super::blocks::Blocks;
use super::bytes::{Reader, put_varint};
use super::page::Fault;
use super::postings::{put_rising, read_rising};
use crate::index::key::Kind;

/// Events that stand beside the name. At 48 the entry of a stream takes a tenth of a page; a
/// longer one would leave the ends of pages empty.
pub(crate) const SHORT_COUNT_MAX: usize = 48;

/// The blocks of a filter that are about one long stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FilterShare {
    /// The first.
    pub(crate) first: u32,
    /// How many.
    pub(crate) count: u32,
}

/// A value, read.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// For a stream: the revision of its first event in the run.
    pub(crate) revision: u64,
    /// How many events there are, at least one.
    pub(crate) count: u32,
    /// Where they are.
    pub(crate) body: Body,
}

/// Where the postings of a value are.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Here.
    Short {
        /// Positions, counted from the run's first.
        positions: Vec<u32>,
        /// For a stream: the fingerprints of their ids.
        fingerprints: Vec<u32>,
    },
    /// In pages.
    Long {
        /// The last position, counted from the run's first.
        last: u32,
        /// Positions.
        postings: Blocks,
        /// For a stream: its ids and their filter.
        ids: Option<(Blocks, FilterShare)>,
    },
}

impl Value {
    /// Reads a value of a run of `events` events.
    pub(crate) fn parse(kind: Kind, bytes: &[u8], events: u32) -> Result<Self, Fault> {
        let mut rest = Reader(bytes);
        let stream = kind == Kind::Stream;
        let revision = if stream { rest.varint()? } else { 0 };
        let head = rest.varint()?;
        let count = u32::try_from(head / 2).map_err(|_| "a list is longer than a run")?;
        if count == 0 || count > events || revision.checked_add(u64::from(count)).is_none() {
            return Err("a list has no events, or more than its run");
        }
        let body = match head % 2 {
            0 => Self::parse_short(&mut rest, stream, count as usize)?,
            _ => Self::parse_long(&mut rest, stream, count)?,
        };
        let value = Self { revision, count, body };
        if !rest.0.is_empty() {
            return Err("a value is longer than it says");
        }
        if value.last() >= events {
            return Err("a position is behind the run");
        }
        Ok(value)
    }

    /// The last position, counted from the run's first.
    pub(crate) fn last(&self) -> u32 {
        match &self.body {
            Body::Short { positions, .. } => positions.last().copied().unwrap_or(u32::MAX),
            Body::Long { last, .. } => *last,
        }
    }

    fn parse_short(rest: &mut Reader<'_>, stream: bool, count: usize) -> Result<Body, Fault> {
        if count > SHORT_COUNT_MAX {
            return Err("a short list is long");
        }
        let mut positions = Vec::new();
        read_rising(rest, count, &mut positions)?;
        let mut fingerprints = Vec::new();
        if stream {
            let (words, _) = rest.take(4 * count)?.as_chunks();
            fingerprints.extend(words.iter().map(|word| u32::from_le_bytes(*word)));
        }
        Ok(Body::Short { positions, fingerprints })
    }

    fn parse_long(rest: &mut Reader<'_>, stream: bool, count: u32) -> Result<Body, Fault> {
        let last = rest.varint_u32()?;
        let postings = Blocks::parse(rest, count)?;
        let ids = match stream {
            true => {
                let ids = Blocks::parse(rest, count)?;
                let (first, count) = (rest.varint_u32()?, rest.varint_u32()?);
                if count == 0 {
                    return Err("a filter has no blocks");
                }
                Some((ids, FilterShare { first, count }))
            }
            false => None,
        };
        Ok(Body::Long { last, postings, ids })
    }
}

/// Begins a value.
pub(crate) fn put_head(out: &mut Vec<u8>, revision: Option<u64>, count: usize, long: bool) {
    if let Some(revision) = revision {
        put_varint(out, revision);
    }
    put_varint(out, 2 * count as u64 + u64::from(long));
}

/// A whole short value.
pub(crate) fn put_short(
    out: &mut Vec<u8>,
    revision: Option<u64>,
    positions: &[u32],
    fingerprints: &[u32],
) {
    put_head(out, revision, positions.len(), false);
    put_rising(out, positions);
    fingerprints.iter().for_each(|own| out.extend_from_slice(&own.to_le_bytes()));
}
