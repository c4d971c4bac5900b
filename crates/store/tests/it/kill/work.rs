//! What the process that is killed appends, known to the one that kills it.

use headwater_env::{OsDisk, OsEntropy, SystemClock};
use headwater_model::{
    Append, Checkpoint, CheckpointName, ContextName, EventId, EventType, ExpectedRevision,
    Incarnation, NewEvent, Position, ReadError, SaveCheckpoint, StreamName,
};
use headwater_store::{EmbeddedContext, EmbeddedStore, Environment, Options};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Threads that append side by side, so that groups form.
pub(crate) const THREAD_COUNT: u64 = 4;

/// Small, so that segments are sealed and indexed while the process is killed.
const SEGMENT_BYTES: u32 = 128 * 1_024;

/// The context in `root`, with the threads and the disk of a service.
pub(crate) fn open(root: &Path) -> Result<Arc<EmbeddedContext>, ReadError> {
    let environment = Environment {
        disk: Arc::new(OsDisk::new()),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let mut options = Options::default();
    options.journal.segment_bytes = SEGMENT_BYTES;
    let store = EmbeddedStore::open_in(environment, root, options)?;
    store.embedded(&ContextName::new("crash").expect("a name"))
}

/// The reader that each thread is, in each round.
pub(crate) fn reader(round: u64, thread: u64) -> CheckpointName {
    CheckpointName::new(format!("reader-{round}-{thread}")).expect("a name")
}

/// Append `n` of a thread: to its own stream, to one that all share, and its checkpoint.
pub(crate) fn append(round: u64, thread: u64, n: u64) -> Append {
    let event = |part: u64| {
        let parts = (u128::from(round) << 96) | (u128::from(thread) << 64);
        let id = EventId(Uuid::from_u128(parts | (u128::from(n) << 32) | u128::from(part)));
        let named = EventType::new("SeatTaken").expect("a name");
        NewEvent::json(
            id,
            named,
            format!("{{\"n\":{n},\"fill\":\"{}\"}}", "x".repeat((n % 97) as usize)),
        )
    };
    let own = StreamName::of("order", &format!("{round}-{thread}")).expect("a name");
    let shared = StreamName::new("ledger").expect("a name");
    let at = |n: u64| Checkpoint { incarnation: Incarnation(0), position: Position(n) };
    Append::to(own, ExpectedRevision::Any, (0..n % 3).map(event).collect())
        .and(shared, ExpectedRevision::Any, vec![event(9)])
        .saving(SaveCheckpoint {
            name: reader(round, thread),
            expected: n.checked_sub(1).map(at),
            to: at(n),
        })
}
