//! One member of a group in memory.
//!
//! Not here: a timer. Who moves the clock says so ([`crate::memory::MemoryContexts::clock_moved`]).

use super::Group;
use crate::group::cut_reason;
use crate::memory::history::History;
use crate::memory::store::Shared;
use crate::memory::{MemoryClock, MemoryStore};
use crate::{
    Answer, DeliveryId, GroupDelivery, GroupError, GroupName, Member, MemberId, Timestamp,
};
use bytestring::ByteString;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub(super) struct MemoryMember {
    shared: Arc<Shared>,
    clock: MemoryClock,
    group: GroupName,
    id: MemberId,
}

impl MemoryMember {
    pub(super) fn new(store: &MemoryStore, group: GroupName, id: MemberId) -> Self {
        Self { shared: Arc::clone(store.shared()), clock: store.clock(), group, id }
    }

    /// Does `work` as this member, and says that it lives.
    fn work<T>(
        &self,
        work: impl FnOnce(&mut Group, &mut History, Timestamp) -> Result<T, GroupError>,
    ) -> Result<T, GroupError> {
        let mut history = self.shared.history();
        let (mut groups, now) = (self.shared.groups(), (self.clock)());
        let gone = || GroupError::NotAMember { name: self.group.clone() };
        let group = groups.get(&self.group, &history, now)?;
        group.members.get_mut(&self.id).ok_or_else(gone)?.heard_at = now;
        work(group, &mut history, now)
    }

    /// As [`Self::work`], and wakes who waits.
    fn settle<T>(
        &self,
        work: impl FnOnce(&mut Group, Timestamp) -> Result<T, GroupError>,
    ) -> Result<T, GroupError> {
        let answer = self.work(|group, _, now| work(group, now));
        self.shared.wake();
        answer
    }

    /// Those of `deliveries` that this member does not hold.
    fn not_held(&self, group: &Group, deliveries: &[DeliveryId]) -> Vec<DeliveryId> {
        let held = |id: &DeliveryId| group.out.get(id).is_some_and(|out| out.member == self.id);
        deliveries.iter().filter(|id| !held(id)).copied().collect()
    }

    /// Does `work` with each that is held; the others are the answer.
    fn each(
        &self,
        group: &mut Group,
        deliveries: &[DeliveryId],
        mut work: impl FnMut(&mut Group, DeliveryId),
    ) -> Result<(), GroupError> {
        let not_held = self.not_held(group, deliveries);
        for id in deliveries.iter().filter(|id| !not_held.contains(id)) {
            work(group, *id);
        }
        match not_held.is_empty() {
            true => Ok(()),
            false => Err(GroupError::NotYours { deliveries: not_held }),
        }
    }

    fn poll_next(
        &self,
        count_max: usize,
        task: &Context<'_>,
    ) -> Poll<Result<Vec<GroupDelivery>, GroupError>> {
        self.shared.waiting().add(task.waker());
        let taken =
            self.work(|group, history, now| Ok(group.take(self.id, count_max, history, now)))?;
        if taken.is_empty() { Poll::Pending } else { Poll::Ready(Ok(taken)) }
    }
}

/// A call that waits, as long as it does.
struct Waiting<'a>(&'a MemoryMember);

impl<'a> Waiting<'a> {
    fn begin(of: &'a MemoryMember) -> Result<Self, GroupError> {
        of.work(|group, _, _| {
            group.members.entry(of.id).and_modify(|member| member.waiting_count += 1);
            Ok(Self(of))
        })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // Whoever is gone does not wait.
        drop(self.0.work(|group, _, _| {
            group.members.entry(self.0.id).and_modify(|member| member.waiting_count -= 1);
            Ok(())
        }));
    }
}

impl Member for MemoryMember {
    fn id(&self) -> MemberId {
        self.id
    }

    fn next(&self, count_max: usize) -> Answer<'_, Vec<GroupDelivery>, GroupError> {
        Box::pin(async move {
            if count_max == 0 {
                let why = "no deliveries are wanted".to_owned();
                return Err(GroupError::Invalid { why });
            }
            let _waiting = Waiting::begin(self)?;
            poll_fn(|task| self.poll_next(count_max, task)).await
        })
    }

    fn ack(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.settle(|group, _| {
                self.each(group, &deliveries, |group, id| {
                    let Some(out) = group.out.remove(&id) else { return };
                    group.tried.remove(&out.position);
                    group.done.insert(out.position);
                })
            })
        })
    }

    fn retry(
        &self,
        delivery: DeliveryId,
        wait: Option<Duration>,
        reason: ByteString,
    ) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.settle(|group, now| {
                self.each(group, &[delivery], |group, id| {
                    let attempt = group.out.get(&id).map_or(1, |out| out.attempt);
                    let wait = wait.unwrap_or_else(|| group.settings.backoff.wait(attempt));
                    group.give_back(id, wait, &reason, now);
                })
            })
        })
    }

    fn park(&self, delivery: DeliveryId, reason: ByteString) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.settle(|group, now| {
                self.each(group, &[delivery], |group, id| {
                    let Some(out) = group.out.remove(&id) else { return };
                    let reason = ByteString::from(cut_reason(&reason));
                    let parked = super::Parked { attempts: out.attempt, reason, at: now };
                    group.tried.remove(&out.position);
                    group.parked.insert(out.position, parked);
                })
            })
        })
    }

    fn hold_at_most(&self, count_max: u32) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.settle(|group, _| {
                group.members.entry(self.id).and_modify(|member| member.hold_count_max = count_max);
                Ok(())
            })
        })
    }

    fn renew(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.settle(|group, now| {
                let until = now.after(group.settings.ack_wait());
                self.each(group, &deliveries, |group, id| {
                    group.out.entry(id).and_modify(|out| out.until = until);
                })
            })
        })
    }
}

impl Drop for MemoryMember {
    fn drop(&mut self) {
        // Of a group that is gone, nothing is held.
        drop(self.settle(|group, now| {
            group.leave(self.id, now);
            Ok(())
        }));
    }
}
