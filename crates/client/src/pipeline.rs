//! Appends of all callers over one stream of requests, which outlives its connections; short reads
//! over another, so that neither waits behind the other.
//!
//! Why: what many callers ask at the same time reaches the server at the same time and shares one
//! durable write, at the price of one stream instead of a call each.
//!
//! Picture:
//! ```text
//!   callers ─▶ [ room in bytes ] ─▶ line (one task) ⇄ replies by number ⇄ server
//!                                     └ connection lost: those with ids are asked again
//! ```
//! Invariants: A4 only reads and what carries event ids are asked twice. A5 `Unknown` is said of what may have
//! been done and cannot be found out: at once if it has no ids, at the deadline if it has. What was
//! never sent is `Unavailable`.

mod line;
mod waiting;

use crate::asking::{Asking, failed, senseless};
use crate::limits::{UNANSWERED_BYTES_EACH_MIN, UNANSWERED_BYTES_MAX};
use bytes::Bytes;
use headwater_model::{
    Append, AppendError, Appended, ContextName, LostReply, ReadError, ReadStream, StreamPage,
    Unavailable,
};
use headwater_wire::codec::decode;
use headwater_wire::encoded::{EncodedReply, EncodedRequest};
use headwater_wire::{AskedChange, heard, v1};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

/// What a caller is told.
pub(crate) type AppendAnswer = Result<Appended, AppendError>;

/// What the server answered, for the caller to understand; or why it did not.
type Reply = Result<EncodedReply, AppendError>;

/// What is asked, encoded.
pub(crate) struct Asked {
    request: EncodedRequest,
    /// A4: whether asking again finds out what became of it, and does nothing twice.
    may_repeat: bool,
}

impl Asked {
    /// An append; what every server refuses is refused here.
    pub(crate) fn append(context: Bytes, append: &Append) -> Result<Self, AppendError> {
        append.check()?;
        let request = EncodedRequest::of_append(context, append)?;
        Ok(Self { request, may_repeat: append.event_count() > 0 })
    }

    /// A change of a stream: the server makes its event, so it has no id that is known here.
    pub(crate) fn change(context: Bytes, change: &AskedChange) -> Self {
        Self { request: EncodedRequest::of_change(context, change), may_repeat: false }
    }

    /// The beginning of a read.
    fn read(context: &ContextName, read: &ReadStream) -> Self {
        Self { request: EncodedRequest::of_read(context, read), may_repeat: true }
    }
}

/// A caller and what it asks.
struct Job {
    asked: Asked,
    answer: oneshot::Sender<Reply>,
    deadline: Instant,
    /// Whether a server may have seen it.
    sent: bool,
    /// Its share of what may be unanswered.
    _room: OwnedSemaphorePermit,
}

/// The callers' end. Clones share the lines; they end with the last of them.
#[derive(Clone)]
pub(crate) struct Pipeline {
    writes: mpsc::UnboundedSender<Job>,
    reads: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
    asking: Asking,
    runtime: Handle,
}

impl Pipeline {
    /// Starts the lines on this runtime.
    pub(crate) fn start(asking: Asking) -> Self {
        let line = || {
            // Bounded by the room that every job has taken.
            let (jobs, come) = mpsc::unbounded_channel();
            tokio::spawn(line::Line::new(asking.clone(), come).run());
            jobs
        };
        let (writes, reads) = (line(), line());
        let room = Arc::new(Semaphore::new(UNANSWERED_BYTES_MAX as usize));
        Self { writes, reads, room, asking, runtime: Handle::current() }
    }

    /// Where the connection's own tasks run.
    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Has something appended or changed, and waits for the answer or the deadline.
    pub(crate) async fn write(&self, asked: Asked) -> AppendAnswer {
        let reply = self.ask(&self.writes, asked).await?.append;
        let reply = reply.ok_or_else(|| not_understood("the reply is empty"))?;
        let reply = decode::<v1::AppendReply>(reply).map_err(|why| not_understood(&why))?;
        <AppendAnswer>::try_from(reply).map_err(|why| not_understood(&why))?
    }

    /// Reads the beginning of a page: no more than `SHORT_READ_COUNT_MAX` events.
    pub(crate) async fn read(
        &self,
        context: &ContextName,
        read: &ReadStream,
    ) -> Result<StreamPage, ReadError> {
        let reply = self.ask(&self.reads, Asked::read(context, read)).await;
        let reply = reply.map_err(|error| match error {
            AppendError::Unavailable(cause) => ReadError::Unavailable(cause),
            AppendError::Denied(denied) => ReadError::Denied(denied),
            AppendError::NoContext(cause) => ReadError::NoContext(cause),
            other => failed(other.to_string()),
        })?;
        let reply = reply.read.ok_or_else(|| senseless("the reply is empty"))?;
        heard::stream_page_or_error(&reply).map_err(senseless)?
    }

    /// Asks, and waits for the answer or the deadline.
    async fn ask(&self, line: &mpsc::UnboundedSender<Job>, asked: Asked) -> Reply {
        let bytes = u32::try_from(asked.request.bytes()).unwrap_or(UNANSWERED_BYTES_MAX);
        let share = bytes.clamp(UNANSWERED_BYTES_EACH_MIN, UNANSWERED_BYTES_MAX);
        let deadline = Instant::now() + self.asking.options.answer_within;
        let room = Arc::clone(&self.room).acquire_many_owned(share);
        let room = match tokio::time::timeout_at(deadline, room).await {
            Ok(Ok(room)) => room,
            Ok(Err(_)) => return Err(gone()),
            Err(_) => return Err(unasked("too much is unanswered")),
        };
        let (answer, told) = oneshot::channel();
        let job = Job { asked, answer, deadline, sent: false, _room: room };
        if line.send(job).is_err() {
            return Err(gone());
        }
        told.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// Something was done, but not told so that it could be understood.
fn not_understood(why: &(impl std::fmt::Display + ?Sized)) -> AppendError {
    AppendError::Unknown(LostReply { why: format!("the reply was not understood: {why}") })
}

/// The runtime that the client was made on has ended.
fn gone() -> AppendError {
    AppendError::Unknown(LostReply { why: "the client has ended".to_owned() })
}

/// It was not done, because it was never asked.
fn unasked(why: &str) -> AppendError {
    let what = "asking the server".to_owned();
    AppendError::Unavailable(Unavailable::Io { what, why: why.to_owned() })
}
