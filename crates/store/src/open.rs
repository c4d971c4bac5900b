//! Opening a context: the journal recovers itself, the rest is what its last segments say.
//!
//! Why: an open must cost what was unsealed, not what there is. The index knows all sealed
//! segments, a kept file holds everything else as of the last seal; what no file knows is applied
//! from the log again, by the same code as live.
//!
//! Picture:
//! ```text
//!   segments   0        1        2        3 (open)
//!   index      ├────────┴────────┤
//!   kept       ├────────────────────────────────┤ held/00000002
//!   replayed                     ├──────────────────▶
//! ```
//! After a crash: a missing, broken or damaged index or kept file costs time, never an answer.

use crate::apply::{Parts, apply};
use crate::commit::{Commit, CommitBuilder, Control, Malformed};
use crate::heal::heal_step;
use crate::held::{HeldFiles, Kept};
use crate::index::{Index, IndexOptions};
use crate::log::Log;
use crate::read::Records;
use crate::replica::Copy;
use crate::state::{Head, Held, State, corrupt, index_error, journal_error};
use crate::told::ToldFile;
use crate::writer::Writer;
use headwater_env::{Clock, Disk, Entropy};
use headwater_journal_file::{FileJournal, Frame, Segments};
use headwater_model::{
    ContextName, Corrupt, Incarnation, Journal, Position, ReadError, Slot, Timestamp,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64;

/// What a store stands on.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Where files are.
    pub disk: Arc<dyn Disk>,
    /// What recorded-at is taken from.
    pub clock: Arc<dyn Clock>,
    /// What new ids are drawn from.
    pub entropy: Arc<dyn Entropy>,
}

/// Who does the work that nobody waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Background {
    /// Threads of each context: appends by tasks are committed, segments indexed, beside the callers.
    Threads,
    /// The callers, so that everything happens in the same order each time: simulation.
    Inline,
}

/// How a context is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Its segments.
    pub journal: headwater_journal_file::Options,
    /// Memory for index pages, at most. Taken as reads ask for them.
    pub index_cache_bytes_max: usize,
    /// Memory for events that were read singly, at most. Taken as reads ask for them.
    pub record_cache_bytes_max: usize,
    /// Who does the work that nobody waits for.
    pub background: Background,
    /// A6: a clock that is so far ahead of the last commit is taken for a broken one, and appends
    /// are refused, because recorded-at could never go back. Long enough for a store that slept.
    pub clock_leap_max: Duration,
    /// Events looked at for the conditions of one append, at most; one that needs more is refused.
    pub condition_look_count_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            journal: headwater_journal_file::Options::default(),
            index_cache_bytes_max: crate::limits::INDEX_CACHE_BYTES,
            record_cache_bytes_max: crate::limits::RECORD_CACHE_BYTES,
            background: Background::Threads,
            clock_leap_max: Duration::from_secs(366 * 24 * 60 * 60),
            condition_look_count_max: crate::limits::CONDITION_LOOK_COUNT_MAX,
        }
    }
}

impl Options {
    /// For simulation: small segments, everything on the caller's thread.
    pub fn inline(segment_bytes: u32) -> Self {
        let journal = headwater_journal_file::Options {
            segment_bytes,
            preparing: headwater_journal_file::Preparing::Inline,
            ..headwater_journal_file::Options::default()
        };
        Self { journal, background: Background::Inline, ..Self::default() }
    }
}

/// An opened context, before anyone uses it.
pub(crate) struct Opened {
    pub(crate) state: Arc<State>,
    pub(crate) writer: Writer,
    pub(crate) files: HeldFiles,
}

/// Opens the context in `dir`, or makes it. With a `journal` the segments are its local replica.
pub(crate) fn open(
    environment: &Environment,
    name: &ContextName,
    dir: &Path,
    options: &Options,
    journal: Option<Box<dyn Journal>>,
) -> Result<Opened, ReadError> {
    let Environment { disk, clock, entropy } = environment;
    let segments_dir = dir.join("journal");
    let local = || FileJournal::open(Arc::clone(disk), &**entropy, &segments_dir, options.journal);
    let copy = journal.is_some().then_some(Copy { disk: &**disk, dir });
    let log = match (journal, copy) {
        (Some(journal), Some(copy)) => Log::replica(journal, copy, &local),
        _ => local().map(Log::file),
    };
    let mut log = log.map_err(journal_error)?;
    let found = match (find(environment, dir, options, &log.segments()), copy) {
        (Err(ReadError::Corrupt(cause)), Some(copy)) => {
            log = log.fetched_again(copy, &local, cause).map_err(journal_error)?;
            find(environment, dir, options, &log.segments())?
        }
        (found, _) => found?,
    };
    let Found { id, is_born, state, files } = found;
    let told = ToldFile::open(&**disk, &dir.join("held"), id).map_err(unavailable)?;
    let state = Arc::new(state.telling(told, options.clock_leap_max));
    let clock = Arc::clone(clock);
    let mut writer = Writer::new(log, Arc::clone(&state), clock, options.clock_leap_max);
    if !is_born {
        writer.begin(id, name).map_err(unreadable)?;
    }
    copy.map_or(Ok(()), |copy| copy.mark(id)).map_err(unavailable)?;
    Ok(Opened { state, writer, files })
}

/// What the files of a context come to.
struct Found {
    id: Uuid,
    /// Whether its first commit is there.
    is_born: bool,
    state: State,
    files: HeldFiles,
}

fn find(
    environment: &Environment,
    dir: &Path,
    options: &Options,
    segments: &Segments,
) -> Result<Found, ReadError> {
    let Environment { disk, clock, entropy } = environment;
    let born = born(segments)?;
    let id = born.unwrap_or_else(|| entropy.uuid(clock.now()));
    let index = IndexOptions {
        disk: Arc::clone(disk),
        dir: dir.join("index"),
        identity: xxh3_64(id.as_bytes()),
        cache_bytes_max: options.index_cache_bytes_max,
    };
    let files = HeldFiles::open(Arc::clone(disk), &dir.join("held")).map_err(unavailable)?;
    let kept = files.newest(id).map_err(unavailable)?;
    let state = recover(&index, segments, kept, options.record_cache_bytes_max)?;
    Ok(Found { id, is_born: born.is_some(), state, files })
}

fn unavailable(cause: headwater_env::DiskError) -> ReadError {
    ReadError::Unavailable(cause.into())
}

fn unreadable(cause: headwater_model::AppendError) -> ReadError {
    match cause {
        headwater_model::AppendError::Unavailable(cause) => ReadError::Unavailable(cause),
        headwater_model::AppendError::Corrupt(cause) => ReadError::Corrupt(cause),
        other => ReadError::Unavailable(headwater_model::Unavailable::Io {
            what: "making the context".to_owned(),
            why: other.to_string(),
        }),
    }
}

/// The id in the first commit; `None`: there is none yet.
fn born(segments: &Segments) -> Result<Option<Uuid>, ReadError> {
    let Some(frame) = segments.frames(segments.start()).next() else { return Ok(None) };
    let frame = frame.map_err(journal_error)?;
    let malformed = |cause| corrupt(frame.place, &cause);
    let commit = Commit::read(&frame.body).map_err(malformed)?;
    let controls = commit.controls(commit.records()).map_err(malformed)?;
    match controls.first() {
        Some(Control::ContextBorn { id, .. }) => Ok(Some(*id)),
        _ => Err(malformed(Malformed::new(0, "the first commit does not say whose journal it is"))),
    }
}

/// The body of a context's first commit.
pub(crate) fn birth(id: Uuid, name: &ContextName, now: Timestamp) -> Vec<u8> {
    let mut commit = CommitBuilder::new(Vec::new(), now, Position::ZERO);
    commit.control(Control::ContextBorn { id, name: name.clone() });
    commit.control(Control::Incarnated { incarnation: Incarnation(0), fork: Position::ZERO });
    commit.finish()
}

/// The state that the files know, and what the log says beyond them. If the index turns out to be
/// damaged in what that needs, it is healed first.
fn recover(
    index: &IndexOptions,
    segments: &Segments,
    kept: Option<Kept>,
    record_cache_bytes_max: usize,
) -> Result<State, ReadError> {
    let begin = || -> Result<State, ReadError> {
        let index = Index::open(index.clone()).map_err(index_error)?;
        let records = Records::new(record_cache_bytes_max);
        Ok(State::new(index, segments.clone(), records, Held::default(), Head::default()))
    };
    let state = begin()?;
    let cause = match catch_up(&state, kept.clone()) {
        Ok(()) => return Ok(state),
        Err(cause) => cause,
    };
    let mut is_healed = false;
    while heal_step(&state, &|| true)? {
        is_healed = true;
    }
    // It may have been told some of the events: begin again.
    drop(state);
    if !is_healed {
        return Err(cause);
    }
    let state = begin()?;
    catch_up(&state, kept)?;
    Ok(state)
}

/// Applies what neither the index nor a kept file knows.
fn catch_up(state: &State, kept: Option<Kept>) -> Result<(), ReadError> {
    let State { index, segments, .. } = state;
    let first = segments.start().segment;
    let indexed_until = index.end();
    let unindexed = match indexed_until.previous() {
        None => first,
        Some(last) => {
            let place = index.snapshot(indexed_until).locate(last).map_err(index_error)?;
            place.map_or(first, |place| place.segment + 1)
        }
    };
    let kept_until = kept.as_ref().map_or(first, |kept| kept.segment + 1);
    let start = unindexed.min(kept_until).max(first);
    let head = kept.as_ref().filter(|_| start == kept_until).map(|kept| kept.head);
    *state.held.write() = kept.map_or_else(Held::default, |kept| kept.held);
    let begun = segments.list().into_iter().find(|info| info.segment == start);

    let mut replay = Replay { state, head, indexed_until, kept_until, segment: start };
    if let Some(info) = begun {
        replay.from(info.first_slot)?;
    }
    let head = replay.head.unwrap_or_default();
    if head.next != state.index.end() {
        let (file, at) = ("the index".to_owned(), indexed_until.0);
        let why = format!("it knows {} events, the journal has {}", state.index.end(), head.next);
        return Err(ReadError::Corrupt(Corrupt { file, at, why }));
    }
    if let Some((stream, begins)) = state.recovered() {
        let (file, at) = ("the journal".to_owned(), begins.0);
        let why = format!("A3: stream {stream} begins at revision {begins}, less was given up");
        return Err(ReadError::Corrupt(Corrupt { file, at, why }));
    }
    state.publish(head);
    Ok(())
}

struct Replay<'a> {
    state: &'a State,
    /// Behind the last commit applied; `None`: nothing is known before the first.
    head: Option<Head>,
    indexed_until: Position,
    kept_until: u32,
    segment: u32,
}

impl Replay<'_> {
    fn from(&mut self, slot: Slot) -> Result<(), ReadError> {
        let frames = self.state.segments.frames_from_slot(slot).map_err(journal_error)?;
        for frame in frames {
            let frame = frame.map_err(journal_error)?;
            self.frame(&frame).map_err(|cause| corrupt(frame.place, &cause))?;
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame) -> Result<(), Malformed> {
        let before = match self.head {
            Some(head) => head,
            None => {
                let first = Commit::read(&frame.body)?.header().first;
                if first > self.indexed_until {
                    return Err(Malformed::new(0, "commits before this one are missing"));
                }
                Head { next: first, recorded_at: Timestamp::ZERO }
            }
        };
        let segment = frame.place.segment;
        if segment > self.segment && segment > self.kept_until {
            self.state.rolled(segment - 1, before);
        }
        self.segment = segment;
        let parts = Parts::Recovering {
            indexed_until: self.indexed_until,
            held_is_known: segment < self.kept_until,
        };
        self.head = Some(apply(self.state, before, frame.place, &frame.body, parts)?);
        Ok(())
    }
}
