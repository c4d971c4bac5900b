//! A member: the handle through which a process takes part in a group.
//!
//! Why: to lose it is to leave: what a crashed process held goes to the others.
//! Invariant: a member that may hold no more waits for its own deliveries only; it never takes a call
//! that is meant for one that could deliver.

use super::live::{Settled, Wait, WaitFor};
use super::open_group::{OpenGroup, Step};
use crate::context::Core;
use bytestring::ByteString;
use headwater_model::group::cut_reason;
use headwater_model::{
    Answer, DeliveryId, GroupDelivery, GroupError, Member, MemberId, Unavailable,
};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

pub(super) struct EmbeddedMember {
    core: Arc<Core>,
    group: Arc<OpenGroup>,
    id: MemberId,
    freed: Arc<Notify>,
}

impl EmbeddedMember {
    /// Joins `group`.
    pub(super) fn join(
        core: Arc<Core>,
        group: Arc<OpenGroup>,
        name: ByteString,
    ) -> Result<Self, GroupError> {
        let (id, freed) = group.with(&core, |live, now| match &live.closed {
            Some(why) => Err(why.clone()),
            None => live.join(&group.name, name, now),
        })?;
        Ok(Self { core, group, id, freed })
    }

    async fn deliveries(&self, count_max: usize) -> Result<Vec<GroupDelivery>, GroupError> {
        if count_max == 0 {
            return Err(GroupError::Invalid { why: "no deliveries are wanted".to_owned() });
        }
        let _waiting = Waiting::begin(self);
        loop {
            // Listens before it looks, so that nothing falls between the two.
            let mut changed = pin!(self.group.changed.notified());
            changed.as_mut().enable();
            let mut head = self.core.state.watch();
            let seen = head.borrow_and_update().next;
            if self.core.state.is_closed() {
                return Err(GroupError::Unavailable(Unavailable::Closed));
            }
            match self.group.step(&self.core, self.id, count_max)? {
                Step::Deliver(deliveries) => return Ok(deliveries),
                Step::Save => self.group.save_orphans(&self.core).await?,
                Step::Read(want) => self.group.read(&self.core, want)?,
                Step::Wait(WaitFor::Change) => tokio::select! {
                    () = changed => {}
                    () = self.group.pump(&self.core, head, seen) => {}
                },
                Step::Wait(WaitFor::Room) => tokio::select! {
                    () = self.freed.notified() => {}
                    () = self.group.pump(&self.core, head, seen) => {}
                },
                Step::Wait(WaitFor::Turn) => tokio::select! {
                    () = changed => {}
                    () = self.freed.notified() => {}
                    () = self.group.pump(&self.core, head, seen) => {}
                },
            }
        }
    }

    async fn settle(&self, deliveries: &[DeliveryId], settled: Settled) -> Result<(), GroupError> {
        let (ticket, answer) = self.group.with(&self.core, |live, now| {
            live.heard(&self.group.name, self.id, now)?;
            Ok::<_, GroupError>(live.settle(self.id, deliveries, &settled, now))
        })?;
        self.group.saved(&self.core, &ticket).await?;
        answer
    }
}

/// A call that waits, as long as it does.
struct Waiting<'a>(&'a EmbeddedMember);

impl<'a> Waiting<'a> {
    fn begin(of: &'a EmbeddedMember) -> Self {
        of.group.with(&of.core, |live, now| live.waits(of.id, Wait::Begins, now));
        Self(of)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let EmbeddedMember { core, group, id, .. } = self.0;
        group.with(core, |live, now| live.waits(*id, Wait::Ends, now));
    }
}

impl Member for EmbeddedMember {
    fn id(&self) -> MemberId {
        self.id
    }

    fn next(&self, count_max: usize) -> Answer<'_, Vec<GroupDelivery>, GroupError> {
        Box::pin(self.deliveries(count_max))
    }

    fn ack(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        Box::pin(async move { self.settle(&deliveries, Settled::Done).await })
    }

    fn retry(
        &self,
        delivery: DeliveryId,
        wait: Option<Duration>,
        reason: ByteString,
    ) -> Answer<'_, (), GroupError> {
        Box::pin(async move { self.settle(&[delivery], Settled::Retried { wait, reason }).await })
    }

    fn park(&self, delivery: DeliveryId, reason: ByteString) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            let reason = ByteString::from(cut_reason(&reason));
            self.settle(&[delivery], Settled::Parked { reason }).await
        })
    }

    fn hold_at_most(&self, count_max: u32) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.group.with(&self.core, |live, now| {
                live.heard(&self.group.name, self.id, now)?;
                live.hold_at_most(self.id, count_max);
                Ok(())
            })
        })
    }

    fn renew(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.group.with(&self.core, |live, now| {
                live.heard(&self.group.name, self.id, now)?;
                live.renew(self.id, &deliveries, now)
            })
        })
    }
}

impl Drop for EmbeddedMember {
    fn drop(&mut self) {
        self.group.with(&self.core, |live, now| live.leave(self.id, now));
    }
}
