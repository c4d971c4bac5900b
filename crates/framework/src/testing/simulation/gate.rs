//! Gates: the places at which a simulation decides who goes on, and how badly.
//!
//! Why: what can go wrong between two steps of a service goes wrong at its calls: of the store, and of its read
//! model at a commit. Each call passes a gate; while a simulation acts it stands there until it is its turn, and
//! a process that is killed is one whose calls are dropped where they stand.
//!
//! Invariant: outside of a simulation a gate is open, and nothing waits.

use headwater_model::{
    Answer, Append, AppendError, Appended, Around, ConsumerGroups, ContextName, Contexts, EventId,
    EventStore, ExpectedRevision, JournalCopies, LostReply, Page, Position, ReadAll, ReadError,
    ReadStream, RecordedEvent, Scavenge, StreamChange, StreamName, StreamPage, Unavailable,
};
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Nothing was read yet.
    BeforeRead,
    /// Nothing was appended yet.
    BeforeAppend,
    /// It took hold, or was refused; nobody was told.
    BehindAppend,
    /// The transaction of a read model is complete, and not committed.
    BeforeCommit,
    /// It is committed; nobody was told.
    BehindCommit,
}

/// What befalls a call at its gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing.
    #[default]
    Passes,
    /// It fails, as it does when the network does.
    Fails,
}

/// What happened while an actor went on.
#[derive(Debug, Default)]
pub(super) struct Stage {
    fate: Fate,
    is_told: bool,
    /// The gate at which it stands now.
    pub(super) gate: Option<Gate>,
    /// What was appended, where, and up to which position.
    pub(super) appended: Vec<(ContextName, Position)>,
    /// What is to be told of it.
    pub(super) told: Vec<String>,
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

/// Lets an actor go on: what it does at its gate is decided.
pub(super) fn enter(fate: Fate, is_told: bool) {
    STAGE.set(Some(Stage { fate, is_told, ..Stage::default() }));
}

/// The actor stands still again.
pub(super) fn leave() -> Stage {
    STAGE.take().unwrap_or_default()
}

/// Adds to what is told, if anybody listens.
fn tell(text: impl FnOnce() -> String) {
    STAGE.with_borrow_mut(|stage| match stage {
        Some(stage) if stage.is_told => stage.told.push(text()),
        _ => {}
    });
}

/// Stands at this gate until it is one's turn.
pub(crate) fn pass(gate: Gate) -> Pass {
    Pass { gate, stands: false }
}

/// A call at its gate.
pub(crate) struct Pass {
    gate: Gate,
    stands: bool,
}

impl Future for Pass {
    type Output = Fate;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fate> {
        STAGE.with_borrow_mut(|stage| match stage {
            None => Poll::Ready(Fate::Passes),
            Some(stage) if self.stands => Poll::Ready(std::mem::take(&mut stage.fate)),
            Some(stage) => {
                self.stands = true;
                stage.gate = Some(self.gate);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        })
    }
}

/// Contexts whose calls pass gates.
pub(super) struct GatedContexts {
    pub(super) inner: Arc<dyn Contexts>,
}

impl Contexts for GatedContexts {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            let inner = self.inner.context(name).await?;
            Ok(Arc::new(GatedStore { inner }) as Arc<dyn EventStore>)
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        self.inner.names()
    }
}

struct GatedStore {
    inner: Arc<dyn EventStore>,
}

impl GatedStore {
    async fn reading(&self) -> Result<(), ReadError> {
        match pass(Gate::BeforeRead).await {
            Fate::Passes => Ok(()),
            Fate::Fails => {
                let (what, why) = ("a read".to_owned(), "the store is away".to_owned());
                Err(ReadError::Unavailable(Unavailable::Io { what, why }))
            }
        }
    }

    async fn appending(
        &self,
        told: impl FnOnce() -> String,
        append: impl Future<Output = Result<Appended, AppendError>>,
    ) -> Result<Appended, AppendError> {
        let lost = |why: &str| Err(AppendError::Unknown(LostReply { why: why.to_owned() }));
        if pass(Gate::BeforeAppend).await == Fate::Fails {
            return lost("the request was lost");
        }
        let answer = append.await;
        tell(|| match &answer {
            Ok(appended) if appended.replayed => format!("{}: was there already", told()),
            Ok(_) => told(),
            Err(error) => format!("{}: refused, {error}", told()),
        });
        if let Ok(Appended { position: Some(position), .. }) = &answer {
            let context = self.inner.context().clone();
            STAGE.with_borrow_mut(|stage| {
                stage.iter_mut().for_each(|it| it.appended.push((context.clone(), *position)));
            });
        }
        match pass(Gate::BehindAppend).await {
            Fate::Passes => answer,
            Fate::Fails => lost("the reply was lost"),
        }
    }
}

/// An append in a few words.
fn shown(append: &Append) -> String {
    let mut parts = Vec::new();
    for write in append.writes.iter().filter(|write| !write.events.is_empty()) {
        let types: Vec<_> = write.events.iter().map(|event| event.event_type.as_str()).collect();
        parts.push(format!("{} to {}", types.join(", "), write.stream));
    }
    for save in &append.checkpoints {
        parts.push(format!("{} is at {}", save.name, save.to.position));
    }
    match parts.len() {
        0 => "an append of nothing".to_owned(),
        _ => parts.join("; "),
    }
}

impl Around for GatedStore {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.inner
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            let is_told = STAGE.with_borrow(|stage| stage.as_ref().is_some_and(|it| it.is_told));
            let told = if is_told { shown(&append) } else { String::new() };
            self.appending(|| told, self.inner.append(append)).await
        })
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            let named = stream.clone();
            let change = self.inner.change_stream(stream, expected, change);
            self.appending(|| format!("{named} is changed"), change).await
        })
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        Box::pin(async move {
            self.reading().await?;
            self.inner.read_stream(read).await
        })
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        Box::pin(async move {
            self.reading().await?;
            self.inner.read_all(read).await
        })
    }

    fn find(
        &self,
        stream: StreamName,
        id: EventId,
    ) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        Box::pin(async move {
            self.reading().await?;
            self.inner.find(stream, id).await
        })
    }

    // What has no gates is not offered.
    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        None
    }

    fn journal_copies(&self) -> Option<&dyn JournalCopies> {
        None
    }

    fn scavenge(&self) -> Option<&dyn Scavenge> {
        None
    }
}
