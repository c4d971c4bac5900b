//! Links: from page to page of the repository, and to the headings in them.
//!
//! Why: a link that leads nowhere is a promise of a page that nobody wrote, or that somebody moved.

use super::source::Source;
use super::violation::Violation;
use std::path::{Component, Path, PathBuf};

/// Links of this page to files, or to headings of pages, that are not there.
pub(super) fn dead(root: &Path, page: &Source, sources: &[Source]) -> Vec<Violation> {
    let folder = page.path.parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for (target, line) in links(&page.text) {
        let (path, heading) = target.split_once('#').unwrap_or((target, ""));
        if path.contains(':') {
            continue; // another site's
        }
        let file = if path.is_empty() { Some(page.path.clone()) } else { climb(folder, path) };
        let cure = match file {
            Some(file) if root.join(&file).exists() => {
                let linked = sources.iter().find(|source| source.path == file);
                let known = |linked: &Source| anchors(&linked.text).any(|own| own == heading);
                match linked {
                    Some(linked) if super::maps::is_page(&file) && !heading.is_empty() => {
                        (!known(linked)).then(|| format!("`{target}` names no heading there"))
                    }
                    _ => None,
                }
            }
            _ => Some(format!("`{target}` leads nowhere: correct it")),
        };
        found.extend(cure.map(|cure| Violation::at(&page.path, line, "dead link", cure)));
    }
    found
}

/// What can stand behind the `#` of a link to this page: its headings, as the usual sites write them.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_link_names_a_heading_that_is_there() {
        let text = "# The page\n## store.full, and `more`\n[a](#storefull-and-more) [b](#gone)\n";
        let page = Source::read(PathBuf::from("README.md"), text.to_owned(), false);
        let page = page.expect("text");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let found = dead(&root, &page, std::slice::from_ref(&page));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("#gone"), "{found:?}");
    }
}
