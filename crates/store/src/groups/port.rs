//! The groups of an embedded context, behind the port.

use super::live::Unpark;
use super::member::EmbeddedMember;
use crate::EmbeddedContext;
use bytestring::ByteString;
use headwater_model::group::cut_reason;
use headwater_model::{
    Answer, Checkpoint, ConsumerGroups, GroupError, GroupInfo, GroupName, GroupSettings, Member,
    ParkedEvent, ParkedPart, Position, Seek, Start,
};
use std::sync::Arc;

impl ConsumerGroups for EmbeddedContext {
    fn create_group(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Answer<'_, (), GroupError> {
        Box::pin(self.core.create_group_of(name, settings, start))
    }

    fn update_group(&self, name: GroupName, settings: GroupSettings) -> Answer<'_, (), GroupError> {
        Box::pin(self.core.update_group_of(name, settings))
    }

    fn delete_group(&self, name: GroupName) -> Answer<'_, (), GroupError> {
        Box::pin(self.core.delete_group_of(name))
    }

    fn group(&self, name: GroupName) -> Answer<'_, GroupInfo, GroupError> {
        Box::pin(async move { self.core.group_info(&name).await })
    }

    fn groups(&self) -> Answer<'_, Vec<GroupInfo>, GroupError> {
        Box::pin(async move { self.core.group_infos().await })
    }

    fn join_group(
        &self,
        name: GroupName,
        member: ByteString,
    ) -> Answer<'_, Box<dyn Member>, GroupError> {
        Box::pin(async move {
            let group = self.core.open_group(&name)?;
            let member = EmbeddedMember::join(Arc::clone(&self.core), group, member)?;
            Ok(Box::new(member) as Box<dyn Member>)
        })
    }

    fn parked(
        &self,
        name: GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Answer<'_, Vec<ParkedEvent>, GroupError> {
        Box::pin(async move { self.core.parked_events(&name, after, count_max).await })
    }

    fn replay_parked(&self, name: GroupName, part: ParkedPart) -> Answer<'_, u64, GroupError> {
        Box::pin(async move { self.core.unpark(&name, part, Unpark::Replay).await })
    }

    fn skip_parked(
        &self,
        name: GroupName,
        part: ParkedPart,
        reason: ByteString,
    ) -> Answer<'_, u64, GroupError> {
        Box::pin(async move {
            let count = self.core.unpark(&name, part, Unpark::Skip).await?;
            let reason = cut_reason(&reason);
            tracing::info!(group = %name, count, reason, "parked events were given up");
            Ok(count)
        })
    }

    fn seek_group(&self, name: GroupName, to: Seek) -> Answer<'_, Option<Checkpoint>, GroupError> {
        Box::pin(self.core.seek_group_to(name, to))
    }
}
