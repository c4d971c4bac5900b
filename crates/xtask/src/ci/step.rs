//! The steps of CI, in order: cheap ones first, so that a slip is told early.
//!
//! Why a table: what CI does is read here at a glance, and a step can be run alone by its name.

use super::command::{self, Ended};
use super::tally::Tally;
use super::{clients, databases, deny, described, processes, smoke};
use crate::tidy;
use crate::workspace::{Workspace, cargo};
use std::process::Command;

/// Crates that carry bugs on purpose behind a feature, and the feature's name. Their tests then
/// prove that each bug is caught.
const PLANTED: &[&str] = &["headwater-journal-file", "headwater-store", "headwater-framework"];
const PLANTED_FEATURE: &str = "planted-bugs";

/// The tests that plant a bug say so in their names. All others ran without the feature before.
const PLANTED_ONLY: &[&str] =
    &["--lib", "--test", "it", "--locked", "--no-fail-fast", "--", "planted", "caught"];

/// What a step does; an error means that it could not even start.
type Run = Box<dyn Fn(&Workspace) -> anyhow::Result<Tally>>;

/// One step: its name, what it shows, and how to do it.
pub(super) struct Step {
    /// What `cargo xtask test NAME` calls it.
    pub(super) name: String,
    /// What holds when it passes.
    pub(super) claim: String,
    /// Does it.
    pub(super) run: Run,
}

/// Everything, in order.
pub(super) fn all(workspace: &Workspace) -> Vec<Step> {
    let mut steps = vec![
        check("format", "the code is formatted", &["fmt", "--all", "--check"]),
        Step {
            name: "tidy".into(),
            claim: "the rules of the house hold".into(),
            run: Box::new(|workspace| {
                let report = tidy::check(workspace)?;
                print!("{report}");
                Ok(if report.is_clean() { Tally::PASSED } else { Tally::FAILED })
            }),
        },
        check(
            "clippy",
            "the compiler and clippy have no complaint",
            &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        ),
        Step {
            name: "deny".into(),
            claim: "dependencies are licensed, known and from crates.io".into(),
            run: Box::new(|workspace| deny::packages(workspace).map(one_check)),
        },
        Step {
            name: "advisories".into(),
            claim: "no dependency has a known vulnerability".into(),
            run: Box::new(deny::advisories),
        },
    ];
    steps.extend(databases::steps());
    steps.push(tests(
        "tests",
        "all tests pass",
        &["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-fail-fast"],
    ));
    steps.push(tests(
        "docs",
        "every example in the documentation runs",
        &["test", "--workspace", "--doc", "--locked", "--no-fail-fast"],
    ));
    steps.extend(planted(workspace));
    steps.extend(clients::steps());
    steps.push(described::step());
    steps.push(Step {
        name: "processes".into(),
        claim: "the shop's processes survive `kill -9`, and so does the server".into(),
        run: Box::new(processes::run),
    });
    steps.push(Step {
        name: "release".into(),
        claim: "`cargo run --release -- dev` does what the README says".into(),
        run: Box::new(smoke::run),
    });
    steps
}

/// One step for each crate that has planted bugs.
fn planted(workspace: &Workspace) -> impl Iterator<Item = Step> {
    let has = |name: &&&str| workspace.has_feature(name, PLANTED_FEATURE);
    PLANTED.iter().filter(has).map(|name| {
        let short = name.trim_start_matches("headwater-");
        tests(
            &format!("planted-bugs-{short}"),
            &format!("the tests catch every bug planted in {name}"),
            &[&["test", "-p", name, "--features", PLANTED_FEATURE], PLANTED_ONLY].concat(),
        )
    })
}

/// A cargo command that counts as one check.
fn check(name: &str, claim: &str, args: &[&str]) -> Step {
    let run = cargo_with(args);
    Step {
        name: name.into(),
        claim: claim.into(),
        run: Box::new(move |workspace| run(workspace).map(one_check)),
    }
}

/// A cargo command whose tests are counted one by one.
fn tests(name: &str, claim: &str, args: &[&str]) -> Step {
    let run = cargo_with(args);
    Step {
        name: name.into(),
        claim: claim.into(),
        run: Box::new(move |workspace| run(workspace).map(counted)),
    }
}

fn cargo_with(args: &[&str]) -> impl Fn(&Workspace) -> anyhow::Result<Ended> + use<> {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    move |workspace| command::run(Command::new(cargo()).current_dir(&workspace.root).args(&args))
}

fn one_check(ended: Ended) -> Tally {
    if ended.good { Tally::PASSED } else { Tally::FAILED }
}

/// The tests' own counts. A run that failed without a failed test did not compile, or was killed:
/// that counts as one failure. So does a run without any test: it proved nothing.
pub(super) fn counted(ended: Ended) -> Tally {
    let mut tally = ended.tests;
    let said_nothing = tally.passed == 0;
    if tally.failed == 0 && (!ended.good || said_nothing) {
        tally += Tally::FAILED;
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_run_that_does_not_compile_counts_as_a_failure() {
        let tally = counted(Ended { good: false, tests: Tally::default() });
        assert_eq!(tally, Tally::FAILED);
    }

    #[test]
    fn a_test_run_without_tests_is_not_green() {
        let tally = counted(Ended { good: true, tests: Tally::default() });
        assert_eq!(tally.failed, 1);
    }

    #[test]
    fn failed_tests_are_not_counted_twice() {
        let tests = Tally { passed: 5, failed: 2, skipped: 0 };
        assert_eq!(counted(Ended { good: false, tests }), tests);
    }
}
