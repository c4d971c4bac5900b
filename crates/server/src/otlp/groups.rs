//! Consumer groups, traced: what is handed to members, and what they say of it.

use super::member::TracedMember;
use super::store::Traced;
use bytestring::ByteString;
use headwater_model::{
    Answer, Checkpoint, ConsumerGroups, GroupError, GroupInfo, GroupName, GroupSettings, Member,
    ParkedEvent, ParkedPart, Position, Seek, Start, Unavailable,
};

impl Traced {
    /// The groups beneath: there are some if anybody was told so.
    fn of(&self) -> Result<&dyn ConsumerGroups, GroupError> {
        self.store.consumer_groups().ok_or(GroupError::Unavailable(Unavailable::Closed))
    }
}

impl ConsumerGroups for Traced {
    fn create_group(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Answer<'_, (), GroupError> {
        Box::pin(async move { self.of()?.create_group(name, settings, start).await })
    }

    fn update_group(&self, name: GroupName, settings: GroupSettings) -> Answer<'_, (), GroupError> {
        Box::pin(async move { self.of()?.update_group(name, settings).await })
    }

    fn delete_group(&self, name: GroupName) -> Answer<'_, (), GroupError> {
        Box::pin(async move { self.of()?.delete_group(name).await })
    }

    fn group(&self, name: GroupName) -> Answer<'_, GroupInfo, GroupError> {
        Box::pin(async move { self.of()?.group(name).await })
    }

    fn groups(&self) -> Answer<'_, Vec<GroupInfo>, GroupError> {
        Box::pin(async move { self.of()?.groups().await })
    }

    fn join_group(
        &self,
        name: GroupName,
        member: ByteString,
    ) -> Answer<'_, Box<dyn Member>, GroupError> {
        Box::pin(async move {
            let inner = self.of()?.join_group(name.clone(), member).await?;
            let Some(tracer) = self.tracer.clone() else { return Ok(inner) };
            let context = self.store.context().clone();
            Ok(Box::new(TracedMember { inner, tracer, context, group: name }) as Box<dyn Member>)
        })
    }

    fn parked(
        &self,
        name: GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Answer<'_, Vec<ParkedEvent>, GroupError> {
        Box::pin(async move { self.of()?.parked(name, after, count_max).await })
    }

    fn replay_parked(&self, name: GroupName, part: ParkedPart) -> Answer<'_, u64, GroupError> {
        Box::pin(async move { self.of()?.replay_parked(name, part).await })
    }

    fn skip_parked(
        &self,
        name: GroupName,
        part: ParkedPart,
        reason: ByteString,
    ) -> Answer<'_, u64, GroupError> {
        Box::pin(async move { self.of()?.skip_parked(name, part, reason).await })
    }

    fn seek_group(&self, name: GroupName, to: Seek) -> Answer<'_, Option<Checkpoint>, GroupError> {
        Box::pin(async move { self.of()?.seek_group(name, to).await })
    }
}
