//! A store that answers everything with the error that a test wants.

use headwater_model::{
    Answer, Append, AppendError, Appended, Checkpoint, CheckpointName, ContextName, Contexts,
    EventId, EventStore, ExpectedRevision, Incarnation, Page, Position, ReadAll, ReadError,
    ReadStream, RecordedEvent, StreamChange, StreamName, StreamPage, StreamState, Subscribe,
    Subscription, Timestamp,
};
use std::sync::Arc;

/// One context, `demo`, where nothing works.
#[derive(Clone)]
pub(super) struct Broken {
    name: ContextName,
    append: AppendError,
    read: ReadError,
}

impl Broken {
    pub(super) fn new(append: AppendError, read: ReadError) -> Arc<Self> {
        Arc::new(Self { name: ContextName::new("demo").unwrap(), append, read })
    }

    fn unread<T: Send + 'static>(&self) -> Answer<'_, T, ReadError> {
        Box::pin(async move { Err(self.read.clone()) })
    }
}

impl Contexts for Broken {
    fn context(&self, _: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move { Ok(Arc::new(self.clone()) as Arc<dyn EventStore>) })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        Box::pin(async move { Ok(vec![self.name.clone()]) })
    }
}

impl EventStore for Broken {
    fn context(&self) -> &ContextName {
        &self.name
    }
    fn append(&self, _: Append) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move { Err(self.append.clone()) })
    }
    fn change_stream(
        &self,
        _: StreamName,
        _: ExpectedRevision,
        _: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move { Err(self.append.clone()) })
    }
    fn read_stream(&self, _: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        self.unread()
    }
    fn read_all(&self, _: ReadAll) -> Answer<'_, Page, ReadError> {
        self.unread()
    }
    fn find(&self, _: StreamName, _: EventId) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        self.unread()
    }
    fn stream(&self, _: StreamName) -> Answer<'_, StreamState, ReadError> {
        self.unread()
    }
    fn streams(
        &self,
        _: String,
        _: Option<StreamName>,
        _: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError> {
        self.unread()
    }
    fn checkpoint(&self, _: CheckpointName) -> Answer<'_, Option<Checkpoint>, ReadError> {
        self.unread()
    }
    fn head(&self) -> Answer<'_, (Incarnation, Option<Position>), ReadError> {
        self.unread()
    }
    fn wait_past(&self, _: Option<Position>) -> Answer<'_, Position, ReadError> {
        self.unread()
    }
    fn subscribe(&self, _: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        self.unread()
    }
    fn now(&self) -> Timestamp {
        Timestamp::ZERO
    }
}
