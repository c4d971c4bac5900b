//! Every rule about one file is broken once, and once nearly.

use super::check_source;
use super::source::Source;
use std::path::PathBuf;

/// The rules that a file of this name and text breaks.
fn rules_broken(path: &str, text: &str) -> Vec<&'static str> {
    let source = Source::read(PathBuf::from(path), text.to_owned(), false).expect("Rust code");
    check_source(&source).into_iter().map(|violation| violation.rule).collect()
}

/// The same for library code that opens well.
fn rules_broken_by(code: &str) -> Vec<&'static str> {
    rules_broken("crates/store/src/plan.rs", &format!("//! A module.\n{code}"))
}

#[test]
fn a_module_opens_with_what_it_is() {
    assert_eq!(rules_broken("crates/store/src/plan.rs", "fn f() {}"), ["module doc"]);
    assert!(rules_broken_by("fn f() {}").is_empty());
}

#[test]
fn unwrap_is_for_tests() {
    assert_eq!(rules_broken_by("fn f() { g().unwrap(); }"), ["unwrap"]);
    assert_eq!(rules_broken_by("fn f() { println!(\"{}\", g().unwrap()); }"), ["unwrap"]);
    assert!(rules_broken_by("fn f() { g().unwrap_or(1); h().expect(\"why\"); }").is_empty());
    assert!(rules_broken_by("#[test] fn it_holds() { g().unwrap(); }").is_empty());
    assert!(rules_broken_by("#[cfg(test)] mod t { fn f() { g().unwrap(); } }").is_empty());
    assert_eq!(rules_broken_by("#[cfg(not(test))] mod t { fn f() { g().unwrap(); } }"), ["unwrap"]);
}

#[test]
fn tests_do_not_sleep_unless_their_clock_is_paused() {
    let sleep = "std::thread::sleep(a_while());";
    assert_eq!(rules_broken_by(&format!("#[test] fn it_waits() {{ {sleep} }}")), ["sleep"]);
    assert!(rules_broken_by(&format!("fn f() {{ {sleep} }}")).is_empty());
    let paused =
        "#[tokio::test(start_paused = true)] async fn it_waits() { sleep(a_day()).await; }";
    assert!(rules_broken_by(paused).is_empty());
    let real = "#[tokio::test] async fn it_waits() { sleep(a_day()).await; }";
    assert_eq!(rules_broken_by(real), ["sleep"]);
}

#[test]
fn tests_are_run_and_named_after_their_claim() {
    assert_eq!(rules_broken_by("#[test] #[ignore] fn it_holds() {}"), ["ignored test"]);
    assert_eq!(rules_broken_by("#[test] fn test_append() {}"), ["test name"]);
    assert!(rules_broken_by("fn test_directory() {}").is_empty());
}

#[test]
fn lints_are_expected_not_allowed() {
    assert_eq!(rules_broken_by("#[allow(dead_code)] fn f() {}"), ["allow"]);
    assert!(rules_broken_by("#[expect(dead_code, reason = \"\")] fn f() {}").is_empty());
}

#[test]
fn unsafe_code_is_in_one_crate_and_says_why() {
    let code = "//! A module.\nfn f() { unsafe { g() } }";
    let noted = "//! A module.\nfn f() {\n    // SAFETY: it is.\n    unsafe { g() }\n}";
    assert_eq!(rules_broken("crates/store/src/plan.rs", noted), ["unsafe"]);
    assert_eq!(rules_broken("crates/env/src/disk.rs", code), ["unsafe"]);
    assert!(rules_broken("crates/env/src/disk.rs", noted).is_empty());
}

#[test]
fn files_and_functions_have_a_length() {
    let lines = |count: usize| "\n".repeat(count);
    assert_eq!(rules_broken_by(&lines(500)), ["file length"]);
    assert!(rules_broken_by(&lines(499)).is_empty());
    assert_eq!(rules_broken_by(&format!("fn f() {{{}}}", lines(70))), ["function length"]);
    assert!(rules_broken_by(&format!("fn f() {{{}}}", lines(69))).is_empty());
}

#[test]
fn public_names_use_our_words() {
    assert_eq!(rules_broken_by("pub struct StreamVersion;"), ["banned word"]);
    assert_eq!(rules_broken_by("pub struct A { pub offset: u64 }"), ["banned word"]);
    assert_eq!(rules_broken_by("pub enum A { DeadLetter }"), ["banned word"]);
    assert_eq!(rules_broken_by("pub trait A { fn nack(&self); }"), ["banned word"]);
    assert!(rules_broken_by("struct A { offset: u64 }").is_empty());
}

#[test]
fn files_are_named_after_their_idea() {
    assert_eq!(rules_broken("crates/store/src/utils.rs", "//! A module."), ["file name"]);
    assert_eq!(rules_broken("crates/store/tests/common/mod.rs", "//! A module."), ["file name"]);
}

#[test]
fn nothing_points_out_of_the_repository() {
    let path = format!("See /{}/ann/notes.txt.", "home");
    assert_eq!(rules_broken("docs/a.md", &path), ["outside"]);
    assert!(rules_broken("docs/a.md", "See docs/b.md.").is_empty());
}

#[test]
fn fixtures_are_not_code_of_ours() {
    assert!(rules_broken("crates/derive/tests/ui/broken.rs", "this is not Rust").is_empty());
}
