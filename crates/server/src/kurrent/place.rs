//! Places as this protocol shows them.
//!
//! Why: there 0 means "before everything", and a client compares places of different days. Ours
//! are dense from 0 and mean something only within one history of a context.
//!
//! Picture: `commit = prepare = 16 bits of incarnation · 48 bits of position + 1`
//!
//! Invariants: places rise with positions, also across a restore. C2 a place of a history that a
//! restore cut off is never taken for one of the present.

use headwater_model::{Checkpoint, Incarnation, Position, Revision, Timestamp};
use headwater_wire::kurrent::event_store::client::AllStreamPosition;

/// Bits of the position; at a million events a second they last nine years.
const POSITION_BITS: u32 = 48;

/// A place that a client asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// Before the first event.
    Start,
    /// At this event.
    At(Checkpoint),
    /// Behind the last event.
    End,
}

/// A revision that a client asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum AskedRevision {
    /// Before the first event.
    Start,
    /// At this event.
    At(Revision),
    /// Behind the last event.
    End,
}

impl Asked {
    /// What a commit position of the wire means.
    pub(super) fn of(commit: u64) -> Self {
        let incarnation = u32::try_from(commit >> POSITION_BITS).unwrap_or(u32::MAX);
        match commit & ((1 << POSITION_BITS) - 1) {
            _ if commit == u64::MAX => Self::End,
            0 => Self::Start,
            shown => Self::At(Checkpoint {
                incarnation: Incarnation(incarnation),
                position: Position(shown - 1),
            }),
        }
    }
}

/// The commit position of an event.
pub(super) fn commit(incarnation: Incarnation, position: Position) -> u64 {
    (u64::from(incarnation.0) << POSITION_BITS) | (position.0 + 1)
}

/// The commit position of a checkpoint.
pub(super) fn commit_of(checkpoint: Checkpoint) -> u64 {
    commit(checkpoint.incarnation, checkpoint.position)
}

/// As a message.
pub(super) fn all_stream(commit: u64) -> AllStreamPosition {
    AllStreamPosition { commit_position: commit, prepare_position: commit }
}

/// Ticks of 100 ns since 1970: how the protocol writes when an event was recorded.
pub(super) const fn ticks(at: Timestamp) -> u64 {
    at.as_micros().saturating_mul(10)
}

/// An instant as protobuf writes it.
pub(super) fn instant(at: Timestamp) -> prost_types::Timestamp {
    let micros = at.as_micros();
    prost_types::Timestamp {
        seconds: i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX),
        nanos: i32::try_from(micros % 1_000_000 * 1_000).expect("less than a second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_is_not_the_start_and_places_rise_across_histories() {
        assert_eq!(commit(Incarnation(0), Position(0)), 1);
        assert!(commit(Incarnation(1), Position(0)) > commit(Incarnation(0), Position(9)));
        assert_eq!(Asked::of(0), Asked::Start);
        assert_eq!(Asked::of(u64::MAX), Asked::End);
    }

    #[test]
    fn a_place_comes_back_as_it_was_shown() {
        let there = Checkpoint { incarnation: Incarnation(3), position: Position(41) };
        assert_eq!(Asked::of(commit_of(there)), Asked::At(there));
    }
}
