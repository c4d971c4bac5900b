//! The service `headwater.v1.ConsumerGroups`: groups as wholes. Memberships are in `joining`.

use super::joining;
use super::service::{Answered, context};
use crate::{Caller, Host};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use headwater_model::{ConsumerGroups, EventStore, GroupError};
use headwater_wire::{AskedOfGroup, Malformed, group_status, v1};
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

pub(super) struct GroupsService {
    host: Host,
}

impl GroupsService {
    pub(super) const fn new(host: Host) -> Self {
        Self { host }
    }
}

/// A context that has groups.
pub(super) struct Grouped(Arc<dyn EventStore>);

impl Grouped {
    pub(super) async fn open(caller: &Caller, named: Bytes) -> Result<Self, GroupError> {
        let opened = Self(context(caller, named).await?);
        opened.groups()?;
        Ok(opened)
    }

    pub(super) fn groups(&self) -> Result<&dyn ConsumerGroups, GroupError> {
        let none = || GroupError::Invalid { why: "this store has no consumer groups".to_owned() };
        self.0.consumer_groups().ok_or_else(none)
    }

    pub(super) fn now(&self) -> headwater_model::Timestamp {
        self.0.now()
    }
}

/// What a request about a group says.
fn understood<T, U>(request: T) -> Result<U, GroupError>
where
    U: TryFrom<T, Error = Malformed>,
{
    Ok(U::try_from(request)?)
}

fn answered<T>(answer: Result<T, GroupError>) -> Answered<T> {
    answer.map(Response::new).map_err(|error| group_status::of(&error))
}

/// Opens the context that a request names, understands the request, and answers it.
macro_rules! answer {
    ($self:ident, $request:ident, |$groups:ident, $asked:ident: $kind:ty| $answer:expr) => {{
        let caller = $self.host.caller($request.extensions());
        let request = $request.into_inner();
        let answer = async move {
            let context = Grouped::open(&caller, request.context.clone()).await?;
            let ($groups, $asked): (_, AskedOfGroup<$kind>) =
                (context.groups()?, understood(request)?);
            $answer
        };
        answered(answer.await)
    }};
}

#[tonic::async_trait]
impl v1::consumer_groups_server::ConsumerGroups for GroupsService {
    async fn create_group(
        &self,
        request: Request<v1::CreateGroupRequest>,
    ) -> Answered<v1::GroupDone> {
        answer!(self, request, |groups, of: (_, _)| {
            let (settings, start) = of.asked;
            groups.create_group(of.name, settings, start).await?;
            Ok(v1::GroupDone {})
        })
    }

    async fn update_group(
        &self,
        request: Request<v1::UpdateGroupRequest>,
    ) -> Answered<v1::GroupDone> {
        answer!(self, request, |groups, of: _| {
            groups.update_group(of.name, of.asked).await?;
            Ok(v1::GroupDone {})
        })
    }

    async fn delete_group(
        &self,
        request: Request<v1::DeleteGroupRequest>,
    ) -> Answered<v1::GroupDone> {
        answer!(self, request, |groups, of: ()| {
            groups.delete_group(of.name).await?;
            Ok(v1::GroupDone {})
        })
    }

    async fn get_group(&self, request: Request<v1::GetGroupRequest>) -> Answered<v1::GroupInfo> {
        answer!(self, request, |groups, of: ()| Ok((&groups.group(of.name).await?).into()))
    }

    async fn list_groups(
        &self,
        request: Request<v1::ListGroupsRequest>,
    ) -> Answered<v1::ListGroupsReply> {
        let caller = self.host.caller(request.extensions());
        let list = async {
            let context = Grouped::open(&caller, request.into_inner().context).await?;
            let groups = context.groups()?.groups().await?;
            Ok(v1::ListGroupsReply { groups: groups.iter().map(Into::into).collect() })
        };
        answered(list.await)
    }

    async fn list_parked(
        &self,
        request: Request<v1::ListParkedRequest>,
    ) -> Answered<v1::ListParkedReply> {
        answer!(self, request, |groups, of: (_, _)| {
            let (after, count_max) = of.asked;
            let parked = groups.parked(of.name, after, count_max).await?;
            Ok(v1::ListParkedReply { parked: parked.iter().map(Into::into).collect() })
        })
    }

    async fn replay_parked(
        &self,
        request: Request<v1::ReplayParkedRequest>,
    ) -> Answered<v1::ParkedReply> {
        answer!(self, request, |groups, of: _| {
            Ok(v1::ParkedReply { count: groups.replay_parked(of.name, of.asked).await? })
        })
    }

    async fn skip_parked(
        &self,
        request: Request<v1::SkipParkedRequest>,
    ) -> Answered<v1::ParkedReply> {
        answer!(self, request, |groups, of: (_, _)| {
            let (part, reason) = of.asked;
            Ok(v1::ParkedReply { count: groups.skip_parked(of.name, part, reason).await? })
        })
    }

    async fn seek_group(
        &self,
        request: Request<v1::SeekGroupRequest>,
    ) -> Answered<v1::SeekGroupReply> {
        answer!(self, request, |groups, of: _| {
            let checkpoint = groups.seek_group(of.name, of.asked).await?;
            Ok(v1::SeekGroupReply { checkpoint: checkpoint.map(Into::into) })
        })
    }

    type JoinStream = BoxStream<'static, Result<v1::MemberReply, Status>>;

    async fn join(
        &self,
        requests: Request<Streaming<v1::MemberRequest>>,
    ) -> Answered<Self::JoinStream> {
        let caller = self.host.caller(requests.extensions());
        Ok(Response::new(joining::replies(caller, requests.into_inner())))
    }
}
