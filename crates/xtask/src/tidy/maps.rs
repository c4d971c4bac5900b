//! Maps: the pages that tell a reader where things are say what is true.
//!
//! Why: a map of a house that was rebuilt is worse than none. ARCHITECTURE.md names the crates that
//! exist and no others, links lead somewhere, and every error code has its page.

use super::source::Source;
use super::violation::Violation;
use crate::workspace::{Crate, Workspace};
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

/// The section of ARCHITECTURE.md that lists the crates.
const CODE_MAP: &str = "## Code map";

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

/// The code map of ARCHITECTURE.md names every crate, and no crate that is gone.
fn architecture(workspace: &Workspace, sources: &[Source]) -> Vec<Violation> {
    let Some(map) = sources.iter().find(|source| source.is_root_file("ARCHITECTURE.md")) else {
        return Vec::new();
    };
    let named = crates_named(&map.text);
    let is = |own: &Crate, name: &str| own.name == name || own.short_name() == name;
    let strangers = named.iter().filter(|(name, _)| !workspace.crates.iter().any(|c| is(c, name)));
    let strangers = strangers.map(|(name, line)| {
        let cure = format!("there is no crate `{name}`: take it off the code map");
        Violation::at(&map.path, *line, "map", cure)
    });
    let unnamed = workspace.crates.iter().filter(|c| !named.iter().any(|(name, _)| is(c, name)));
    let unnamed = unnamed.map(|own| {
        let cure = format!("describe the crate `{}` in the code map", own.short_name());
        Violation::at(&map.path, 1, "map", cure)
    });
    strangers.chain(unnamed).collect()
}

/// The names in the second column of the table under "Code map", with their lines.
fn crates_named(text: &str) -> Vec<(&str, usize)> {
    let lines = text.lines().enumerate().skip_while(|(_, line)| *line != CODE_MAP).skip(1);
    let section = lines.take_while(|(_, line)| !line.starts_with("## "));
    let cells = section.filter_map(|(index, line)| {
        line.strip_prefix('|')?.split('|').nth(1).map(|cell| (cell, index + 1))
    });
    let names = |(cell, line)| {
        // In `a`, `b` every second piece between backticks is a name.
        let pieces: Vec<&str> = str::split(cell, '`').skip(1).step_by(2).collect();
        pieces.into_iter().map(move |name| (name, line))
    };
    cells.flat_map(names).collect()
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
    fn crates_are_found_in_the_second_column_of_the_code_map() {
        let text = "`gone`\n## Code map\n| floor | crate | promise |\n|---|---|---|\n\
            | 0 | `env` | `Disk` |\n| 5 | `shop`, `bench` | |\n## Else\n| a | `b` |\n";
        assert_eq!(crates_named(text), [("env", 5), ("shop", 6), ("bench", 6)]);
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
