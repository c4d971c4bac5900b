//! What waits to be saved: one commit takes all that came while the one before it was written.
//!
//! Invariants: one batch is on its way at a time, and it keeps its number until it is known whether it
//! was written: who was to say so may have gone away.

use super::Out;
use crate::groups::step::GroupStep;
use bytestring::ByteString;
use headwater_model::{DeliveryId, GroupError, Position, Timestamp};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Changes of one batch: about as many as members ack at once; more would make a commit wait.
const BATCH_COUNT_MAX: usize = 4_096;

/// Bytes of keys and reasons in one batch.
const BATCH_BYTES_MAX: usize = 512 * 1_024;

/// How a delivery ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::groups) enum Settled {
    /// It was handled.
    Done,
    /// It is set aside.
    Parked {
        /// Why.
        reason: ByteString,
    },
    /// It is to be tried again.
    Retried {
        /// After so long; `None`: as the backoff says.
        wait: Option<Duration>,
        /// Why, should it be parked.
        reason: ByteString,
    },
}

/// What is to become of a parked event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::groups) enum Unpark {
    /// Delivered again.
    Replay,
    /// Given up.
    Skip,
}

/// What changes.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Settled { id: DeliveryId, out: Out, settled: Settled, at: Timestamp },
    Tried { key: ByteString, position: Position, attempts: u32 },
    Unparked { key: ByteString, position: Position, how: Unpark },
}

impl Change {
    fn bytes(&self) -> usize {
        match self {
            Self::Settled { out, settled: Settled::Parked { reason }, .. } => {
                out.key.len() + reason.len()
            }
            Self::Settled { out, .. } => out.key.len(),
            Self::Tried { key, .. } | Self::Unparked { key, .. } => key.len(),
        }
    }
}

/// Told when all changes of one call are saved, or why not.
#[derive(Debug, Default)]
pub(in crate::groups) struct Ticket {
    left: AtomicU64,
    failed: OnceLock<GroupError>,
}

impl Ticket {
    /// The answer, once there is one.
    pub(in crate::groups) fn answer(&self) -> Option<Result<(), GroupError>> {
        if self.left.load(Ordering::SeqCst) > 0 {
            return None;
        }
        Some(self.failed.get().map_or(Ok(()), |why| Err(why.clone())))
    }

    fn tell(&self, answer: &Result<(), GroupError>) {
        if let Err(why) = answer {
            // The first failure is the answer.
            drop(self.failed.set(why.clone()));
        }
        self.left.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A change, and who waits for it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) change: Change,
    /// `None`: nobody.
    pub(super) ticket: Option<Arc<Ticket>>,
}

impl Entry {
    pub(super) fn tell(&self, answer: &Result<(), GroupError>) {
        self.ticket.iter().for_each(|ticket| ticket.tell(answer));
    }

    /// Whether it must be saved although nobody waits for it: else its key would wait for ever.
    fn is_orphan(&self) -> bool {
        self.ticket.is_none() && matches!(self.change, Change::Settled { .. })
    }
}

/// A batch on its way.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) entries: Vec<Entry>,
    /// Lanes that end with it.
    pub(super) over: Vec<(Position, ByteString)>,
    pub(super) step: GroupStep,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Entry>,
    orphan_count: usize,
    pub(super) on_its_way: Option<Batch>,
}

impl Outbox {
    pub(super) fn push(&mut self, change: Change, ticket: Option<&Arc<Ticket>>) {
        if let Some(ticket) = ticket {
            ticket.left.fetch_add(1, Ordering::SeqCst);
        }
        let entry = Entry { change, ticket: ticket.cloned() };
        self.orphan_count += usize::from(entry.is_orphan());
        self.waiting.push_back(entry);
    }

    /// Puts back what could not be saved and nobody else will ask for again.
    pub(super) fn push_again(&mut self, entry: Entry) {
        self.orphan_count += usize::from(entry.is_orphan());
        self.waiting.push_back(entry);
    }

    /// Whether something waits that nobody waits for.
    pub(super) fn has_orphans(&self) -> bool {
        self.orphan_count > 0
    }

    /// The next changes, about a batch of them.
    pub(super) fn take(&mut self) -> Vec<Entry> {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        while entries.len() < BATCH_COUNT_MAX && bytes < BATCH_BYTES_MAX {
            let Some(entry) = self.waiting.pop_front() else { break };
            self.orphan_count -= usize::from(entry.is_orphan());
            bytes += entry.change.bytes();
            entries.push(entry);
        }
        entries
    }

    /// All that waits is of no use any more.
    pub(super) fn refuse_all(&mut self) {
        let batch = self.on_its_way.take().map_or(Vec::new(), |batch| batch.entries);
        self.orphan_count = 0;
        for entry in batch.into_iter().chain(self.waiting.drain(..)) {
            let deliveries = match &entry.change {
                Change::Settled { id, .. } => vec![*id],
                _ => Vec::new(),
            };
            entry.tell(&Err(GroupError::NotYours { deliveries }));
        }
    }
}
