//! Dependencies: each chosen once, with its reason, and used by someone.
//!
//! Why: a dependency is code that we answer for. One that nobody can explain, or that nobody uses,
//! is cost without a return.

use super::source::Source;
use super::violation::Violation;
use crate::workspace::{Crate, Workspace};
use std::path::Path;

/// A line of `[workspace.dependencies]`.
struct Entry<'a> {
    name: &'a str,
    line: usize,
    has_reason: bool,
    is_ours: bool,
}

/// Entries without a reason or a user, and crates that declare what they do not use.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Some(root) = sources.iter().find(|source| source.is_root_file("Cargo.toml")) {
        found.extend(check_table(workspace, &root.text));
    }
    for own in &workspace.crates {
        found.extend(unused(workspace, own, sources));
    }
    found
}

fn check_table(workspace: &Workspace, manifest: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for entry in entries(manifest) {
        let used = workspace
            .crates
            .iter()
            .flat_map(|own| &own.dependencies)
            .any(|dependency| dependency.name == entry.name);
        if !entry.has_reason && !entry.is_ours {
            let cure = format!("say behind `{}`, after `#`, why it was chosen", entry.name);
            found.push(Violation::at(Path::new("Cargo.toml"), entry.line, "reason", cure));
        }
        if !used {
            let cure = format!("no crate uses `{}`: take it out", entry.name);
            found.push(Violation::at(Path::new("Cargo.toml"), entry.line, "unused", cure));
        }
    }
    found
}

/// The table's entries; one that spans lines counts its reason on any of them.
fn entries(manifest: &str) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut inside = false;
    for (index, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            inside = line.trim() == "[workspace.dependencies]";
        } else if inside && !line.starts_with('#') && !line.trim().is_empty() {
            match line.split_once('=') {
                Some((name, rest)) if !line.starts_with([' ', ']']) => entries.push(Entry {
                    name: name.trim(),
                    line: index + 1,
                    has_reason: line.contains("# "),
                    is_ours: rest.contains("path ="),
                }),
                _ => {
                    if let Some(last) = entries.last_mut() {
                        last.has_reason |= line.contains("# ");
                    }
                }
            }
        }
    }
    entries
}

/// Dependencies that no line of the crate's code names.
fn unused(workspace: &Workspace, own: &Crate, sources: &[Source]) -> Vec<Violation> {
    let folder = workspace.relative(own.folder());
    let code: Vec<&Source> = sources
        .iter()
        .filter(|source| source.path.starts_with(folder) && source.path.extension().is_some())
        .filter(|source| source.path.extension().is_some_and(|ending| ending == "rs"))
        .collect();
    let is_named = |ident: &str| code.iter().any(|source| has_word(&source.text, ident));
    own.dependencies
        .iter()
        .filter(|dependency| !is_named(&dependency.ident()))
        .map(|dependency| {
            let cure = format!("`{}` is not used: take it out", dependency.name);
            Violation::at(&folder.join("Cargo.toml"), 1, "unused", cure)
        })
        .collect()
}

fn has_word(text: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(part_of_word) && !text[at + word.len()..].starts_with(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_know_their_reason_also_over_several_lines() {
        let manifest = "[workspace.dependencies]\n# Values\nbytes = \"1\" # shared\nown = { path = \"x\" }\n\
            long = { version = \"1\", features = [\n  \"a\", # because\n] }\nbare = \"1\"\n[lints]\nx = 1\n";
        let found: Vec<(&str, bool, bool)> =
            entries(manifest).iter().map(|e| (e.name, e.has_reason, e.is_ours)).collect();
        assert_eq!(
            found,
            [
                ("bytes", true, false),
                ("own", false, true),
                ("long", true, false),
                ("bare", false, false)
            ]
        );
    }

    #[test]
    fn a_word_is_not_found_inside_another() {
        assert!(has_word("use serde::Serialize;", "serde"));
        assert!(!has_word("use serde_json::Value;", "serde"));
    }
}
