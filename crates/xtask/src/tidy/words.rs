//! Words: one for each thing, in file names and in names that other crates see.
//!
//! Why: a reader who meets two words looks for two things. GLOSSARY.md says which word won.

use super::source::Source;
use super::violation::Violation;
use std::ffi::OsStr;

/// Names of files and folders that say nothing about what is in them.
const EMPTY_FILE_NAMES: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "manager", "misc", "types", "stuff", "shared",
];

/// Words that another word of ours stands for, and that word.
const BANNED: &[(&str, &str)] = &[
    ("offset", "Revision or Position for places of events, `at` for bytes"),
    ("seq", "Revision or Position"),
    ("seqno", "Revision or Position"),
    ("seqnum", "Revision or Position"),
    ("lsn", "Position"),
    ("sequence_number", "Revision or Position"),
    ("event_number", "Revision"),
    ("stream_version", "Revision"),
    ("expected_version", "ExpectedRevision"),
    ("aggregate_version", "Revision"),
    ("global_position", "Position"),
    ("global_index", "Position"),
    ("commit_position", "Position"),
    ("high_water_mark", "Checkpoint"),
    ("watermark", "Checkpoint"),
    ("bookmark", "Checkpoint"),
    ("aggregate", "Decider, or the thing's own name"),
    ("aggregate_root", "Decider, or the thing's own name"),
    ("process_manager", "Saga"),
    ("projector", "Projection"),
    ("denormalizer", "Projection"),
    ("view_model", "ReadModel"),
    ("topic", "Category or Context"),
    ("dead_letter", "parked"),
    ("nack", "retry or park"),
    ("bounded_context", "Context"),
];

/// Files and public names with words that are not ours.
pub(super) fn check(source: &Source) -> Vec<Violation> {
    let Some(code) = &source.code else { return Vec::new() };
    let mut found = Vec::new();
    let parts = source.path.with_extension("");
    for part in parts.iter().filter_map(OsStr::to_str).filter(|part| is_empty_name(part)) {
        let cure = format!("`{part}` says nothing: name the idea that is in it");
        found.push(Violation::at(&source.path, 1, "file name", cure));
    }
    for (name, line) in &code.facts.public_names {
        if let Some((word, ours)) = banned_word(name) {
            let cure = format!("`{name}` says `{word}`, our word is {ours}");
            found.push(Violation::at(&source.path, *line, "banned word", cure));
        }
    }
    found
}

fn is_empty_name(part: &str) -> bool {
    EMPTY_FILE_NAMES.contains(&part)
}

fn banned_word(name: &str) -> Option<(&'static str, &'static str)> {
    let words = format!("_{}_", snake(name));
    BANNED.iter().copied().find(|(word, _)| words.contains(&format!("_{word}_")))
}

/// `GlobalPosition` and `GLOBAL_POSITION` as `global_position`.
fn snake(name: &str) -> String {
    let shouted = name.chars().all(|c| !c.is_lowercase());
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !shouted && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_word_is_found_in_any_spelling_of_a_name() {
        for name in ["GlobalPosition", "global_position", "MAX_GLOBAL_POSITION", "read_offset"] {
            assert!(banned_word(name).is_some(), "{name}");
        }
        for name in ["Position", "reset", "consequence", "schema_version", "Lsnake"] {
            assert_eq!(banned_word(name), None, "{name}");
        }
    }
}
