//! Planning: which of the waiting appends hold at the head, and the one commit that makes them so.
//!
//! Why: everything an append may be refused for is decided here, at one point in the order (A1),
//! as a pure function of the state, the requests and the time. What comes out are decisions
//! (positions, revisions, the instant): a replica applies them, and never decides again.
//!
//! Picture: each request is planned on the state that the ones before it would leave.
//! ```text
//!   state ─▶ request 0 ─▶ overlay ─▶ request 1 ─▶ overlay ─▶ …      one commit for all
//!               │ refused: nothing stays        │ accepted: events and checkpoints stay
//! ```
//! The order of the checks is part of the promise: shape, then ids (A4: a retry is answered as it
//! was the first time, even if its expectations no longer hold), then tombstones, expectations,
//! conditions, checkpoints.
//!
//! Invariants: A3 positions and revisions are dense. A5 a refused request leaves nothing.
//! A6 the instant never goes back.

mod conditions;
mod expectations;
mod identity;
mod overlay;
mod settings;
mod sound;

pub use conditions::{Checked, Look};
pub use sound::Sound;

use crate::commit::{CommitBuilder, Control};
use crate::life::StreamMark;
use crate::planted::{Bug, planted};
use headwater_model::{
    Append, AppendError, Appended, Checkpoint, CheckpointName, EventId, ExpectedRevision, NewEvent,
    Position, Query, ReadError, RecordedEvent, Revision, SaveCheckpoint, StreamChange, StreamName,
    StreamWrite, Timestamp, limits,
};
use overlay::{Overlay, Written};
use std::ops::Range;
use std::time::Duration;

/// What a plan looks at: the state that the acknowledged commits leave.
pub trait View {
    /// The position of the next event.
    fn next(&self) -> Position;

    /// When the last event was recorded.
    fn recorded_at(&self) -> Timestamp;

    /// The latest instant that a reader was told the state as of: what comes is recorded later.
    fn told(&self) -> Option<Timestamp>;

    /// The last revision of a stream, hidden events included, and which of `ids` stand in it. That
    /// none of them stands there before `new_before` is known.
    ///
    /// # Errors
    /// The index or the log could not be read.
    fn standing(
        &self,
        stream: &StreamName,
        ids: &[EventId],
        new_before: Position,
    ) -> Result<Standing, ReadError>;

    /// The last revision of a stream before `position`.
    ///
    /// # Errors
    /// The index could not be read.
    fn last_revision_before(
        &self,
        stream: &StreamName,
        position: Position,
    ) -> Result<Option<Revision>, ReadError>;

    /// What is kept of a stream.
    fn mark(&self, stream: &StreamName) -> StreamMark;

    /// How often events were given up.
    fn release_count(&self) -> u64;

    /// Looks for the first event that matches `query` at one of `positions`; what is looked at is
    /// taken off `looks_left`.
    ///
    /// # Errors
    /// The index or the log could not be read.
    fn first_match(
        &self,
        query: &Query,
        positions: Range<Position>,
        looks_left: &mut u64,
    ) -> Result<Look, ReadError>;

    /// Where a reader has come to.
    fn checkpoint(&self, name: &CheckpointName) -> Option<Checkpoint>;
}

/// What the state knows of a stream and of some ids.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// The stream's last revision; `None`: it never had an event.
    pub last: Option<Revision>,
    /// The events that have one of the ids asked for, with which of them.
    pub events: Vec<(usize, RecordedEvent)>,
}

/// What waits to be planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Events, conditions, checkpoints.
    Append {
        /// As asked, and sound.
        append: Sound,
        /// What is known already about its conditions.
        checked: Checked,
    },
    /// A change to a stream as a whole.
    Change {
        /// Which stream.
        stream: StreamName,
        /// What the caller believes about it.
        expected: ExpectedRevision,
        /// What to change.
        change: StreamChange,
    },
    /// What was decided elsewhere, one at a time: steps of consumer groups.
    Controls(Vec<Control>),
    /// Gives up the first events of streams, where what is kept of them is still what it was.
    Release(Vec<Release>),
}

/// The first events of a stream, to be given up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    /// Which stream.
    pub stream: StreamName,
    /// What was kept of it when it was looked at. Under the same mark what is hidden stays hidden.
    pub mark: StreamMark,
    /// The first revision that stays.
    pub before: Revision,
}

impl Request {
    /// Bytes that it may take in a commit.
    pub fn bytes_max(&self) -> usize {
        match self {
            Self::Append { append, .. } => append.bytes_max(),
            Self::Change { .. } => CHANGE_BYTES_MAX,
            Self::Controls(controls) => controls.iter().map(Control::bytes_max).sum(),
            Self::Release(releases) => releases.iter().map(Release::bytes_max).sum(),
        }
    }

    /// D2: whether it makes room, or is to: then it may be made where an append finds none.
    pub fn makes_room(&self) -> bool {
        matches!(self, Self::Change { .. } | Self::Release(_))
    }
}

impl Release {
    fn bytes_max(&self) -> usize {
        self.stream.as_str().len() + 32
    }
}

/// An event that records a change: two names, three numbers.
const CHANGE_BYTES_MAX: usize = 2 * limits::STREAM_NAME_BYTES_MAX + 1_024;

/// The answer to one request, once the commit is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// What the caller is told.
    pub answer: Result<Appended, AppendError>,
    /// Whether the answer is true only if the commit is made: it wrote to it, or was planned on
    /// what others had written to it.
    pub needs_commit: bool,
}

/// A group of requests, planned.
#[derive(Debug)]
pub struct Group {
    /// An answer for each of the first requests; those behind did not fit this commit.
    pub planned: Vec<Planned>,
    /// What to write.
    pub commit: CommitBuilder,
}

/// What is fixed for a whole group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// The clock's word.
    pub now: Timestamp,
    /// Bytes of one commit.
    pub commit_bytes_max: usize,
}

/// Plans `requests` in order, as many as fit one commit. `buffer` is used for its bytes.
pub fn plan(view: &impl View, requests: &[Request], terms: Terms, buffer: Vec<u8>) -> Group {
    let commit = CommitBuilder::new(buffer, instant(view, terms.now), view.next());
    let mut planner =
        Planner { overlay: Overlay::new(view), commit, bytes_max: terms.commit_bytes_max };
    let mut planned = Vec::with_capacity(requests.len());
    for request in requests {
        match planner.fits(request) {
            Fit::Now => planned.push(planner.request(request)),
            Fit::NextCommit => break,
            Fit::Never(refusal) => {
                planned.push(Planned { answer: Err(refusal), needs_commit: false });
            }
        }
    }
    Group { planned, commit: planner.commit }
}

/// A6: when the commit is recorded, if the clock says `now`.
fn instant(view: &impl View, now: Timestamp) -> Timestamp {
    if planted(Bug::RecordedAtFollowsClock) {
        return now;
    }
    let behind_told = view.told().map_or(Timestamp::ZERO, |told| told.after(MICROSECOND));
    now.max(view.recorded_at()).max(behind_told)
}

const MICROSECOND: Duration = Duration::from_micros(1);

enum Fit {
    Now,
    NextCommit,
    Never(AppendError),
}

struct Planner<'v, 'r, V> {
    overlay: Overlay<'v, 'r, V>,
    commit: CommitBuilder,
    bytes_max: usize,
}

impl<'r, V: View> Planner<'_, 'r, V> {
    fn fits(&self, request: &Request) -> Fit {
        let bytes = request.bytes_max();
        if self.commit.bytes_max() + bytes <= self.bytes_max {
            return Fit::Now;
        }
        if !self.commit.is_empty() {
            return Fit::NextCommit;
        }
        let (size, size_max) = (bytes as u64, self.bytes_max as u64);
        Fit::Never(AppendError::TooLarge { what: "the bytes of the commit", size, size_max })
    }

    fn request(&mut self, request: &'r Request) -> Planned {
        let built_on_others = !self.commit.is_empty();
        let answer = match request {
            Request::Append { append, checked } => self.append(append, checked),
            Request::Change { stream, expected, change } => self.change(stream, *expected, *change),
            Request::Controls(controls) => Ok(self.controls(controls)),
            Request::Release(releases) => Ok(self.release(releases)),
        };
        Planned { answer, needs_commit: built_on_others || !self.commit.is_empty() }
    }

    fn append(&mut self, append: &'r Append, checked: &Checked) -> Result<Appended, AppendError> {
        let new_before = checked.ids_new_before();
        let looked_up = identity::look_up(&mut self.overlay, &append.writes, new_before);
        let (streams, replay) = looked_up?;
        if let Some(first_answer) = replay {
            return Ok(first_answer);
        }
        let kept_anyway = planted(Bug::KeepRefusedEvents);
        if kept_anyway {
            self.write_events(append, &streams);
        }
        if planted(Bug::SaveCheckpointAlone) {
            self.write_checkpoints(&append.checkpoints);
        }
        for (write, stream) in append.writes.iter().zip(&streams) {
            expectations::check(&self.overlay, &write.stream, *stream, write.expected)?;
            settings::check(&mut self.overlay, write)?;
        }
        conditions::check(self.overlay.view, &self.commit, append, checked)?;
        append.checkpoints.iter().try_for_each(|save| self.check_checkpoint(save))?;

        // Everything holds: from here on nothing can fail.
        if !kept_anyway {
            self.write_events(append, &streams);
        }
        self.write_checkpoints(&append.checkpoints);
        Ok(Appended {
            position: self.commit.next().previous(),
            revisions: streams.iter().map(|stream| self.overlay.last(*stream)).collect(),
            replayed: false,
        })
    }

    fn controls(&mut self, controls: &[Control]) -> Appended {
        controls.iter().for_each(|control| self.commit.control(control.clone()));
        let position = self.commit.next().previous();
        Appended { position, revisions: Vec::new(), replayed: false }
    }

    /// A stream whose settings were changed since is left alone: it may show more again.
    fn release(&mut self, releases: &[Release]) -> Appended {
        for Release { stream, mark, before } in releases {
            let is_same = self.overlay.mark(stream) == *mark || planted(Bug::ReleaseWhatShowsAgain);
            if !is_same || *before <= mark.released {
                continue;
            }
            let number = self.overlay.next_release();
            self.overlay.marked(stream, StreamMark { released: *before, ..*mark });
            let (name, before) = (stream.clone(), *before);
            self.commit.control(Control::StreamReleased { name, before, number });
        }
        let position = self.commit.next().previous();
        Appended { position, revisions: Vec::new(), replayed: false }
    }

    fn check_checkpoint(&self, save: &SaveCheckpoint) -> Result<(), AppendError> {
        let actual = self.overlay.checkpoint(&save.name);
        if actual == save.expected || planted(Bug::CheckpointWithoutCompare) {
            return Ok(());
        }
        let name = save.name.clone();
        Err(AppendError::CheckpointMoved { name, expected: save.expected, actual })
    }

    fn write_events(&mut self, append: &'r Append, streams: &[overlay::Loaded]) {
        let writes = || append.writes.iter().zip(streams);
        if append.turns.is_empty() {
            for (write, stream) in writes() {
                write.events.iter().for_each(|event| self.write_event(write, *stream, event));
            }
            return;
        }
        let mut rest: Vec<_> = writes().map(|(w, stream)| (w, stream, w.events.iter())).collect();
        for turn in &append.turns {
            let (write, stream, events) =
                rest.get_mut(*turn as usize).expect("turns were checked: this write is there");
            let event = events.next().expect("turns were checked: it has one more");
            self.write_event(write, **stream, event);
        }
    }

    fn write_event(
        &mut self,
        write: &'r StreamWrite,
        stream: overlay::Loaded,
        event: &'r NewEvent,
    ) {
        let revision = self.overlay.advance(stream);
        let position = self.commit.event(&write.stream, revision, event);
        assert!(position.next() == self.commit.next(), "A3: positions have no holes");
        self.overlay.wrote(stream, Written { event, revision, position });
        settings::note(&mut self.overlay, &write.stream, event);
    }

    fn write_checkpoints(&mut self, saves: &[SaveCheckpoint]) {
        for SaveCheckpoint { name, to, .. } in saves {
            self.overlay.saved(name, *to);
            self.commit.control(Control::CheckpointSaved { name: name.clone(), to: *to });
        }
    }

    fn change(
        &mut self,
        name: &StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Result<Appended, AppendError> {
        check_changeable(name)?;
        let stream = self.overlay.load(name)?;
        expectations::check(&self.overlay, name, stream, expected)?;
        let last = self.overlay.last(stream);
        let settings = name.settings_stream();
        let settings_stream = self.overlay.load(&settings)?;

        let revision = self.overlay.advance(settings_stream);
        let event = change.event(name, revision, last.map_or(Revision::ZERO, Revision::next));
        let position = self.commit.event(&settings, revision, &event);
        self.overlay.marked(name, self.overlay.mark(name).changed(change, last));
        Ok(Appended { position: Some(position), revisions: vec![Some(revision)], replayed: false })
    }
}

/// Settings streams have no settings of their own.
fn check_changeable(name: &StreamName) -> Result<(), AppendError> {
    if !name.as_str().starts_with("$$") {
        return Ok(());
    }
    let why = format!("stream {name} holds settings and has none itself");
    Err(AppendError::Invalid { why })
}

/// A read that failed while planning, as the append's answer.
fn unreadable(cause: ReadError) -> AppendError {
    match cause {
        ReadError::Corrupt(corrupt) => AppendError::Corrupt(corrupt),
        ReadError::Unavailable(unavailable) => AppendError::Unavailable(unavailable),
        ReadError::Denied(denied) => AppendError::Denied(denied),
        ReadError::NoContext(cause) => AppendError::NoContext(cause),
        ReadError::Diverged { .. } | ReadError::Invalid { .. } => {
            AppendError::Invalid { why: cause.to_string() }
        }
    }
}
