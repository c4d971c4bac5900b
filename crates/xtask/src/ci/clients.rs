//! The official clients of KurrentDB, each telling its stories to a server of ours.
//!
//! Why: a protocol is what its clients do. They are installed from their registries below `target`,
//! and nothing of them is in this repository.
//!
//! Picture:
//! ```text
//!   install (pip, npm, cargo) ─▶ a server over a fresh directory ─▶ its address ─▶ stories ─▶ counts
//!        └─ not possible here: skipped loudly, and counted; in CI a failure
//! ```

use super::step::{Step, counted};
use super::tally::Tally;
use super::{command, programs};
use crate::workspace::{Workspace, cargo};
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where the stories are.
const STORIES: &str = "crates/server/tests/clients";

/// A client, and where it comes from.
pub(super) struct Client {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) from: Registry,
}

/// Where it is installed from.
#[derive(Clone, Copy)]
pub(super) enum Registry {
    PyPi,
    Npm,
    CratesIo,
}

const CLIENTS: &[Client] = &[
    Client { name: "kurrentdbclient", version: "1.3.5", from: Registry::PyPi },
    Client { name: "esdbclient", version: "1.1.7", from: Registry::PyPi },
    Client { name: "@kurrent/kurrentdb-client", version: "1.3.1", from: Registry::Npm },
    Client { name: "@eventstore/db-client", version: "6.2.1", from: Registry::Npm },
    // Its version stands in the lock file beside its stories.
    Client { name: "kurrentdb", version: "1", from: Registry::CratesIo },
];

/// One step for each client.
pub(super) fn steps() -> impl Iterator<Item = Step> {
    CLIENTS.iter().map(|client| Step {
        name: format!("client-{}", client.short()),
        claim: format!("{} {} works against our server", client.name, client.version),
        run: Box::new(|workspace| client.tell(workspace)),
    })
}

impl Client {
    /// The name without its scope; two would else be the same.
    fn short(&self) -> String {
        let name = self.name.trim_start_matches('@').replace('/', "-");
        match self.from {
            Registry::CratesIo => format!("{name}-rust"),
            Registry::PyPi | Registry::Npm => name,
        }
    }

    /// Where it is installed.
    fn place(&self, workspace: &Workspace) -> PathBuf {
        workspace.target.join("clients").join(format!("{}-{}", self.short(), self.version))
    }

    fn tell(&self, workspace: &Workspace) -> anyhow::Result<Tally> {
        let place = self.place(workspace);
        let installed = match self.from {
            Registry::PyPi => self.pypi(workspace),
            Registry::Npm => self.npm(workspace, &place),
            Registry::CratesIo => self.crates_io(workspace, &place),
        };
        let mut stories = match installed {
            Ok(stories) => stories,
            Err(why) => return Ok(self.left_out(&why)),
        };
        let site = Site::start(workspace)?;
        let told = stories.arg(&site.address).args(&site.secure).args(&site.asking);
        let ended = command::run(told)?;
        site.stop()?;
        Ok(counted(ended))
    }

    /// What cannot be had is skipped loudly; a machine of CI has what the registries provide.
    pub(super) fn left_out(&self, why: &anyhow::Error) -> Tally {
        let (name, version) = (self.name, self.version);
        if std::env::var_os("CI").is_some() {
            println!("✘ {name} {version} could not be installed: {why:#}");
            return Tally::FAILED;
        }
        println!("⚠ SKIPPED: {name} {version} cannot be installed here: {why:#}");
        println!("  Whether this client works was NOT checked.");
        Tally::SKIPPED
    }

    fn pypi(&self, workspace: &Workspace) -> anyhow::Result<Command> {
        let mut stories = self.python(workspace)?;
        stories.arg(workspace.root.join(STORIES).join("python/stories.py")).arg(self.name);
        Ok(stories)
    }

    /// A Python that has the package.
    pub(super) fn python(&self, workspace: &Workspace) -> anyhow::Result<Command> {
        let place = self.place(workspace);
        let python = place.join("bin/python");
        let has_it = || {
            let import = format!("import {}", self.name);
            Command::new(&python).args(["-c", &import]).stderr(Stdio::null()).status()
        };
        if !has_it().is_ok_and(|status| status.success()) {
            must(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
            let mut install = Command::new(&python);
            install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            must(install.arg(format!("{}=={}", self.name, self.version)))?;
        }
        Ok(Command::new(python))
    }

    fn npm(&self, workspace: &Workspace, place: &Path) -> anyhow::Result<Command> {
        must(Command::new("node").arg("--version"))?;
        if !place.join("node_modules").join(self.name).join("package.json").exists() {
            let mut install = Command::new("npm");
            install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
            must(install.arg(place).arg(format!("{}@{}", self.name, self.version)))?;
        }
        let mut stories = Command::new("node");
        stories.arg(workspace.root.join(STORIES).join("node/stories.cjs")).arg(place);
        stories.arg(self.name);
        Ok(stories)
    }

    fn crates_io(&self, workspace: &Workspace, place: &Path) -> anyhow::Result<Command> {
        let manifest = workspace.root.join(STORIES).join("rust/Cargo.toml");
        must(Command::new(cargo()).args(["fetch", "--locked", "--manifest-path"]).arg(&manifest))?;
        let mut stories = Command::new(cargo());
        stories.args(["run", "--quiet", "--locked", "--manifest-path"]).arg(manifest);
        stories.arg("--target-dir").arg(place).arg("--");
        Ok(stories)
    }
}

/// Runs a command that prepares; what it printed is the error if it does not succeed.
fn must(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let (good, text) = command::capture(command).with_context(|| format!("{name} is not here"))?;
    let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    ensure!(good, "{name} failed: {last}");
    Ok(())
}

/// A server of ours; it ends when its input does, so also when we do.
pub(super) struct Site {
    child: Child,
    pub(super) address: String,
    /// Its address by TLS, and the file of the authority that has signed its certificate.
    pub(super) secure: Vec<String>,
    /// The address by TLS of one that asks who asks, and the name and password of who administers it.
    pub(super) asking: Vec<String>,
}

impl Site {
    /// Builds it, and starts it over a directory of its own.
    pub(super) fn start(workspace: &Workspace) -> anyhow::Result<Self> {
        let program = programs::site(workspace)?;
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let stdout = child.stdout.take().context("stdout was piped just now")?;
        let mut said = BufReader::new(stdout).lines();
        let mut line = || -> anyhow::Result<String> {
            Ok(said.next().context("the server does not say where it is")??)
        };
        let (address, secure, asking) = (line()?, line()?, line()?);
        let words = |line: String| line.split(' ').map(str::to_owned).collect();
        Ok(Self { child, address, secure: words(secure), asking: words(asking) })
    }

    /// Stops it, and looks how it ended.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_has_a_step_of_its_own() {
        let mut names: Vec<_> = steps().map(|step| step.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), CLIENTS.len());
    }

    #[test]
    fn what_cannot_be_installed_says_why() {
        let error = must(&mut Command::new("no-such-program")).expect_err("it is not there");
        assert!(format!("{error:#}").contains("no-such-program is not here"));
    }
}
