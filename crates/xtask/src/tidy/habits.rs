//! Habits: how code here fails, waits, tests and silences the compiler.

use super::facts::Habit;
use super::source::{Code, Source};
use super::violation::Violation;

/// The one crate that may hold `unsafe`, each time with its reason.
const UNSAFE_FOLDER: &str = "crates/env";

/// How many lines above an `unsafe` its SAFETY note may begin.
const SAFETY_LINES_ABOVE_MAX: usize = 8;

/// Modules without a beginning, tests without a claim, and what [`Habit`] lists.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let Some(code) = &source.code else { return Vec::new() };
    let mut found = Vec::new();
    if !code.facts.opens_with_doc {
        let cure = "open with `//!`: what this is, and why";
        found.push(Violation::at(&source.path, 1, "module doc", cure));
    }
    found.extend(test_names(source, code));
    for (habit, line) in &code.facts.habits {
        if let Some((rule, cure)) = complaint(source, *habit, *line) {
            found.push(Violation::at(&source.path, *line, rule, cure));
        }
    }
    found
}

fn test_names(source: &Source, code: &Code) -> Vec<Violation> {
    let vague = |name: &str| name.starts_with("test_") || name.starts_with("it_should");
    let named = code.facts.functions.iter().filter(|f| f.is_test && vague(&f.name));
    named
        .map(|f| {
            let cure = format!("name `{}` after what it claims, without `test_`", f.name);
            Violation::at(&source.path, f.line, "test name", cure)
        })
        .collect()
}

fn complaint(source: &Source, habit: Habit, line: usize) -> Option<(&'static str, &'static str)> {
    match habit {
        Habit::Unwrap => Some(("unwrap", "return the error, or `expect(\"why it cannot fail\")`")),
        Habit::SleepInTest => Some(("sleep", "wait for what must happen, or pause the clock")),
        Habit::Ignore => Some(("ignored test", "make it pass, or delete it")),
        Habit::Allow => Some(("allow", "use `#[expect(lint, reason = \"…\")]`")),
        Habit::Unsafe if !source.path.starts_with(UNSAFE_FOLDER) => {
            Some(("unsafe", "find a safe way; only `env` may hold unsafe code"))
        }
        Habit::Unsafe if !has_safety_note(&source.text, line) => {
            Some(("unsafe", "say above it, after `SAFETY:`, which rule it keeps and how"))
        }
        Habit::Unsafe => None,
    }
}

fn has_safety_note(text: &str, line: usize) -> bool {
    let above = line.saturating_sub(1 + SAFETY_LINES_ABOVE_MAX);
    text.lines().take(line).skip(above).any(|line| line.contains("SAFETY:"))
}
