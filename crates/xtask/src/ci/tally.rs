//! Counts: what passed, what failed, what was left out.
//!
//! Why: one line at the end must say how much was really run; a run that tests nothing is not green
//! by silence. The counts of tests are read from the test harness's own result lines.

use std::fmt;
use std::ops::AddAssign;

/// How many checks and tests ended in which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tally {
    /// Held.
    pub(crate) passed: u64,
    /// Did not hold.
    pub(crate) failed: u64,
    /// Were not run.
    pub(crate) skipped: u64,
}

impl Tally {
    /// One check that held.
    pub(crate) const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    /// One check that did not.
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };
    /// One check that could not be run here.
    pub(crate) const SKIPPED: Self = Self { passed: 0, failed: 0, skipped: 1 };

    /// What a line of a test binary's output reports; `None` for every other line.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let (_, result) = line.split_once("test result: ")?;
        let count = |what: &str| {
            let part = result.split(';').find(|part| part.trim_end().ends_with(what))?;
            part.split_whitespace().rev().nth(1)?.parse::<u64>().ok()
        };
        let (passed, failed) = (count("passed")?, count("failed")?);
        Some(Self { passed, failed, skipped: count("ignored")? })
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_counted_with_and_without_colour() {
        let plain = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out";
        assert_eq!(Tally::of_line(plain), Some(Tally { passed: 12, failed: 0, skipped: 1 }));
        let red = "test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 7 passed; 2 failed; 0 ignored; 0 measured";
        assert_eq!(Tally::of_line(red), Some(Tally { passed: 7, failed: 2, skipped: 0 }));
    }

    #[test]
    fn other_lines_are_not_counted() {
        assert_eq!(Tally::of_line("test store::append ... ok"), None);
        assert_eq!(Tally::of_line("test result: pending"), None);
    }

    #[test]
    fn the_last_line_has_the_form_that_others_read() {
        let tally = Tally { passed: 3, failed: 0, skipped: 1 };
        assert_eq!(tally.to_string(), "3 passed, 0 failed, 1 skipped");
    }
}
