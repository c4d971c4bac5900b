//! Appends and short reads of many callers over one stream, answered as they are done.
//!
//! Why: a client library has many callers and one connection. What they ask at the same time
//! reaches the store at the same time, and shares one durable write.
//!
//! Picture:
//! ```text
//!   requests ─▶ [ in flight, bounded ] ─▶ the store's group commit
//!                       │ as each is done
//!   replies  ◀──────────┘
//! ```
//! Invariants: what is unanswered is bounded by count and bytes; beyond that nothing is read, and
//! HTTP/2 holds the sender back. When the server closes, what was read is answered.

use super::{appending, reading};
use crate::Caller;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, FuturesUnordered, StreamExt as _};
use headwater_wire::v1::pipeline_request::Asked;
use headwater_wire::{Malformed, v1};
use prost::Message as _;
use tonic::{Status, Streaming};

/// The reply to one request.
async fn answer(caller: &Caller, request: v1::PipelineRequest) -> v1::PipelineReply {
    let v1::PipelineRequest { number, context, asked } = request;
    let done = match asked {
        Some(Asked::Append(asked)) => appending::append(caller, context, Some(asked)).await,
        Some(Asked::Change(asked)) => appending::change(caller, context, Some(asked)).await,
        Some(Asked::Read(asked)) => {
            let read = reading::read_short(caller, context, asked).await;
            return v1::PipelineReply { number, reply: None, read: Some(read.into()) };
        }
        None => Err(Malformed::Missing { field: "what is asked" }.into()),
    };
    v1::PipelineReply { number, reply: Some(done.into()), read: None }
}

/// The replies to these requests.
pub(super) fn answers(
    caller: Caller,
    requests: Streaming<v1::PipelineRequest>,
) -> BoxStream<'static, Result<v1::PipelineReply, Status>> {
    let closing = Box::pin(caller.closing());
    let pipeline = Pipeline {
        caller,
        requests,
        closing,
        in_flight: FuturesUnordered::new(),
        bytes: 0,
        ended: None,
    };
    Box::pin(stream::unfold(pipeline, |mut pipeline| async move {
        let step = pipeline.step().await?;
        Some((step, pipeline))
    }))
}

struct Pipeline {
    caller: Caller,
    requests: Streaming<v1::PipelineRequest>,
    closing: BoxFuture<'static, ()>,
    in_flight: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Of all that is in flight.
    bytes: usize,
    /// Why no more requests are read; said when the last is answered.
    ended: Option<Ended>,
}

struct Done {
    reply: v1::PipelineReply,
    bytes: usize,
}

enum Ended {
    /// The client has no more.
    Finished,
    /// For this reason.
    Broken(Status),
    /// And the reason was said.
    Said,
}

impl Pipeline {
    /// The next reply; `None` after the last.
    async fn step(&mut self) -> Option<Result<v1::PipelineReply, Status>> {
        loop {
            if self.in_flight.is_empty() && self.ended.is_some() {
                return self.end().map(Err);
            }
            let limits = self.caller.host().limits();
            let reads_on = self.ended.is_none()
                && self.in_flight.len() < limits.pipeline_count_max
                && self.bytes < limits.pipeline_bytes_max;
            tokio::select! {
                biased;
                Some(done) = self.in_flight.next() => {
                    self.bytes -= done.bytes;
                    return Some(Ok(done.reply));
                }
                () = &mut self.closing, if self.ended.is_none() => {
                    self.ended = Some(Ended::Broken(Status::unavailable("the server is stopping")));
                }
                request = self.requests.message(), if reads_on => match request {
                    Ok(Some(request)) => self.begin(request),
                    Ok(None) => self.ended = Some(Ended::Finished),
                    Err(status) => self.ended = Some(Ended::Broken(status)),
                },
            }
        }
    }

    fn begin(&mut self, request: v1::PipelineRequest) {
        let (caller, bytes) = (self.caller.clone(), request.encoded_len());
        self.bytes += bytes;
        self.in_flight
            .push(Box::pin(async move { Done { reply: answer(&caller, request).await, bytes } }));
    }

    fn end(&mut self) -> Option<Status> {
        match self.ended.replace(Ended::Said) {
            Some(Ended::Broken(status)) => Some(status),
            Some(Ended::Finished | Ended::Said) | None => None,
        }
    }
}
