//! Journals and stores in memory: what the ports promise, in the simplest code that keeps it.
//!
//! Why: the specification in executable form. The store on disk is compared with this one,
//! operation by operation, and tests of services run on it, with lost replies at chosen appends.
//! Where the words of the ports leave room, the documents of this module say what holds:
//! [`MemoryStore`] for appends, pages and subscriptions.
//!
//! Picture:
//! ```text
//!   MemoryContexts ──name──▶ MemoryStore ──lock──▶ History: Vec of events, map of streams, checkpoints
//!        │ faults                                  plan (all checks) · apply (cannot fail) · read
//! ```
//!
//! Invariants: one lock is the one point in the order (A1). Checks never write, writes never fail
//! (A5). Readers are woken after the new head is visible (R2).

mod contexts;
mod faults;
mod groups;
mod history;
mod journal;
mod plan;
mod read;
mod scavenge;
mod store;
mod subscription;
mod waiting;

#[cfg(test)]
mod tests;

pub use contexts::MemoryContexts;
pub use faults::Loss;
pub use journal::MemoryJournal;
pub use store::MemoryStore;

use crate::Timestamp;
use std::sync::Arc;

/// Tells the time. Handed in, because a model of the world does not look at the wall.
pub type MemoryClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
