//! Maps: the pages that tell a reader where things are say what is true.
//!
//! Why: a map of a house that was rebuilt is worse than none. ARCHITECTURE.md names the crates that
//! exist and no others, links lead somewhere, and every error code has its page.

use super::source::Source;
use super::violation::Violation;
use crate::workspace::Workspace;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Pages that a stranger looks for in the root.
const PAGES: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "GLOSSARY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// Folders that crates stand in.
const CRATE_FOLDERS: &[&str] = &["crates/", "examples/"];

/// Where the pages about errors are.
const ERRORS: &str = "docs/errors";

/// Missing pages, wrong maps, dead links and errors without a page.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Violation> {
    let mut found = missing_pages(sources);
    found.extend(architecture(workspace, sources));
    found.extend(error_pages(sources));
    for page in sources.iter().filter(|source| is_page(&source.path)) {
        found.extend(dead_links(&workspace.root, page));
    }
    found
}

fn missing_pages(sources: &[Source]) -> Vec<Violation> {
    let missing = PAGES.iter().filter(|page| !sources.iter().any(|s| s.is_root_file(page)));
    missing
        .map(|page| Violation::at(Path::new(page), 1, "page", "write it: a stranger looks for it"))
        .collect()
}

/// ARCHITECTURE.md names `crates/store` and the others, and no crate that is gone.
fn architecture(workspace: &Workspace, sources: &[Source]) -> Vec<Violation> {
    let Some(map) = sources.iter().find(|source| source.is_root_file("ARCHITECTURE.md")) else {
        return Vec::new();
    };
    let there: BTreeSet<String> = workspace
        .crates
        .iter()
        .map(|own| workspace.relative(own.folder()).display().to_string())
        .collect();
    let named = crates_named(&map.text);
    let exists = |name: &str| there.iter().any(|path| Path::new(path).starts_with(name));
    let strangers = named.iter().filter(|(name, _)| !exists(name)).map(|(name, line)| {
        let cure = format!("`{name}` does not exist: take it off the map");
        Violation::at(&map.path, *line, "map", cure)
    });
    let unnamed = there.iter().filter(|name| !map.text.contains(*name));
    let unnamed = unnamed.map(|name| {
        Violation::at(&map.path, 1, "map", format!("`{name}` is not on the map: describe it"))
    });
    strangers.chain(unnamed).collect()
}

/// Every `crates/name` and `examples/name` in a text, with its line.
fn crates_named(text: &str) -> Vec<(&str, usize)> {
    let mut named = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for folder in CRATE_FOLDERS {
            for (at, _) in line.match_indices(folder) {
                let name = &line[at + folder.len()..];
                let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
                let bytes = folder.len() + name.find(ends).unwrap_or(name.len());
                if bytes > folder.len() {
                    named.push((&line[at..at + bytes], index + 1));
                }
            }
        }
    }
    named
}

/// Every code that an error can answer has a page or a heading below `docs/errors`.
fn error_pages(sources: &[Source]) -> Vec<Violation> {
    let pages: Vec<&Source> =
        sources.iter().filter(|s| s.path.starts_with(ERRORS) && is_page(&s.path)).collect();
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("crates")) {
        let Some(code) = &source.code else { continue };
        for (error, line) in &code.facts.error_codes {
            if !pages.iter().any(|page| explains(page, error)) {
                let cure = format!("explain `{error}` to operators below {ERRORS}");
                found.push(Violation::at(&source.path, *line, "error page", cure));
            }
        }
    }
    found
}

fn explains(page: &Source, error: &str) -> bool {
    let own_page = page.path.file_stem().is_some_and(|stem| stem == error);
    own_page
        || page.text.lines().any(|line| {
            line.starts_with('#') && line.split([' ', '`', ',']).any(|word| word == error)
        })
}

/// Links to files of the repository that are not there.
fn dead_links(root: &Path, page: &Source) -> Vec<Violation> {
    let folder = page.path.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for (target, line) in links(&page.text) {
        let path = target.split('#').next().unwrap_or(target);
        let is_file = !path.is_empty() && !path.contains(':');
        if is_file && !climb(folder, path).is_some_and(|file| root.join(file).exists()) {
            let cure = format!("`{target}` leads nowhere: correct it");
            found.push(Violation::at(&page.path, line, "dead link", cure));
        }
    }
    found
}

/// The targets of Markdown links outside code blocks, with their lines.
fn links(text: &str) -> Vec<(&str, usize)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        in_code ^= line.trim_start().starts_with("```");
        for (at, opening) in line.match_indices("](").filter(|_| !in_code) {
            let rest = &line[at + opening.len()..];
            if let Some(end) = rest.find([')', ' ']) {
                links.push((&rest[..end], index + 1));
            }
        }
    }
    links
}

/// `path` from `folder`, with `..` taken out; `None` when it climbs out of the repository.
fn climb(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut from_root = folder.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                if !from_root.pop() {
                    return None;
                }
            }
            Component::Normal(name) => from_root.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(from_root)
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_found_in_prose_and_tables() {
        let text =
            "| `crates/journal-file` | segments |\nsee crates/store/src/plan.rs, not crates/*";
        assert_eq!(crates_named(text), [("crates/journal-file", 1), ("crates/store", 2)]);
    }

    #[test]
    fn links_are_found_outside_code_blocks() {
        let text = "[a](docs/a.md#b) and [c](https://x.y)\n```\n[d](gone.md)\n```\n";
        assert_eq!(links(text), [("docs/a.md#b", 1), ("https://x.y", 1)]);
    }

    #[test]
    fn a_path_that_climbs_out_of_the_repository_leads_nowhere() {
        assert_eq!(climb(Path::new("docs/adr"), "../a.md"), Some(PathBuf::from("docs/a.md")));
        assert_eq!(climb(Path::new("docs"), "../../a.md"), None);
    }
}
