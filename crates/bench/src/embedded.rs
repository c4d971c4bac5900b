//! Headwater, embedded: the store in this process, over the operating system's disk, counted.

use crate::counting::{Counted, CountingDisk, Counts};
use crate::event::{EVENT_TYPE, Event};
use crate::folder;
use headwater_env::{OsEntropy, SystemClock};
use headwater_model::{
    Append, ContentType, ContextName, Direction, EventId, EventStore, EventType, ExpectedRevision,
    From, Metadata, NewEvent, Position, Query, ReadAll, ReadStream, Revision, StreamName,
    StreamWrite,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// The name of the one context.
pub(crate) const CONTEXT: &str = "bank";

/// An open store, and what it asks of the disk.
pub(crate) struct Headwater {
    context: Arc<EmbeddedContext>,
    counts: Arc<Counts>,
    dir: PathBuf,
}

impl Headwater {
    /// Opens the store in `dir`, or makes it there.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        let disk = CountingDisk::default();
        let counts = disk.counts();
        let environment = Environment {
            disk: Arc::new(disk),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        };
        let name = ContextName::new(CONTEXT)?;
        let context = EmbeddedContext::open(&environment, name, dir, &Options::default())?;
        Ok(Self { context: Arc::new(context), counts, dir: dir.to_owned() })
    }

    /// Closes it: the last handle must be this one.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        let context = Arc::try_unwrap(self.context);
        drop(context.map_err(|_| anyhow::anyhow!("the store is still in use elsewhere"))?);
        Ok(())
    }

    /// The journal's files, each with how many of its bytes hold something: what was zeroed for
    /// events to come is no part of what a scan must read.
    pub(crate) fn journal_files(&self) -> anyhow::Result<Vec<(PathBuf, u64)>> {
        let files = folder::files(&self.dir)?;
        let segments = files.into_iter().filter(|path| path.extension() == Some("seg".as_ref()));
        segments.map(|path| folder::used_bytes(&path).map(|bytes| (path, bytes))).collect()
    }

    /// Where its files are.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The port.
    pub(crate) fn store(&self) -> Arc<dyn EventStore> {
        Arc::clone(&self.context) as Arc<dyn EventStore>
    }

    /// What was asked of the disk so far.
    pub(crate) fn counted(&self) -> Counted {
        self.counts.now()
    }

    /// Appends the events of one or more streams as one append; how many there were.
    pub(crate) async fn append(&self, events: Vec<Event>) -> anyhow::Result<u64> {
        let count = events.len() as u64;
        self.context.append(to_append(events)).await?;
        Ok(count)
    }

    /// The same on this thread.
    pub(crate) fn append_blocking(&self, events: Vec<Event>) -> anyhow::Result<u64> {
        let count = events.len() as u64;
        self.context.append_blocking(to_append(events))?;
        Ok(count)
    }

    /// Sees every event in order of position, in place; how many there are.
    pub(crate) fn scan(&self) -> anyhow::Result<u64> {
        let mut count = 0;
        self.context.scan(Position::ZERO)?.each(|event| {
            black_box(event);
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok(count)
    }

    /// Reads every event in order of position, page by page; how many there are.
    pub(crate) fn read_pages(&self) -> anyhow::Result<u64> {
        let mut read = ReadAll::forwards(Query::all());
        let mut count = 0;
        loop {
            let page = self.context.read_all_blocking(&read)?;
            count += black_box(page.events).len() as u64;
            match page.next {
                Some(next) => read.from = From::At(next),
                None => return Ok(count),
            }
        }
    }

    /// Reads a stream in order; how many events it has.
    pub(crate) fn read_stream(&self, stream: &StreamName) -> anyhow::Result<u64> {
        let page = self.context.read_stream_blocking(&ReadStream::forwards(stream.clone()))?;
        Ok(black_box(page.events).len() as u64)
    }

    /// The last position; `None` while there are no events.
    pub(crate) fn head(&self) -> anyhow::Result<Option<Position>> {
        let last = ReadAll {
            direction: Direction::Backwards,
            count_max: 1,
            ..ReadAll::forwards(Query::all())
        };
        Ok(self.context.read_all_blocking(&last)?.as_of)
    }
}

/// One atomic request: consecutive events of one stream are one write.
pub(crate) fn to_append(events: Vec<Event>) -> Append {
    let event_type = EventType::new(EVENT_TYPE).expect("letters are a name");
    let mut writes: Vec<StreamWrite> = Vec::new();
    for Event { stream, revision, id, payload } in events {
        let new = NewEvent {
            id: EventId(Uuid::from_u128(id)),
            event_type: event_type.clone(),
            schema_version: 1,
            content_type: ContentType::Json,
            payload,
            metadata: Metadata::default(),
            tags: Vec::new(),
        };
        match writes.last_mut().filter(|write| write.stream == stream) {
            Some(write) => write.events.push(new),
            None => {
                let expected = match revision.checked_sub(1) {
                    Some(last) => ExpectedRevision::At(Revision(last)),
                    None => ExpectedRevision::NoStream,
                };
                writes.push(StreamWrite { stream, expected, events: vec![new] });
            }
        }
    }
    Append { writes, ..Append::default() }
}
