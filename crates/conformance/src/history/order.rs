//! The order: real time is kept, and each append was legal where it stands.

use super::log::Log;
use super::tiles::Tile;
use super::{Found, Operation, Outcome};
use headwater_model::{
    AppendError, Checkpoint, CheckpointName, Condition, ExpectedRevision, Revision,
};
use std::collections::{BTreeMap, BTreeSet};

/// Checkpoints that were saved with events, as the log leaves them.
pub(super) type Checkpoints<'a> = BTreeMap<&'a CheckpointName, Checkpoint>;

/// R2: what was asked after an answer stands behind what was answered.
pub(super) fn check_real_time(tiles: &[Tile<'_>], found: &mut Found) {
    let mut soonest = u64::MAX;
    for tile in tiles.iter().rev() {
        let [writer] = tile.writers.as_slice() else { continue };
        found.unless(writer.invoked <= soonest, "R2", || {
            format!("position {} was asked for after a later one was answered", tile.first)
        });
        soonest = soonest.min(writer.returned);
    }
}

/// A1: replays the log, and asks of each append whether it held there.
pub(super) fn check_legality<'a>(
    tiles: &[Tile<'a>],
    log: &Log<'_>,
    unjudged: &BTreeSet<&CheckpointName>,
    found: &mut Found,
) -> Checkpoints<'a> {
    let mut checkpoints = Checkpoints::new();
    for tile in tiles {
        let illegal = |writer: &&Operation| {
            why_not_at(writer, tile.first, log).or_else(|| moved(writer, &checkpoints, unjudged))
        };
        let legal = tile.writers.iter().find(|writer| illegal(writer).is_none());
        found.unless(legal.is_some(), "A1", || {
            let why = tile.writers.first().and_then(illegal).unwrap_or_default();
            format!("the append at position {} was not legal there: {why}", tile.first)
        });
        for save in legal.or(tile.writers.first()).iter().flat_map(|o| &o.append.checkpoints) {
            checkpoints.insert(&save.name, save.to);
        }
    }
    checkpoints
}

/// What an append believed and was not so when the log had `first` events.
fn why_not_at(writer: &Operation, first: usize, log: &Log<'_>) -> Option<String> {
    for write in &writer.append.writes {
        let count = log.stream_count(&write.stream, first);
        if !holds(write.expected, count) {
            return Some(format!("{} had {count} events, not {}", write.stream, write.expected));
        }
    }
    for condition in &writer.append.conditions {
        if let Some(at) = unseen(condition, first, log) {
            return Some(format!("position {at} matches a condition"));
        }
    }
    None
}

/// The checkpoint that was not where an append believed it to be.
fn moved(
    writer: &Operation,
    checkpoints: &Checkpoints<'_>,
    unjudged: &BTreeSet<&CheckpointName>,
) -> Option<String> {
    let stands = |name| checkpoints.get(name).copied();
    let mut saves = writer.append.checkpoints.iter();
    let stale =
        saves.find(|save| !unjudged.contains(&save.name) && stands(&save.name) != save.expected);
    stale.map(|save| format!("{} was at {:?}", save.name, stands(&save.name)))
}

/// Whether an expectation holds of a stream with so many events, none of which was ever deleted.
fn holds(expected: ExpectedRevision, count: u64) -> bool {
    match expected {
        ExpectedRevision::Any => true,
        ExpectedRevision::NoStream => count == 0,
        ExpectedRevision::Exists => count > 0,
        ExpectedRevision::At(revision) => Some(revision) == Revision(count).previous(),
    }
}

fn unseen(condition: &Condition, before: usize, log: &Log<'_>) -> Option<usize> {
    let behind = condition.after.map_or(0, |after| after.0.saturating_add(1));
    let behind = usize::try_from(behind).unwrap_or(usize::MAX);
    (behind..before).find(|at| condition.query.matches(&log.events[*at]))
}

/// A5: the reason that was given was true at some moment between the question and the answer.
pub(super) fn check_refusals(
    operations: &[Operation],
    tiles: &[Tile<'_>],
    log: &Log<'_>,
    found: &mut Found,
) {
    for operation in operations {
        let Outcome::Refused(refusal) = &operation.outcome else { continue };
        let answered =
            |tile: &&Tile<'_>| tile.writers.iter().all(|w| w.returned < operation.invoked);
        let asked = |tile: &&Tile<'_>| tile.writers.iter().any(|w| w.invoked < operation.returned);
        let low = tiles.iter().filter(answered).map(|tile| tile.end).max().unwrap_or(0);
        let high = tiles.iter().filter(asked).map(|tile| tile.end).max().unwrap_or(0);
        let possible = match refusal {
            AppendError::WrongRevision(wrong) => {
                let count = wrong.actual.map_or(0, |actual| actual.next().0);
                let (fewest, most) = (
                    log.stream_count(&wrong.stream, low),
                    log.stream_count(&wrong.stream, high.max(low)),
                );
                (fewest..=most).contains(&count) && !holds(wrong.expected, count)
            }
            AppendError::ConditionFailed { condition, after, position } => {
                let condition = operation.append.conditions.get(*condition);
                let event = log.at(*position).filter(|event| event.position.0 < high as u64);
                let matches = condition.zip(event).is_some_and(|(c, e)| c.query.matches(e));
                matches && after.is_none_or(|after| *position > after)
            }
            _ => true,
        };
        found.unless(possible, "A5", || format!("this was not so at any time: {refusal}"));
    }
}
