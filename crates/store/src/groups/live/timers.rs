//! What a group waits for by the clock: acks, retries, signs of life.
//!
//! Invariant: a timer that is withdrawn is gone: their number is that of what is out, waits or lives.

use super::{Live, Phase};
use bytestring::ByteString;
use headwater_model::{DeliveryId, MemberId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) type TimerKey = (Timestamp, u64);

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Timer {
    /// A delivery must be settled by then.
    Ack(DeliveryId),
    /// The first event of a key can be delivered then.
    Backoff(ByteString),
    /// A member must have been heard of by then.
    Lease(MemberId),
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeMap<TimerKey, Timer>,
    last_ticket: u64,
    /// The time that somebody sleeps until.
    armed: Option<Timestamp>,
}

impl Timers {
    pub(super) fn add(&mut self, at: Timestamp, timer: Timer) -> TimerKey {
        self.last_ticket += 1;
        let key = (at, self.last_ticket);
        self.by_time.insert(key, timer);
        key
    }

    pub(super) fn withdraw(&mut self, key: TimerKey) {
        self.by_time.remove(&key);
    }

    pub(super) fn clear(&mut self) {
        self.by_time.clear();
    }

    fn due(&mut self, now: Timestamp) -> Option<Timer> {
        let first = self.by_time.first_entry()?;
        if first.key().0 <= now { Some(first.remove()) } else { None }
    }

    fn earliest(&self) -> Option<Timestamp> {
        self.by_time.keys().next().map(|(at, _)| *at)
    }
}

impl Live {
    /// Takes back what was not settled in time.
    pub(in crate::groups) fn pass_time(&mut self, now: Timestamp) {
        while let Some(timer) = self.timers.due(now) {
            self.steps += 1;
            match timer {
                Timer::Ack(id) => {
                    self.give_back(id, Duration::ZERO, "it was not acked in time", now)
                }
                Timer::Backoff(name) => {
                    if let Some(key) = self.keys.get_mut(&name)
                        && key.phase == Phase::Backoff
                    {
                        key.phase = Phase::Ready;
                        self.ready.push_back(name);
                    }
                }
                Timer::Lease(member) => self.check_lease(member, now),
            }
        }
    }

    /// When to look again; somebody sleeps until then.
    pub(in crate::groups) fn arm(&mut self) -> Option<Timestamp> {
        self.timers.armed = self.timers.earliest();
        self.timers.armed
    }

    /// Whether who sleeps would sleep for too long.
    pub(in crate::groups) fn must_rearm(&self) -> bool {
        match (self.timers.earliest(), self.timers.armed) {
            (Some(earliest), Some(armed)) => earliest < armed,
            (earliest, None) => earliest.is_some(),
            (None, Some(_)) => false,
        }
    }
}
