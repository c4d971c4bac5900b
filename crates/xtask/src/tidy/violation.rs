//! Violations: where a rule of the house is broken, and what to do about it.
//!
//! Why: a complaint without a place and a cure costs more than it saves.

use std::fmt;
use std::path::{Path, PathBuf};

/// One broken rule at one place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Violation {
    file: PathBuf,
    line: usize,
    /// Which rule, in one word.
    pub(crate) rule: &'static str,
    cure: String,
}

impl Violation {
    /// A violation in one line of a file. The cure says what to do, as an order.
    pub(super) fn at(
        file: &Path,
        line: usize,
        rule: &'static str,
        cure: impl Into<String>,
    ) -> Self {
        Self { file: file.to_owned(), line, rule, cure: cure.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file.display(), self.line, self.rule, self.cure)
    }
}
