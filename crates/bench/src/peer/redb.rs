//! redb: a copy-on-write B-tree; events by position, and positions by stream and revision.

use super::{CACHE_BYTES, Peer, encode};
use crate::event::Event;
use anyhow::Context;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use std::hint::black_box;
use std::path::Path;

const EVENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("events");
const STREAMS: TableDefinition<'_, (&str, u64), u64> = TableDefinition::new("streams");

/// A database file.
pub(crate) struct Redb {
    database: Database,
    next: u64,
    value: Vec<u8>,
}

impl Redb {
    /// Opens a database, made if it is not there.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let cache_bytes = usize::try_from(CACHE_BYTES)?;
        let database =
            Database::builder().set_cache_size(cache_bytes).create(folder.join("events.redb"))?;
        let write = database.begin_write()?;
        let next = {
            write.open_table(STREAMS)?;
            let events = write.open_table(EVENTS)?;
            events.last()?.map_or(0, |(position, _)| position.value() + 1)
        };
        write.commit()?;
        Ok(Self { database, next, value: Vec::new() })
    }
}

impl Peer for Redb {
    fn name(&self) -> &'static str {
        "redb"
    }

    fn append(&mut self, events: &[Event]) -> anyhow::Result<()> {
        let mut write = self.database.begin_write()?;
        write.set_durability(Durability::Immediate)?;
        {
            let mut by_position = write.open_table(EVENTS)?;
            let mut by_place = write.open_table(STREAMS)?;
            for event in events {
                let taken = by_place.insert((event.stream.as_str(), event.revision), self.next)?;
                anyhow::ensure!(taken.is_none(), "the revision is taken");
                encode(event, &mut self.value);
                by_position.insert(self.next, self.value.as_slice())?;
                self.next += 1;
            }
        }
        write.commit()?;
        Ok(())
    }

    fn scan(&mut self) -> anyhow::Result<u64> {
        let events = self.database.begin_read()?.open_table(EVENTS)?;
        let mut count = 0;
        for entry in events.iter()? {
            let (position, event) = entry?;
            black_box((position.value(), event.value()));
            count += 1;
        }
        Ok(count)
    }

    fn read_stream(&mut self, stream: &str) -> anyhow::Result<u64> {
        let read = self.database.begin_read()?;
        let (by_position, by_place) = (read.open_table(EVENTS)?, read.open_table(STREAMS)?);
        let mut count = 0;
        for entry in by_place.range((stream, 0)..=(stream, u64::MAX))? {
            let position = entry?.1.value();
            let event = by_position.get(position)?.context("a place without its event")?;
            black_box(event.value());
            count += 1;
        }
        Ok(count)
    }
}
