//! The peers: other embedded stores doing the same job as Headwater.
//!
//! Why one trait: a peer that is driven by the same loop cannot be measured by another rule.
//! The job: append events with position, stream, revision, id, type and payload, atomically and
//! durably, refusing a revision that is taken; read them all; read one stream in order.

mod bare;
mod fjall;
mod redb;
mod sqlite;

use crate::event::Event;
pub(crate) use bare::Bare;
pub(crate) use fjall::Fjall;
pub(crate) use redb::Redb;
pub(crate) use sqlite::Sqlite;
use std::path::Path;

/// Memory that a peer may use for its cache: enough to hold what is read.
const CACHE_BYTES: u64 = 1 << 30;

/// A store that the bench drives on one thread.
pub(crate) trait Peer: Send {
    /// Its name in the tables.
    fn name(&self) -> &'static str;

    /// Appends all events as one transaction, durable when it returns.
    fn append(&mut self, events: &[Event]) -> anyhow::Result<()>;

    /// Reads every event in order of position, all its fields; returns how many there are.
    fn scan(&mut self) -> anyhow::Result<u64>;

    /// Reads a stream in order; returns how many events it has.
    fn read_stream(&mut self, stream: &str) -> anyhow::Result<u64>;
}

impl<P: Peer + ?Sized> Peer for Box<P> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn append(&mut self, events: &[Event]) -> anyhow::Result<()> {
        (**self).append(events)
    }

    fn scan(&mut self) -> anyhow::Result<u64> {
        (**self).scan()
    }

    fn read_stream(&mut self, stream: &str) -> anyhow::Result<u64> {
        (**self).read_stream(stream)
    }
}

/// Every peer, each empty in a folder of its own below `dir`.
pub(crate) fn all(dir: &Path) -> anyhow::Result<Vec<Box<dyn Peer>>> {
    let folder = |name: &str| -> anyhow::Result<_> {
        let folder = dir.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    };
    Ok(vec![
        Box::new(Sqlite::open(&folder("sqlite")?)?),
        Box::new(Fjall::open(&folder("fjall")?)?),
        Box::new(Redb::open(&folder("redb")?)?),
    ])
}

/// An event as the value of a key-value store: fields with their lengths, then the payload.
fn encode(event: &Event, into: &mut Vec<u8>) {
    into.clear();
    into.extend_from_slice(&event.id.to_be_bytes());
    into.extend_from_slice(&event.revision.to_be_bytes());
    for text in [event.stream.as_str(), crate::event::EVENT_TYPE] {
        let length = u16::try_from(text.len()).expect("names are short");
        into.extend_from_slice(&length.to_be_bytes());
        into.extend_from_slice(text.as_bytes());
    }
    into.extend_from_slice(&event.payload);
}
