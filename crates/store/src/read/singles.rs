//! Single records: those that have no neighbours in what is read, one call of the system each.
//!
//! Why: the events of a stream stand far apart, so a read of ten of them is ten of these. Each call
//! copies only about as much as the records before it came to, and all of them share one allocation.
//!
//! Invariants: D1 each is checked against its checksum and its position before it is kept. D3 no more
//! is read than [`GUESS_BYTES`], unless a record says that it is longer. What is kept of a record
//! holds no memory but that of the records that were read with it.

use super::fetch::{damaged, read_whole};
use super::pieces::PIECES;
use super::records::{Records, Worth};
use crate::commit::{EventRef, RecordRead};
use crate::state::journal_error;
use bytes::Bytes;
use headwater_journal_file::Pin;
use headwater_model::{Position, ReadError};
use std::ops::Range;

/// What is read of a record whose length is not known: most fit.
pub(super) const GUESS_BYTES: usize = 1_024;

/// Records that share one allocation, at most.
pub(super) const TOGETHER_COUNT_MAX: usize = 32;

/// By so much a record may be longer than those before it without a second call.
const SPARE_BYTES: usize = 32;

/// What was found at one place.
enum Found {
    /// A record, by its bytes among those of the others.
    Whole(Range<usize>),
    /// One that is longer than most.
    Long(Bytes),
    /// Something that was removed.
    Gone,
}

/// What a single record came to; `None`: it was removed.
pub(super) type Single = Result<Option<Bytes>, ReadError>;

/// A record that is wanted.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) pin: &'a Pin<'a>,
    pub(super) at: u32,
    pub(super) position: Position,
    pub(super) worth: Worth,
}

/// Reads these records, and keeps in `records` those that are worth it.
pub(super) fn read<'a>(
    records: &Records,
    wanted: impl Iterator<Item = Wanted<'a>> + Clone,
) -> Vec<Single> {
    let (shared, found) = PIECES.lend(|buffer| {
        let mut room = Room { buffer, filled: 0, guess: GUESS_BYTES };
        let found: Vec<_> = wanted.clone().map(|wanted| room.one(wanted)).collect();
        (Bytes::copy_from_slice(&room.buffer[..room.filled]), found)
    });
    let single = |(found, Wanted { position, worth, .. }): (Result<Found, ReadError>, _)| {
        let record = match found? {
            Found::Whole(bytes) => shared.slice(bytes),
            Found::Long(record) => record,
            Found::Gone => return Ok(None),
        };
        if worth == Worth::Keeping {
            records.keep(position, record.clone());
        }
        Ok(Some(record))
    };
    found.into_iter().zip(wanted).map(single).collect()
}

/// Where records are read to, one behind the other.
struct Room<'b> {
    buffer: &'b mut [u8],
    filled: usize,
    /// Bytes that the next one is taken to have.
    guess: usize,
}

impl Room<'_> {
    fn one(&mut self, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        let Wanted { pin, at, position, .. } = wanted;
        let there = &mut self.buffer[self.filled..][..self.guess];
        let count = pin.read_up_to(at, there).map_err(journal_error)?;
        let read = EventRef::read_alone(&there[..count], position);
        let len = match read.map_err(|cause| damaged(pin, at, &cause))? {
            RecordRead::Whole(_, len) => len,
            RecordRead::Gone(..) => return Ok(Found::Gone),
            RecordRead::Needs(count) => {
                let record = read_whole(pin, at, position, count)?;
                self.expect(record.as_ref().map_or(0, Bytes::len));
                return Ok(record.map_or(Found::Gone, Found::Long));
            }
        };
        self.expect(len);
        let from = self.filled;
        self.filled += len;
        Ok(Found::Whole(from..self.filled))
    }

    /// The records of a stream are about as long as each other.
    fn expect(&mut self, len: usize) {
        let first = self.guess == GUESS_BYTES;
        let wanted = (len + SPARE_BYTES).min(GUESS_BYTES);
        self.guess = if first { wanted } else { self.guess.max(wanted) };
    }
}
