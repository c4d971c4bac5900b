//! The state: what the commits so far come to, shared by the writer and the readers.
//!
//! Why: readers never ask the writer. They take the head, and see everything before it.
//!
//! Picture:
//! ```text
//!   journal ──commit──▶ apply ──▶ index, marks, checkpoints ──publish──▶ head ──▶ readers, waiters
//! ```
//!
//! Invariants: R1 the head moves only when all before it is applied. R2 it moves before the append
//! is answered. A6 who is told the state as of an instant makes later commits come after it.

use crate::commit::{Control, Malformed};
use crate::groups::held::GroupHeld;
use crate::held::Kept;
use crate::index::{Index, IndexError, Snapshot};
use crate::keeper::Wake;
use crate::life::StreamMark;
use crate::planted::{Bug, planted};
use crate::read::Records;
use crate::told::ToldFile;
use crate::waking::Waking;
use bytestring::ByteString;
use hashbrown::HashMap;
use headwater_journal_file::Segments;
use headwater_model::{
    Checkpoint, CheckpointName, Corrupt, GroupName, Incarnation, JournalError, Position, ReadError,
    Revision, Timestamp, Unavailable,
};
use parking_lot::{Mutex, MutexGuard, RwLock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

/// How far the context has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// Where the next event will stand.
    pub next: Position,
    /// When the last event was recorded.
    pub recorded_at: Timestamp,
}

/// Who a context is, and how often its history was forked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The same in every copy.
    pub id: Uuid,
    /// Each history and its first position, the newest last.
    pub incarnations: Vec<(Incarnation, Position)>,
}

impl Identity {
    /// The history that is written now.
    pub fn incarnation(&self) -> Incarnation {
        self.incarnations.last().map_or(Incarnation(0), |(incarnation, _)| *incarnation)
    }

    /// Whether `checkpoint` is a place of this history: of the newest one, or of an older one
    /// before the fork that ended it.
    pub fn knows(&self, checkpoint: Checkpoint) -> bool {
        let forks = self.incarnations.iter();
        let later = forks.filter(|(incarnation, _)| *incarnation > checkpoint.incarnation);
        let before_forks = later.map(|(_, fork)| *fork).all(|fork| checkpoint.position < fork);
        checkpoint.incarnation <= self.incarnation() && before_forks
    }
}

/// What is small enough to be held whole: everything but events.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// Who the context is; `None` before its first commit.
    pub identity: Option<Identity>,
    /// What is kept of the streams that have settings or were deleted.
    pub marks: HashMap<ByteString, StreamMark>,
    /// How far readers have come.
    pub checkpoints: HashMap<CheckpointName, Checkpoint>,
    /// How far consumer groups have come.
    pub groups: HashMap<GroupName, GroupHeld>,
    /// How often events of streams were given up: the number of the last time.
    pub release_count: u64,
}

impl Held {
    /// Takes over what a commit decided.
    pub(crate) fn take(&mut self, control: Control) {
        match control {
            Control::ContextBorn { id, .. } => {
                self.identity = Some(Identity { id, incarnations: Vec::new() });
            }
            Control::Incarnated { incarnation, fork } => {
                if let Some(identity) = &mut self.identity {
                    identity.incarnations.push((incarnation, fork));
                }
            }
            Control::CheckpointSaved { name, to } => {
                self.checkpoints.insert(name, to);
            }
            Control::GroupCreated { name, settings, incarnation, next } => {
                let made = || GroupHeld::new(settings, incarnation, next);
                self.groups.entry(name).or_insert_with(made);
            }
            Control::GroupChanged { name, settings } => {
                self.groups.entry(name).and_modify(|group| group.settings = settings);
            }
            Control::GroupDeleted { name } => {
                self.groups.remove(&name);
            }
            Control::StreamReleased { name, before, number } => {
                let mark = self.marks.entry(ByteString::from(name.as_str())).or_default();
                mark.released = mark.released.max(before);
                self.release_count = self.release_count.max(number);
            }
            Control::GroupStepped(step) => {
                if let Some(group) = self.groups.get_mut(&step.name) {
                    group.take(step);
                }
            }
        }
    }
}

/// Everything that the writer and the readers of one context share.
pub(crate) struct State {
    pub(crate) index: Index,
    pub(crate) segments: Segments,
    pub(crate) records: Records,
    pub(crate) held: RwLock<Held>,
    pub(crate) waking: Waking,
    head: watch::Sender<Head>,
    /// The latest instant that a reader was told the state as of. Held by the writer from the
    /// choice of an instant to the publishing of its commit.
    told: Mutex<Option<Timestamp>>,
    told_file: Option<ToldFile>,
    clock_leap_max: Duration,
    /// What was held when a segment was sealed, until it is kept in a file.
    rolled: Mutex<Option<Kept>>,
    housekeeper: Arc<Wake>,
    commit_count: AtomicU64,
    closed: AtomicBool,
    /// While it is opened: where streams begin of which something is gone.
    begins: Mutex<Option<HashMap<ByteString, Revision>>>,
}

impl State {
    pub(crate) fn new(
        index: Index,
        segments: Segments,
        records: Records,
        held: Held,
        head: Head,
    ) -> Self {
        let (head, _) = watch::channel(head);
        let housekeeper = Arc::<Wake>::default();
        let waker = Arc::clone(&housekeeper);
        index.when_damaged(move || waker.signal());
        Self {
            index,
            segments,
            records,
            held: RwLock::new(held),
            waking: Waking::default(),
            head,
            told: Mutex::default(),
            told_file: None,
            clock_leap_max: Duration::MAX,
            rolled: Mutex::default(),
            housekeeper,
            commit_count: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            begins: Mutex::new(Some(HashMap::new())),
        }
    }

    /// With the file that knows what was told before; a clock that leapt is not believed.
    pub(crate) fn telling(self, file: ToldFile, clock_leap_max: Duration) -> Self {
        Self { told: Mutex::new(file.until()), told_file: Some(file), clock_leap_max, ..self }
    }

    /// A segment was sealed: what is held now is what its commits and those before it come to.
    pub(crate) fn rolled(&self, segment: u32, head: Head) {
        let held = self.held.read().clone();
        *self.rolled.lock() = Some(Kept { segment, head, held });
    }

    /// What is to be kept in a file.
    pub(crate) fn take_rolled(&self) -> Option<Kept> {
        self.rolled.lock().take()
    }

    /// Who is to be woken after commits.
    pub(crate) fn housekeeper(&self) -> &Arc<Wake> {
        &self.housekeeper
    }

    /// Commits that were published since the context was opened.
    pub(crate) fn commit_count(&self) -> u64 {
        self.commit_count.load(Ordering::Relaxed)
    }

    /// Tells all who wait that nothing comes any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.head.send_modify(|_| {});
        self.waking.everyone();
    }

    /// Whether the context was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// How far the context has come.
    pub(crate) fn head(&self) -> Head {
        *self.head.borrow()
    }

    /// Told of every new head. Who waits for some events only enters [`Waking`].
    pub(crate) fn watch(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// R1: lets readers see up to `head`, and wakes who waits for any event.
    pub(crate) fn publish(&self, head: Head) {
        self.commit_count.fetch_add(1, Ordering::Relaxed);
        self.housekeeper.signal();
        if planted(Bug::WakeBeforeHead) {
            self.head.send_modify(|_| {});
            self.head.send_if_modified(|shown| {
                *shown = head;
                false
            });
            return;
        }
        self.head.send_modify(|shown| {
            assert!(shown.next <= head.next, "R1: the head went back");
            let rises = shown.recorded_at <= head.recorded_at;
            assert!(rises || planted(Bug::RecordedAtFollowsClock), "A6: the time went back");
            *shown = head;
        });
    }

    /// A6: chooses the instant that a reader is told the context as of, which asked for `instant`
    /// while the clock says `now`: not one to come, and nothing is recorded at or before it from
    /// here on, by this process or the next. `head` is looked at when no commit is on its way.
    pub(crate) fn tell(
        &self,
        instant: Timestamp,
        now: Timestamp,
    ) -> Result<(Timestamp, Head), Unavailable> {
        loop {
            let mut told = self.told.lock();
            let head = self.head();
            let now = match head.recorded_at {
                Timestamp::ZERO => now,
                last => now.min(last.after(self.clock_leap_max)),
            };
            let instant = instant.min(now.max(head.recorded_at));
            let Some(file) = self.told_file.as_ref().filter(|file| file.until() < Some(instant))
            else {
                *told = (*told).max(Some(instant));
                return Ok((instant, head));
            };
            // The writer does not wait for the disk because of a reader.
            drop(told);
            file.keep(instant)?;
        }
    }

    /// A6: writes down what was really told. For closing.
    pub(crate) fn settle_told(&self) -> Result<(), Unavailable> {
        let told = *self.told.lock();
        self.told_file.as_ref().map_or(Ok(()), |file| Ok(file.settle(told)?))
    }

    /// Keeps readers from being told of an instant while a commit is on its way.
    pub(crate) fn told(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.told.lock()
    }

    /// The index as of `until`, exclusive.
    pub(crate) fn snapshot(&self, until: Position) -> Snapshot {
        self.index.snapshot(until)
    }

    pub(crate) fn mark(&self, stream: &str) -> Option<StreamMark> {
        let held = self.held.read();
        if held.marks.is_empty() { None } else { held.marks.get(stream).copied() }
    }

    /// While a context is opened: the log has nothing of a stream before this revision, after it had
    /// something.
    pub(crate) fn begins_at(&self, stream: &str, revision: Revision) {
        if let Some(begins) = &mut *self.begins.lock() {
            let known = begins.entry(ByteString::from(stream)).or_default();
            *known = revision.max(*known);
        }
    }

    /// Whether the context is being opened, so that it is not known yet what was given up.
    pub(crate) fn is_recovering(&self) -> bool {
        self.begins.lock().is_some()
    }

    /// A3: all is applied. The first stream of which more is gone than was given up.
    pub(crate) fn recovered(&self) -> Option<(ByteString, Revision)> {
        let begins = self.begins.lock().take().unwrap_or_default();
        let released = |name: &str| self.mark(name).unwrap_or_default().released;
        begins.into_iter().find(|(name, revision)| *revision > released(name))
    }

    /// Whether an event was given up: it is as if it were not there.
    pub(crate) fn is_released(&self, stream: &str, revision: Revision) -> bool {
        self.mark(stream).is_some_and(|mark| revision < mark.released)
    }

    pub(crate) fn checkpoint(&self, name: &CheckpointName) -> Option<Checkpoint> {
        self.held.read().checkpoints.get(name).copied()
    }

    pub(crate) fn incarnation(&self) -> Incarnation {
        self.held.read().identity.as_ref().map_or(Incarnation(0), Identity::incarnation)
    }
}

/// The index's refusal, as a reader is told.
pub(crate) fn index_error(error: IndexError) -> ReadError {
    match error {
        IndexError::Damaged { corrupt, .. } => ReadError::Corrupt(corrupt),
        IndexError::Unavailable(cause) => ReadError::Unavailable(cause),
    }
}

/// The journal's refusal, as a reader is told.
pub(crate) fn journal_error(error: JournalError) -> ReadError {
    match error {
        JournalError::Corrupt(corrupt) => ReadError::Corrupt(corrupt),
        JournalError::Unavailable(cause) => ReadError::Unavailable(cause),
        other => ReadError::Unavailable(Unavailable::Io {
            what: "reading the journal".to_owned(),
            why: other.to_string(),
        }),
    }
}

/// Bytes at a place of the journal that are not what the store wrote.
pub(crate) fn corrupt(place: headwater_journal_file::Place, cause: &Malformed) -> ReadError {
    ReadError::Corrupt(Corrupt {
        file: headwater_journal_file::format::segment_file_name(place.segment),
        at: u64::from(place.at) + cause.at as u64,
        why: cause.to_string(),
    })
}
