//! A store around another: what it does not say itself is as within.
//!
//! Why: whoever counts, bounds or delays some calls should spell out those, and no others; and a call
//! that the port gains is handed on by all of them at once.
//!
//! Not for who must decide about every call, as a guard does: that one implements [`EventStore`]
//! itself, so that a new call does not compile until it was decided.

use crate::{
    Answer, Append, AppendError, Appended, Checkpoint, CheckpointName, ConsumerGroups, ContextName,
    EventId, EventStore, ExpectedRevision, Incarnation, JournalCopies, Page, Position, ReadAll,
    ReadError, ReadStream, RecordedEvent, Scavenge, StreamChange, StreamName, StreamPage,
    StreamState, Subscribe, Subscription, Timestamp,
};
use std::sync::Arc;

/// An [`EventStore`] that hands on what it does not do itself. Each method means what that of the
/// port of the same name does.
#[expect(missing_docs, reason = "the port says what each call means")]
pub trait Around: Send + Sync + 'static {
    /// The store that it is around.
    fn within(&self) -> &Arc<dyn EventStore>;

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        self.within().append(append)
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        self.within().change_stream(stream, expected, change)
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        self.within().read_stream(read)
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        self.within().read_all(read)
    }

    fn find(
        &self,
        stream: StreamName,
        id: EventId,
    ) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        self.within().find(stream, id)
    }

    fn streams(
        &self,
        prefix: String,
        after: Option<StreamName>,
        count_max: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError> {
        self.within().streams(prefix, after, count_max)
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        self.within().subscribe(subscribe)
    }

    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        self.within().consumer_groups()
    }

    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        self.within().journal_copies()
    }

    fn scavenge(&self) -> Option<&dyn Scavenge> {
        self.within().scavenge()
    }
}

/// Calls that nobody does otherwise yet are handed on here; one that somebody does moves up.
impl<S: Around> EventStore for S {
    fn context(&self) -> &ContextName {
        self.within().context()
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        Around::append(self, append)
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        Around::change_stream(self, stream, expected, change)
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        Around::read_stream(self, read)
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        Around::read_all(self, read)
    }

    fn find(
        &self,
        stream: StreamName,
        id: EventId,
    ) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        Around::find(self, stream, id)
    }

    fn stream(&self, stream: StreamName) -> Answer<'_, StreamState, ReadError> {
        self.within().stream(stream)
    }

    fn streams(
        &self,
        prefix: String,
        after: Option<StreamName>,
        count_max: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError> {
        Around::streams(self, prefix, after, count_max)
    }

    fn checkpoint(&self, name: CheckpointName) -> Answer<'_, Option<Checkpoint>, ReadError> {
        self.within().checkpoint(name)
    }

    fn head(&self) -> Answer<'_, (Incarnation, Option<Position>), ReadError> {
        self.within().head()
    }

    fn wait_past(&self, position: Option<Position>) -> Answer<'_, Position, ReadError> {
        self.within().wait_past(position)
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Around::subscribe(self, subscribe)
    }

    fn now(&self) -> Timestamp {
        self.within().now()
    }

    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        Around::consumer_groups(self)
    }

    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        Around::journal_copies(self)
    }

    fn scavenge(&self) -> Option<&dyn Scavenge> {
        Around::scavenge(self)
    }
}
