//! Fetching records by position: from index to place to bytes, neighbours with one read.
//!
//! Why: a page of a stream or of a query is a list of positions. Records that stand close to each
//! other are read together; each is checked against its own checksum, which covers its position.
//! Those that stand alone are kept in memory for a while.
//!
//! Picture:
//! ```text
//!   positions  3   4   5      17        90
//!   places     [───┴───┴──]  kept       [──]      one read each
//! ```
//! Invariants: D1 a record that does not match its position is reported with its place. R4 it is
//! never left out silently. D3 no read is longer than a record may be, or [`RUN_BYTES_MAX`].

use super::pieces::{PIECE_BYTES, PIECES};
use super::records::Records;
use crate::commit::{EventRef, Malformed, RECORD_BYTES_MAX, RECORD_PREFIX_BYTES_MAX, RecordRead};
use crate::index::Snapshot;
use crate::planted::{Bug, planted};
use crate::state::{State, corrupt, index_error, journal_error};
use bytes::Bytes;
use headwater_journal_file::{Place, Segments};
use headwater_model::{Corrupt, Position, ReadError};
use std::ops::{ControlFlow, Range};

/// Bytes read at once.
const RUN_BYTES_MAX: u32 = 64 * 1_024;

/// How far ahead a scan looks for the end of what it reads at once.
const AHEAD_COUNT: u64 = 127;

/// Bytes between two records that are read together although nothing between them is wanted: what
/// is copied in the time of one more call.
const GAP_BYTES_MAX: u32 = 4 * 1_024;

/// What is read of a record whose length is not known: most fit.
const GUESS_BYTES: u32 = 1_024;

const _: () = assert!(RUN_BYTES_MAX + GUESS_BYTES <= PIECE_BYTES as u32, "a run is one piece");

/// Reads records of one snapshot.
#[derive(Clone, Copy)]
pub(crate) struct Fetch<'a> {
    segments: &'a Segments,
    records: &'a Records,
    snapshot: &'a Snapshot,
}

/// Where a record comes from.
enum Source {
    Kept(Bytes),
    Segment(Place),
}

/// A piece of a segment that was read.
struct Piece {
    bytes: Bytes,
    place: Place,
}

impl Piece {
    fn from(&self, place: Place) -> Option<&[u8]> {
        let from = place.at.checked_sub(self.place.at)?;
        self.bytes.get(from as usize..)
    }
}

impl<'a> Fetch<'a> {
    /// Reads what `snapshot` knows of.
    pub(crate) fn new(state: &'a State, snapshot: &'a Snapshot) -> Self {
        Self { segments: &state.segments, records: &state.records, snapshot }
    }

    /// Hands the event at each of `positions`, which rise or fall, to `take`, until it has enough.
    pub(crate) fn each(
        &self,
        positions: &[Position],
        mut take: impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<(), ReadError> {
        let sources = positions.iter().map(|position| self.source(*position));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let mut guess = [0; GUESS_BYTES as usize];
        let mut start = 0;
        while start < sources.len() {
            let end = start + run_len(&sources[start..]);
            let piece = match &sources[start..end] {
                [_] => None,
                run => self.read_sources(run)?,
            };
            for (source, position) in sources[start..end].iter().zip(&positions[start..end]) {
                let taken = match (source, &piece) {
                    (Source::Kept(record), _) => kept(record, *position, &mut take),
                    (Source::Segment(place), Some(piece)) => {
                        self.one(piece, *place, *position, &mut take)
                    }
                    (Source::Segment(place), None) => {
                        self.alone(&mut guess, *place, *position, &mut take)
                    }
                };
                if taken.is_err() && planted(Bug::SkipUndecodable) {
                    continue;
                }
                if taken?.is_break() {
                    return Ok(());
                }
            }
            start = end;
        }
        Ok(())
    }

    /// As [`Self::each`], for all positions of a range: records that follow each other in a piece
    /// are found by their lengths. That the next one is of the next position, its checksum says.
    pub(crate) fn every(
        &self,
        positions: Range<Position>,
        mut take: impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<(), ReadError> {
        let mut position = positions.start;
        while position < positions.end {
            let place = self.locate(position)?;
            let ahead = Position((position.0 + AHEAD_COUNT).min(positions.end.0 - 1));
            let piece = self.read_run(place, self.run_end(place, ahead)?)?;
            let mut at = 0;
            while let Some(there) = piece.bytes.get(at..)
                && position < positions.end
                && let Ok(RecordRead::Whole(event, len)) = EventRef::read_alone(there, position)
            {
                if take(event, &piece.bytes)?.is_break() {
                    return Ok(());
                }
                at += len;
                position = position.next();
            }
            if at == 0 {
                let taken = self.one(&piece, place, position, &mut take);
                let is_skipped = taken.is_err() && planted(Bug::SkipUndecodable);
                if !is_skipped && taken?.is_break() {
                    return Ok(());
                }
                position = position.next();
            }
        }
        Ok(())
    }

    /// The place of `ahead`, or `place` itself if that is too far to be read together.
    fn run_end(&self, place: Place, ahead: Position) -> Result<Place, ReadError> {
        let end = self.locate(ahead)?;
        let is_near =
            end.segment == place.segment && end.at.saturating_sub(place.at) <= RUN_BYTES_MAX;
        Ok(if is_near { end } else { place })
    }

    fn locate(&self, position: Position) -> Result<Place, ReadError> {
        let place = self.snapshot.locate(position).map_err(index_error)?;
        let place = place.ok_or_else(|| {
            let why = format!("it does not know position {position}");
            ReadError::Corrupt(Corrupt { file: "the index".to_owned(), at: position.0, why })
        })?;
        Ok(Place { segment: place.segment, at: place.at })
    }

    /// The index named a record that is another's.
    pub(crate) fn misled(&self, position: Position) -> ReadError {
        let why = format!("the record at position {position} is not of the stream it stands for");
        ReadError::Corrupt(Corrupt { file: "the index".to_owned(), at: position.0, why })
    }

    /// The record at a position has something that is none.
    pub(crate) fn malformed(&self, position: Position, cause: &Malformed) -> ReadError {
        corrupt(self.locate(position).unwrap_or_default(), cause)
    }

    fn source(&self, position: Position) -> Result<Source, ReadError> {
        match self.records.get(position) {
            Some(record) => Ok(Source::Kept(record)),
            None => self.locate(position).map(Source::Segment),
        }
    }

    /// Reads the piece that holds a run of neighbours.
    fn read_sources(&self, run: &[Source]) -> Result<Option<Piece>, ReadError> {
        match run {
            [Source::Segment(first), .., Source::Segment(last)] => {
                self.read_run(*first, *last).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Reads the piece that holds the records at two places of one segment and what is between.
    fn read_run(&self, a: Place, b: Place) -> Result<Piece, ReadError> {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        let count = (high.at - low.at + GUESS_BYTES) as usize;
        let read = |buf: &mut [u8]| self.segments.read_up_to(low, buf);
        let bytes = PIECES.fill(count, read).map_err(journal_error)?;
        Ok(Piece { bytes, place: low })
    }

    /// Reads a record that has no neighbours, and keeps it.
    fn alone(
        &self,
        guess: &mut [u8],
        place: Place,
        position: Position,
        take: &mut impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let count = self.segments.read_up_to(place, guess).map_err(journal_error)?;
        let there = &guess[..count];
        let read = EventRef::read_alone(there, position);
        let record = match read.map_err(|cause| corrupt(place, &cause))? {
            RecordRead::Whole(_, len) => Bytes::copy_from_slice(&there[..len]),
            RecordRead::Needs(count) => self.read_whole(place, position, count)?,
        };
        self.records.keep(position, record.clone());
        kept(&record, position, take)
    }

    fn one(
        &self,
        piece: &Piece,
        place: Place,
        position: Position,
        take: &mut impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let there = piece.from(place).unwrap_or_default();
        match EventRef::read_alone(there, position).map_err(|cause| corrupt(place, &cause))? {
            RecordRead::Whole(event, _) => take(event, &piece.bytes),
            RecordRead::Needs(count) => {
                kept(&self.read_whole(place, position, count)?, position, take)
            }
        }
    }

    /// Reads exactly the record at a place, of which `count` bytes are needed to see more.
    fn read_whole(
        &self,
        place: Place,
        position: Position,
        mut count: usize,
    ) -> Result<Bytes, ReadError> {
        // At most twice: its length, then all of it.
        for _ in 0..2 {
            assert!(count <= RECORD_BYTES_MAX + RECORD_PREFIX_BYTES_MAX, "D3: a read is bounded");
            let mut bytes = vec![0; count];
            self.segments.read_at(place, &mut bytes).map_err(journal_error)?;
            let read = EventRef::read_alone(&bytes, position);
            match read.map_err(|cause| corrupt(place, &cause))? {
                RecordRead::Whole(_, len) => {
                    bytes.truncate(len);
                    return Ok(bytes.into());
                }
                RecordRead::Needs(more) => count = more,
            }
        }
        let cause = Malformed::new(0, "a record is longer than its length");
        Err(corrupt(place, &cause))
    }
}

/// Hands out a record that was checked.
fn kept(
    record: &Bytes,
    position: Position,
    take: &mut impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
) -> Result<ControlFlow<()>, ReadError> {
    let event = EventRef::read_kept(record, position);
    take(event.expect("it was read like this before it was kept"), record)
}

/// How many of the first sources are worth one read.
fn run_len(sources: &[Source]) -> usize {
    let Source::Segment(first) = sources[0] else { return 1 };
    let near = |pair: &[Source]| {
        let (Source::Segment(a), Source::Segment(b)) = (&pair[0], &pair[1]) else { return false };
        a.segment == b.segment
            && a.at.abs_diff(b.at) <= GAP_BYTES_MAX
            && first.at.abs_diff(b.at) <= RUN_BYTES_MAX
    };
    1 + sources.windows(2).take_while(|pair| near(pair)).count()
}
