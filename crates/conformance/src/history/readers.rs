//! Readers and checkpoints: each a part of the one order.

use super::log::Log;
use super::order::Checkpoints;
use super::{Found, Operation, Reader};
use headwater_model::{Checkpoint, CheckpointName, RecordedEvent};
use std::collections::{BTreeMap, BTreeSet};

/// R1, R3, C2: what was delivered is exactly what matches between a reader's start and its end.
pub(super) fn check(readers: &[Reader], log: &Log<'_>, found: &mut Found) {
    for (n, reader) in readers.iter().enumerate() {
        let within = |event: &&RecordedEvent| {
            Some(event.position) > reader.after && Some(event.position) <= reader.come
        };
        let expected = log.events.iter().filter(within).filter(|e| reader.query.matches(*e));
        let expected: Vec<_> = expected.map(|event| (event.position, event.id)).collect();
        let seen: Vec<_> = reader.seen.iter().map(|event| (event.position, event.id)).collect();
        let agree = expected.iter().zip(&seen).take_while(|(one, other)| one == other).count();
        found.unless(expected == seen, "R3", || {
            let (wanted, got) = (expected.get(agree), seen.get(agree));
            format!("reader {n}: delivery {agree} was {got:?}, in the log it is {wanted:?}")
        });
    }
}

/// C1: a checkpoint is where the last append that stands has put it.
pub(super) fn check_checkpoints(
    seen: &BTreeMap<CheckpointName, Option<Checkpoint>>,
    expected: &Checkpoints<'_>,
    unjudged: &BTreeSet<&CheckpointName>,
    found: &mut Found,
) {
    for (name, stands) in seen.iter().filter(|(name, _)| !unjudged.contains(name)) {
        let should = expected.get(name).copied();
        found.unless(*stands == should, "C1", || {
            format!("checkpoint {name} is at {stands:?}, the log says {should:?}")
        });
    }
}

/// Readers whose checkpoint was also saved alone: the log does not say when.
pub(super) fn saved_alone(operations: &[Operation]) -> BTreeSet<&CheckpointName> {
    let alone = |operation: &&Operation| operation.append.event_count() == 0;
    let saves = operations.iter().filter(alone).flat_map(|asked| &asked.append.checkpoints);
    saves.map(|save| &save.name).collect()
}
