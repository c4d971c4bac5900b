//! The programs that steps start: what the tests built, not another build of the same.
//!
//! Why: cargo decides the features of all dependencies by what is built together. Programs built by
//! themselves would have others than in the tests, and half of the house would be built twice.

use super::command;
use crate::workspace::{Workspace, cargo};
use anyhow::ensure;
use std::path::PathBuf;
use std::process::Command;

/// A server with a listener of each kind, for clients.
const SITE: &str = "site";

/// Builds what is missing; where the programs are.
pub(super) fn built(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut build = Command::new(cargo());
    build.current_dir(&workspace.root).args(["build", "--workspace", "--locked"]);
    let built = command::run(build.args(["--bins", "--tests", "--example", SITE]))?;
    ensure!(built.good, "the programs do not build");
    Ok(workspace.target.join("debug"))
}

/// The same for the server that clients are tried on.
pub(super) fn site(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    Ok(built(workspace)?.join("examples").join(SITE))
}
