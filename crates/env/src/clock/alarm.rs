//! Waiting for a time of the machine's clock, in any runtime or none.
//!
//! Why: a store is used from threads, from tokio and from tests; a timer that belongs to one
//! runtime would panic in the others. One thread for the process, begun with the first wait, sleeps
//! until the earliest time that anyone waits for.
//!
//! Picture: `wait ──▶ (time, ticket) ──▶ thread: park until the first ──▶ wake`
//! Invariants: a wait that is dropped is withdrawn. The thread looks at the clock again whenever it
//! wakes, so a clock that was set delays or hastens waits by an hour at most ([`LOOK_AGAIN`]).

use super::{Clock, SystemClock};
use headwater_model::Timestamp;
use parking_lot::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A clock that was set by hand is noticed after so long.
const LOOK_AGAIN: Duration = Duration::from_secs(3_600);

#[derive(Default)]
struct Waits {
    by_time: BTreeMap<(Timestamp, u64), Waker>,
    last_ticket: u64,
    /// The thread runs.
    is_running: bool,
}

#[derive(Default)]
struct Alarms {
    waits: Mutex<Waits>,
    earlier: Condvar,
}

static ALARMS: LazyLock<Alarms> = LazyLock::new(Alarms::default);

impl Alarms {
    /// Wakes whoever's time has come, for as long as the process lives.
    fn run(&self) {
        let mut waits = self.waits.lock();
        loop {
            let now = SystemClock.now();
            let later = waits.by_time.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut waits.by_time, later);
            if !due.is_empty() {
                parking_lot::MutexGuard::unlocked(&mut waits, || {
                    due.into_values().for_each(Waker::wake);
                });
                continue;
            }
            let next = waits.by_time.keys().next().map(|(at, _)| at.since(now));
            let nap = next.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN);
            self.earlier.wait_for(&mut waits, nap);
        }
    }

    /// Begins the thread, unless it runs; whether it does.
    fn is_running(&'static self, waits: &mut Waits) -> bool {
        if !waits.is_running {
            let thread = std::thread::Builder::new().name("alarms".to_owned());
            waits.is_running = thread.spawn(|| self.run()).is_ok();
        }
        waits.is_running
    }
}

/// Resolves once the machine's clock shows a time or later.
#[derive(Debug)]
pub(super) struct Alarm {
    until: Timestamp,
    ticket: Option<u64>,
}

impl Alarm {
    pub(super) fn new(until: Timestamp) -> Self {
        Self { until, ticket: None }
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        if SystemClock.now() >= self.until {
            return Poll::Ready(());
        }
        let mut waits = ALARMS.waits.lock();
        if !ALARMS.is_running(&mut waits) {
            // Without a thread the wait is given up early: who waits looks again, and tries again.
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        let ticket = *self.ticket.get_or_insert_with(|| {
            waits.last_ticket += 1;
            waits.last_ticket
        });
        let key = (self.until, ticket);
        waits.by_time.insert(key, task.waker().clone());
        if waits.by_time.keys().next() == Some(&key) {
            ALARMS.earlier.notify_one();
        }
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            ALARMS.waits.lock().by_time.remove(&(self.until, ticket));
        }
    }
}
