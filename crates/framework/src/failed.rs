//! Failures of read models, and what is done about an input that keeps failing.
//!
//! Why: a database that is busy is waited for; an event that can never be applied stops its
//! reader or is set aside, by choice and never silently (R4).

use headwater_model::Retry;
use std::fmt;
use std::time::Duration;

/// A read model could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    why: String,
    retry: Retry,
}

impl Failed {
    /// The same again fails the same way: the event or the statement is at fault.
    pub fn for_good(why: impl fmt::Display) -> Self {
        Self { why: why.to_string(), retry: Retry::Never }
    }

    /// The same again may succeed: the database is busy, full or away.
    pub fn for_now(why: impl fmt::Display) -> Self {
        Self { why: why.to_string(), retry: Retry::Later }
    }

    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        self.retry
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Failed {}

/// What happens to an event that cannot be handled, however often it is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Poison {
    /// The reader halts in front of it, `/readyz` says so, and a person decides.
    #[default]
    Halt,
    /// The event is set aside where it can be listed, and the reader goes on. In a projection,
    /// later events of the same key are set aside behind it (C3).
    Park,
}

/// How often, and how patiently, a failing event is tried before it counts as poison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Tries after the first, for a failure that says it may pass. Without a reason to give up, for
    /// ever: a full disk is no fault of the event that met it.
    pub retries: u32,
    /// The wait before the first of them; each further one is twice as long, up to ten seconds.
    pub backoff: Duration,
    /// What happens then, and at once for a failure that will not pass.
    pub then: Poison,
}

impl Default for Policy {
    fn default() -> Self {
        Self { retries: u32::MAX, backoff: Duration::from_millis(50), then: Poison::Halt }
    }
}
