//! What may be removed of a segment.
//!
//! Invariants: only what was released in a durable commit goes. The last event of a stream leaves where
//! the stream stands. A control item goes only if a later one of the same segment says the same more
//! recently.

use crate::commit::{Commit, Control, EventRef, Fate, Fates, Malformed, Stub};
use crate::index::Snapshot;
use crate::planted::{Bug, planted};
use crate::state::{State, corrupt, index_error};
use bytestring::ByteString;
use hashbrown::HashMap;
use headwater_journal_file::Place;
use headwater_model::{CheckpointName, ReadError, Revision};

/// Why it was not decided.
pub(super) enum Undecided {
    /// The bytes of a commit.
    Malformed(Malformed),
    /// The index did not answer.
    Unreadable(ReadError),
}

impl From<Malformed> for Undecided {
    fn from(cause: Malformed) -> Self {
        Self::Malformed(cause)
    }
}

impl Undecided {
    /// As a reader of `place` is told.
    pub(super) fn at(self, place: Place) -> ReadError {
        match self {
            Self::Malformed(cause) => corrupt(place, &cause),
            Self::Unreadable(cause) => cause,
        }
    }
}

/// Decides for one segment.
pub(super) struct Released<'a> {
    state: &'a State,
    snapshot: Snapshot,
    /// The first revision that stays, and the last that there is, of the streams that were met.
    streams: HashMap<ByteString, (Revision, Option<Revision>)>,
    latest: Latest,
}

/// The control items of a segment that a later one of it makes superfluous.
#[derive(Default)]
pub(super) struct Latest {
    checkpoints: HashMap<CheckpointName, u64>,
    releases: HashMap<ByteString, u64>,
    seen: u64,
}

impl Latest {
    /// Looks at the control items of the next commit.
    pub(super) fn look(&mut self, controls: &[Control]) {
        for control in controls {
            self.seen += 1;
            match control {
                Control::CheckpointSaved { name, .. } => {
                    self.checkpoints.insert(name.clone(), self.seen);
                }
                Control::StreamReleased { name, .. } => {
                    self.releases.insert(ByteString::from(name.as_str()), self.seen);
                }
                _ => {}
            }
        }
    }
}

impl<'a> Released<'a> {
    /// After all commits of the segment were looked at once.
    pub(super) fn new(state: &'a State, latest: Latest) -> Self {
        let snapshot = state.snapshot(state.head().next);
        Self { state, snapshot, streams: HashMap::new(), latest: Latest { seen: 0, ..latest } }
    }

    /// To look at the segment once more.
    pub(super) fn into_latest(self) -> Latest {
        self.latest
    }

    fn bounds(&mut self, stream: &str) -> Result<(Revision, Option<Revision>), Undecided> {
        if let Some(bounds) = self.streams.get(stream) {
            return Ok(*bounds);
        }
        let released = self.state.mark(stream).unwrap_or_default().released;
        let released = if planted(Bug::RemoveOneMore) { released.next() } else { released };
        // Where nothing was released nobody has to know where the stream ends.
        let last = match released {
            Revision::ZERO => None,
            _ => {
                let head = self.snapshot.head(stream);
                let head = head.map_err(|cause| Undecided::Unreadable(index_error(cause)))?;
                head.map(|head| head.last)
            }
        };
        self.streams.insert(ByteString::from(stream), (released, last));
        Ok((released, last))
    }
}

impl Fates for Released<'_> {
    type Error = Undecided;

    fn of_event(&mut self, event: &EventRef<'_>) -> Result<Fate, Undecided> {
        let (released, last) = self.bounds(event.stream.as_str())?;
        let is_last = Some(event.revision) == last && !planted(Bug::ForgetLastRevision);
        Ok(match event.revision < released {
            false => Fate::Stays,
            true if is_last => Fate::StaysAsLast,
            true => Fate::Goes,
        })
    }

    fn stub_stays(&mut self, stub: &Stub<'_>) -> Result<bool, Undecided> {
        let (_, last) = self.bounds(stub.stream.as_str())?;
        Ok(Some(stub.revision) == last)
    }

    fn control_stays(&mut self, control: &Control) -> bool {
        self.latest.seen += 1;
        let latest = match control {
            Control::CheckpointSaved { name, .. } => self.latest.checkpoints.get(name),
            Control::StreamReleased { name, .. } => self.latest.releases.get(name.as_str()),
            _ => None,
        };
        latest.is_none_or(|latest| *latest == self.latest.seen)
    }
}

/// The control items of a commit.
pub(super) fn controls(commit: &Commit<'_>) -> Result<Vec<Control>, Malformed> {
    let mut records = commit.records();
    while records.next_item()?.is_some() {}
    commit.controls(records)
}
