//! BatchAppend: many appends over one call, told apart by their correlation.
//!
//! Picture:
//! ```text
//!   parts ─▶ gathered by correlation ─(final)─▶ appends in flight ─▶ answers, as they come
//!             bounded in count, bytes            bounded in count
//! ```
//! Invariants: appends reach the store in the order in which their last parts came. D3 what is
//! gathered is bounded; past a bound the call waits or that append is refused. An append that was
//! refused is answered, and the call goes on.

mod gathering;

use super::expected::Expected;
use super::home::Home;
use super::name::identifier;
use super::refusal::Refusal;
use super::write::{Write, Written};
use bytestring::ByteString;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{FutureExt, Stream, StreamExt};
use gathering::{Gathering, Whole};
use headwater_model::EventStore;
use headwater_wire::kurrent::event_store::client::Uuid as WireUuid;
use headwater_wire::kurrent::event_store::client::streams as pb;
use pb::batch_append_resp::{Result as Outcome, Success, success};
use std::sync::Arc;
use tonic::Status;

/// Appends in flight of one call.
const IN_FLIGHT_COUNT_MAX: usize = 1_024;

/// Bytes in flight of one call.
const IN_FLIGHT_BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// Answers the appends of one call until its requests end and all are answered.
pub(super) async fn batch_append<R>(
    home: &Home,
    requests: R,
) -> Result<impl Stream<Item = Result<pb::BatchAppendResp, Status>> + Send + use<R>, Status>
where
    R: Stream<Item = Result<pb::BatchAppendReq, Status>> + Unpin + Send + 'static,
{
    let store = home.store().await?;
    let call = Call {
        requests: Some(requests),
        store,
        gathering: Gathering::default(),
        in_flight: FuturesUnordered::new(),
        bytes_in_flight: 0,
        closing: home.closing().boxed(),
    };
    Ok(stream::unfold(call, |mut call| async move { Some((call.next().await?, call)) }))
}

struct Call<R> {
    /// `None` once they have ended.
    requests: Option<R>,
    store: Arc<dyn EventStore>,
    gathering: Gathering,
    in_flight: FuturesUnordered<BoxFuture<'static, (usize, pb::BatchAppendResp)>>,
    bytes_in_flight: usize,
    closing: BoxFuture<'static, ()>,
}

impl<R: Stream<Item = Result<pb::BatchAppendReq, Status>> + Unpin> Call<R> {
    /// The next answer; `None`: all requests were answered, and no more come.
    async fn next(&mut self) -> Option<Result<pb::BatchAppendResp, Status>> {
        loop {
            let has_room = self.in_flight.len() < IN_FLIGHT_COUNT_MAX
                && self.bytes_in_flight < IN_FLIGHT_BYTES_MAX;
            let is_reading = self.requests.is_some();
            let request = async {
                match &mut self.requests {
                    Some(requests) if has_room => requests.next().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                // In this order: what was taken reaches the store before more is taken.
                biased;
                Some((bytes, answer)) = self.in_flight.next() => {
                    self.bytes_in_flight -= bytes;
                    return Some(Ok(answer));
                }
                request = request, if is_reading => match request {
                    Some(Ok(request)) => {
                        if let Err(refusal) = self.take(request) {
                            return Some(Err(refusal.into()));
                        }
                    }
                    Some(Err(status)) => {
                        self.requests = None;
                        tracing::debug!(%status, "the requests of a batch broke off");
                    }
                    None => self.requests = None,
                },
                () = &mut self.closing, if is_reading => self.requests = None,
                else => return None,
            }
        }
    }

    /// One part of an append; the last one sends it on its way.
    fn take(&mut self, request: pb::BatchAppendReq) -> Result<(), Refusal> {
        let Some(whole) = self.gathering.take(request, self.store.now())? else { return Ok(()) };
        let store = Arc::clone(&self.store);
        let bytes = whole.bytes();
        self.bytes_in_flight += bytes;
        self.in_flight.push(async move { (bytes, carry_out(&*store, whole).await) }.boxed());
        Ok(())
    }
}

async fn carry_out(store: &dyn EventStore, whole: Whole) -> pb::BatchAppendResp {
    let Whole { correlation, stream, write, within } = whole;
    let expected = write.as_ref().ok().map(|write| write.expected);
    let outcome = match (write, within) {
        (Err(refusal), _) => Err(refusal),
        (Ok(write), None) => write.append(store).await,
        (Ok(write), Some(within)) => append_within(store, write, within).await,
    };
    answer(correlation, &stream, expected, outcome)
}

/// As [`Write::append`]; past the deadline it may still be written, and asking again tells.
async fn append_within(
    store: &dyn EventStore,
    write: Write,
    within: std::time::Duration,
) -> Result<Written, Refusal> {
    let timed_out = || Refusal::TimedOut { why: "the append's deadline has passed".to_owned() };
    if within.is_zero() {
        return Err(timed_out());
    }
    let written = tokio::time::timeout(within, write.append(store)).await;
    written.unwrap_or_else(|_| Err(timed_out()))
}

fn answer(
    correlation: WireUuid,
    stream: &ByteString,
    expected: Option<Expected>,
    outcome: Result<Written, Refusal>,
) -> pb::BatchAppendResp {
    let result = match outcome {
        Ok(written) => Outcome::Success(success(written)),
        Err(refusal) => Outcome::Error(refusal.in_message()),
    };
    pb::BatchAppendResp {
        correlation_id: Some(correlation),
        result: Some(result),
        stream_identifier: Some(identifier(stream)),
        expected_stream_position: expected.map(Expected::echoed),
    }
}

fn success(written: Written) -> Success {
    let revision = written.revision.map(success::CurrentRevisionOption::CurrentRevision);
    let position = written.commit.map(super::place::all_stream);
    Success {
        current_revision_option: revision.or(Some(success::CurrentRevisionOption::NoStream(()))),
        position_option: position
            .map(success::PositionOption::Position)
            .or(Some(success::PositionOption::NoPosition(()))),
    }
}
