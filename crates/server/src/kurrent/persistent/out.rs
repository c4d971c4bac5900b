//! What a connection was given and has not settled: the protocol acks events, ours acks deliveries.
//!
//! Invariant: an entry is kept until it is settled or its time is over; late acks settle nothing.

use headwater_model::{DeliveryId, EventId, GroupDelivery, Timestamp};
use std::collections::HashMap;

/// Entries that may be stale before anybody looks.
const STALE_COUNT_MAX: usize = 1_024;

/// The deliveries of one connection, by the id that its client will say.
#[derive(Debug, Default)]
pub(super) struct Out {
    by_event: HashMap<EventId, Vec<Given>>,
    count: usize,
    /// Entries that were found to be fresh the last time.
    fresh_count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Given {
    delivery: DeliveryId,
    at: Timestamp,
    until: Timestamp,
}

impl Out {
    /// Something was given, under this id.
    pub(super) fn add(&mut self, event: EventId, delivery: &GroupDelivery, now: Timestamp) {
        if self.count > 2 * self.fresh_count + STALE_COUNT_MAX {
            self.forget_stale(now);
        }
        let given = Given { delivery: delivery.id, at: now, until: delivery.until };
        self.by_event.entry(event).or_default().push(given);
        self.count += 1;
    }

    /// What was given under these ids, and how long ago each.
    pub(super) fn settle(
        &mut self,
        events: impl IntoIterator<Item = EventId>,
        now: Timestamp,
    ) -> Vec<(DeliveryId, std::time::Duration)> {
        let mut settled = Vec::new();
        for event in events {
            let given = self.by_event.remove(&event).unwrap_or_default();
            self.count -= given.len();
            settled.extend(given.iter().map(|given| (given.delivery, now.since(given.at))));
        }
        settled
    }

    fn forget_stale(&mut self, now: Timestamp) {
        self.by_event.retain(|_, given| {
            given.retain(|given| given.until > now);
            !given.is_empty()
        });
        self.count = self.by_event.values().map(Vec::len).sum();
        self.fresh_count = self.count;
    }
}
