//! The `EventStore` port: one context, as services and clients use it.
//!
//! Why: a service does not know whether its store is in its own process, behind a socket or in
//! a test's memory. The same exam (the crate `conformance`) passes on each.
//!
//! The futures are boxed so that the port can be a trait object: one small allocation a call.

use crate::{
    Append, AppendError, Appended, Checkpoint, CheckpointName, ConsumerGroups, ContextName,
    EventId, ExpectedRevision, Incarnation, JournalCopies, Page, Position, Query, ReadAll,
    ReadError, ReadStream, RecordedEvent, Scavenge, StreamChange, StreamName, StreamPage,
    StreamState, Timestamp,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What every call of a port returns.
pub type Answer<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// One context: its streams, its order, its checkpoints.
pub trait EventStore: Send + Sync + 'static {
    /// The context's name.
    fn context(&self) -> &ContextName;

    /// Appends atomically (A1), durably (A2), at most once (A4).
    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError>;

    /// Changes a stream as a whole, by an event in its `$$` stream; `expected` is about the
    /// stream itself.
    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError>;

    /// Reads a page of a stream.
    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError>;

    /// Reads a page of the context.
    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError>;

    /// The event of this id in this stream, whether or not settings hide it.
    fn find(&self, stream: StreamName, id: EventId)
    -> Answer<'_, Option<RecordedEvent>, ReadError>;

    /// A stream as a whole.
    fn stream(&self, stream: StreamName) -> Answer<'_, StreamState, ReadError>;

    /// Streams whose names begin with `prefix`, in order of name, behind `after`; at most `count_max`.
    fn streams(
        &self,
        prefix: String,
        after: Option<StreamName>,
        count_max: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError>;

    /// Where a reader has come to; `None` if it never saved.
    fn checkpoint(&self, name: CheckpointName) -> Answer<'_, Option<Checkpoint>, ReadError>;

    /// The last position and the history it belongs to; `None` while the context is empty.
    fn head(&self) -> Answer<'_, (Incarnation, Option<Position>), ReadError>;

    /// Resolves when the last position is behind `position` (`None`: when there is any event), with
    /// the last position at that time.
    fn wait_past(&self, position: Option<Position>) -> Answer<'_, Position, ReadError>;

    /// All matching events from `start` on, stored and to come, without a seam (R3).
    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError>;

    /// The store's clock: what recorded-at is taken from.
    fn now(&self) -> Timestamp;

    /// The context's consumer groups; `None` if this store has none.
    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        None
    }

    /// Copies of the context's journal; `None` if this store has no files of its own.
    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        None
    }

    /// What gives the room of hidden events back; `None` if this store cannot.
    fn scavenge(&self) -> Option<&dyn Scavenge> {
        None
    }
}

/// Where a reader begins that never saved a checkpoint. No default: two years are not replayed by
/// surprise, nor skipped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// With the first event there is.
    Beginning,
    /// With the first event behind this checkpoint.
    After(Checkpoint),
    /// With the first event to come.
    Now,
}

/// What a subscription delivers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscribe {
    /// Which events.
    pub query: Query,
    /// From where.
    pub start: Start,
}

/// A step of a subscription.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// The next matching events, never empty, and how far the reader has come with them.
    Events {
        /// In order.
        events: Vec<RecordedEvent>,
        /// What to save once they are handled.
        checkpoint: Checkpoint,
    },
    /// Nothing is left for now: everything up to here was delivered or filtered out. Said once each
    /// time the end is reached.
    CaughtUp {
        /// What to save; `None` while the context is empty.
        checkpoint: Option<Checkpoint>,
    },
}

/// One resumable reader. Dropping it ends it.
pub trait Subscription: Send {
    /// The next step; waits when there is nothing to deliver. Dropping the future loses nothing.
    fn next(&mut self) -> Answer<'_, Delivery, ReadError>;

    /// From now on a delivery ends before its payloads and metadata pass so many bytes, or at an event
    /// for each [`DELIVERED_EVENT_BYTES`] of them, but not before its first event. For who must hold it
    /// until somebody else takes it. Whoever has the events in memory anyway may deliver more.
    ///
    /// [`DELIVERED_EVENT_BYTES`]: crate::limits::DELIVERED_EVENT_BYTES
    fn bound(&mut self, _bytes_max: usize) {}
}

/// Contexts by name: a whole store, embedded or remote.
pub trait Contexts: Send + Sync + 'static {
    /// The context of this name; made if it is not there.
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError>;

    /// The names of all contexts, in order.
    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError>;
}
