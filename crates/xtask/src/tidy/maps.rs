//! Maps: the pages that tell a reader where things are say what is true.
//!
//! Why: a map of a house that was rebuilt is worse than none. ARCHITECTURE.md names the crates that
//! exist and no others, links lead somewhere, and every error code has its page.

use super::facts::is_error_code;
use super::links;
use super::source::Source;
use super::violation::Violation;
use crate::workspace::{Crate, Workspace};
use std::path::Path;

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
        found.extend(links::dead(&workspace.root, page, sources));
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
    found.extend(pages.iter().flat_map(|page| pages_of_nothing(page, sources)));
    found
}

/// Headings below `docs/errors` that explain a code which no code gives.
fn pages_of_nothing(page: &Source, sources: &[Source]) -> Vec<Violation> {
    let given = |error: &str| {
        let mut code = sources.iter().filter_map(|source| source.code.as_ref());
        code.any(|code| code.facts.dotted_words.contains(error))
    };
    let headings = page.text.lines().enumerate().filter_map(|(index, line)| {
        let error = line.strip_prefix("## ")?.trim();
        (is_error_code(error) && !given(error)).then_some((error, index + 1))
    });
    headings
        .map(|(error, line)| {
            let cure = format!("nothing answers `{error}` any more: take it out");
            Violation::at(&page.path, line, "error page", cure)
        })
        .collect()
}

fn explains(page: &Source, error: &str) -> bool {
    let own_page = page.path.file_stem().is_some_and(|stem| stem == error);
    own_page
        || page.text.lines().any(|line| {
            line.starts_with('#') && line.split([' ', '`', ',']).any(|word| word == error)
        })
}

pub(super) fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "md")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn crates_are_found_in_the_second_column_of_the_code_map() {
        let text = "`gone`\n## Code map\n| floor | crate | promise |\n|---|---|---|\n\
            | 0 | `env` | `Disk` |\n| 5 | `shop`, `bench` | |\n## Else\n| a | `b` |\n";
        assert_eq!(crates_named(text), [("env", 5), ("shop", 6), ("bench", 6)]);
    }

    fn read(path: &str, text: &str) -> Source {
        Source::read(PathBuf::from(path), text.to_owned(), false).expect("it can be read")
    }

    #[test]
    fn codes_and_their_pages_keep_each_other_company() {
        let page = read("docs/errors/README.md", "# Codes\n## a.known\n…\n## a.gone\n…\n");
        let code = "//! A module.\nimpl E { fn code(&self) -> &str { \"a.known\" } }\n\
                    fn f() -> Problem { Problem::new(status(), \"a.new\", 1) }\n\
                    #[cfg(test)] mod tests { fn code() -> &str { \"a.test\" } }";
        let sources = [page, read("crates/a/src/lib.rs", code)];
        let found = error_pages(&sources).into_iter().map(|violation| violation.to_string());
        let found: Vec<String> = found.collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("lib.rs:3") && found[0].contains("a.new"), "{found:?}");
        assert!(found[1].contains("README.md:4") && found[1].contains("a.gone"), "{found:?}");
    }
}
