//! Deliveries: given out, settled, taken back.
//!
//! Invariants: C3 what is out is the first of its key's queue and stays there until its end is durable.
//! Every delivery has an id of its own; of another member, or of an earlier delivery, none is settled.

use super::outbox::{Change, Settled, Ticket};
use super::{Live, Out, Phase, Timer};
use crate::planted::{Bug, planted};
use bytestring::ByteString;
use headwater_model::{
    DeliveryId, GroupDelivery, GroupError, GroupSharing, MemberId, Timestamp, group::cut_reason,
};
use std::sync::Arc;
use std::time::Duration;

/// What a member waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::groups) enum WaitFor {
    /// Anything that changes.
    Change,
    /// That it may hold more.
    Room,
    /// Anything that changes, and to be the first who may hold more.
    Turn,
}

impl Live {
    /// What a member waits for that cannot be given anything now.
    pub(in crate::groups) fn waits_for(&self, member: MemberId) -> WaitFor {
        let is_full = self.members.get(&member).is_none_or(|joined| self.room(joined) == 0);
        match self.settings.sharing {
            _ if is_full => WaitFor::Room,
            GroupSharing::Evenly => WaitFor::Change,
            GroupSharing::First => WaitFor::Turn,
        }
    }

    /// Deliveries for a member: its share of what is ready, fewer if it may hold no more.
    pub(in crate::groups) fn take(
        &mut self,
        member: MemberId,
        count_max: usize,
        now: Timestamp,
    ) -> Vec<GroupDelivery> {
        let joined = self.members.get(&member).filter(|_| self.is_in_line(member));
        let Some(joined) = joined else { return Vec::new() };
        let room = self.room(joined);
        let share = match self.settings.sharing {
            // Others wait, too: nobody takes it all.
            GroupSharing::Evenly => self.ready.len().div_ceil(self.waiting_count.max(1)),
            GroupSharing::First => self.ready.len(),
        };
        let count = count_max.min(room as usize).min(share);
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count
            && let Some(key) = self.ready.pop_front()
        {
            taken.push(self.deliver(member, key, now));
        }
        taken
    }

    fn deliver(&mut self, member: MemberId, name: ByteString, now: Timestamp) -> GroupDelivery {
        self.steps += 1;
        let key = self.keys.get_mut(&name).expect("C3: what is ready has a key");
        assert_eq!(key.phase, Phase::Ready, "C3: a key is ready once");
        let first = key.queue.front().expect("C3: what is ready has an event");
        key.phase = Phase::Out;
        let (event, attempt) = (first.event.clone(), first.attempts.saturating_add(1));
        self.last_id += 1;
        let (id, until) = (DeliveryId(self.last_id), now.after(self.settings.ack_wait()));
        let timer = self.timers.add(until, Timer::Ack(id));
        let position = event.position;
        self.out.insert(id, Out { member, key: name.clone(), position, attempt, timer });
        let joined = self.members.get_mut(&member).expect("who takes is a member");
        joined.held_count += 1;
        self.delivered_count += 1;
        self.redelivered_count += u64::from(attempt > 1);
        GroupDelivery { id, event, key: name, attempt, until }
    }

    /// Takes a delivery from the member that holds it.
    fn end(&mut self, member: MemberId, id: DeliveryId) -> Option<Out> {
        self.out.get(&id).filter(|out| out.member == member || planted(Bug::GroupAcksForOthers))?;
        let out = self.out.remove(&id)?;
        self.timers.withdraw(out.timer);
        self.let_go(out.member);
        Some(out)
    }

    /// Each of `deliveries` ends in the way that `settled` says; those that are not this member's
    /// are the answer.
    pub(in crate::groups) fn settle(
        &mut self,
        member: MemberId,
        deliveries: &[DeliveryId],
        settled: &Settled,
        now: Timestamp,
    ) -> (Arc<Ticket>, Result<(), GroupError>) {
        let ticket = Arc::new(Ticket::default());
        let mut not_held = Vec::new();
        for id in deliveries {
            self.steps += 1;
            let Some(out) = self.end(member, *id) else {
                not_held.push(*id);
                continue;
            };
            let change = self.ended(*id, out, settled, now);
            self.outbox.push(change, Some(&ticket));
        }
        let answer = match not_held.is_empty() {
            true => Ok(()),
            false => Err(GroupError::NotYours { deliveries: not_held }),
        };
        (ticket, answer)
    }

    /// What is to be saved about a delivery that ended.
    fn ended(&mut self, id: DeliveryId, out: Out, settled: &Settled, now: Timestamp) -> Change {
        let Settled::Retried { wait, reason } = settled else {
            self.phase_of(&out.key, Phase::Saving);
            let settled = settled.clone();
            return Change::Settled { id, out, settled, at: now };
        };
        let wait = wait.unwrap_or_else(|| self.settings.backoff.wait(out.attempt));
        self.again(id, out, wait, reason, now)
    }

    /// A delivery ended without a word: another attempt, or none is left.
    pub(super) fn give_back(&mut self, id: DeliveryId, wait: Duration, why: &str, now: Timestamp) {
        let Some(out) = self.out.remove(&id) else { return };
        self.timers.withdraw(out.timer);
        self.let_go(out.member);
        let change = self.again(id, out, wait, why, now);
        self.outbox.push(change, None);
    }

    fn again(
        &mut self,
        id: DeliveryId,
        out: Out,
        wait: Duration,
        why: &str,
        now: Timestamp,
    ) -> Change {
        if out.attempt >= self.settings.attempts_max {
            self.phase_of(&out.key, Phase::Saving);
            let settled = Settled::Parked { reason: ByteString::from(cut_reason(why)) };
            return Change::Settled { id, out, settled, at: now };
        }
        let key = self.keys.get_mut(&out.key).expect("C3: what was out has a key");
        if let Some(first) = key.queue.front_mut() {
            first.attempts = out.attempt;
        }
        if wait.is_zero() {
            key.phase = Phase::Ready;
            self.ready.push_back(out.key.clone());
        } else {
            key.phase = Phase::Backoff;
            self.timers.add(now.after(wait), Timer::Backoff(out.key.clone()));
        }
        Change::Tried { key: out.key, position: out.position, attempts: out.attempt }
    }

    pub(super) fn phase_of(&mut self, key: &ByteString, phase: Phase) {
        self.keys.get_mut(key).expect("C3: what was out has a key").phase = phase;
    }

    /// Gives a member more time for these.
    pub(in crate::groups) fn renew(
        &mut self,
        member: MemberId,
        deliveries: &[DeliveryId],
        now: Timestamp,
    ) -> Result<(), GroupError> {
        let until = now.after(self.settings.ack_wait());
        let mut not_held = Vec::new();
        for id in deliveries {
            match self.out.get_mut(id).filter(|out| out.member == member) {
                Some(out) => {
                    self.timers.withdraw(out.timer);
                    out.timer = self.timers.add(until, Timer::Ack(*id));
                }
                None => not_held.push(*id),
            }
        }
        match not_held.is_empty() {
            true => Ok(()),
            false => Err(GroupError::NotYours { deliveries: not_held }),
        }
    }
}
