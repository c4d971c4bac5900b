//! Fetching records by position: from index to place to bytes, neighbours with one read.
//!
//! Why: a page of a stream or of a query is a list of positions. Records that stand close to each
//! other are read together; each is checked against its own checksum, which covers its position.
//!
//! Picture:
//! ```text
//!   positions  3   4   5      17        90
//!   places     [───┴───┴──]  [──]      [──]      one read each
//! ```
//! Invariants: D1 a record that does not match its position is reported with its place. R4 it is
//! never left out silently. D3 no read is longer than a record may be, or [`RUN_BYTES_MAX`].

use crate::commit::{EventRef, Malformed, RECORD_BYTES_MAX, RECORD_PREFIX_BYTES_MAX, RecordRead};
use crate::index::Snapshot;
use crate::planted::{Bug, planted};
use crate::state::{corrupt, index_error, journal_error};
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

/// Reads records of one snapshot.
#[derive(Clone, Copy)]
pub(crate) struct Fetch<'a> {
    pub(crate) segments: &'a Segments,
    pub(crate) snapshot: &'a Snapshot,
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

impl Fetch<'_> {
    /// Hands the event at each of `positions`, which rise or fall, to `take`, until it has enough.
    pub(crate) fn each(
        &self,
        positions: &[Position],
        mut take: impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<(), ReadError> {
        let places = positions.iter().map(|position| self.locate(*position));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let mut start = 0;
        while start < places.len() {
            let end = start + run_len(&places[start..]);
            let piece = self.read_run(&places[start..end])?;
            for (place, position) in places[start..end].iter().zip(&positions[start..end]) {
                let taken = self.one(&piece, *place, *position, &mut take);
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
            let piece = self.read_run(&[place, self.run_end(place, ahead)?])?;
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

    /// Reads the piece that holds all of `run`, which is in one segment.
    fn read_run(&self, run: &[Place]) -> Result<Piece, ReadError> {
        let (a, b) = (run[0], run[run.len() - 1]);
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        self.read(low, high.at - low.at + GUESS_BYTES)
    }

    /// Reads `count` bytes, or fewer if the segment ends before.
    fn read(&self, place: Place, count: u32) -> Result<Piece, ReadError> {
        let end = self.segments.end();
        let left =
            if end.segment == place.segment { end.at.saturating_sub(place.at) } else { count };
        let mut bytes = vec![0; count.min(left) as usize];
        match self.segments.read_at(place, &mut bytes) {
            Ok(()) => Ok(Piece { bytes: bytes.into(), place }),
            // A sealed segment may end within the guess; what is really there is asked for next.
            Err(_) if bytes.len() > RECORD_PREFIX_BYTES_MAX => {
                Ok(Piece { bytes: Bytes::new(), place })
            }
            Err(cause) => Err(journal_error(cause)),
        }
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
            RecordRead::Needs(count) => self.one_again(place, position, count, take),
        }
    }

    /// Reads a record alone that did not fit the piece.
    fn one_again(
        &self,
        place: Place,
        position: Position,
        count: usize,
        take: &mut impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let mut count = count;
        // At most twice: its length, then all of it.
        for _ in 0..2 {
            assert!(count <= RECORD_BYTES_MAX + RECORD_PREFIX_BYTES_MAX, "D3: a read is bounded");
            let mut bytes = vec![0; count];
            self.segments.read_at(place, &mut bytes).map_err(journal_error)?;
            let bytes = Bytes::from(bytes);
            let read = EventRef::read_alone(&bytes, position);
            match read.map_err(|cause| corrupt(place, &cause))? {
                RecordRead::Whole(event, _) => return take(event, &bytes),
                RecordRead::Needs(more) => count = more,
            }
        }
        let cause = Malformed::new(0, "a record is longer than its length");
        Err(corrupt(place, &cause))
    }
}

/// How many of the first places are worth one read.
fn run_len(places: &[Place]) -> usize {
    let first = places[0];
    let near = |pair: &[Place]| {
        pair[0].segment == pair[1].segment
            && pair[0].at.abs_diff(pair[1].at) <= GAP_BYTES_MAX
            && first.at.abs_diff(pair[1].at) <= RUN_BYTES_MAX
    };
    1 + places.windows(2).take_while(|pair| near(pair)).count()
}
