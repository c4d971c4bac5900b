//! The service `headwater.v1.EventStore`: which request goes where.

use super::{appending, pipeline, reading, subscribing};
use crate::Host;
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
}

/// A context's name, checked.
pub(super) fn name(bytes: Bytes) -> Result<ContextName, ReadError> {
    let field = "the context";
    let text = ByteString::try_from(bytes).map_err(|_| Malformed::Text { field })?;
    Ok(ContextName::new(text).map_err(Malformed::Name)?)
}

/// The context that a request names.
pub(super) async fn context(host: &Host, named: Bytes) -> Result<Arc<dyn EventStore>, ReadError> {
    host.existing(name(named)?).await
}

/// The answer of a read.
pub(super) fn answered<T>(answer: Result<T, ReadError>) -> Answered<T> {
    answer.map(Response::new).map_err(|error| status::of(&error))
}

#[tonic::async_trait]
impl v1::event_store_server::EventStore for EventStoreService {
    async fn append(&self, request: Request<v1::AppendRequest>) -> Answered<v1::AppendReply> {
        let v1::AppendRequest { context, append } = request.into_inner();
        Ok(Response::new(appending::append(&self.host, context, append).await.into()))
    }

    async fn change_stream(
        &self,
        request: Request<v1::ChangeStreamRequest>,
    ) -> Answered<v1::AppendReply> {
        let v1::ChangeStreamRequest { context, change } = request.into_inner();
        Ok(Response::new(appending::change(&self.host, context, change).await.into()))
    }

    type PipelineStream = BoxStream<'static, Result<v1::PipelineReply, Status>>;

    async fn pipeline(
        &self,
        requests: Request<Streaming<v1::PipelineRequest>>,
    ) -> Answered<Self::PipelineStream> {
        Ok(Response::new(pipeline::answers(self.host.clone(), requests.into_inner())))
    }

    async fn read_stream(
        &self,
        request: Request<v1::ReadStreamRequest>,
    ) -> Answered<v1::StreamPage> {
        answered(reading::read_stream(&self.host, request.into_inner()).await)
    }

    async fn read_all(&self, request: Request<v1::ReadAllRequest>) -> Answered<v1::Page> {
        answered(reading::read_all(&self.host, request.into_inner()).await)
    }

    type ScanStream = BoxStream<'static, Result<v1::Page, Status>>;

    async fn scan(&self, request: Request<v1::ReadAllRequest>) -> Answered<Self::ScanStream> {
        answered(reading::scan(&self.host, request.into_inner()).await)
    }

    async fn find(&self, request: Request<v1::FindRequest>) -> Answered<v1::FindReply> {
        answered(reading::find(&self.host, request.into_inner()).await)
    }

    async fn get_stream(
        &self,
        request: Request<v1::GetStreamRequest>,
    ) -> Answered<v1::StreamState> {
        answered(reading::stream(&self.host, request.into_inner()).await)
    }

    async fn list_streams(
        &self,
        request: Request<v1::ListStreamsRequest>,
    ) -> Answered<v1::ListStreamsReply> {
        answered(reading::streams(&self.host, request.into_inner()).await)
    }

    async fn get_checkpoint(
        &self,
        request: Request<v1::GetCheckpointRequest>,
    ) -> Answered<v1::GetCheckpointReply> {
        answered(reading::checkpoint(&self.host, request.into_inner()).await)
    }

    async fn get_head(&self, request: Request<v1::GetHeadRequest>) -> Answered<v1::GetHeadReply> {
        answered(reading::head(&self.host, request.into_inner()).await)
    }

    async fn wait_past(
        &self,
        request: Request<v1::WaitPastRequest>,
    ) -> Answered<v1::WaitPastReply> {
        answered(reading::wait_past(&self.host, request.into_inner()).await)
    }

    type SubscribeStream = BoxStream<'static, Result<v1::Delivery, Status>>;

    async fn subscribe(
        &self,
        request: Request<v1::SubscribeRequest>,
    ) -> Answered<Self::SubscribeStream> {
        answered(subscribing::subscribe(&self.host, request.into_inner()).await)
    }
}
