//! Building a commit: records as they are planned, control items behind them, the header last.
//!
//! Why: the body is written once, into the buffer that the journal is handed; nothing is joined.

use super::header::{HEADER_BYTES, Header};
use super::record::{self, Decided};
use super::{Control, Records, varint};
use headwater_model::{NewEvent, Position, Revision, StreamName, Timestamp};

/// A commit being written.
#[derive(Debug)]
pub struct CommitBuilder {
    bytes: Vec<u8>,
    header: Header,
    controls: Vec<Control>,
    control_bytes: usize,
}

impl CommitBuilder {
    /// An empty commit whose first event will stand at `first`. `buffer` is emptied and used again.
    pub fn new(mut buffer: Vec<u8>, recorded_at: Timestamp, first: Position) -> Self {
        buffer.clear();
        buffer.extend_from_slice(&[0; HEADER_BYTES]);
        let header = Header { recorded_at, first, event_count: 0, control_count: 0 };
        Self { bytes: buffer, header, controls: Vec::new(), control_bytes: 0 }
    }

    /// Where the next event will stand.
    pub fn next(&self) -> Position {
        self.header.next()
    }

    /// Whether it has events.
    pub fn has_events(&self) -> bool {
        self.header.event_count > 0
    }

    /// How many events it has.
    pub fn event_count(&self) -> usize {
        self.header.event_count as usize
    }

    /// When the commit is planned.
    pub fn recorded_at(&self) -> Timestamp {
        self.header.recorded_at
    }

    /// Adds an event, and answers with its position.
    pub fn event(&mut self, stream: &StreamName, revision: Revision, event: &NewEvent) -> Position {
        let position = self.next();
        let recorded_at = self.header.recorded_at;
        let decided = Decided { stream, revision, position, recorded_at };
        record::put(&mut self.bytes, event, decided);
        self.header.event_count =
            self.header.event_count.checked_add(1).expect("a commit is bounded by its bytes");
        position
    }

    /// The records added so far.
    pub fn records(&self) -> Records<'_> {
        Records::new(&self.bytes, &self.header)
    }

    /// Adds a control item.
    pub fn control(&mut self, control: Control) {
        self.control_bytes += control.bytes_max();
        self.controls.push(control);
    }

    /// Bytes that it will have, at most.
    pub fn bytes_max(&self) -> usize {
        self.bytes.len() + self.control_bytes
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.header.event_count == 0 && self.controls.is_empty()
    }

    /// The body as the journal takes it.
    pub fn finish(mut self) -> Vec<u8> {
        let bytes_max = self.bytes_max();
        for control in &self.controls {
            control.put(&mut self.bytes);
        }
        self.header.control_count =
            u32::try_from(self.controls.len()).expect("a commit is bounded by its bytes");
        self.bytes[..HEADER_BYTES].copy_from_slice(&self.header.to_bytes());
        assert!(self.bytes.len() <= bytes_max, "D3: a commit is larger than it was planned to be");
        self.bytes
    }
}

/// Bytes that `event` takes in a commit, at most.
pub(crate) fn event_bytes_max(stream: &StreamName, event: &NewEvent) -> usize {
    let tags: usize = event.tags.iter().map(|tag| tag.as_str().len() + 2).sum();
    let free = event.metadata.free.len() * 2 * varint::len(u64::MAX);
    stream.as_str().len()
        + event.event_type.as_str().len()
        + event.payload.len()
        + event.metadata.bytes()
        + free
        + tags
        + 128
}
