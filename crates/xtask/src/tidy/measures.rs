//! Measures: figures about the code, with the goals the house has set itself.
//!
//! Why: a rule says when something is wrong; a measure says where things are going.

use super::size::{FILE_LINES_MAX, FUNCTION_LINES_MAX};
use super::source::{Code, Source};
use std::fmt;

/// Folders whose functions should assert what they rely on.
const ASSERTING: &[&str] = &["crates/journal-file", "crates/store"];

/// Figures with their goals, in the order they are shown.
pub(crate) struct Measures(Vec<Measure>);

struct Measure {
    what: &'static str,
    value: String,
    goal: &'static str,
}

impl Measures {
    /// Measures all code.
    pub(super) fn of(sources: &[Source]) -> Self {
        let code: Vec<(&Source, &Code)> =
            sources.iter().filter_map(|s| s.code.as_ref().map(|code| (s, code))).collect();
        let mut lines: Vec<usize> =
            code.iter().filter(|(_, code)| !code.is_test).map(|(s, _)| s.lines()).collect();
        lines.sort_unstable();
        let functions: Vec<_> = code.iter().flat_map(|(_, code)| &code.facts.functions).collect();
        let long = functions.iter().filter(|f| f.lines > FUNCTION_LINES_MAX).count();
        let documented = code.iter().filter(|(_, code)| code.facts.opens_with_doc).count();
        let tests = functions.iter().filter(|f| f.is_test).count();
        Self(vec![
            measure("files of code, tests apart", lines.len().to_string(), ""),
            measure("lines in them", lines.iter().sum::<usize>().to_string(), ""),
            measure("lines of a file, median", percentile(&lines, 50).to_string(), "≤ 150"),
            measure("lines of a file, p90", percentile(&lines, 90).to_string(), "≤ 350"),
            measure("longest file", lines.last().copied().unwrap_or(0).to_string(), FILES_GOAL),
            measure("functions", functions.len().to_string(), ""),
            measure("functions over 70 lines", long.to_string(), "0"),
            measure("modules with an opening doc", percent(documented, code.len()), "100 %"),
            measure("asserts a function, journal and store", asserts(&code), "≥ 1"),
            measure("tests", tests.to_string(), ""),
        ])
    }
}

const FILES_GOAL: &str = "≤ 500";
const _: () = assert!(FILE_LINES_MAX == 500, "the goal shown is the limit checked");
const _: () = assert!(FUNCTION_LINES_MAX == 70, "the goal shown is the limit checked");

fn measure(what: &'static str, value: String, goal: &'static str) -> Measure {
    Measure { what, value, goal }
}

fn percentile(sorted: &[usize], percent: usize) -> usize {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or(0)
}

fn percent(part: usize, whole: usize) -> String {
    format!("{} %", (part * 100).checked_div(whole).unwrap_or(100))
}

fn asserts(code: &[(&Source, &Code)]) -> String {
    let functions: Vec<_> = code
        .iter()
        .filter(|(source, _)| ASSERTING.iter().any(|folder| source.path.starts_with(folder)))
        .flat_map(|(_, code)| &code.facts.functions)
        .filter(|function| !function.in_test)
        .collect();
    let asserts: usize = functions.iter().map(|function| function.asserts).sum();
    let hundredths = (asserts * 100).checked_div(functions.len()).unwrap_or(0);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Measure { what, value, goal } in &self.0 {
            writeln!(f, "  {what:<40} {value:>8}   {goal}")?;
        }
        Ok(())
    }
}
