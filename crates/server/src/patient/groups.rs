//! Groups, patiently: what reads the disk holds up nobody, and what was begun is finished.
//!
//! Why finished: a group is made, moved or deleted in a durable step and then in memory. A caller
//! whose connection breaks between the two must not leave them apart.
//!
//! Invariant: what runs on without its caller is counted, so that a server that stops waits for it.

use super::{PatientStore, patiently};
use bytestring::ByteString;
use headwater_model::{
    Answer, Checkpoint, ConsumerGroups, DeliveryId, EventStore, GroupDelivery, GroupError,
    GroupInfo, GroupName, GroupSettings, LostReply, Member, MemberId, ParkedEvent, ParkedPart,
    Position, Seek, Start,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How many calls run on, whether or not somebody waits for them.
#[derive(Clone, Debug)]
pub(crate) struct Working(Arc<watch::Sender<usize>>);

impl Default for Working {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

/// One of them.
struct AtWork(Working);

impl Working {
    fn enter(&self) -> AtWork {
        self.0.send_modify(|count| *count += 1);
        AtWork(self.clone())
    }

    /// Resolves when nothing is at work.
    pub(crate) async fn done(&self) {
        // The sender is held here, so that it cannot be gone.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

impl PatientStore {
    /// Runs a call to its end, whatever becomes of the caller.
    fn to_the_end<T, F>(
        &self,
        call: impl FnOnce(Arc<dyn EventStore>) -> F + Send + 'static,
    ) -> Answer<'_, T, GroupError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, GroupError>> + Send + 'static,
    {
        let (store, at_work) = (Arc::clone(&self.store), self.working.enter());
        Box::pin(async move {
            let running = tokio::spawn(async move {
                let answer = patiently(call(store)).await;
                drop(at_work);
                answer
            });
            let broken = |why: tokio::task::JoinError| {
                Err(GroupError::Unknown(LostReply { why: why.to_string() }))
            };
            running.await.unwrap_or_else(broken)
        })
    }
}

fn of(store: &dyn EventStore) -> Result<&dyn ConsumerGroups, GroupError> {
    let none = || GroupError::Invalid { why: "this store has no consumer groups".to_owned() };
    store.consumer_groups().ok_or_else(none)
}

impl ConsumerGroups for PatientStore {
    fn create_group(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Answer<'_, (), GroupError> {
        self.to_the_end(
            move |to| async move { of(&*to)?.create_group(name, settings, start).await },
        )
    }

    fn update_group(&self, name: GroupName, settings: GroupSettings) -> Answer<'_, (), GroupError> {
        self.to_the_end(move |to| async move { of(&*to)?.update_group(name, settings).await })
    }

    fn delete_group(&self, name: GroupName) -> Answer<'_, (), GroupError> {
        self.to_the_end(move |to| async move { of(&*to)?.delete_group(name).await })
    }

    fn group(&self, name: GroupName) -> Answer<'_, GroupInfo, GroupError> {
        Box::pin(async move { patiently(of(&*self.store)?.group(name)).await })
    }

    fn groups(&self) -> Answer<'_, Vec<GroupInfo>, GroupError> {
        Box::pin(async move { patiently(of(&*self.store)?.groups()).await })
    }

    fn join_group(
        &self,
        name: GroupName,
        member: ByteString,
    ) -> Answer<'_, Box<dyn Member>, GroupError> {
        Box::pin(async move {
            let joined = patiently(of(&*self.store)?.join_group(name, member)).await?;
            Ok(Box::new(PatientMember(joined)) as Box<dyn Member>)
        })
    }

    fn parked(
        &self,
        name: GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Answer<'_, Vec<ParkedEvent>, GroupError> {
        Box::pin(async move { patiently(of(&*self.store)?.parked(name, after, count_max)).await })
    }

    fn replay_parked(&self, name: GroupName, part: ParkedPart) -> Answer<'_, u64, GroupError> {
        self.to_the_end(move |to| async move { of(&*to)?.replay_parked(name, part).await })
    }

    fn skip_parked(
        &self,
        name: GroupName,
        part: ParkedPart,
        reason: ByteString,
    ) -> Answer<'_, u64, GroupError> {
        self.to_the_end(move |to| async move { of(&*to)?.skip_parked(name, part, reason).await })
    }

    fn seek_group(&self, name: GroupName, to: Seek) -> Answer<'_, Option<Checkpoint>, GroupError> {
        self.to_the_end(move |store| async move { of(&*store)?.seek_group(name, to).await })
    }
}

/// A member that reads on for all who wait; the rest is as short as an append.
struct PatientMember(Box<dyn Member>);

impl Member for PatientMember {
    fn id(&self) -> MemberId {
        self.0.id()
    }

    fn next(&self, count_max: usize) -> Answer<'_, Vec<GroupDelivery>, GroupError> {
        Box::pin(patiently(self.0.next(count_max)))
    }

    fn ack(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        self.0.ack(deliveries)
    }

    fn retry(
        &self,
        delivery: DeliveryId,
        wait: Option<Duration>,
        reason: ByteString,
    ) -> Answer<'_, (), GroupError> {
        self.0.retry(delivery, wait, reason)
    }

    fn park(&self, delivery: DeliveryId, reason: ByteString) -> Answer<'_, (), GroupError> {
        self.0.park(delivery, reason)
    }

    fn hold_at_most(&self, count_max: u32) -> Answer<'_, (), GroupError> {
        self.0.hold_at_most(count_max)
    }

    fn renew(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        self.0.renew(deliveries)
    }
}
