//! Each answer by itself: what was acknowledged is there, as it was told.

use super::log::Log;
use super::{Found, Operation, Outcome};
use headwater_model::{Append, Appended, Position};

pub(super) fn check(operations: &[Operation], log: &Log<'_>, found: &mut Found) {
    for operation in operations {
        if let Outcome::Done(answer) = &operation.outcome {
            check_done(&operation.append, answer, log, found);
        }
    }
}

fn check_done(append: &Append, answer: &Appended, log: &Log<'_>, found: &mut Found) {
    let mut last = None;
    for (n, write) in append.writes.iter().enumerate() {
        for event in &write.events {
            let Some(place) = log.place(&write.stream, event.id) else {
                found.unless(false, "A2", || format!("acknowledged, and lost: {}", event.id));
                continue;
            };
            let recorded = &log.events[place];
            let same = event.same_content(recorded)
                && (answer.replayed || event.metadata == recorded.metadata);
            found.unless(same, "A2", || format!("{} says something else", event.id));
            last = last.max(Some(Position(place as u64)));
        }
        let stands = write.events.last().and_then(|event| log.place(&write.stream, event.id));
        if let Some(recorded) = stands.map(|place| &log.events[place]) {
            let told = answer.revisions.get(n).copied().flatten();
            found.unless(told == Some(recorded.revision), "A3", || {
                format!("{} is at {}, told was {told:?}", recorded.id, recorded.revision)
            });
        }
    }
    let true_position = last.is_none() || answer.position == last;
    found.unless(true_position, "A3", || format!("told {:?}, stands at {last:?}", answer.position));
}
