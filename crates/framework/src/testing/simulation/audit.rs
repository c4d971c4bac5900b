//! Audits: what must hold, and what was found not to.

use std::fmt::Debug;

/// Collects what does not hold.
#[derive(Debug, Default)]
pub struct Audit {
    pub(super) findings: Vec<String>,
}

impl Audit {
    /// This holds; otherwise `what` is told.
    pub fn holds(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.findings.push(what.into());
        }
    }

    /// This is what it should be.
    pub fn equal<T: PartialEq + Debug>(&mut self, what: &str, is: T, should: T) {
        if is != should {
            self.findings.push(format!("{what}: is {is:?}, should be {should:?}"));
        }
    }

    /// There is nothing to complain of so far.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// In which way it went wrong. A failure that is made smaller stays one of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What holds at all times did not.
    Always,
    /// What holds at rest did not.
    AtRest,
    /// A saga has neither ended nor was it parked.
    OpenSaga,
    /// Somebody's code panicked.
    Panic,
    /// A reader stands for good, or fails whatever is tried.
    Reader,
    /// It went on and on.
    Restless,
    /// Something waits for what is outside of the simulation.
    Outside,
}

impl Violation {
    pub(super) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}
