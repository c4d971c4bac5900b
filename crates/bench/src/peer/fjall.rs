//! fjall: a log-structured store; events by position, and positions by stream and revision.

use super::{CACHE_BYTES, Peer, encode};
use crate::event::Event;
use anyhow::Context;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::hint::black_box;
use std::path::Path;

/// A database folder.
pub(crate) struct Fjall {
    database: Database,
    events: Keyspace,
    streams: Keyspace,
    next: u64,
    value: Vec<u8>,
}

impl Fjall {
    /// Opens a database, made if it is not there.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let database = Database::builder(folder).cache_size(CACHE_BYTES).open()?;
        let events = database.keyspace("events", KeyspaceCreateOptions::default)?;
        let streams = database.keyspace("streams", KeyspaceCreateOptions::default)?;
        let next = match events.last_key_value() {
            Some(last) => u64::from_be_bytes(last.key()?.as_ref().try_into()?) + 1,
            None => 0,
        };
        Ok(Self { database, events, streams, next, value: Vec::new() })
    }
}

impl Peer for Fjall {
    fn name(&self) -> &'static str {
        "fjall"
    }

    fn append(&mut self, events: &[Event]) -> anyhow::Result<()> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for event in events {
            let place = place(event.stream.as_str(), event.revision);
            anyhow::ensure!(!self.streams.contains_key(&place)?, "the revision is taken");
            encode(event, &mut self.value);
            batch.insert(&self.events, self.next.to_be_bytes(), self.value.as_slice());
            batch.insert(&self.streams, place, self.next.to_be_bytes());
            self.next += 1;
        }
        batch.commit()?;
        Ok(())
    }

    fn scan(&mut self) -> anyhow::Result<u64> {
        let mut count = 0;
        for entry in self.events.iter() {
            black_box(entry.into_inner()?);
            count += 1;
        }
        Ok(count)
    }

    fn read_stream(&mut self, stream: &str) -> anyhow::Result<u64> {
        let mut count = 0;
        for entry in self.streams.prefix(place_prefix(stream)) {
            let event = self.events.get(entry.value()?)?.context("a place without its event")?;
            black_box(event);
            count += 1;
        }
        Ok(count)
    }
}

/// Stream and revision as a key that sorts by both.
fn place(stream: &str, revision: u64) -> Vec<u8> {
    let mut key = place_prefix(stream);
    key.extend_from_slice(&revision.to_be_bytes());
    key
}

fn place_prefix(stream: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(stream.len() + 9);
    key.extend_from_slice(stream.as_bytes());
    key.push(0);
    key
}
