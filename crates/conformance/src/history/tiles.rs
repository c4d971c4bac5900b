//! The log cut into appends: each tile whole, each written by somebody who was not refused.

use super::log::Log;
use super::{Found, Operation, Outcome};
use headwater_model::Append;

/// One append, as it stands in the log.
pub(super) struct Tile<'a> {
    /// The place of its first event.
    pub(super) first: usize,
    /// The place behind its last.
    pub(super) end: usize,
    /// Who may have written it: the one that was told so; else all whose outcome is unknown, and
    /// those that were told that it had been written before, perhaps by their own lost first try.
    pub(super) writers: Vec<&'a Operation>,
}

/// A1, A5: cuts the log, and reports what nobody wrote as a whole.
pub(super) fn lay<'a>(
    operations: &'a [Operation],
    log: &Log<'_>,
    found: &mut Found,
) -> Vec<Tile<'a>> {
    let mut starting: Vec<Vec<(usize, &Operation)>> = vec![Vec::new(); log.events.len()];
    for operation in operations {
        let refused = matches!(operation.outcome, Outcome::Refused(_));
        if let (false, Some((first, end))) = (refused, stands(&operation.append, log)) {
            starting[first].push((end, operation));
        }
    }
    let mut tiles = Vec::new();
    let mut at = 0;
    while at < log.events.len() {
        match tile(at, &starting[at], found) {
            Some(tile) => {
                at = tile.end;
                tiles.push(tile);
            }
            None => {
                let event = &log.events[at];
                let settings = event.stream.as_str().starts_with("$$");
                found.unless(settings, "A1", || {
                    format!("position {at} ({} in {}) begins no append", event.id, event.stream)
                });
                at += 1;
            }
        }
    }
    tiles
}

/// The tile that begins here: the acknowledged one, else the longest that may be.
fn tile<'a>(
    first: usize,
    starting: &[(usize, &'a Operation)],
    found: &mut Found,
) -> Option<Tile<'a>> {
    let acknowledged = |(_, operation): &&(usize, &Operation)| match &operation.outcome {
        Outcome::Done(answer) => !answer.replayed,
        Outcome::Refused(_) | Outcome::Unknown => false,
    };
    let done: Vec<_> = starting.iter().filter(acknowledged).collect();
    found.unless(done.len() < 2, "A4", || {
        format!("{} appends were told that they wrote position {first}", done.len())
    });
    let end = match done.first() {
        Some((end, _)) => *end,
        None => starting.iter().map(|(end, _)| *end).max()?,
    };
    let may = starting.iter().filter(|(own, _)| *own == end);
    let writers = match done.first() {
        Some((_, writer)) => vec![*writer],
        None => may.map(|(_, writer)| *writer).collect(),
    };
    Some(Tile { first, end, writers })
}

/// Where an append stands, if it stands in one piece.
fn stands(append: &Append, log: &Log<'_>) -> Option<(usize, usize)> {
    let asked = append
        .writes
        .iter()
        .flat_map(|write| write.events.iter().map(|event| (&write.stream, event)));
    let mut span: Option<(usize, usize)> = None;
    for (stream, event) in asked {
        let place = log.place(stream, event.id)?;
        if !event.same_content(&log.events[place]) {
            return None;
        }
        span = match span {
            None => Some((place, place + 1)),
            Some((first, end)) if end == place => Some((first, place + 1)),
            Some(_) => return None,
        };
    }
    span
}
