//! The service `headwater.v1.EventStore`: which request goes where.

use super::{appending, pipeline, reading, subscribing};
use crate::{Caller, Host};
use bytes::Bytes;
use bytestring::ByteString;
use futures_util::stream::BoxStream;
use headwater_model::{ContextName, EventStore, ReadError};
use headwater_wire::{Malformed, status, v1};
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

pub(super) type Answered<T> = Result<Response<T>, Status>;

#[derive(Clone)]
pub(super) struct EventStoreService {
    host: Host,
}

impl EventStoreService {
    pub(super) const fn new(host: Host) -> Self {
        Self { host }
    }

    fn caller<T>(&self, request: &Request<T>) -> Caller {
        self.host.caller(request.extensions())
    }
}

/// A context's name, checked.
pub(super) fn name(bytes: Bytes) -> Result<ContextName, ReadError> {
    let field = "the context";
    let text = ByteString::try_from(bytes).map_err(|_| Malformed::Text { field })?;
    Ok(ContextName::new(text).map_err(Malformed::Name)?)
}

/// The context that a request names.
pub(super) async fn context(
    caller: &Caller,
    named: Bytes,
) -> Result<Arc<dyn EventStore>, ReadError> {
    caller.existing(name(named)?).await
}

/// The answer of a read.
pub(super) fn answered<T>(answer: Result<T, ReadError>) -> Answered<T> {
    answer.map(Response::new).map_err(|error| status::of(&error))
}

#[tonic::async_trait]
impl v1::event_store_server::EventStore for EventStoreService {
    async fn append(&self, request: Request<v1::AppendRequest>) -> Answered<v1::AppendReply> {
        let caller = self.caller(&request);
        let v1::AppendRequest { context, append } = request.into_inner();
        Ok(Response::new(appending::append(&caller, context, append).await.into()))
    }

    async fn change_stream(
        &self,
        request: Request<v1::ChangeStreamRequest>,
    ) -> Answered<v1::AppendReply> {
        let caller = self.caller(&request);
        let v1::ChangeStreamRequest { context, change } = request.into_inner();
        Ok(Response::new(appending::change(&caller, context, change).await.into()))
    }

    type PipelineStream = BoxStream<'static, Result<v1::PipelineReply, Status>>;

    async fn pipeline(
        &self,
        requests: Request<Streaming<v1::PipelineRequest>>,
    ) -> Answered<Self::PipelineStream> {
        let caller = self.caller(&requests);
        Ok(Response::new(pipeline::answers(caller, requests.into_inner())))
    }

    async fn read_stream(
        &self,
        request: Request<v1::ReadStreamRequest>,
    ) -> Answered<v1::StreamPage> {
        let caller = self.caller(&request);
        answered(reading::read_stream(&caller, request.into_inner()).await)
    }

    async fn read_all(&self, request: Request<v1::ReadAllRequest>) -> Answered<v1::Page> {
        let caller = self.caller(&request);
        answered(reading::read_all(&caller, request.into_inner()).await)
    }

    type ScanStream = BoxStream<'static, Result<v1::Page, Status>>;

    async fn scan(&self, request: Request<v1::ReadAllRequest>) -> Answered<Self::ScanStream> {
        let caller = self.caller(&request);
        answered(reading::scan(&caller, request.into_inner()).await)
    }

    async fn find(&self, request: Request<v1::FindRequest>) -> Answered<v1::FindReply> {
        let caller = self.caller(&request);
        answered(reading::find(&caller, request.into_inner()).await)
    }

    async fn get_stream(
        &self,
        request: Request<v1::GetStreamRequest>,
    ) -> Answered<v1::StreamState> {
        let caller = self.caller(&request);
        answered(reading::stream(&caller, request.into_inner()).await)
    }

    async fn list_streams(
        &self,
        request: Request<v1::ListStreamsRequest>,
    ) -> Answered<v1::ListStreamsReply> {
        let caller = self.caller(&request);
        answered(reading::streams(&caller, request.into_inner()).await)
    }

    async fn get_checkpoint(
        &self,
        request: Request<v1::GetCheckpointRequest>,
    ) -> Answered<v1::GetCheckpointReply> {
        let caller = self.caller(&request);
        answered(reading::checkpoint(&caller, request.into_inner()).await)
    }

    async fn get_head(&self, request: Request<v1::GetHeadRequest>) -> Answered<v1::GetHeadReply> {
        let caller = self.caller(&request);
        answered(reading::head(&caller, request.into_inner()).await)
    }

    async fn wait_past(
        &self,
        request: Request<v1::WaitPastRequest>,
    ) -> Answered<v1::WaitPastReply> {
        let caller = self.caller(&request);
        answered(reading::wait_past(&caller, request.into_inner()).await)
    }

    type SubscribeStream = BoxStream<'static, Result<v1::Delivery, Status>>;

    async fn subscribe(
        &self,
        request: Request<v1::SubscribeRequest>,
    ) -> Answered<Self::SubscribeStream> {
        let caller = self.caller(&request);
        answered(subscribing::subscribe(&caller, request.into_inner()).await)
    }
}
