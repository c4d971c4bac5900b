//! Appends of all callers over one stream of requests, which outlives its connections.
//!
//! Why: what many callers ask at the same time reaches the server at the same time and shares one
//! durable write, at the price of one stream instead of a call each.
//!
//! Picture:
//! ```text
//!   callers ─▶ [ room in bytes ] ─▶ line (one task) ⇄ replies by number ⇄ server
//!                                     └ connection lost: those with ids are asked again
//! ```
//! Invariants: A4 only what carries event ids is asked twice. A5 `Unknown` is said of what may have
//! been done and cannot be found out: at once if it has no ids, at the deadline if it has. What was
//! never sent is `Unavailable`.

mod line;
mod waiting;

use crate::asking::Asking;
use crate::limits::{UNANSWERED_BYTES_EACH_MIN, UNANSWERED_BYTES_MAX};
use bytes::Bytes;
use headwater_model::{Append, AppendError, Appended, Unavailable};
use headwater_wire::AskedChange;
use headwater_wire::encoded::EncodedRequest;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

/// What a caller is told.
pub(crate) type AppendAnswer = Result<Appended, AppendError>;

/// What is asked, encoded.
pub(crate) struct Asked {
    request: EncodedRequest,
    /// A4: whether asking again finds out what became of it.
    has_ids: bool,
}

impl Asked {
    /// An append; what every server refuses is refused here.
    pub(crate) fn append(context: Bytes, append: &Append) -> Result<Self, AppendError> {
        append.check()?;
        let request = EncodedRequest::of_append(context, append)?;
        Ok(Self { request, has_ids: append.event_count() > 0 })
    }

    /// A change of a stream: the server makes its event, so it has no id that is known here.
    pub(crate) fn change(context: Bytes, change: &AskedChange) -> Self {
        Self { request: EncodedRequest::of_change(context, change), has_ids: false }
    }
}

/// A caller and what it asks.
struct Job {
    asked: Asked,
    answer: oneshot::Sender<AppendAnswer>,
    deadline: Instant,
    /// Whether a server may have seen it.
    sent: bool,
    /// Its share of what may be unanswered.
    _room: OwnedSemaphorePermit,
}

/// The callers' end. Clones share the line; it ends with the last of them.
#[derive(Clone)]
pub(crate) struct Pipeline {
    jobs: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
    asking: Asking,
    runtime: Handle,
}

impl Pipeline {
    /// Starts the line on this runtime.
    pub(crate) fn start(asking: Asking) -> Self {
        // Bounded by the room that every job has taken.
        let (jobs, come) = mpsc::unbounded_channel();
        tokio::spawn(line::Line::new(asking.clone(), come).run());
        let room = Arc::new(Semaphore::new(UNANSWERED_BYTES_MAX as usize));
        Self { jobs, room, asking, runtime: Handle::current() }
    }

    /// Where the connection's own tasks run.
    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Asks, and waits for the answer or the deadline.
    pub(crate) async fn ask(&self, asked: Asked) -> AppendAnswer {
        let bytes = u32::try_from(asked.request.bytes()).unwrap_or(UNANSWERED_BYTES_MAX);
        let share = bytes.clamp(UNANSWERED_BYTES_EACH_MIN, UNANSWERED_BYTES_MAX);
        let deadline = Instant::now() + self.asking.options.answer_within;
        let room = Arc::clone(&self.room).acquire_many_owned(share);
        let room = match tokio::time::timeout_at(deadline, room).await {
            Ok(Ok(room)) => room,
            Ok(Err(_)) => return Err(gone()),
            Err(_) => return Err(unasked("too many appends are unanswered")),
        };
        let (answer, told) = oneshot::channel();
        let job = Job { asked, answer, deadline, sent: false, _room: room };
        if self.jobs.send(job).is_err() {
            return Err(gone());
        }
        told.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// The runtime that the client was made on has ended.
fn gone() -> AppendError {
    AppendError::Unknown(headwater_model::LostReply { why: "the client has ended".to_owned() })
}

/// It was not done, because it was never asked.
fn unasked(why: &str) -> AppendError {
    let what = "asking the server".to_owned();
    AppendError::Unavailable(Unavailable::Io { what, why: why.to_owned() })
}
