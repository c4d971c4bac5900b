//! Size: files and functions that are still read in one go.

use super::source::Source;
use super::violation::Violation;

/// Lines of a file. Beyond it a file holds two ideas.
pub(super) const FILE_LINES_MAX: usize = 500;

/// Lines of a function, from `fn` to its brace. Beyond it a reader scrolls back.
pub(super) const FUNCTION_LINES_MAX: usize = 70;

/// Files and functions that are too long.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let Some(code) = &source.code else { return Vec::new() };
    let mut found = Vec::new();
    if source.lines() > FILE_LINES_MAX {
        let cure = format!("{} lines: split it by idea, at most {FILE_LINES_MAX}", source.lines());
        found.push(Violation::at(&source.path, 1, "file length", cure));
    }
    for function in code.facts.functions.iter().filter(|f| f.lines > FUNCTION_LINES_MAX) {
        let cure = format!(
            "`{}` has {} lines: name its parts, at most {FUNCTION_LINES_MAX}",
            function.name, function.lines
        );
        found.push(Violation::at(&source.path, function.line, "function length", cure));
    }
    found
}
