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
//! A segment is held from the question where a record stands to the read: a scavenge that replaces it
//! meanwhile moves nothing under a reader. What was removed is passed over: it was hidden before.
//!
//! Invariants: D1 a record that does not match its position is reported with its place. R4 it is
//! never left out silently. D3 no read is longer than a record may be, or [`RUN_BYTES_MAX`].

use super::pieces::{PIECE_BYTES, PIECES};
use super::records::{Records, Worth};
use super::singles::{self, GUESS_BYTES, TOGETHER_COUNT_MAX, Wanted};
use crate::commit::{EventRef, Malformed, RECORD_BYTES_MAX, RECORD_PREFIX_BYTES_MAX, RecordRead};
use crate::index::Snapshot;
use crate::planted::{Bug, planted};
use crate::state::{State, corrupt, index_error, journal_error};
use bytes::Bytes;
use headwater_journal_file::{Pin, Place, Segments};
use headwater_model::{Corrupt, Position, ReadError};
use std::ops::{ControlFlow, Range};

/// Bytes read at once.
const RUN_BYTES_MAX: u32 = 64 * 1_024;

/// How far ahead a scan looks for the end of what it reads at once.
const AHEAD_COUNT: u64 = 127;

/// Bytes between two records that are read together although nothing between them is wanted: what
/// is copied in the time of one more call.
const GAP_BYTES_MAX: u32 = 4 * 1_024;

const _: () = assert!(RUN_BYTES_MAX as usize + GUESS_BYTES <= PIECE_BYTES, "a run is one piece");
const _: () = assert!(TOGETHER_COUNT_MAX * GUESS_BYTES <= PIECE_BYTES, "as many records are, too");

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
    /// A segment, by its place among those that are held, and whether to keep the record.
    Segment(usize, u32, Worth),
    /// Nowhere any more.
    Gone,
}

/// The segments that are held for some reads, in the order in which they were met.
#[derive(Default)]
struct Pins<'a>(Vec<Pin<'a>>);

impl<'a> Pins<'a> {
    /// Holds a segment; says which it is.
    fn hold(&mut self, segments: &'a Segments, segment: u32) -> Result<usize, ReadError> {
        if self.0.last().is_none_or(|last| last.number() != segment) {
            self.0.push(segments.pin(segment).map_err(journal_error)?);
        }
        Ok(self.0.len() - 1)
    }
}

/// A piece of a segment that was read.
struct Piece {
    bytes: Bytes,
    at: u32,
}

impl Piece {
    fn from(&self, at: u32) -> Option<&[u8]> {
        let from = at.checked_sub(self.at)?;
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
        let mut pins = Pins::default();
        let sources = positions.iter().map(|position| self.source(*position, &mut pins));
        let sources = sources.collect::<Result<Vec<_>, _>>()?;
        let pins = &pins.0;
        let mut start = 0;
        while start < sources.len() {
            let (end, singles) = match single_len(&sources[start..]) {
                0 => (start + run_len(&sources[start..]), None),
                count => {
                    let places = places(pins, &sources[start..start + count], &positions[start..]);
                    (start + count, Some(singles::read(self.records, places)))
                }
            };
            let piece = match &singles {
                Some(_) => None,
                None => read_sources(pins, &sources[start..end])?,
            };
            let mut singles = singles.unwrap_or_default().into_iter();
            for (source, position) in sources[start..end].iter().zip(&positions[start..end]) {
                let taken = match (source, &piece) {
                    (Source::Kept(record), _) => kept(record, *position, &mut take),
                    (Source::Segment(pin, at, _), Some(piece)) => {
                        one(&pins[*pin], piece, *at, *position, &mut take)
                    }
                    (Source::Segment(..), None) => {
                        match singles.next().expect("every single record was read") {
                            Ok(Some(record)) => kept(&record, *position, &mut take),
                            Ok(None) => continue,
                            Err(cause) => Err(cause),
                        }
                    }
                    (Source::Gone, _) => continue,
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
        let mut pins = Pins::default();
        while position < positions.end {
            let place = self.locate(position)?;
            let n = pins.hold(self.segments, place.segment)?;
            let pin = &pins.0[n];
            let Some(at) = pin.place_of(position.0, place.at).map_err(journal_error)? else {
                let next = pin.next_kept(position.0, positions.end.0).map_err(journal_error)?;
                position = Position(next);
                continue;
            };
            let ahead = Position((position.0 + AHEAD_COUNT).min(positions.end.0 - 1));
            let piece = read_run(pin, at, self.run_end(pin, at, ahead)?)?;
            let mut from = 0;
            while let Some(there) = piece.bytes.get(from..)
                && position < positions.end
            {
                let (count, len) = match EventRef::read_alone(there, position) {
                    Ok(RecordRead::Whole(event, len)) => {
                        if take(event, &piece.bytes)?.is_break() {
                            return Ok(());
                        }
                        (1, len)
                    }
                    Ok(RecordRead::Gone(gone, len)) => (u64::from(gone.count), len),
                    _ => break,
                };
                from += len;
                position = Position(position.0 + count);
            }
            if from == 0 {
                let taken = one(pin, &piece, at, position, &mut take);
                let is_skipped = taken.is_err() && planted(Bug::SkipUndecodable);
                if !is_skipped && taken?.is_break() {
                    return Ok(());
                }
                position = position.next();
            }
        }
        Ok(())
    }

    /// Where `ahead` stands, or `at` itself if that is too far to be read together.
    fn run_end(&self, pin: &Pin<'_>, at: u32, ahead: Position) -> Result<u32, ReadError> {
        let end = self.locate(ahead)?;
        if end.segment != pin.number() {
            return Ok(at);
        }
        let end = pin.place_of(ahead.0, end.at).map_err(journal_error)?.unwrap_or(at);
        Ok(if end.saturating_sub(at) <= RUN_BYTES_MAX { end.max(at) } else { at })
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

    fn source(&self, position: Position, pins: &mut Pins<'a>) -> Result<Source, ReadError> {
        let worth = match self.records.get(position) {
            Ok(record) => return Ok(Source::Kept(record)),
            Err(worth) => worth,
        };
        let place = self.locate(position)?;
        let n = pins.hold(self.segments, place.segment)?;
        let at = pins.0[n].place_of(position.0, place.at).map_err(journal_error)?;
        Ok(at.map_or(Source::Gone, |at| Source::Segment(n, at, worth)))
    }
}

/// Bytes at a place of a segment that are not what the store wrote.
pub(super) fn damaged(pin: &Pin<'_>, at: u32, cause: &Malformed) -> ReadError {
    corrupt(Place { segment: pin.number(), at }, cause)
}

/// Reads the piece that holds a run of neighbours.
fn read_sources(pins: &[Pin<'_>], run: &[Source]) -> Result<Option<Piece>, ReadError> {
    match run {
        [Source::Segment(pin, first, _), .., Source::Segment(_, last, _)] => {
            read_run(&pins[*pin], *first, *last).map(Some)
        }
        _ => Ok(None),
    }
}

/// Reads the piece that holds the records at two places of one segment and what is between.
fn read_run(pin: &Pin<'_>, a: u32, b: u32) -> Result<Piece, ReadError> {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let count = (high - low) as usize + GUESS_BYTES;
    let bytes = PIECES.fill(count, |buf| pin.read_up_to(low, buf)).map_err(journal_error)?;
    Ok(Piece { bytes, at: low })
}

fn one(
    pin: &Pin<'_>,
    piece: &Piece,
    at: u32,
    position: Position,
    take: &mut impl FnMut(EventRef<'_>, &Bytes) -> Result<ControlFlow<()>, ReadError>,
) -> Result<ControlFlow<()>, ReadError> {
    let there = piece.from(at).unwrap_or_default();
    let read = EventRef::read_alone(there, position);
    match read.map_err(|cause| damaged(pin, at, &cause))? {
        RecordRead::Whole(event, _) => take(event, &piece.bytes),
        RecordRead::Needs(count) => match read_whole(pin, at, position, count)? {
            Some(record) => kept(&record, position, take),
            None => Ok(ControlFlow::Continue(())),
        },
        RecordRead::Gone(..) => Ok(ControlFlow::Continue(())),
    }
}

/// Reads exactly the record at a place, of which `count` bytes are needed to see more; `None`: it
/// was removed.
pub(super) fn read_whole(
    pin: &Pin<'_>,
    at: u32,
    position: Position,
    mut count: usize,
) -> Result<Option<Bytes>, ReadError> {
    // At most twice: its length, then all of it.
    for _ in 0..2 {
        assert!(count <= RECORD_BYTES_MAX + RECORD_PREFIX_BYTES_MAX, "D3: a read is bounded");
        let mut bytes = vec![0; count];
        pin.read_at(at, &mut bytes).map_err(journal_error)?;
        let read = EventRef::read_alone(&bytes, position);
        match read.map_err(|cause| damaged(pin, at, &cause))? {
            RecordRead::Whole(_, len) => {
                bytes.truncate(len);
                return Ok(Some(bytes.into()));
            }
            RecordRead::Needs(more) => count = more,
            RecordRead::Gone(..) => return Ok(None),
        }
    }
    let cause = Malformed::new(0, "a record is longer than its length");
    Err(damaged(pin, at, &cause))
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

/// Where these sources are, which are all of segments, each with its position.
fn places<'a>(
    pins: &'a [Pin<'a>],
    sources: &'a [Source],
    positions: &'a [Position],
) -> impl Iterator<Item = Wanted<'a>> + Clone {
    sources.iter().zip(positions).filter_map(|(source, position)| match source {
        Source::Segment(pin, at, worth) => {
            Some(Wanted { pin: &pins[*pin], at: *at, position: *position, worth: *worth })
        }
        Source::Kept(_) | Source::Gone => None,
    })
}

/// How many of the first sources stand in segments, each far from the next.
fn single_len(sources: &[Source]) -> usize {
    let is_single =
        |n: &usize| matches!(sources[*n], Source::Segment(..)) && run_len(&sources[*n..]) == 1;
    (0..sources.len().min(TOGETHER_COUNT_MAX)).take_while(is_single).count()
}

/// How many of the first sources are worth one read.
fn run_len(sources: &[Source]) -> usize {
    let Source::Segment(_, first, _) = sources[0] else { return 1 };
    let near = |pair: &[Source]| {
        let [Source::Segment(a_pin, a, _), Source::Segment(b_pin, b, _)] = pair else {
            return false;
        };
        a_pin == b_pin && a.abs_diff(*b) <= GAP_BYTES_MAX && first.abs_diff(*b) <= RUN_BYTES_MAX
    };
    1 + sources.windows(2).take_while(|pair| near(pair)).count()
}
