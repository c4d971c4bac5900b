//! Consumer groups, for one caller.
//!
//! Why by the group's events: a group hands out what its source matches, so whoever takes from it
//! must be allowed to read all of that, as any other reader.
//!
//! | call | verbs, over all that the group's source matches |
//! |---|---|
//! | create, update, delete, seek | manage |
//! | join, parked, replay, skip | consume and read |
//! | group, groups | any of read, consume, manage, observe |

use super::super::Caller;
use super::GuardedStore;
use bytestring::ByteString;
use headwater_access::{Target, Verb};
use headwater_model::{
    Answer, Checkpoint, ConsumerGroups, ContextName, DeliveryId, Denied, GroupDelivery, GroupError,
    GroupInfo, GroupName, GroupSettings, Member, MemberId, ParkedEvent, ParkedPart, Position,
    Query, Seek, Start, Unavailable,
};
use std::time::Duration;

const MANAGE: &[Verb] = &[Verb::Manage];
const CONSUME: &[Verb] = &[Verb::Consume, Verb::Read];
const SEE: [Verb; 4] = [Verb::Read, Verb::Consume, Verb::Manage, Verb::Observe];

impl GuardedStore {
    fn groups_beneath(&self) -> Result<&dyn ConsumerGroups, GroupError> {
        self.store.consumer_groups().ok_or(GroupError::Unavailable(Unavailable::Closed))
    }

    fn may_all(&self, verbs: &[Verb], name: &GroupName, source: &Query) -> Result<(), GroupError> {
        let target = Target::query(source);
        let one = |verb: &Verb| self.may(*verb, &target, || format!("the events of group {name}"));
        verbs.iter().try_for_each(one).map_err(GroupError::Denied)
    }

    /// The group beneath, if all of these verbs are allowed over its events. Who has no such verb here
    /// at all is not told whether it exists.
    async fn group_for(&self, verbs: &[Verb], name: &GroupName) -> Result<GroupInfo, GroupError> {
        for verb in verbs {
            self.may_here(*verb).map_err(GroupError::Denied)?;
        }
        let info = self.groups_beneath()?.group(name.clone()).await?;
        self.may_all(verbs, name, &info.settings.source)?;
        Ok(info)
    }

    fn sees(&self, info: &GroupInfo) -> bool {
        let (target, context) = (Target::query(&info.settings.source), self.store.context());
        SEE.into_iter().any(|verb| self.caller.would(verb, context, &target))
    }
}

impl ConsumerGroups for GuardedStore {
    fn create_group(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.may_all(MANAGE, &name, &settings.source)?;
            self.groups_beneath()?.create_group(name, settings, start).await
        })
    }

    fn update_group(&self, name: GroupName, settings: GroupSettings) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.may_all(MANAGE, &name, &settings.source)?;
            self.group_for(MANAGE, &name).await?;
            self.groups_beneath()?.update_group(name, settings).await
        })
    }

    fn delete_group(&self, name: GroupName) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.group_for(MANAGE, &name).await?;
            self.groups_beneath()?.delete_group(name).await
        })
    }

    fn group(&self, name: GroupName) -> Answer<'_, GroupInfo, GroupError> {
        Box::pin(async move {
            let context = self.store.context();
            let some = |verb| self.caller.would(verb, context, &Target::Context);
            if !SEE.into_iter().any(some) {
                self.may_here(Verb::Observe).map_err(GroupError::Denied)?;
            }
            let info = self.groups_beneath()?.group(name.clone()).await?;
            if !self.sees(&info) {
                self.may_all(&[Verb::Observe], &name, &info.settings.source)?;
            }
            Ok(info)
        })
    }

    fn groups(&self) -> Answer<'_, Vec<GroupInfo>, GroupError> {
        Box::pin(async move {
            self.may_enter().map_err(GroupError::Denied)?;
            let mut groups = self.groups_beneath()?.groups().await?;
            groups.retain(|info| self.sees(info));
            Ok(groups)
        })
    }

    fn join_group(
        &self,
        name: GroupName,
        member: ByteString,
    ) -> Answer<'_, Box<dyn Member>, GroupError> {
        Box::pin(async move {
            let info = self.group_for(CONSUME, &name).await?;
            let member = self.groups_beneath()?.join_group(name, member).await?;
            let (caller, context) = (self.caller.clone(), self.store.context().clone());
            let target = Target::query(&info.settings.source);
            Ok(Box::new(GuardedMember { caller, context, target, member }) as Box<dyn Member>)
        })
    }

    fn parked(
        &self,
        name: GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Answer<'_, Vec<ParkedEvent>, GroupError> {
        Box::pin(async move {
            self.group_for(CONSUME, &name).await?;
            self.groups_beneath()?.parked(name, after, count_max).await
        })
    }

    fn replay_parked(&self, name: GroupName, part: ParkedPart) -> Answer<'_, u64, GroupError> {
        Box::pin(async move {
            self.group_for(CONSUME, &name).await?;
            self.groups_beneath()?.replay_parked(name, part).await
        })
    }

    fn skip_parked(
        &self,
        name: GroupName,
        part: ParkedPart,
        reason: ByteString,
    ) -> Answer<'_, u64, GroupError> {
        Box::pin(async move {
            self.group_for(CONSUME, &name).await?;
            self.groups_beneath()?.skip_parked(name, part, reason).await
        })
    }

    fn seek_group(&self, name: GroupName, to: Seek) -> Answer<'_, Option<Checkpoint>, GroupError> {
        Box::pin(async move {
            self.group_for(MANAGE, &name).await?;
            self.groups_beneath()?.seek_group(name, to).await
        })
    }
}

/// A membership: it is given nothing any more when its caller may not read it.
struct GuardedMember {
    caller: Caller,
    context: ContextName,
    target: Target,
    member: Box<dyn Member>,
}

impl GuardedMember {
    fn may(&self) -> Result<(), GroupError> {
        let what = || format!("the events of this group of {}", self.context);
        let one = |verb: &Verb| -> Result<(), Denied> {
            self.caller.check(*verb, Some(&self.context), &self.target, what)
        };
        CONSUME.iter().try_for_each(one).map_err(GroupError::Denied)
    }
}

impl Member for GuardedMember {
    fn id(&self) -> MemberId {
        self.member.id()
    }

    fn hold_at_most(&self, count_max: u32) -> Answer<'_, (), GroupError> {
        self.member.hold_at_most(count_max)
    }

    fn next(&self, count_max: usize) -> Answer<'_, Vec<GroupDelivery>, GroupError> {
        Box::pin(async move {
            let mut changes = self.caller.changes();
            loop {
                self.may()?;
                // A dropped future loses nothing.
                tokio::select! {
                    biased;
                    () = changes.next() => {}
                    deliveries = self.member.next(count_max) => return deliveries,
                }
            }
        })
    }

    fn ack(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        self.settle(self.member.ack(deliveries))
    }

    fn retry(
        &self,
        delivery: DeliveryId,
        wait: Option<Duration>,
        reason: ByteString,
    ) -> Answer<'_, (), GroupError> {
        self.settle(self.member.retry(delivery, wait, reason))
    }

    fn park(&self, delivery: DeliveryId, reason: ByteString) -> Answer<'_, (), GroupError> {
        self.settle(self.member.park(delivery, reason))
    }

    fn renew(&self, deliveries: Vec<DeliveryId>) -> Answer<'_, (), GroupError> {
        self.settle(self.member.renew(deliveries))
    }
}

impl GuardedMember {
    /// What it holds it may settle, as long as it may consume at all.
    fn settle<'a>(&'a self, call: Answer<'a, (), GroupError>) -> Answer<'a, (), GroupError> {
        Box::pin(async move {
            self.may()?;
            call.await
        })
    }
}
