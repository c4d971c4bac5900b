//! The groups of a context, over the network.
//!
//! Why some calls are not asked again: to make, change or look at a group twice is to do it once. To
//! replay, skip or seek twice is not: between the two the group has gone on. When such a reply is
//! lost the caller is told so (`group.unknown`), and looks at the group before it decides.
//!
//! A membership is one stream, and ends with it: see [`member`].

mod asking;
mod calls;
mod member;

use crate::context::RemoteContext;
use asking::Lost;
use bytestring::ByteString;
use headwater_model::{
    Answer, Checkpoint, ConsumerGroups, GroupError, GroupInfo, GroupName, GroupSettings, Member,
    ParkedEvent, ParkedPart, Position, Seek, Start,
};
use headwater_wire::v1;
use member::RemoteMember;

impl ConsumerGroups for RemoteContext {
    fn create_group(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            let request = v1::CreateGroupRequest::new(self.name(), &name, &settings, start);
            self.of_group(request, |mut to, q| async move { to.create_group(q).await }).await?;
            Ok(())
        })
    }

    fn update_group(&self, name: GroupName, settings: GroupSettings) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            let request = v1::UpdateGroupRequest::new(self.name(), &name, &settings);
            self.of_group(request, |mut to, q| async move { to.update_group(q).await }).await?;
            Ok(())
        })
    }

    fn delete_group(&self, name: GroupName) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            let request = v1::DeleteGroupRequest::new(self.name(), &name);
            let delete = |mut to: asking::Groups, q| async move { to.delete_group(q).await };
            let (answer, lost) = self.asked_again(request, delete).await;
            match (answer, lost) {
                // It is not there behind a lost reply: that reply said so.
                (Err(GroupError::NotFound { .. }), Lost::Some) => Ok(()),
                (answer, _) => answer.map(drop),
            }
        })
    }

    fn group(&self, name: GroupName) -> Answer<'_, GroupInfo, GroupError> {
        Box::pin(async move {
            let request = v1::GetGroupRequest::new(self.name(), &name);
            let info = self.of_group(request, |mut to, q| async move { to.get_group(q).await });
            asking::understood(info.await?)
        })
    }

    fn groups(&self) -> Answer<'_, Vec<GroupInfo>, GroupError> {
        Box::pin(async move {
            let request = v1::ListGroupsRequest { context: self.named() };
            let list = self.of_group(request, |mut to, q| async move { to.list_groups(q).await });
            list.await?.groups.into_iter().map(asking::understood).collect()
        })
    }

    fn join_group(
        &self,
        name: GroupName,
        member: ByteString,
    ) -> Answer<'_, Box<dyn Member>, GroupError> {
        Box::pin(async move {
            let member = RemoteMember::join(self, name, member).await?;
            Ok(Box::new(member) as Box<dyn Member>)
        })
    }

    fn parked(
        &self,
        name: GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Answer<'_, Vec<ParkedEvent>, GroupError> {
        Box::pin(async move {
            let request = v1::ListParkedRequest::new(self.name(), &name, after, count_max);
            let list = self.of_group(request, |mut to, q| async move { to.list_parked(q).await });
            list.await?.parked.into_iter().map(asking::understood).collect()
        })
    }

    fn replay_parked(&self, name: GroupName, part: ParkedPart) -> Answer<'_, u64, GroupError> {
        Box::pin(async move {
            let request = v1::ReplayParkedRequest::new(self.name(), &name, part);
            let replay = |mut to: asking::Groups| async move { to.replay_parked(request).await };
            Ok(self.asked_once(replay).await?.count)
        })
    }

    fn skip_parked(
        &self,
        name: GroupName,
        part: ParkedPart,
        reason: ByteString,
    ) -> Answer<'_, u64, GroupError> {
        Box::pin(async move {
            let request = v1::SkipParkedRequest::new(self.name(), &name, part, &reason);
            let skip = |mut to: asking::Groups| async move { to.skip_parked(request).await };
            Ok(self.asked_once(skip).await?.count)
        })
    }

    fn seek_group(&self, name: GroupName, to: Seek) -> Answer<'_, Option<Checkpoint>, GroupError> {
        Box::pin(async move {
            let request = v1::SeekGroupRequest::new(self.name(), &name, to);
            let seek = |mut to: asking::Groups| async move { to.seek_group(request).await };
            Ok(self.asked_once(seek).await?.checkpoint.map(Into::into))
        })
    }
}
