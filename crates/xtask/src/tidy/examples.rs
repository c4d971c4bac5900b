//! Examples: a crate whose documentation has Rust in it has its examples run, and no other is read for them.
//!
//! Why: rustdoc reads a crate whole before it finds that there is no example in it, and most of ours have
//! none. `doctest = false` in a manifest saves that, and would hide the first example somebody adds.

use super::source::Source;
use super::violation::Violation;
use crate::workspace::{Crate, Workspace};
use std::path::Path;

/// Fences that show something else than Rust.
const OTHERS: &[&str] = &["text", "json", "toml", "sh", "sql"];

/// Manifests that say `doctest` wrongly.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Violation> {
    workspace.crates.iter().filter_map(|own| complaint(workspace, own, sources)).collect()
}

fn complaint(workspace: &Workspace, own: &Crate, sources: &[Source]) -> Option<Violation> {
    let source = own.folder().join("src");
    let source = workspace.relative(&source);
    let mut of_crate = sources.iter().filter(|s| s.code.is_some() && s.path.starts_with(source));
    let cure = match (own.runs_examples()?, of_crate.any(|source| shows_rust(&source.text))) {
        (false, true) => "take `doctest = false` out: there is an example",
        (true, false) => "say `doctest = false` under `[lib]`: there is no example",
        _ => return None,
    };
    let manifest = own.folder().join("Cargo.toml");
    Some(Violation::at(workspace.relative(Path::new(&manifest)), 1, "examples", cure))
}

/// Whether a fence opens that rustdoc takes for Rust: every other fence opens one.
fn shows_rust(text: &str) -> bool {
    let lines = text.lines().map(str::trim_start);
    let docs = lines.filter_map(|l| l.strip_prefix("///").or_else(|| l.strip_prefix("//!")));
    let mut opening = docs.filter_map(|doc| doc.trim().strip_prefix("```")).step_by(2);
    opening.any(|language| !OTHERS.contains(&language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_no_example_and_its_end_opens_none() {
        assert!(!shows_rust("//! ```text\n//!  a ─▶ b\n//! ```\n"));
        assert!(shows_rust(
            "//! ```text\n//! ```\n    /// ```\n    /// let one = 1;\n    /// ```\n"
        ));
        assert!(shows_rust("/// ```no_run\n/// ```\n"));
        assert!(!shows_rust("let fence = \"```\";"));
    }
}
