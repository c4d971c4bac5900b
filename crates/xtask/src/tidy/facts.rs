//! Facts: what one file of Rust code does that a rule might care about.
//!
//! Why: the file is walked once; a rule is then a few lines over a list, without syntax trees.

mod attributes;
mod tokens;
mod walk;

use std::collections::BTreeSet;
use syn::visit::Visit;
pub(super) use tokens::is_error_code;

/// What was seen in a file.
#[derive(Default)]
pub(crate) struct Facts {
    /// Whether it opens with `//!`.
    pub(crate) opens_with_doc: bool,
    /// Every function with a body.
    pub(crate) functions: Vec<Function>,
    /// Names that other crates can see, with their lines.
    pub(crate) public_names: Vec<(String, usize)>,
    /// Things the house avoids, or allows under a condition.
    pub(crate) habits: Vec<(Habit, usize)>,
    /// Texts like `append.wrong_revision` in functions called `code`, or given to a `Problem`.
    pub(crate) error_codes: Vec<(String, usize)>,
    /// All texts of that form outside tests.
    pub(crate) dotted_words: BTreeSet<String>,
    /// Modules declared as `#[cfg(test)] mod name;`.
    pub(crate) test_modules: Vec<String>,
}

/// A function with a body.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Where `fn` stands.
    pub(crate) line: usize,
    /// From `fn` to the closing brace.
    pub(crate) lines: usize,
    /// Whether it carries `#[test]`, of any harness.
    pub(crate) is_test: bool,
    /// Whether it is built for tests only.
    pub(crate) in_test: bool,
    /// Assertions in it.
    pub(crate) asserts: usize,
}

/// Something the house avoids, or allows under a condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Habit {
    /// `.unwrap()` outside tests.
    Unwrap,
    /// A sleep in a test whose clock is the real one.
    SleepInTest,
    /// `#[ignore]`.
    Ignore,
    /// `#[allow(…)]`.
    Allow,
    /// An `unsafe` block, function or implementation.
    Unsafe,
}

/// Walks a file. `is_test` says that all of it is built for tests only.
pub(super) fn collect(file: &syn::File, is_test: bool) -> Facts {
    let mut walk = walk::Walk::new(is_test);
    walk.visit_file(file);
    let mut facts = walk.facts;
    facts.opens_with_doc = file.attrs.iter().any(|attr| attr.path().is_ident("doc"));
    facts
}
