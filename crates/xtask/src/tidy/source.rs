//! Source files: every file of the repository that has words in it, read once.
//!
//! Why: all rules look at the same files, and agree on which of them are tests.
//!
//! A file is a test when it stands in a folder `tests` or `benches`, is called `tests.rs`, or is
//! named by a `#[cfg(test)] mod name;` of its parent. Fixtures, which may be broken on purpose, are
//! read as text only.

use super::facts::{self, Facts};
use anyhow::Context;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Folders that hold no words of ours.
const SKIPPED_FOLDERS: &[&str] = &[".git", ".headwater", "target", "node_modules", "book"];

/// Folders of inputs for tests: user interface cases of derives, old formats, found inputs.
const FIXTURE_FOLDERS: &[&str] = &["ui", "fixtures", "golden"];

/// Endings of the files that have words in them; a file without an ending counts too.
const TEXT_ENDINGS: &[&str] = &["rs", "toml", "md", "sh", "yml", "yaml", "json", "proto", "sql"];

/// A file of the repository.
pub(crate) struct Source {
    /// Below the root.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) text: String,
    /// What its code does; `None` for files that are not our Rust code.
    pub(crate) code: Option<Code>,
}

/// A file of Rust code.
pub(crate) struct Code {
    /// Whether it is built for tests only.
    pub(crate) is_test: bool,
    /// What was seen in it.
    pub(crate) facts: Facts,
}

impl Source {
    /// Reads one file's text; `path` is relative and says what kind of file it is.
    ///
    /// # Errors
    /// Rust code that is not Rust.
    pub(crate) fn read(path: PathBuf, text: String, is_test: bool) -> anyhow::Result<Self> {
        let is_code = path.extension() == Some(OsStr::new("rs")) && !is_fixture(&path);
        let code = if is_code {
            let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
            let is_test = is_test || is_test_path(&path);
            Some(Code { is_test, facts: facts::collect(&file, is_test) })
        } else {
            None
        };
        Ok(Self { path, text, code })
    }

    /// Lines in it.
    pub(crate) fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// Whether it is the file `name` of the root.
    pub(crate) fn is_root_file(&self, name: &str) -> bool {
        self.path == Path::new(name)
    }
}

/// Reads the whole repository, in order of path.
pub(crate) fn read_all(root: &Path) -> anyhow::Result<Vec<Source>> {
    let mut paths = Vec::new();
    list(root, &mut paths)?;
    paths.sort();
    let mut sources = Vec::with_capacity(paths.len());
    let mut test_modules = BTreeSet::new();
    for path in paths {
        let relative = path.strip_prefix(root).unwrap_or(&path).to_owned();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let source = Source::read(relative, text, false)?;
        test_modules.extend(test_modules_of(&source));
        sources.push(source);
    }
    mark_test_modules(sources, &test_modules)
}

/// Reads again, as tests, the files that a parent declares to be tests.
fn mark_test_modules(
    sources: Vec<Source>,
    test_modules: &BTreeSet<PathBuf>,
) -> anyhow::Result<Vec<Source>> {
    let in_test_module =
        |path: &Path| test_modules.iter().any(|module| path.with_extension("").starts_with(module));
    let reread = |source: Source| {
        if in_test_module(&source.path) {
            Source::read(source.path, source.text, true)
        } else {
            Ok(source)
        }
    };
    sources.into_iter().map(reread).collect()
}

/// The paths, without ending, of the modules that this file declares under `#[cfg(test)]`.
fn test_modules_of(source: &Source) -> Vec<PathBuf> {
    let Some(code) = &source.code else { return Vec::new() };
    let parent = source.path.parent().unwrap_or(Path::new(""));
    let stem = source.path.file_stem().unwrap_or_default();
    let folder = match stem.to_str() {
        Some("lib" | "main" | "mod") => parent.to_owned(),
        _ => parent.join(stem),
    };
    code.facts.test_modules.iter().map(|name| folder.join(name)).collect()
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            if !SKIPPED_FOLDERS.contains(&name) {
                list(&path, paths)?;
            }
        } else if has_words(&path) {
            paths.push(path);
        }
    }
    Ok(())
}

fn has_words(path: &Path) -> bool {
    match path.extension().and_then(OsStr::to_str) {
        Some(ending) => TEXT_ENDINGS.contains(&ending),
        None => true,
    }
}

fn has_folder(path: &Path, names: &[&str]) -> bool {
    path.iter().filter_map(OsStr::to_str).any(|part| names.contains(&part))
}

fn is_fixture(path: &Path) -> bool {
    has_folder(path, &["tests"]) && has_folder(path, FIXTURE_FOLDERS)
}

fn is_test_path(path: &Path) -> bool {
    has_folder(path, &["tests", "benches"]) || path.ends_with("tests.rs")
}
