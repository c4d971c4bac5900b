//! The overlay: what the requests planned so far would leave, on top of the state.
//!
//! Why: each request of a group is planned as if those before it were committed already.
//!
//! Invariant: A1, a stream is loaded from the state once, and from then on only the plan moves it.

use super::View;
use crate::life::StreamMark;
use crate::planted::{Bug, planted};
use hashbrown::HashMap;
use headwater_model::{
    AppendError, Checkpoint, CheckpointName, EventId, NewEvent, Position, RecordedEvent, Revision,
    StreamName,
};

/// A stream that was loaded into the overlay.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Loaded(usize);

struct Stream {
    /// As the acknowledged commits leave it.
    stored: Option<Revision>,
    /// As the group leaves it.
    last: Option<Revision>,
}

/// An event that an earlier request of the group writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'r> {
    pub(super) event: &'r NewEvent,
    pub(super) revision: Revision,
    pub(super) position: Position,
}

/// What the requests planned so far would leave.
pub(super) struct Overlay<'v, 'r, V> {
    pub(super) view: &'v V,
    by_name: HashMap<StreamName, Loaded>,
    streams: Vec<Stream>,
    /// What the group writes, in order.
    written: Vec<(Loaded, Written<'r>)>,
    /// The first of these by stream and id, as far as anyone asked: most groups never do.
    by_id: HashMap<(Loaded, EventId), usize>,
    marks: HashMap<StreamName, StreamMark>,
    checkpoints: HashMap<CheckpointName, Checkpoint>,
    /// How often the group gives events up.
    release_count: u64,
}

impl<'v, 'r, V: View> Overlay<'v, 'r, V> {
    pub(super) fn new(view: &'v V) -> Self {
        Self {
            view,
            by_name: HashMap::new(),
            streams: Vec::new(),
            written: Vec::new(),
            by_id: HashMap::new(),
            marks: HashMap::new(),
            checkpoints: HashMap::new(),
            release_count: 0,
        }
    }

    /// Brings a stream into the overlay, if it is not there.
    pub(super) fn load(&mut self, name: &StreamName) -> Result<Loaded, AppendError> {
        self.load_with(name, &[], Position::ZERO).map(|(loaded, _)| loaded)
    }

    /// Brings a stream into the overlay, and tells which of `ids` are stored in it: none before
    /// `new_before`.
    pub(super) fn load_with(
        &mut self,
        name: &StreamName,
        ids: &[EventId],
        new_before: Position,
    ) -> Result<(Loaded, Vec<(usize, RecordedEvent)>), AppendError> {
        let known = self.by_name.get(name).copied();
        let nothing_stored = |loaded: Loaded| self.streams[loaded.0].stored.is_none();
        if let Some(loaded) = known
            && (ids.is_empty() || nothing_stored(loaded))
        {
            return Ok((loaded, Vec::new()));
        }
        let standing = self.view.standing(name, ids, new_before).map_err(super::unreadable)?;
        let loaded = known.unwrap_or_else(|| {
            let loaded = Loaded(self.streams.len());
            self.streams.push(Stream { stored: standing.last, last: standing.last });
            self.by_name.insert(name.clone(), loaded);
            loaded
        });
        Ok((loaded, standing.events))
    }

    /// The event of this id that the group itself writes to this stream.
    pub(super) fn written(&mut self, stream: Loaded, id: EventId) -> Option<Written<'r>> {
        for (n, (stream, written)) in self.written.iter().enumerate().skip(self.by_id.len()) {
            let before = self.by_id.insert((*stream, written.event.id), n);
            assert!(before.is_none(), "A4: an id was looked up before it was written");
        }
        self.by_id.get(&(stream, id)).map(|n| self.written[*n].1)
    }

    /// Whether nothing that an earlier request wrote could be in this stream.
    pub(super) fn is_untouched(&self, stream: Loaded) -> bool {
        let stream = &self.streams[stream.0];
        stream.stored == stream.last
    }

    /// The last revision of a stream, hidden events included.
    pub(super) fn last(&self, stream: Loaded) -> Option<Revision> {
        let stream = &self.streams[stream.0];
        if planted(Bug::RevisionFromStaleHead) { stream.stored } else { stream.last }
    }

    pub(super) fn mark(&self, name: &StreamName) -> StreamMark {
        self.marks.get(name).copied().unwrap_or_else(|| self.view.mark(name))
    }

    /// The number of the next time that events are given up.
    pub(super) fn next_release(&mut self) -> u64 {
        self.release_count += 1;
        self.view.release_count() + self.release_count
    }

    pub(super) fn checkpoint(&self, name: &CheckpointName) -> Option<Checkpoint> {
        self.checkpoints.get(name).copied().or_else(|| self.view.checkpoint(name))
    }

    /// The last revision that the group itself gave a stream up to `position`.
    pub(super) fn written_before(&self, stream: Loaded, position: Position) -> Option<Revision> {
        let own = self.written.iter().filter(|(of, _)| *of == stream);
        own.filter(|(_, written)| written.position <= position).map(|(_, w)| w.revision).max()
    }

    /// Takes the next revision of a stream.
    pub(super) fn advance(&mut self, stream: Loaded) -> Revision {
        let revision = self.last(stream).map_or(Revision::ZERO, Revision::next);
        self.streams[stream.0].last = Some(revision);
        revision
    }

    pub(super) fn wrote(&mut self, stream: Loaded, written: Written<'r>) {
        let last = self.written.last().map(|(_, last)| last.position);
        assert!(last < Some(written.position), "A3: positions rise in the order of the plan");
        let of_stream = self.streams[stream.0].last;
        assert!(of_stream == Some(written.revision), "A3: an event is the last of its stream");
        self.written.push((stream, written));
    }

    pub(super) fn marked(&mut self, name: &StreamName, mark: StreamMark) {
        self.marks.insert(name.clone(), mark);
    }

    pub(super) fn saved(&mut self, name: &CheckpointName, to: Checkpoint) {
        self.checkpoints.insert(name.clone(), to);
    }
}
