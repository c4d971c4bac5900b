//! Contexts that ask, at every call, whether this caller may.
//!
//! Why a decorator of the port: whatever protocol a call came by, it ends here, and a call that the
//! port gains does not compile until it was decided who may make it. So every method is spelled out,
//! and none is handed on by itself.
//!
//! Invariants: A1, an append is refused whole if one of its streams, conditions or checkpoints is not
//! allowed, before anything of it is looked at by the store. Each call is decided by what stands when
//! it is made; a subscription that is open is decided again with every change.

mod groups;
mod subscription;

use super::Caller;
use headwater_access::{Target, Verb};
use headwater_model::{
    Answer, Append, AppendError, Appended, Checkpoint, CheckpointName, ConsumerGroups, ContextName,
    Contexts, Denied, EventId, EventStore, ExpectedRevision, Incarnation, JournalCopies, Page,
    Position, ReadAll, ReadError, ReadStream, RecordedEvent, Scavenge, StreamChange, StreamName,
    StreamPage, StreamState, Subscribe, Subscription, Timestamp,
};
use std::sync::Arc;

/// All contexts, for one caller.
pub(super) struct GuardedContexts {
    pub(super) caller: Caller,
}

impl Contexts for GuardedContexts {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            let contexts = self.caller.host().unguarded();
            if self.caller.enters(&name) && contexts.names().await?.contains(&name) {
                return Ok(self.caller.guarded(contexts.context(name).await?));
            }
            // To those who have nothing there it is all one whether it exists.
            self.caller.may_somewhere_in(Verb::Manage, &name).map_err(ReadError::Denied)?;
            Ok(self.caller.guarded(contexts.context(name).await?))
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        Box::pin(async move {
            let mut names = self.caller.host().unguarded().names().await?;
            names.retain(|name| self.caller.enters(name));
            Ok(names)
        })
    }
}

/// One context, for one caller.
pub(super) struct GuardedStore {
    pub(super) caller: Caller,
    pub(super) store: Arc<dyn EventStore>,
}

impl GuardedStore {
    fn may(
        &self,
        verb: Verb,
        target: &Target,
        what: impl FnOnce() -> String,
    ) -> Result<(), Denied> {
        let context = self.store.context();
        self.caller.check(verb, Some(context), target, || format!("{} of {context}", what()))
    }

    fn may_stream(&self, verb: Verb, stream: &StreamName) -> Result<(), Denied> {
        self.may(verb, &Target::stream(stream), || format!("stream {stream}"))
    }

    fn may_query(&self, query: &headwater_model::Query) -> Result<(), Denied> {
        self.may(Verb::Read, &Target::query(query), || "all that is asked for".to_owned())
    }

    fn may_here(&self, verb: Verb) -> Result<(), Denied> {
        self.may(verb, &Target::Context, || "anything".to_owned())
    }

    fn may_all_of_it(&self, verb: Verb) -> Result<(), Denied> {
        self.caller.may_in(verb, self.store.context())
    }

    /// Whoever may do anything to a stream may know how it stands.
    fn may_know(&self, stream: &StreamName) -> Result<(), Denied> {
        let target = Target::stream(stream);
        let context = self.store.context();
        let may = |verb| self.caller.would(verb, context, &target);
        if may(Verb::Append) || may(Verb::Change) {
            return Ok(());
        }
        self.may_stream(Verb::Read, stream)
    }

    /// All of an append, or nothing of it.
    fn may_append(&self, append: &Append) -> Result<(), Denied> {
        for write in &append.writes {
            // What is in a settings stream changes the stream that it is about.
            let is_settings = write.stream.settings_of().is_some();
            let verb = if is_settings { Verb::Change } else { Verb::Append };
            self.may_stream(verb, &write.stream)?;
        }
        append.conditions.iter().try_for_each(|condition| self.may_query(&condition.query))?;
        if append.checkpoints.is_empty() && !append.writes.is_empty() {
            return Ok(());
        }
        let verb = if append.checkpoints.is_empty() { Verb::Append } else { Verb::Consume };
        self.may_here(verb)
    }
}

/// The answer of who may not.
fn denied<'a, T: Send + 'a, E: Send + 'a>(error: E) -> Answer<'a, T, E> {
    Box::pin(async move { Err(error) })
}

impl EventStore for GuardedStore {
    fn context(&self) -> &ContextName {
        self.store.context()
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        match self.may_append(&append) {
            Ok(()) => self.store.append(append),
            Err(cause) => denied(AppendError::Denied(cause)),
        }
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        match self.may_stream(Verb::Change, &stream) {
            Ok(()) => self.store.change_stream(stream, expected, change),
            Err(cause) => denied(AppendError::Denied(cause)),
        }
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        match self.may_stream(Verb::Read, &read.stream) {
            Ok(()) => self.store.read_stream(read),
            Err(cause) => denied(ReadError::Denied(cause)),
        }
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        match self.may_query(&read.query) {
            Ok(()) => self.store.read_all(read),
            Err(cause) => denied(ReadError::Denied(cause)),
        }
    }

    fn find(
        &self,
        stream: StreamName,
        id: EventId,
    ) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        match self.may_stream(Verb::Read, &stream) {
            Ok(()) => self.store.find(stream, id),
            Err(cause) => denied(ReadError::Denied(cause)),
        }
    }

    fn stream(&self, stream: StreamName) -> Answer<'_, StreamState, ReadError> {
        match self.may_know(&stream) {
            Ok(()) => self.store.stream(stream),
            Err(cause) => denied(ReadError::Denied(cause)),
        }
    }

    fn streams(
        &self,
        prefix: String,
        after: Option<StreamName>,
        count_max: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError> {
        let what = || format!("all streams that begin with {prefix:?}");
        match self.may(Verb::Read, &Target::prefix(&prefix), what) {
            Ok(()) => self.store.streams(prefix, after, count_max),
            Err(cause) => denied(ReadError::Denied(cause)),
        }
    }

    fn checkpoint(&self, name: CheckpointName) -> Answer<'_, Option<Checkpoint>, ReadError> {
        match self.may_here(Verb::Read) {
            Ok(()) => self.store.checkpoint(name),
            Err(cause) => denied(ReadError::Denied(cause)),
        }
    }

    fn head(&self) -> Answer<'_, (Incarnation, Option<Position>), ReadError> {
        match self.may_enter() {
            Ok(()) => self.store.head(),
            Err(cause) => denied(ReadError::Denied(cause)),
        }
    }

    fn wait_past(&self, position: Option<Position>) -> Answer<'_, Position, ReadError> {
        match self.may_enter() {
            Ok(()) => self.store.wait_past(position),
            Err(cause) => denied(ReadError::Denied(cause)),
        }
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Box::pin(async move {
            self.may_query(&subscribe.query).map_err(ReadError::Denied)?;
            let query = subscribe.query.clone();
            let inner = self.store.subscribe(subscribe).await?;
            Ok(subscription::guarded(&self.caller, self.store.context(), query, inner))
        })
    }

    fn now(&self) -> Timestamp {
        self.store.now()
    }

    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        self.store.consumer_groups().map(|_| self as &dyn ConsumerGroups)
    }

    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        self.may_all_of_it(Verb::Manage).ok().and_then(|()| self.store.journal_copies())
    }

    fn scavenge(&self) -> Option<&dyn Scavenge> {
        self.may_all_of_it(Verb::Manage).ok().and_then(|()| self.store.scavenge())
    }
}

impl GuardedStore {
    /// Whoever has anything here may know where the context ends.
    fn may_enter(&self) -> Result<(), Denied> {
        let context = self.store.context();
        if self.caller.enters(context) { Ok(()) } else { self.may_here(Verb::Read) }
    }
}
