//! Nothing but the device: what many writers come to behind a group commit that keeps nothing.
//!
//! Why: the device alone is no floor for sixty-four tasks. They must be woken, make their events and
//! come back, whatever stores them. This does that, and writes as many bytes an event as Headwater.

use super::Peer;
use crate::event::Event;
use crate::floor::Floor;

/// A durable write for each group, of bytes that mean nothing.
pub(crate) struct Bare {
    floor: Floor,
    event_bytes: f64,
}

impl Bare {
    /// Over a file of its own.
    pub(crate) fn new(floor: Floor) -> Self {
        Self { floor, event_bytes: 0.0 }
    }

    /// So many bytes of each write are for one event; no group has more than `count_max` of them.
    pub(crate) fn set_event_bytes(&mut self, bytes: f64, count_max: usize) -> anyhow::Result<()> {
        self.event_bytes = bytes;
        self.floor.set_write_bytes((bytes * count_max as f64).ceil() as u64)
    }
}

impl Peer for Bare {
    fn name(&self) -> &'static str {
        "floor, many tasks"
    }

    fn append(&mut self, events: &[Event]) -> anyhow::Result<()> {
        self.floor.write_of((events.len() as f64 * self.event_bytes).ceil() as usize)
    }

    fn scan(&mut self) -> anyhow::Result<u64> {
        anyhow::bail!("nothing was kept")
    }

    fn read_stream(&mut self, _stream: &str) -> anyhow::Result<u64> {
        anyhow::bail!("nothing was kept")
    }
}
