//! The threads of a context: one commits for tasks, one keeps house behind the appends.
//!
//! Why: a task must not block its runtime on a disk; and turning a sealed segment into an index
//! run, merging runs and noting how far the journal is durable must never be in an append's way.
//!
//! Invariant: the threads hold nothing that anyone else waits for longer than one group commit.

use crate::context::Core;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

/// How often the committer looks again before it sleeps: about as long as a hand-over takes.
const SPIN_COUNT: usize = 200;

/// No commit for so long is an idle moment: the mark is written, and from then on even the last
/// commit is told from a torn one (D1). Shorter would write a mark behind almost every commit of a
/// slow writer, which costs a quarter of what it could write.
const IDLE: Duration = Duration::from_millis(5);

/// C2: readers whom no commit concerned are told so often how far they have come. For ten thousand
/// of them it takes about a hundredth of a second.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Wakes one thread; a signal is never lost, and costs little while the thread is awake.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    signalled: AtomicBool,
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Wake {
    /// There is something to do.
    pub(crate) fn signal(&self) {
        self.signalled.store(true, Ordering::SeqCst);
        if self.asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    fn take(&self) -> bool {
        self.signalled.swap(false, Ordering::SeqCst)
    }

    /// Blocks until there was a signal since the last time.
    fn wait(&self) {
        self.thread.get_or_init(thread::current);
        for _ in 0..SPIN_COUNT {
            if self.take() {
                return;
            }
            std::hint::spin_loop();
        }
        while !self.sleep(thread::park) {}
    }

    /// As [`Self::wait`], for no longer than `span`; says whether there was a signal.
    fn wait_for(&self, span: Duration) -> bool {
        let end = Instant::now() + span;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if self.sleep(|| thread::park_timeout(left)) {
                return true;
            }
            if left.is_zero() {
                return false;
            }
        }
    }

    /// Sleeps unless there was a signal; says whether there was.
    fn sleep(&self, park: impl FnOnce()) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        if self.take() {
            self.asleep.store(false, Ordering::SeqCst);
            return true;
        }
        park();
        false
    }

    /// Sleeps for `span`; a signal waits until then.
    fn rest(&self, span: Duration) {
        thread::park_timeout(span);
    }
}

/// The running threads of a context.
pub(crate) struct Keeper {
    stopped: Arc<AtomicBool>,
    committer: (Arc<Wake>, JoinHandle<()>),
    housekeeper: (Arc<Wake>, JoinHandle<()>),
}

impl Keeper {
    pub(crate) fn start(core: &Arc<Core>, committer: Arc<Wake>) -> std::io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let housekeeper = Arc::clone(core.state.housekeeper());
        let spawn = |what: &str, wake: &Arc<Wake>, work: fn(&Core, &Wake, &AtomicBool)| {
            let (core, wake, stopped) = (Arc::clone(core), Arc::clone(wake), Arc::clone(&stopped));
            let name = format!("{what} {}", core.name);
            thread::Builder::new().name(name).spawn(move || work(&core, &wake, &stopped))
        };
        let commits = spawn("commit", &committer, commit)?;
        let keeps = spawn("keep", &housekeeper, keep)?;
        housekeeper.signal();
        Ok(Self { stopped, committer: (committer, commits), housekeeper: (housekeeper, keeps) })
    }

    /// Ends the threads and waits for them.
    pub(crate) fn stop(self) {
        self.stopped.store(true, Ordering::SeqCst);
        for (wake, thread) in [self.committer, self.housekeeper] {
            wake.signal();
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("a thread of a context had panicked");
            }
        }
    }
}

/// Leads whenever it is the turn of a task.
fn commit(core: &Core, wake: &Wake, stopped: &AtomicBool) {
    loop {
        wake.wait();
        if stopped.load(Ordering::SeqCst) {
            return;
        }
        core.commits.lead_tasks();
    }
}

/// Keeps house after commits, and notes the durable end once they cease. Readers are told how far
/// they have come while commits go on, and once more when they have ceased.
fn keep(core: &Core, wake: &Wake, stopped: &AtomicBool) {
    let keep_going = || !stopped.load(Ordering::SeqCst);
    let mut told = Instant::now();
    wake.wait();
    while keep_going() {
        core.maintain_all(&keep_going);
        let before = core.state.commit_count();
        wake.rest(IDLE);
        if told.elapsed() >= TELL_EVERY {
            core.tell_readers();
            told = Instant::now();
        }
        if !keep_going() || core.state.commit_count() != before {
            continue;
        }
        core.note_idle();
        if !wake.wait_for(TELL_EVERY) {
            core.tell_readers();
            told = Instant::now();
            wake.wait();
        }
    }
}
