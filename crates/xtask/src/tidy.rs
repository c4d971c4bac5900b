//! Tidy: the rules of the house that a program can check.
//!
//! Why: a rule that is only written down is kept until the first hurry.
//!
//! Picture:
//! ```text
//!   files ─▶ source ─▶ facts ─┬▶ size · words · habits · outside      one file at a time
//!   cargo metadata ───────────┴▶ floors · dependencies · maps ·       the house as a whole
//!                               │  examples
//!                               ▼
//!                      violations, each `file:line: rule: what to do`, and measures
//! ```

mod dependencies;
mod examples;
mod facts;
mod floors;
mod habits;
mod links;
mod maps;
mod measures;
mod outside;
mod size;
mod source;
#[cfg(test)]
mod tests;
mod violation;
mod words;

use crate::workspace::Workspace;
use measures::Measures;
use source::Source;
use std::fmt;
use violation::Violation;

/// What was found.
pub(crate) struct Report {
    measures: Measures,
    violations: Vec<Violation>,
}

/// Checks everything.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Report> {
    let sources = source::read_all(&workspace.root)?;
    let mut violations: Vec<Violation> = sources.iter().flat_map(check_source).collect();
    violations.extend(floors::check(workspace));
    violations.extend(dependencies::check(workspace, &sources));
    violations.extend(maps::check(workspace, &sources));
    violations.extend(examples::check(workspace, &sources));
    violations.sort();
    Ok(Report { measures: Measures::of(&sources), violations })
}

/// The rules that look at one file alone.
fn check_source(source: &Source) -> Vec<Violation> {
    [size::check(source), words::check(source), habits::check(source), outside::check(source)]
        .concat()
}

impl Report {
    /// Whether no rule is broken.
    pub(crate) fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:<40} {:>8}   goal", "measure", "now")?;
        self.measures.fmt(f)?;
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        match self.violations.len() {
            0 => writeln!(f, "✔ tidy"),
            count => writeln!(f, "✘ {count} violations"),
        }
    }
}
