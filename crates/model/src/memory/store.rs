//! One context in memory, behind the port.

use super::faults::{Faults, Loss};
use super::groups::Groups;
use super::history::History;
use super::read::check_query;
use super::subscription::MemorySubscription;
use super::waiting::Waiting;
use super::{MemoryClock, faults};
use crate::{
    Answer, Append, AppendError, Appended, Checkpoint, CheckpointName, ConsumerGroups, ContextName,
    EventId, EventStore, ExpectedRevision, Incarnation, LostReply, Page, Position, ReadAll,
    ReadError, ReadStream, RecordedEvent, Scavenge, ScavengeProgress, Start, StreamChange,
    StreamName, StreamPage, StreamState, Subscribe, Subscription, Timestamp,
};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// One context in memory: the reference that other stores are compared with. What holds:
///
/// **Appends.** Checks are made in this order: the request itself ([`Append::check`]); known ids;
/// tombstone and expectation of each write; conditions; checkpoints. The first that fails is the
/// answer.
/// - `Appended::position` is that of the last event; of a request without events, the last of the
///   context (`None` if it is empty). `revisions` has one entry for each write: the stream's last
///   revision then, hidden events included; `None` only if the stream never had an event.
/// - A4, *replay*: all ids of all writes stand in their streams, each write's in one run of
///   revisions and in the order asked, with the same content. The answer is the first one again:
///   `position` of the last of these events, `revisions` as they were then, also for writes
///   without events. Expectations, conditions, tombstones and checkpoints are not looked at, and
///   nothing is written: a checkpoint that has moved since is no reason to refuse.
/// - One id with other content: `IdReused`. Some ids known and others not, a gap between them,
///   another order, or one write known and another new: `PartlyRepeated`, naming the known ids of
///   the first write concerned. Ids are compared within a stream, never across streams.
/// - A request with checkpoints only is compare-and-set. Asked again it is refused with
///   `CheckpointMoved { actual }`, and `actual == to` tells that it had been done (A5). A
///   checkpoint may be set back by who knows where it is: that is the explicit reset of C2.
/// - Conditions see all events, hidden ones too: hiding an event does not undo that it was unseen.
///   Those that a scavenge released they do not see.
///
/// **Expectations.** `At(r)` compares the last revision ever, so it holds for a deleted stream as
/// its reader saw it in [`StreamPage::last`]. `NoStream` holds if there never was an event or the
/// stream is deleted, `Exists` if neither. Hiding by settings does not matter to either.
/// `WrongRevision::actual` is `None` exactly where `NoStream` would hold. A tombstoned stream
/// refuses every write, one without events too, with `Tombstoned`.
///
/// **Changes of streams** write one event into `$$name` ([`StreamChange::event`]) and answer with
/// its position and its revision *there*. `Delete` hides what is there; the next event stands
/// behind the last revision, and only events from there on show. Settings stay as they were through
/// deletion and revival. A stream nobody wrote to can be changed; it is listed once it has events.
///
/// **Reads.** What is hidden now is hidden in every read, also `as_of` an earlier moment: else the
/// answer would depend on whether the space was reclaimed. Age is counted from the newest event of
/// the context, not from the clock. Hidden events are always a front part of their stream.
/// - `StreamPage::last` is the last revision as of the moment, hidden or not; `next` is the
///   revision of the next event that shows, `None` exactly if there is none in this direction.
/// - `Page::next` is the first position that was not looked at, `None` when the last (going
///   backwards: the first) one was. `as_of` is the moment asked, never later than the head.
/// - As of a time: after the answer nothing is recorded at or before that instant (A6), so the same
///   question has the same answer for ever.
/// - A page of no events is refused; one larger than the limit is cut to it.
/// - Listing shows streams that ever had an event, deleted ones too; the system's only to a prefix
///   that begins with `$`.
///
/// **A scavenge** releases what is hidden when it begins, for ever: it stays hidden whatever is set
/// later. To ids, conditions and [`EventStore::find`] a released event is as if it were not there.
/// [`StreamState::first`] is then not before the first that stays, [`StreamPage::last`] as of a moment
/// never before the last that was released: when that came nobody can say any more.
///
/// **Subscriptions** end a batch at the bounds of a page. `CaughtUp` is said when the end is reached:
/// once at the start, and again after each batch or each stretch of events that did not match.
/// A start behind the head or in another incarnation is `Diverged`.
pub struct MemoryStore {
    context: ContextName,
    clock: MemoryClock,
    faults: Arc<Faults>,
    pub(super) shared: Arc<Shared>,
}

/// What subscriptions share with their store.
#[derive(Debug, Default)]
pub(super) struct Shared {
    history: Mutex<History>,
    /// Locked behind the history, never before it.
    groups: Mutex<Groups>,
    waiting: Mutex<Waiting>,
    /// How the last scavenge ended.
    scavenged: Mutex<ScavengeProgress>,
}

impl Shared {
    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn scavenged(&self) -> MutexGuard<'_, ScavengeProgress> {
        self.scavenged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all who wait: something is otherwise than it was.
    pub(super) fn wake(&self) {
        let woken = self.waiting().take();
        woken.into_iter().for_each(std::task::Waker::wake);
    }

    /// R2: first remember who waits, then look, so that no append falls between the two.
    pub(super) fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryStore {
    /// An empty context; `clock` tells the time of every append.
    pub fn new(context: ContextName, clock: MemoryClock) -> Self {
        Self::with_faults(context, clock, Arc::default())
    }

    pub(super) fn with_faults(
        context: ContextName,
        clock: MemoryClock,
        faults: Arc<faults::Faults>,
    ) -> Self {
        Self { context, clock, faults, shared: Arc::default() }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(super) fn clock(&self) -> MemoryClock {
        Arc::clone(&self.clock)
    }

    /// Does `work` unless this append is the one to lose, and wakes who waits.
    fn write(
        &self,
        work: impl FnOnce(&mut History, Timestamp) -> Result<Appended, AppendError>,
    ) -> Result<Appended, AppendError> {
        let loss = self.faults.ask();
        if loss == Some(Loss::BeforeStored) {
            return Err(lost("the request did not arrive"));
        }
        let answer = work(&mut self.shared.history(), self.now());
        self.shared.wake();
        match loss {
            Some(_) => Err(lost("the answer did not arrive")),
            None => answer,
        }
    }

    fn subscription(&self, subscribe: Subscribe) -> Result<MemorySubscription, ReadError> {
        check_query(&subscribe.query)?;
        let head = self.shared.history().head();
        let done = match subscribe.start {
            Start::Beginning => None,
            Start::Now => head,
            Start::After(Checkpoint { incarnation, position }) => {
                if incarnation != Incarnation(0) || Some(position) > head {
                    let is = Incarnation(0);
                    return Err(ReadError::Diverged { position, had: incarnation, is });
                }
                Some(position)
            }
        };
        Ok(MemorySubscription::new(Arc::clone(&self.shared), subscribe.query, done))
    }
}

impl EventStore for MemoryStore {
    fn context(&self) -> &ContextName {
        &self.context
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move { self.write(|history, now| history.append(append, now)) })
    }

    fn change_stream(
        &self,
        stream: StreamName,
        expected: ExpectedRevision,
        change: StreamChange,
    ) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            self.write(|history, now| history.change_stream(&stream, expected, change, now))
        })
    }

    fn read_stream(&self, read: ReadStream) -> Answer<'_, StreamPage, ReadError> {
        Box::pin(async move { self.shared.history().read_stream(&read, self.now()) })
    }

    fn read_all(&self, read: ReadAll) -> Answer<'_, Page, ReadError> {
        Box::pin(async move { self.shared.history().read_all(&read, self.now()) })
    }

    fn find(
        &self,
        stream: StreamName,
        id: EventId,
    ) -> Answer<'_, Option<RecordedEvent>, ReadError> {
        Box::pin(async move { Ok(self.shared.history().find(&stream, id).cloned()) })
    }

    fn stream(&self, stream: StreamName) -> Answer<'_, StreamState, ReadError> {
        Box::pin(async move { Ok(self.shared.history().state(&stream)) })
    }

    fn streams(
        &self,
        prefix: String,
        after: Option<StreamName>,
        count_max: usize,
    ) -> Answer<'_, Vec<StreamState>, ReadError> {
        Box::pin(async move { self.shared.history().list(&prefix, after.as_ref(), count_max) })
    }

    fn checkpoint(&self, name: CheckpointName) -> Answer<'_, Option<Checkpoint>, ReadError> {
        Box::pin(async move { Ok(self.shared.history().checkpoints.get(&name).copied()) })
    }

    fn head(&self) -> Answer<'_, (Incarnation, Option<Position>), ReadError> {
        Box::pin(async move { Ok((Incarnation(0), self.shared.history().head())) })
    }

    fn wait_past(&self, position: Option<Position>) -> Answer<'_, Position, ReadError> {
        Box::pin(poll_fn(move |task| {
            self.shared.waiting().add(task.waker());
            match self.shared.history().head() {
                Some(head) if Some(head) > position => Poll::Ready(Ok(head)),
                _ => Poll::Pending,
            }
        }))
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Box::pin(async move {
            self.subscription(subscribe).map(|made| Box::new(made) as Box<dyn Subscription>)
        })
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn consumer_groups(&self) -> Option<&dyn ConsumerGroups> {
        Some(self)
    }

    fn scavenge(&self) -> Option<&dyn Scavenge> {
        Some(self)
    }
}

fn lost(why: &str) -> AppendError {
    AppendError::Unknown(LostReply { why: why.to_owned() })
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = self.shared.history().head();
        f.debug_struct("MemoryStore").field("context", &self.context).field("head", &head).finish()
    }
}
