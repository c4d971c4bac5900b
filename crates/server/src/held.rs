//! What readers hold of the server's memory: deliveries that were made for them and not taken yet.
//!
//! Why: a reader that has hung keeps what was being sent to it. With a message of 256 KiB for each, ten
//! thousand of them would hold 2.5 GB.
//!
//! Picture: each delivery is a share of what is left. While few hold anything, shares are whole messages;
//! the more is held, the smaller they become, down to a least one, which everybody gets.
//! ```text
//!   held  ├────────────────────────────┤·············┤  HELD_BYTES
//!                                        left / 16 = the next share, from SHARE_BYTES_MIN to a message
//! ```
//! Invariant: D3, `n` readers that take nothing hold no more than `HELD_BYTES` and `2 n` least shares, unless
//! single events are larger than a share.

use crate::limits::{DELIVERY_BYTES, HELD_BYTES, SHARE_BYTES_MIN};
use headwater_model::RecordedEvent;
use headwater_model::limits::DELIVERED_EVENT_BYTES;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much of what is left a delivery may take: as many are made at a time, about.
const PART: usize = 16;

/// What all readers together hold.
#[derive(Debug, Default)]
pub(crate) struct Held {
    bytes: AtomicUsize,
}

impl Held {
    /// How much the next delivery may have.
    pub(crate) fn share(&self) -> usize {
        let left = HELD_BYTES.saturating_sub(self.bytes());
        (left / PART).clamp(SHARE_BYTES_MIN, DELIVERY_BYTES)
    }

    /// What is held now.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts what a reader holds, until it is dropped.
    fn hold(self: &Arc<Self>, bytes: usize) -> Holding {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Holding { held: Arc::clone(self), bytes }
    }
}

/// What one reader holds.
#[derive(Debug)]
struct Holding {
    held: Arc<Held>,
    bytes: usize,
}

impl Drop for Holding {
    fn drop(&mut self) {
        let before = self.held.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        assert!(before >= self.bytes, "D3: more was given back than was held");
    }
}

/// One reader's part: what was last handed over, and what before it. A connection asks for the next
/// message while it still sends the last.
#[derive(Debug)]
pub(crate) struct Hand {
    held: Arc<Held>,
    last: Option<Holding>,
    before: Option<Holding>,
}

impl Hand {
    /// An empty one.
    pub(crate) fn new(held: &Arc<Held>) -> Self {
        Self { held: Arc::clone(held), last: None, before: None }
    }

    /// How much the next delivery may have.
    pub(crate) fn share(&self) -> usize {
        self.held.share()
    }

    /// Holds these events until two more were handed over.
    pub(crate) fn takes(&mut self, events: &[RecordedEvent]) {
        let each = |event: &RecordedEvent| {
            DELIVERED_EVENT_BYTES + event.payload.len() + event.metadata.bytes()
        };
        let bytes = events.iter().map(each).sum();
        self.before = self.last.replace(self.held.hold(bytes));
    }

    /// Everything was taken: the reader waits for what is to come.
    pub(crate) fn empty(&mut self) {
        (self.last, self.before) = (None, None);
    }
}
