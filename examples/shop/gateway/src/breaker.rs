//! A circuit breaker: stops asking a service that does not answer, and tries again by itself.
//!
//! Why: without it every caller waits out the whole time limit of a service that is down, and a
//! service that is coming up is met by everything that has piled up.
//!
//! Picture:
//! ```text
//!            failures in a row              rest is over
//!   Closed ─────────────────────▶ Open ─────────────────────▶ Probing
//!     ▲                            ▲          one call goes through │
//!     └──────── it answered ───────┼────────────────────────────────┤
//!                                  └──────── it did not ────────────┘
//! ```
//! Invariants: while open, nothing is asked; while probing, one call at a time is. A call that its
//! caller gave up says nothing either way, and never leaves the breaker stuck.

use serde::Deserialize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When to stop, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(default)]
pub struct BreakerSettings {
    /// So many calls without an answer, one after the other, open it.
    pub failure_count_max: u32,
    /// How long it rests before one call may try.
    #[serde(with = "headwater::settings::duration")]
    pub rest: Duration,
}

impl Default for BreakerSettings {
    /// Five: more than a restart's few lost connections. Two seconds: longer than one time limit,
    /// and short enough that nobody notices the first answer coming late.
    fn default() -> Self {
        Self { failure_count_max: 5, rest: Duration::from_secs(2) }
    }
}

/// Watches the calls to one service.
#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Probing,
}

/// The service is resting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resting {
    /// When it may be asked again.
    pub left: Duration,
}

/// One call that may be made. Say how it went, or drop it if the caller gave up.
#[derive(Debug)]
pub struct Call<'a> {
    breaker: &'a Breaker,
    admitted: Instant,
    probe: bool,
    told: bool,
}

impl Breaker {
    /// A closed one.
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Whether a call may be made at `now`.
    ///
    /// # Errors
    /// [`Resting`]: not now.
    pub fn admit(&self, now: Instant) -> Result<Call<'_>, Resting> {
        let mut state = self.state();
        let probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if now >= until => {
                *state = State::Probing;
                true
            }
            State::Open { until } => return Err(Resting { left: until - now }),
            State::Probing => return Err(Resting { left: Duration::ZERO }),
        };
        Ok(Call { breaker: self, admitted: now, probe, told: false })
    }

    /// Whether calls go through without trying first.
    pub fn is_closed(&self) -> bool {
        matches!(*self.state(), State::Closed { .. })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic between two assignments of a `Copy` value cannot leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Call<'_> {
    /// The service answered, whatever it said.
    pub fn answered(mut self) {
        self.told = true;
        let mut state = self.breaker.state();
        if self.probe || matches!(*state, State::Closed { .. }) {
            *state = State::Closed { failures: 0 };
        }
    }

    /// The service did not answer, or not in time.
    pub fn unanswered(mut self, now: Instant) {
        self.told = true;
        let settings = self.breaker.settings;
        let mut state = self.breaker.state();
        *state = match *state {
            State::Closed { failures } if failures + 1 < settings.failure_count_max => {
                State::Closed { failures: failures + 1 }
            }
            State::Closed { .. } => State::Open { until: now + settings.rest },
            State::Probing if self.probe => State::Open { until: now + settings.rest },
            // A call from before it opened: it tells nothing new.
            other => other,
        };
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.probe && !self.told {
            *self.breaker.state() = State::Open { until: self.admitted };
        }
    }
}

#[cfg(test)]
mod tests;
