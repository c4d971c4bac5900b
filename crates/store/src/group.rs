//! Group commit: whoever finds the writer free leads, and commits for everyone who waits.
//!
//! Why: one durable write costs the same for one append as for a thousand. And a lone writer must
//! not pay for the others: it commits on its own thread, without handing anything over.
//!
//! Picture:
//! ```text
//!   A enters, nobody leads ─▶ A commits [A]           ─▶ hands over to B, answers A
//!   B, C, D enter meanwhile ─────────────▶ B commits [B C D] ─▶ nobody waits, answers B C D
//! ```
//! An async caller must not block its thread, so it never leads: when its turn comes, the
//! committer does, a thread of the context's own that sleeps otherwise.
//!
//! Invariants: requests are planned in the order in which they entered. The lead is handed on
//! before the answers, so the device is never idle while threads are being woken; the committer,
//! which hands it to itself, answers a group while the next one is on its way. At most
//! [`limits::WAITING_BYTES_MAX`] wait.

mod due;
mod slot;

pub(crate) use due::{Due, Rest};

use crate::limits;
use crate::plan::Request;
use crate::writer::{AppendAnswer, Writer};
use headwater_model::{AppendError, Unavailable};
use parking_lot::Mutex;
use slot::{Slot, Turn};
use std::collections::VecDeque;
use std::sync::Arc;

/// The appends that wait for the writer, and the writer.
pub(crate) struct GroupCommit {
    queue: Mutex<Queue>,
    writer: Mutex<Option<Writer>>,
    /// Wakes the committer; without one, callers commit on their own thread whatever they are.
    committer: Option<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// Someone commits now, or was told to.
    is_led: bool,
    closed: Option<Unavailable>,
}

struct Waiting {
    request: Request,
    bytes: usize,
    slot: Arc<Slot>,
}

/// What one who entered has to do.
#[derive(PartialEq, Eq)]
enum Part {
    Lead,
    Follow,
}

/// Whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nobody waits.
    Nobody,
    /// A thread, which was told so.
    Thread,
    /// A task, which cannot lead itself.
    Task,
}

impl GroupCommit {
    pub(crate) fn new(writer: Writer, committer: Option<Box<dyn Fn() + Send + Sync>>) -> Self {
        Self { queue: Mutex::default(), writer: Mutex::new(Some(writer)), committer }
    }

    /// Commits on this thread or waits on it until another one has.
    pub(crate) fn append_blocking(&self, request: Request) -> AppendAnswer {
        let slot = Arc::new(Slot::of_thread());
        if self.enter(request, &slot)? == Part::Lead {
            self.lead();
        }
        self.answered(&slot)
    }

    /// As [`Self::append_blocking`] for many: all wait before the first is committed, so they share
    /// the groups. What could not be requested is answered as it is.
    pub(crate) fn append_all_blocking(
        &self,
        requests: Vec<Result<Request, AppendError>>,
    ) -> Vec<AppendAnswer> {
        let mut leads = false;
        let mut enter = |request: Request| {
            let slot = Arc::new(Slot::of_thread());
            leads |= self.enter(request, &slot)? == Part::Lead;
            Ok(slot)
        };
        let entered: Vec<_> =
            requests.into_iter().map(|request| request.and_then(&mut enter)).collect();
        if leads {
            self.lead();
        }
        entered.into_iter().map(|slot| self.answered(&*slot?)).collect()
    }

    /// Waits until there is an answer, and leads when it is this thread's turn.
    fn answered(&self, slot: &Slot) -> AppendAnswer {
        loop {
            match slot.wait() {
                Turn::Answered(answer) => return answer,
                Turn::Lead => self.lead(),
            }
        }
    }

    /// Waits without blocking. Dropping the future does not withdraw the append.
    pub(crate) async fn append(&self, request: Request) -> AppendAnswer {
        let slot = Arc::new(Slot::of_task());
        if self.enter(request, &slot)? == Part::Lead {
            match &self.committer {
                Some(wake) => wake(),
                None => self.lead(),
            }
        }
        slot.answered().await
    }

    fn enter(&self, request: Request, slot: &Arc<Slot>) -> Result<Part, AppendError> {
        let bytes = request.bytes_max();
        let mut queue = self.queue.lock();
        if let Some(cause) = &queue.closed {
            return Err(AppendError::Unavailable(cause.clone()));
        }
        if queue.bytes + bytes > limits::WAITING_BYTES_MAX && !queue.waiting.is_empty() {
            let (what, why) = ("queueing an append", format!("{} bytes wait already", queue.bytes));
            return Err(AppendError::Unavailable(Unavailable::Io { what: what.to_owned(), why }));
        }
        queue.bytes += bytes;
        queue.waiting.push_back(Waiting { request, bytes, slot: Arc::clone(slot) });
        if std::mem::replace(&mut queue.is_led, true) { Ok(Part::Follow) } else { Ok(Part::Lead) }
    }

    /// Commits one group and hands the lead on.
    pub(crate) fn lead(&self) {
        let (due, next) = self.commit_group(Due::default());
        match (next, &self.committer) {
            (Next::Nobody | Next::Thread, _) => {}
            (Next::Task, Some(wake)) => wake(),
            // Without a committer a task leads where it entered; it cannot be waiting here.
            (Next::Task, None) => self.lead(),
        }
        due.give();
    }

    /// As the committer: goes on while it is the turn of tasks. Those of a group are answered while
    /// the next one is on its way.
    pub(crate) fn lead_tasks(&self) {
        let mut due = Due::default();
        let mut next = Next::Task;
        while next == Next::Task {
            (due, next) = self.commit_group(due);
        }
    }

    /// Commits one group, gives the answers that are due meanwhile, and hands the lead on.
    fn commit_group(&self, due_before: Due) -> (Due, Next) {
        let mut group = self.queue.lock().take_group();
        let mut abandoned = Abandoned { of: self, slots: Vec::with_capacity(group.len()) };
        let mut requests = Vec::with_capacity(group.len());
        for waiting in group.drain(..) {
            requests.push(waiting.request);
            abandoned.slots.push(waiting.slot);
        }
        let count = requests.len();
        let (answers, unplanned) = match &mut *self.writer.lock() {
            Some(writer) => writer.commit(requests, due_before),
            None => (requests.iter().map(|_| Err(closed())).collect(), Vec::new()),
        };
        assert_eq!(answers.len() + unplanned.len(), count, "A5: each is answered or waits on");
        let mut slots = std::mem::take(&mut abandoned.slots);
        drop(abandoned);
        let unplanned = unplanned.into_iter().zip(slots.split_off(answers.len()));
        let waiting = |(request, slot): (Request, Arc<Slot>)| {
            let bytes = request.bytes_max();
            Waiting { request, bytes, slot }
        };
        let next = self.hand_on(unplanned.map(waiting));
        (Due::new(slots, answers), next)
    }

    /// Puts back what was not planned, and appoints who leads next.
    fn hand_on(&self, unplanned: impl DoubleEndedIterator<Item = Waiting>) -> Next {
        let next = {
            let mut queue = self.queue.lock();
            for waiting in unplanned.rev() {
                queue.bytes += waiting.bytes;
                queue.waiting.push_front(waiting);
            }
            queue.is_led = !queue.waiting.is_empty();
            queue.waiting.front().map(|waiting| Arc::clone(&waiting.slot))
        };
        match next {
            None => Next::Nobody,
            Some(slot) if slot.appoint() => Next::Thread,
            Some(_) => Next::Task,
        }
    }

    /// Runs `work` with the writer if nobody uses it.
    pub(crate) fn with_idle_writer<T>(&self, work: impl FnOnce(&mut Writer) -> T) -> Option<T> {
        self.writer.try_lock()?.as_mut().map(work)
    }

    /// Refuses all that comes, waits for the group that is being committed, and gives the writer up.
    pub(crate) fn close(&self) -> Option<Writer> {
        self.queue.lock().closed = Some(Unavailable::Closed);
        let writer = self.writer.lock().take();
        self.fail_waiting(&Unavailable::Closed);
        writer
    }

    fn fail_waiting(&self, cause: &Unavailable) {
        let waiting = std::mem::take(&mut self.queue.lock().waiting);
        for waiting in waiting {
            waiting.slot.answer(Err(AppendError::Unavailable(cause.clone())));
        }
    }
}

impl Queue {
    /// The first appends, about a group's worth of bytes and at least one.
    fn take_group(&mut self) -> Vec<Waiting> {
        let mut group = Vec::with_capacity(self.waiting.len().min(limits::GROUP_COUNT_MAX));
        let mut bytes = 0;
        // D2: a change may be made where an append finds no room, so they do not share a commit.
        let is_change = |waiting: &Waiting| waiting.request.makes_room();
        let of_changes = self.waiting.front().is_some_and(is_change);
        while let Some(next) = self.waiting.front() {
            let is_full =
                bytes + next.bytes > limits::GROUP_BYTES || group.len() >= limits::GROUP_COUNT_MAX;
            if (is_full || is_change(next) != of_changes) && !group.is_empty() {
                break;
            }
            bytes += next.bytes;
            group.extend(self.waiting.pop_front());
        }
        assert!(self.bytes >= bytes, "A5: more was taken than waits");
        self.bytes -= bytes;
        group
    }
}

fn closed() -> AppendError {
    AppendError::Unavailable(Unavailable::Closed)
}

/// A group whose leader panicked: nobody may wait for it for ever.
struct Abandoned<'a> {
    of: &'a GroupCommit,
    slots: Vec<Arc<Slot>>,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let why = "a fault inside the store stopped its writer".to_owned();
        let cause = Unavailable::Poisoned { why: why.clone() };
        self.of.queue.lock().closed = Some(cause.clone());
        for slot in self.slots.drain(..) {
            let lost = headwater_model::LostReply { why: why.clone() };
            slot.answer(Err(AppendError::Unknown(lost)));
        }
        self.of.fail_waiting(&cause);
    }
}
