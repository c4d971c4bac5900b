//! Occasions: what is to be done about the times that have come.
//!
//! Picture, of a night that nobody was there, at 15:00:
//! ```text
//!   settled ── 03:00 ── 03:00 ── 03:00 ── 15:00 ── 03:00
//!              missed   missed   missed    now     waits
//!   Skip: all three are left out · Once: the third, for all · All: the first; then the next
//! ```

use super::Missed;
use super::tick::Tick;
use super::when::When;
use crate::limits::TICK_LATE_MAX;
use headwater_model::Timestamp;

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// A tick is to be made.
    Ticks(Tick),
    /// These are left out.
    Skips { from: Timestamp, to: Timestamp },
    /// Nothing before this time; never, if there is none.
    Waits(Option<Timestamp>),
}

/// What there is to do at `now`, everything up to `until` being settled.
pub(super) fn at(when: &When, missed: Missed, until: Timestamp, now: Timestamp) -> Occasion {
    let Some(first) = when.next(until).filter(|first| *first <= now) else {
        return Occasion::Waits(when.next(until));
    };
    let last = when.last(now).unwrap_or(first).max(first);
    let missed_from = (first < last).then_some(first);
    match missed {
        Missed::All => Occasion::Ticks(Tick { at: first, missed_from: None }),
        Missed::Skip if now.since(last) > TICK_LATE_MAX => {
            Occasion::Skips { from: first, to: last }
        }
        Missed::Once | Missed::Skip => Occasion::Ticks(Tick { at: last, missed_from }),
    }
}
