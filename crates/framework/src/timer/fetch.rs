//! Fetching: the events of timers, by position.
//!
//! Why: timers set together are mostly due together, so their events are neighbours; a stretch of
//! neighbours is one read.

use super::soon::Key;
use futures_util::future::try_join_all;
use headwater_model::{AsOf, EventStore, From, Position, Query, ReadAll, ReadError, RecordedEvent};
use std::collections::{BTreeSet, HashMap};

/// Events between two that are wanted that are rather read along than gone around.
const GAP_MAX: u64 = 16;

/// The events at these timers' positions that are there still.
pub(super) async fn events(
    own: &dyn EventStore,
    setting: &Query,
    due: &[Key],
) -> Result<HashMap<Position, RecordedEvent>, ReadError> {
    let wanted: BTreeSet<Position> = due.iter().map(|key| key.position).collect();
    let mut stretches: Vec<(Position, Position)> = Vec::new();
    for position in &wanted {
        match stretches.last_mut() {
            Some((_, last)) if position.0 - last.0 <= GAP_MAX => *last = *position,
            _ => stretches.push((*position, *position)),
        }
    }
    let reads = stretches.into_iter().map(|(first, last)| stretch(own, setting, first, last));
    let found = try_join_all(reads).await?.into_iter().flatten();
    let is_wanted = |event: &RecordedEvent| wanted.contains(&event.position);
    Ok(found.filter(is_wanted).map(|event| (event.position, event)).collect())
}

async fn stretch(
    own: &dyn EventStore,
    setting: &Query,
    first: Position,
    last: Position,
) -> Result<Vec<RecordedEvent>, ReadError> {
    let (from, as_of) = (From::At(first), AsOf::Position(last));
    let mut read = ReadAll { from, as_of, ..ReadAll::forwards(setting.clone()) };
    let mut events = Vec::new();
    loop {
        let page = own.read_all(read.clone()).await?;
        events.extend(page.events);
        match page.next {
            Some(next) => read.from = From::At(next),
            None => return Ok(events),
        }
    }
}
