//! Floors: which crate may depend on which.
//!
//! Why: arrows that only go down keep every crate readable without the ones above it.
//!
//! Picture: a crate may use those on the lines above its own, never its own line or one below.
//! Tests may also use a crate of their own line: the exams of `conformance` are taken so.

use super::violation::Violation;
use crate::workspace::{Crate, Workspace};

/// The house from the ground up, by the names of the crates' folders.
pub(super) const FLOORS: &[&[&str]] = &[
    &["derive"],
    &["model", "outside"],
    &["env"],
    &["journal-file", "framework", "wire", "access", "telemetry", "registry"],
    &["store", "sql", "cdc", "conformance", "client"],
    &["service", "server", "backup"],
    &["headwater"],
    &["money"],
    // A service never depends on another one's crate, only on what it publishes.
    &["orders", "customers", "history", "gateway"],
    &["shop", "bench"],
    &["cli"],
    &["xtask"],
];

/// A line of `[dependencies]` whose arrow goes up or sideways, and crates on no floor.
pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    workspace.crates.iter().flat_map(|own| check_crate(workspace, own)).collect()
}

fn check_crate(workspace: &Workspace, own: &Crate) -> Vec<Violation> {
    let manifest = own.folder().join("Cargo.toml");
    let manifest = workspace.relative(&manifest);
    let Some(floor) = floor_of(own.short_name()) else {
        let cure = format!("give `{}` a floor in xtask/src/tidy/floors.rs", own.short_name());
        return vec![Violation::at(manifest, 1, "floors", cure)];
    };
    let arrows = own.dependencies.iter().filter_map(|dependency| {
        let to = workspace.crates.iter().find(|other| other.name == dependency.name)?;
        let for_tests = dependency.kind.as_deref() == Some("dev");
        complaint(floor, own.short_name(), to.short_name(), for_tests)
    });
    arrows.map(|cure| Violation::at(manifest, 1, "floors", cure)).collect()
}

/// What is wrong with an arrow, if anything.
fn complaint(floor: usize, own: &str, to: &str, for_tests: bool) -> Option<String> {
    let to_floor = floor_of(to)?;
    let good = to_floor < floor || (for_tests && to_floor == floor);
    (!good)
        .then(|| format!("`{own}` must not depend on `{to}`, which is not below it; turn it round"))
}

pub(super) fn floor_of(name: &str) -> Option<usize> {
    FLOORS.iter().position(|names| names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrow(own: &str, to: &str, for_tests: bool) -> Option<String> {
        complaint(floor_of(own).expect("a crate of the house"), own, to, for_tests)
    }

    #[test]
    fn arrows_go_down_and_tests_may_look_sideways() {
        assert_eq!(arrow("store", "model", false), None);
        assert_eq!(arrow("store", "conformance", true), None);
        assert!(arrow("store", "conformance", false).is_some());
        assert!(arrow("model", "store", false).is_some());
        assert!(arrow("framework", "store", true).is_some(), "not even tests look up");
    }
}
