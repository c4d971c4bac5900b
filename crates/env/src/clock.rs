//! Clocks: what time it is, for everything that records or waits.
//!
//! Why: a delay of three days must be testable in a millisecond, and a test must never depend on
//! how fast its machine is.
//!
//! Picture:
//! ```text
//!   wait_until(t) ──▶ pending … advance() past t ──▶ ready      (VirtualClock)
//!   next_wait()   ──▶ the earliest t that anyone waits for: where a World jumps to
//! ```

mod alarm;

use headwater_model::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now. It may step back, as clocks of machines do; who needs more must see to it.
    fn now(&self) -> Timestamp;

    /// Resolves once this clock shows `until` or later. Dropping it withdraws the wait.
    fn sleep_until(&self, until: Timestamp) -> Sleep;
}

/// A wait for a time of a [`Clock`], in any runtime or none.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that all others ask")]
        let now = SystemTime::now();
        // Before 1970 there is no Timestamp; a clock that shows it is not set yet.
        let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::ZERO.after(since)
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        Box::pin(alarm::Alarm::new(until))
    }
}

/// A clock that moves only when it is told to. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct VirtualClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    now: Timestamp,
    /// By deadline and ticket, so that those who wait for the same instant are woken in order.
    waits: BTreeMap<(Timestamp, u64), Waker>,
    next_ticket: u64,
}

impl VirtualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { state: Arc::new(Mutex::new(State { now, ..State::default() })) }
    }

    /// Moves on by `span` and wakes those whose time has come, in the order of their times.
    pub fn advance(&self, span: Duration) {
        let to = self.now().after(span);
        self.advance_to(to);
    }

    /// Moves to `to`, unless that is in the past, and wakes those whose time has come.
    pub fn advance_to(&self, to: Timestamp) {
        let due = {
            let mut state = self.state.lock();
            state.now = state.now.max(to);
            let now = state.now;
            let later = state.waits.split_off(&(now, u64::MAX));
            std::mem::replace(&mut state.waits, later)
        };
        // Outside the lock: a waker may look at the clock.
        for waker in due.into_values() {
            waker.wake();
        }
    }

    /// Steps to `to`, also back, as a clock that is set by hand does. Wakes whose time has come.
    pub fn set(&self, to: Timestamp) {
        self.state.lock().now = to;
        self.advance_to(to);
    }

    /// Resolves once the clock shows `until` or later.
    pub fn wait_until(&self, until: Timestamp) -> Wait {
        Wait { clock: self.clone(), until, ticket: None }
    }

    /// The earliest time that anyone waits for.
    pub fn next_wait(&self) -> Option<Timestamp> {
        self.state.lock().waits.keys().next().map(|(until, _)| *until)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.state.lock().now
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        Box::pin(self.wait_until(until))
    }
}

/// Waits for a time of a [`VirtualClock`]. Dropping it withdraws the wait.
#[derive(Debug)]
pub struct Wait {
    clock: VirtualClock,
    until: Timestamp,
    ticket: Option<u64>,
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let wait = &mut *self;
        let mut state = wait.clock.state.lock();
        if state.now >= wait.until {
            return Poll::Ready(());
        }
        let ticket = *wait.ticket.get_or_insert_with(|| {
            state.next_ticket += 1;
            state.next_ticket
        });
        state.waits.insert((wait.until, ticket), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.clock.state.lock().waits.remove(&(self.until, ticket));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    fn poll(wait: Pin<&mut Wait>) -> bool {
        wait.poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn a_wait_ends_when_the_clock_reaches_its_time_and_not_before() {
        let clock = VirtualClock::default();
        let mut wait = pin!(clock.wait_until(Timestamp::from_micros(10)));
        assert!(!poll(wait.as_mut()));
        assert_eq!(clock.next_wait(), Some(Timestamp::from_micros(10)));
        clock.advance(Duration::from_micros(9));
        assert!(!poll(wait.as_mut()));
        clock.advance(Duration::from_micros(1));
        assert_eq!(clock.next_wait(), None);
        assert!(poll(wait.as_mut()));
    }

    #[test]
    fn a_dropped_wait_is_not_waited_for() {
        let clock = VirtualClock::default();
        let mut wait = Box::pin(clock.wait_until(Timestamp::from_micros(10)));
        assert!(!poll(wait.as_mut()));
        drop(wait);
        assert_eq!(clock.next_wait(), None);
    }

    #[test]
    fn the_machines_clock_wakes_who_waits_for_it_and_nobody_else() {
        struct Told(std::sync::mpsc::Sender<()>);
        impl std::task::Wake for Told {
            fn wake(self: Arc<Self>) {
                self.0.send(()).expect("the test listens");
            }
        }
        let (tell, told) = std::sync::mpsc::channel();
        let waker = Waker::from(Arc::new(Told(tell)));
        let mut task = Context::from_waker(&waker);
        let begun = SystemClock.now();
        let span = Duration::from_millis(5);
        let mut dropped = SystemClock.sleep_until(begun.after(span));
        assert!(dropped.as_mut().poll(&mut task).is_pending());
        drop(dropped);
        let mut late = SystemClock.sleep_until(begun.after(Duration::from_secs(3_000)));
        assert!(late.as_mut().poll(&mut task).is_pending());
        let mut soon = SystemClock.sleep_until(SystemClock.now().after(span));
        if soon.as_mut().poll(&mut task).is_pending() {
            told.recv().expect("it is woken");
            assert!(soon.as_mut().poll(&mut task).is_ready());
        }
        assert!(SystemClock.now().since(begun) >= span);
        assert!(late.as_mut().poll(&mut task).is_pending());
    }

    #[test]
    fn the_clock_goes_back_only_when_it_is_set() {
        let clock = VirtualClock::at(Timestamp::from_micros(5));
        clock.advance_to(Timestamp::from_micros(3));
        assert_eq!(clock.now(), Timestamp::from_micros(5));
        clock.set(Timestamp::from_micros(3));
        assert_eq!(clock.now(), Timestamp::from_micros(3));
        assert!(SystemClock.now() > clock.now());
    }
}
