//! Reads: pages, scans, and what is known about streams, checkpoints and the head.

use super::service::context;
use crate::Caller;
use crate::limits::{SCAN_PAGE_COUNT, WAIT_PAST_MAX};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use headwater_model::{
    AsOf, EventStore, From, Position, ReadAll, ReadError, ReadStream, StreamPage,
};
use headwater_wire::encoded::SHORT_READ_COUNT_MAX;
use headwater_wire::{status, v1};
use std::sync::Arc;
use tonic::Status;

pub(super) async fn read_stream(
    caller: &Caller,
    request: v1::ReadStreamRequest,
) -> Result<v1::StreamPage, ReadError> {
    let context = context(caller, request.context.clone()).await?;
    let page = context.read_stream(ReadStream::try_from(request)?).await?;
    Ok(page.into())
}

/// A page that is short enough to stand among the answers of a pipeline: what is behind it must not
/// wait long.
pub(super) async fn read_short(
    caller: &Caller,
    named: Bytes,
    request: v1::ReadStreamRequest,
) -> Result<StreamPage, ReadError> {
    let context = context(caller, named).await?;
    let mut read = ReadStream::try_from(request)?;
    read.count_max = read.count_max.min(SHORT_READ_COUNT_MAX);
    context.read_stream(read).await
}

pub(super) async fn read_all(
    caller: &Caller,
    request: v1::ReadAllRequest,
) -> Result<v1::Page, ReadError> {
    let context = context(caller, request.context.clone()).await?;
    let page = context.read_all(ReadAll::try_from(request)?).await?;
    Ok(page.into())
}

/// All pages. R1: what is appended meanwhile is not of this scan.
pub(super) async fn scan(
    caller: &Caller,
    request: v1::ReadAllRequest,
) -> Result<BoxStream<'static, Result<v1::Page, Status>>, ReadError> {
    let context = context(caller, request.context.clone()).await?;
    let mut read = ReadAll::try_from(request)?;
    read.count_max = read.count_max.min(SCAN_PAGE_COUNT);
    let scan = Scan { context, read: Some(read) };
    let pages = stream::unfold(scan, |mut scan| async move {
        let page = scan.page().await?;
        Some((page.map_err(|error| status::of(&error)), scan))
    });
    Ok(Box::pin(pages))
}

struct Scan {
    context: Arc<dyn EventStore>,
    /// The next page; `None` after the last.
    read: Option<ReadAll>,
}

impl Scan {
    async fn page(&mut self) -> Option<Result<v1::Page, ReadError>> {
        let read = self.read.take()?;
        let page = match self.context.read_all(read.clone()).await {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        self.read = page.next.map(|next| ReadAll {
            from: From::At(next),
            as_of: page.as_of.map_or(read.as_of, AsOf::Position),
            ..read
        });
        Some(Ok(page.into()))
    }
}

pub(super) async fn find(
    caller: &Caller,
    request: v1::FindRequest,
) -> Result<v1::FindReply, ReadError> {
    let context = context(caller, request.context.clone()).await?;
    let (stream, id) = request.understood()?;
    let event = context.find(stream, id).await?;
    Ok(v1::FindReply { event: event.as_ref().map(Into::into) })
}

pub(super) async fn stream(
    caller: &Caller,
    request: v1::GetStreamRequest,
) -> Result<v1::StreamState, ReadError> {
    let context = context(caller, request.context.clone()).await?;
    Ok(context.stream(request.understood()?).await?.into())
}

pub(super) async fn streams(
    caller: &Caller,
    request: v1::ListStreamsRequest,
) -> Result<v1::ListStreamsReply, ReadError> {
    let context = context(caller, request.context.clone()).await?;
    let (prefix, after, count_max) = request.understood()?;
    let streams = context.streams(prefix, after, count_max).await?;
    Ok(v1::ListStreamsReply { streams: streams.into_iter().map(Into::into).collect() })
}

pub(super) async fn checkpoint(
    caller: &Caller,
    request: v1::GetCheckpointRequest,
) -> Result<v1::GetCheckpointReply, ReadError> {
    let context = context(caller, request.context.clone()).await?;
    let checkpoint = context.checkpoint(request.understood()?).await?;
    Ok(v1::GetCheckpointReply { checkpoint: checkpoint.map(Into::into) })
}

pub(super) async fn head(
    caller: &Caller,
    request: v1::GetHeadRequest,
) -> Result<v1::GetHeadReply, ReadError> {
    let (incarnation, position) = context(caller, request.context).await?.head().await?;
    let position = position.map(|position| position.0);
    Ok(v1::GetHeadReply { incarnation: incarnation.0, position })
}

/// Whoever waits asks again from time to time, so that a server never keeps those who have gone.
pub(super) async fn wait_past(
    caller: &Caller,
    request: v1::WaitPastRequest,
) -> Result<v1::WaitPastReply, ReadError> {
    let context = context(caller, request.context).await?;
    let position = tokio::select! {
        come = context.wait_past(request.position.map(Position)) => Some(come?.0),
        () = tokio::time::sleep(WAIT_PAST_MAX) => None,
        () = caller.closing() => None,
    };
    Ok(v1::WaitPastReply { position })
}
