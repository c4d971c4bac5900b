//! Merging: four neighbouring runs become one, front to back.
//!
//! Why: a lookup asks every run, so there must be few. Runs of one level are merged four at a
//! time into one of the next: 400 segments are at most 15 runs, mostly 6, and each event is
//! rewritten as often as the logarithm of their count.
//!
//! Picture:
//! ```text
//!   level 2: ████████████████   level 1: ████ ████   level 0: █ █ █ █  ─▶  level 1: ████ ████ ████
//! ```
//!
//! Invariants: A3, only neighbours are merged, so lists are chained and never interleaved. Memory
//! is a page per list and the filters and branches of the result, whatever the runs' size.

use super::error::IndexError;
use super::key::Kind;
use super::run::{
    Body, Entries, Footer, Id, IdWalk, LongList, Plan, PositionWalk, Run, RunBuilder,
    SHORT_COUNT_MAX, Stamp, Value, copy_places,
};
use headwater_env::File;
use headwater_model::Revision;
use std::ops::Range;
use std::sync::Arc;

/// Runs merged at once. With more, an event is rewritten less often, but a lookup asks more runs.
const FAN_IN: usize = 4;

/// Keys between two looks at whether the merge is still wanted.
const KEYS_PER_LOOK: u64 = 1_024;

/// Which runs to merge next: the lowest level of which enough stand side by side.
pub(crate) fn choose(runs: &[Arc<Run>]) -> Option<Range<usize>> {
    let level = |n: usize| runs[n].footer().level;
    let mergeable = |n: &usize| {
        let window = &runs[*n..*n + FAN_IN];
        let events: u64 = window.iter().map(|run| u64::from(run.footer().events)).sum();
        window.iter().all(|run| run.footer().level == level(*n)) && events < u64::from(u32::MAX)
    };
    let windows = 0..(runs.len() + 1).saturating_sub(FAN_IN);
    windows.filter(mergeable).min_by_key(|n| level(*n)).map(|n| n..n + FAN_IN)
}

/// Writes the run that says what `runs` say, durably; `None` if it was not wanted any more.
pub(crate) fn merge(
    runs: &[Arc<Run>],
    (file, stamp): (Arc<dyn File>, Stamp),
    keep_going: &dyn Fn() -> bool,
    begins: &dyn Fn(&str, Revision) -> bool,
) -> Result<Option<Footer>, IndexError> {
    let (Some(oldest), Some(newest)) = (runs.first(), runs.last()) else { return Ok(None) };
    let keys: u64 = runs.iter().map(|run| run.footer().keys).sum();
    let plan = Plan {
        stamp,
        first: oldest.first(),
        level: oldest.footer().level + 1,
        keys_max: usize::try_from(keys).unwrap_or(usize::MAX),
    };
    let mut builder = RunBuilder::new(file, plan);
    for run in runs {
        for share in run.segments()? {
            builder.segment(|writer, first| copy_places(writer, first, run.file(), share))?;
        }
    }
    let mut inputs = Vec::with_capacity(runs.len());
    for run in runs {
        let shift = u32::try_from(run.first() - oldest.first());
        let shift = shift.expect("runs are only merged while their events fit 32 bits");
        let mut entries = Entries::new(Arc::clone(run), &[])?;
        if entries.advance()? {
            inputs.push(Input { entries, shift });
        }
    }
    let mut keys = 0_u64;
    while let Some(least) = inputs.iter().map(|input| input.entries.key_bytes()).min() {
        let least = least.to_vec();
        if keys.is_multiple_of(KEYS_PER_LOOK) && !keep_going() {
            return Ok(None);
        }
        add(&mut builder, &inputs, &least, begins)?;
        step(&mut inputs, &least)?;
        keys += 1;
    }
    Ok(Some(builder.finish(oldest.footer().first_time, newest.footer().last_time)?))
}

/// The entries of one run, and how far its positions move.
struct Input {
    entries: Entries,
    shift: u32,
}

/// A value that goes into the merged one.
struct Piece<'a> {
    input: &'a Input,
    value: &'a Value,
}

/// Goes on behind `key` in every run that has it.
fn step(inputs: &mut Vec<Input>, key: &[u8]) -> Result<(), IndexError> {
    for input in inputs.iter_mut() {
        if input.entries.key_bytes() == key {
            input.entries.advance()?;
        }
    }
    inputs.retain(|input| input.entries.value().is_some());
    Ok(())
}

/// Adds what all runs say of one key.
fn add(
    builder: &mut RunBuilder,
    inputs: &[Input],
    bytes: &[u8],
    begins: &dyn Fn(&str, Revision) -> bool,
) -> Result<(), IndexError> {
    let having = inputs.iter().filter(|input| input.entries.key_bytes() == bytes);
    let pieces: Vec<Piece<'_>> =
        having.filter_map(|input| Some(Piece { input, value: input.entries.value()? })).collect();
    let pieces = &pieces[kept_from(&pieces, begins)?..];
    let Some(first) = pieces.first() else { return Ok(()) };
    let key = first.input.entries.key();
    let revision = (key.kind == Kind::Stream).then_some(first.value.revision);
    let count: usize = pieces.iter().map(|piece| piece.value.count as usize).sum();
    if count <= SHORT_COUNT_MAX {
        let (positions, fingerprints) = join(pieces);
        return Ok(builder.short(key, revision, &positions, &fingerprints)?);
    }
    let last = pieces.last().map_or(0, |piece| piece.value.last() + piece.input.shift);
    let list = LongList { revision, count, last };
    let ids = revision.is_some().then(|| SortedIds::new(pieces));
    builder.long(key, list, positions(pieces), ids)
}

/// A3: the revisions of a stream go on from run to run; or all events before a revision are gone,
/// and what a run that was not built again still says of them is left out. Which piece is the first.
fn kept_from(
    pieces: &[Piece<'_>],
    begins: &dyn Fn(&str, Revision) -> bool,
) -> Result<usize, IndexError> {
    let mut from = 0;
    for (n, pair) in pieces.windows(2).enumerate() {
        let dense = pair[0].value.revision + u64::from(pair[0].value.count);
        let (later, key) = (&pair[1].input.entries, pair[1].input.entries.key());
        let revision = pair[1].value.revision;
        if key.kind != Kind::Stream || revision == dense {
            continue;
        }
        let name = std::str::from_utf8(key.name).unwrap_or_default();
        if revision < dense || !begins(name, Revision(revision)) {
            return Err(later.run().file().damaged(0, "a stream's revisions have a gap"));
        }
        from = n + 1;
    }
    Ok(from)
}

/// The positions and fingerprints of short lists, one behind the other.
fn join(pieces: &[Piece<'_>]) -> (Vec<u32>, Vec<u32>) {
    let (mut all_positions, mut all_fingerprints) = (Vec::new(), Vec::new());
    for piece in pieces {
        if let Body::Short { positions, fingerprints } = &piece.value.body {
            all_positions.extend(positions.iter().map(|own| own + piece.input.shift));
            all_fingerprints.extend_from_slice(fingerprints);
        }
    }
    (all_positions, all_fingerprints)
}

/// The positions of lists, one behind the other.
fn positions(pieces: &[Piece<'_>]) -> impl Iterator<Item = Result<u32, IndexError>> {
    pieces.iter().flat_map(|piece| {
        PositionWalk::new(Arc::clone(piece.input.entries.run()), piece.value, piece.input.shift)
    })
}

/// The ids of a stream from several runs, in order.
struct SortedIds {
    walks: Vec<std::iter::Peekable<IdWalk>>,
}

impl SortedIds {
    fn new(pieces: &[Piece<'_>]) -> Self {
        let walk = |piece: &Piece<'_>| {
            let run = Arc::clone(piece.input.entries.run());
            IdWalk::new(run, piece.value, piece.input.shift).peekable()
        };
        Self { walks: pieces.iter().map(walk).collect() }
    }
}

impl Iterator for SortedIds {
    type Item = Result<Id, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut least: Option<(usize, Id)> = None;
        for (n, walk) in self.walks.iter_mut().enumerate() {
            match walk.peek() {
                None => {}
                Some(Err(_)) => return walk.next(),
                Some(Ok(id)) if least.is_none_or(|(_, own)| *id < own) => least = Some((n, *id)),
                Some(Ok(_)) => {}
            }
        }
        least.and_then(|(n, _)| self.walks[n].next())
    }
}
