//! Timers: what is to happen later, found by the store itself when its time has come.
//!
//! Why: a timer must survive everything and cost next to nothing while it waits. The event that sets it
//! is durable already, and the store finds events by their tags; so the index is the timer wheel. An
//! event that sets timers names, by tags, the stretches of time in which they are due; nothing is
//! held in memory but what is due next, and nothing is scanned.
//!
//! Picture:
//! ```text
//!   set    event { dues: 12:00:07, 15:30:00 } + tags $due:r · $due:r:10s:… · $due:r:1h:… · …
//!                │                                      │
//!                │ all that came since (seen)           │ by stretch of time, when it is near
//!                ▼                                      ▼
//!          ┌─ soon: (due, position, index), in order, bounded ─┬── horizon ──▶ not looked at yet
//!   now ──▶│ due: handed out, until it is handled              │
//!          └───────────────────────────────────────────────────┘
//!   mark   everything due by then, and set by then, was handled: where a restart begins
//! ```
//! Invariants: C5, nothing is handed out before its time, and nothing is recorded at or before a due
//! that was handed out. Every timer set at a position that was seen, and due before the horizon, is
//! in `soon` until it is handled. The mark is never ahead of what was handled.
//!
//! After a crash: what was handled since the mark is handed out again; its owner sees that it was.
//! Not here: what happens when a timer fires, and that it happens once. That is one append of the owner
//! (a saga), under an id derived from the timer and at the revision it was decided at.

mod bucket;
mod error;
mod fetch;
mod mark;
mod pin;
mod place;
mod soon;
#[cfg(test)]
mod tests;
mod wakes;

pub(crate) use pin::pin;

pub use error::WakeError;
pub use wakes::{Next, Wake, Wakes};

use bytestring::ByteString;
use headwater_model::{InvalidName, RecordedEvent, Tag, Timestamp};

/// The key in an event's metadata under which its dues stand.
pub const DUES_KEY: &str = "dues";

/// The dues as they stand in an event's metadata: microseconds since 1970, in the order set.
pub fn dues_text(dues: &[Timestamp]) -> ByteString {
    let dues: Vec<String> = dues.iter().map(|due| due.as_micros().to_string()).collect();
    dues.join(",").into()
}

/// When the timers are due that this event sets, in the order set; none, if that is not what it says.
pub fn dues_of(event: &RecordedEvent) -> Vec<Timestamp> {
    let Some(text) = event.metadata.get(DUES_KEY) else { return Vec::new() };
    let dues: Result<Vec<u64>, _> = text.split(',').map(str::parse).collect();
    dues.unwrap_or_default().into_iter().map(Timestamp::from_micros).collect()
}

/// The tags by which an event is found when its timers are due: one, and two for each stretch of time.
///
/// # Errors
/// [`InvalidName`] for a reader's name of which no tag can be made.
pub fn due_tags(reader: &str, dues: &[Timestamp]) -> Result<Vec<Tag>, InvalidName> {
    bucket::tags(reader, dues)
}
