//! The server against its own description: schemathesis makes requests from `/openapi.json`, good
//! and bad, and compares the answers with it.
//!
//! Why: the description is made from the routes, but a schema of a name is written by hand. Thousands
//! of requests that it allows, and as many that it forbids, show whether the two agree.

use super::clients::{Client, Registry, Site};
use super::command;
use super::step::{Step, counted};
use super::tally::Tally;
use crate::workspace::Workspace;

/// What asks, and how it is set up.
const SCRIPT: &str = "crates/server/tests/schemathesis/described.py";

const SCHEMATHESIS: Client =
    Client { name: "schemathesis", version: "4.32.5", from: Registry::PyPi };

/// The step.
pub(super) fn step() -> Step {
    Step {
        name: "openapi".into(),
        claim: "the server answers as its own OpenAPI document says".into(),
        run: Box::new(run),
    }
}

fn run(workspace: &Workspace) -> anyhow::Result<Tally> {
    let mut python = match SCHEMATHESIS.python(workspace) {
        Ok(python) => python,
        Err(why) => return Ok(SCHEMATHESIS.left_out(&why)),
    };
    let site = Site::start(workspace)?;
    let asked = python.arg(workspace.root.join(SCRIPT)).arg(&site.address);
    let ended = command::run(asked.args(&site.secure).args(&site.asking))?;
    site.stop()?;
    Ok(counted(ended))
}
