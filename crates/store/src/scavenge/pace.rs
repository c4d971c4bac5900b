//! The pace of a scavenge: so many bytes in a second, and no more.
//!
//! Why: reading and writing everything as fast as it goes would make every append wait for the device.

use parking_lot::{Condvar, Mutex};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Slept at once at most, so that it can be stopped.
const NAP_MAX: Duration = Duration::from_millis(200);

/// A debt smaller than this is not worth a nap.
const NAP_MIN: Duration = Duration::from_millis(2);

/// Whether to go on, and who is told to stop.
#[derive(Default)]
pub(super) struct Stop {
    asked: AtomicBool,
    closes: AtomicBool,
    lock: Mutex<()>,
    told: Condvar,
}

impl Stop {
    pub(super) fn ask(&self) {
        let _nobody_falls_asleep = self.lock.lock();
        self.asked.store(true, Ordering::SeqCst);
        self.told.notify_all();
    }

    /// Tells it to stop because the context is closed.
    pub(super) fn close(&self) {
        self.closes.store(true, Ordering::SeqCst);
        self.ask();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closes.load(Ordering::SeqCst)
    }

    pub(super) fn forget(&self) {
        self.asked.store(false, Ordering::SeqCst);
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    fn nap(&self, span: Duration) {
        let mut lock = self.lock.lock();
        if !self.is_asked() {
            self.told.wait_for(&mut lock, span);
        }
    }
}

/// What was moved, and what may be.
pub(super) struct Pace<'a> {
    stop: &'a Stop,
    bytes_per_second: u64,
    /// Who works on a caller's thread does not sleep on it.
    sleeps: bool,
    began: Instant,
    bytes: u64,
}

impl<'a> Pace<'a> {
    pub(super) fn new(stop: &'a Stop, bytes_per_second: u64, sleeps: bool) -> Self {
        Self { stop, bytes_per_second, sleeps, began: Instant::now(), bytes: 0 }
    }

    /// So many bytes were moved; `false`: it was told to stop.
    pub(super) fn moved(&mut self, bytes: u64) -> bool {
        self.bytes += bytes;
        while self.sleeps && !self.stop.is_asked() {
            let micros = u128::from(self.bytes) * 1_000_000 / u128::from(self.bytes_per_second);
            let due = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
            let early = due.saturating_sub(self.began.elapsed());
            if early < NAP_MIN {
                break;
            }
            self.stop.nap(early.min(NAP_MAX));
        }
        !self.stop.is_asked()
    }
}
