//! A store, its backups and what becomes of them, on one disk.

use headwater_backup::{
    Archive, BackupError, Checked, Restore, RestoredContext, Take, Taken, To, Unseen, check,
    restore,
};
use headwater_env::{Disk, SeededEntropy, VirtualClock};
use headwater_model::{
    Append, Checkpoint, CheckpointName, ContextName, EventId, EventStore, EventType,
    ExpectedRevision, From, Incarnation, NewEvent, Position, Query, QueryItem, ReadAll,
    RecordedEvent, SaveCheckpoint, StreamName, Timestamp,
};
use headwater_store::{EmbeddedContext, EmbeddedStore, Environment, Options};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use uuid::Uuid;

/// Small, so that a dozen appends seal several segments.
pub(crate) const SEGMENT_BYTES: u32 = 4_096;

/// What runs on its caller's thread is there at once.
pub(crate) fn ready<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("an embedded store answers on its caller's thread"),
    }
}

pub(crate) fn name(text: &str) -> ContextName {
    ContextName::new(text).expect("a name")
}

pub(crate) struct World {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: VirtualClock,
    pub(crate) options: Options,
    seed: u64,
}

impl World {
    pub(crate) fn on(disk: Arc<dyn Disk>, seed: u64) -> Self {
        let clock = VirtualClock::at(Timestamp::from_micros(1_000_000_000));
        Self { disk, clock, options: Options::inline(SEGMENT_BYTES), seed }
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment {
            disk: Arc::clone(&self.disk),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(SeededEntropy::new(self.seed)),
        }
    }

    /// The store in a data directory.
    pub(crate) fn store(&self, data: &str) -> EmbeddedStore {
        let root = Path::new(data).join("store");
        EmbeddedStore::open_in(self.environment(), &root, self.options).expect("it opens")
    }

    pub(crate) fn archive(&self) -> Archive {
        Archive::open_or_make(&self.disk, Path::new("/backups")).expect("a place for backups")
    }

    /// Takes a backup of these contexts.
    pub(crate) fn back_up(&self, contexts: &[Arc<EmbeddedContext>]) -> Result<Taken, BackupError> {
        self.back_up_to(&self.try_archive("/backups")?, contexts)
    }

    pub(crate) fn try_archive(&self, dir: &str) -> Result<Archive, BackupError> {
        Archive::open_or_make(&self.disk, Path::new(dir))
    }

    pub(crate) fn back_up_to(
        &self,
        archive: &Archive,
        contexts: &[Arc<EmbeddedContext>],
    ) -> Result<Taken, BackupError> {
        let take = Take {
            archive,
            by: "the test".to_owned(),
            source: "memory".to_owned(),
            clock: &self.clock,
            progress: &Unseen,
        };
        let contexts: Vec<_> =
            contexts.iter().map(|context| Arc::clone(context) as Arc<dyn EventStore>).collect();
        self.clock.advance(Duration::from_secs(1));
        ready(take.contexts(&contexts))
    }

    pub(crate) fn check(&self) -> Checked {
        check(&self.archive(), None, &Unseen).expect("the disk answers")
    }

    pub(crate) fn restore(
        &self,
        id: Option<&str>,
        to: To,
        data: &str,
    ) -> Result<Vec<RestoredContext>, BackupError> {
        let archive = Archive::open(&self.disk, Path::new("/backups"))?;
        let manifest = archive.pick(id)?;
        let asked = Restore {
            archive: &archive,
            manifest: &manifest,
            contexts: &[],
            to,
            environment: self.environment(),
            options: self.options,
            progress: &Unseen,
        };
        restore(&asked, &PathBuf::from(data))
    }
}

/// Every event of a context, the system's too.
pub(crate) fn events(context: &EmbeddedContext) -> Vec<RecordedEvent> {
    let system = QueryItem { stream_prefixes: vec!["$".into()], ..QueryItem::default() };
    let query = Query { items: vec![QueryItem::default(), system] };
    let mut read = ReadAll::forwards(query);
    let mut all = Vec::new();
    loop {
        let page = context.read_all_blocking(&read).expect("a page");
        all.extend(page.events);
        let Some(next) = page.next else { return all };
        read.from = From::At(next);
    }
}

pub(crate) fn event(n: u64, fill: usize) -> NewEvent {
    let id = EventId(Uuid::from_u128(u128::from(n) + 1));
    let kind = EventType::new("SeatTaken").expect("a name");
    NewEvent::json(id, kind, format!("{{\"n\":{n},\"fill\":\"{}\"}}", "x".repeat(fill)))
}

pub(crate) fn stream(text: &str) -> StreamName {
    StreamName::new(text).expect("a name")
}

/// Events `n` and on, so many, to one stream.
pub(crate) fn append(to: &str, n: u64, count: u64, fill: usize) -> Append {
    let events = (n..n + count).map(|n| event(n, fill)).collect();
    Append::to(stream(to), ExpectedRevision::Any, events)
}

pub(crate) fn reader() -> CheckpointName {
    CheckpointName::new("reader").expect("a name")
}

pub(crate) fn at(incarnation: u32, position: u64) -> Checkpoint {
    Checkpoint { incarnation: Incarnation(incarnation), position: Position(position) }
}

/// Moves the reader's checkpoint, and nothing else.
pub(crate) fn save(expected: Option<Checkpoint>, to: Checkpoint) -> Append {
    Append::default().saving(SaveCheckpoint { name: reader(), expected, to })
}
