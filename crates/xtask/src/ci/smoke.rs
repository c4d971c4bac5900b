//! The first five minutes, as a user has them: the release binary, `dev`, the lines it prints.
//!
//! Why: all other steps run what cargo builds for tests. What the README promises is another
//! binary, with other optimisations, started in an empty directory.
//!
//! Picture:
//! ```text
//!   cargo build --release ─▶ dev --any-port ─▶ the printed lines, one by one ─▶ an order, APPROVED
//!                              SIGTERM ─▶ it ends well ─▶ verify: sound
//! ```
//! The printed `curl` lines are read and asked by a client of our own (`curl.rs`), so that a machine
//! with only Rust can run them, and a line that does not work is noticed.

mod curl;

use super::command;
use super::tally::Tally;
use crate::workspace::{Workspace, cargo};
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long `dev` may take to say the next line: the first comes when the store is made.
const LINE_WAIT_MAX: Duration = Duration::from_secs(60);

/// Optimised as a user's build is, but each crate for itself and without line tables: what is shown here
/// does not hang on the last tenth of speed, and needs less memory and room to be built.
const QUICKER: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
];

/// The line behind the last of those that are to be pasted.
const LAST_WORDS: &str = "Ctrl-C stops it";

/// Builds the binary and does what a new user does.
pub(super) fn run(workspace: &Workspace) -> anyhow::Result<Tally> {
    let mut build = Command::new(cargo());
    build.current_dir(&workspace.root).args(["build", "--release", "--locked"]).envs(QUICKER);
    let built = command::run(build.args(["-p", "headwater-cli"]))?;
    ensure!(built.good, "the release binary does not build");
    let program = workspace.target.join("release/headwater");
    let place = tempfile::tempdir()?;
    let mut tally = Tally::default();
    for (claim, held) in first_minutes(&program, place.path())? {
        println!("✔ {claim}: {held}");
        tally += Tally::PASSED;
    }
    Ok(tally)
}

/// Each claim that held, and how; the first that does not is the error.
fn first_minutes(program: &Path, place: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut held = Vec::new();
    let begun = Instant::now();
    let mut dev = Dev::start(program, place)?;
    let lines = dev.lines_to_paste()?;
    held.push(("dev is up", format!("{} lines to paste, {:.0?}", lines.len(), begun.elapsed())));

    let mut shell = curl::Shell::default();
    for line in &lines {
        let answer = shell.run(line).with_context(|| format!("the printed line fails: {line}"))?;
        println!("  $ {line}\n  {}", answer.trim_end());
    }
    held.push(("the printed lines work", "each is answered with a 2xx".to_owned()));

    let history = await_decision(&mut shell, &lines)?;
    let decided = format!("{history}, {:.0?} after the start", begun.elapsed());
    held.push(("the first order is approved", decided));

    dev.stop()?;
    held.push(("SIGTERM ends it well", "exit code 0".to_owned()));
    let (good, report) = command::capture(Command::new(program).current_dir(place).arg("verify"))?;
    ensure!(good, "verify is not content:\n{report}");
    held.push(("verify", report.lines().last().unwrap_or_default().to_owned()));
    Ok(held)
}

/// Asks for the customer's history, by the line that was printed for it, until the order is decided.
fn await_decision(shell: &mut curl::Shell, lines: &[String]) -> anyhow::Result<String> {
    let line = lines.iter().find(|line| line.contains("orderhistory"));
    let line = line.context("no line shows a customer's history")?;
    let until = Instant::now() + LINE_WAIT_MAX;
    while Instant::now() < until {
        let history: Value = serde_json::from_str(&shell.run(line)?)?;
        match history["orders"][0]["orderState"].as_str() {
            Some("APPROVED") => return Ok(history["orders"][0]["orderTotal"]["amount"].to_string()),
            Some("CANCELLED") => bail!("the first order was cancelled: {history}"),
            _ => std::thread::yield_now(), // it takes some milliseconds
        }
    }
    bail!("the first order was not decided within {} s", LINE_WAIT_MAX.as_secs())
}

/// A running `headwater dev`, killed when it is dropped.
struct Dev {
    child: Child,
    said: Receiver<String>,
}

impl Dev {
    fn start(program: &Path, place: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .current_dir(place)
            .args(["dev", "--any-port"])
            .env_remove("HEADWATER_OUTPUT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", PathBuf::from(program).display()))?;
        let stdout = child.stdout.take().context("stdout was piped just now")?;
        let (tell, said) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            // To the end, also when nobody listens: a full pipe would stop it.
            lines.for_each(|line| drop(tell.send(line)));
        });
        Ok(Self { child, said })
    }

    /// The lines that a user is told to paste.
    fn lines_to_paste(&self) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.said.recv_timeout(LINE_WAIT_MAX).context("dev says nothing more")?;
            let command = line.trim_start();
            if command.starts_with(LAST_WORDS) {
                ensure!(!lines.is_empty(), "dev prints no lines to paste");
                return Ok(lines);
            }
            if curl::is_line(command) {
                lines.push(command.to_owned());
            }
        }
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let id = id.context("a running child has a process id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        while self.said.recv_timeout(LINE_WAIT_MAX).is_ok() {}
        let ended = self.child.wait()?;
        ensure!(ended.success(), "dev ended with {ended}");
        Ok(())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
