//! `cargo deny`: licences, bans and sources always; advisories when their database can be reached.
//!
//! Why: what is built in is part of the product. The advisory database is a git repository on the
//! internet; a machine without it still checks everything else, and says what it left out.

use super::command::{self, Ended};
use super::tally::Tally;
use crate::workspace::{Workspace, cargo};
use std::path::PathBuf;
use std::process::Command;

/// The release that a machine without cargo-deny gets.
const DENY_VERSION: &str = "0.20.2";

/// Words of cargo-deny when it could not download its database.
const UNREACHABLE: &str = "failed to fetch advisory database";

/// Licences, bans and sources.
pub(super) fn packages(workspace: &Workspace) -> anyhow::Result<Ended> {
    let mut command = deny(workspace)?;
    command::run(command.args(["--log-level", "error", "check", "licenses", "bans", "sources"]))
}

/// Known vulnerabilities.
pub(super) fn advisories(workspace: &Workspace) -> anyhow::Result<Tally> {
    let mut command = deny(workspace)?;
    let (good, text) = command::capture(command.args(["check", "advisories"]))?;
    if good {
        return Ok(Tally::PASSED);
    }
    if text.contains(UNREACHABLE) {
        println!("⚠ SKIPPED: the advisory database cannot be reached from here.");
        println!(
            "  Known vulnerabilities of dependencies were NOT checked; run it where github.com is."
        );
        return Ok(Tally::SKIPPED);
    }
    print!("{text}");
    Ok(Tally::FAILED)
}

/// cargo-deny of this machine, or else installed below `target`.
fn deny(workspace: &Workspace) -> anyhow::Result<Command> {
    let tools = workspace.target.join("tools");
    let own: PathBuf = tools.join("bin/cargo-deny");
    let on_the_machine = Command::new("cargo-deny").arg("--version").output().is_ok();
    let program = if on_the_machine { PathBuf::from("cargo-deny") } else { own };
    if !on_the_machine && !program.exists() {
        println!("cargo-deny is not on this machine; installing {DENY_VERSION} below target/tools");
        // Debug, because building it for speed takes longer than all its runs.
        let mut install = Command::new(cargo());
        install.args(["install", "--locked", "--debug", "--version", DENY_VERSION, "--root"]);
        let ended = command::run(install.arg(&tools).arg("cargo-deny"))?;
        anyhow::ensure!(ended.good, "cargo-deny could not be installed");
    }
    let mut command = Command::new(program);
    command.current_dir(&workspace.root);
    Ok(command)
}
