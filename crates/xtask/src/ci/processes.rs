//! The shop as its operator has it: a server and four services, each a process, each killed.
//!
//! Why: in tests the services share a process, though never a variable. Here nothing is shared but
//! the server's port, and whatever dies with `kill -9` in the midst of a year of orders is started
//! again as a service manager would. The figures must be those of the year without any of that.
//!
//! Picture:
//! ```text
//!   replay ─▶ gateway ─▶ customers, orders, history ─▶ headwater server
//!      │ a line of progress: the next of the five is killed and started again
//!      ▼
//!   figures == those of a replay in one process
//! ```

mod process;

use super::programs;
use super::tally::Tally;
use crate::workspace::Workspace;
use anyhow::{Context, ensure};
use process::Process;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// Of every customer: so that some orders are refused.
const LIMIT: &str = "300";

/// So that no order is cancelled for waiting while a service is down.
const PATIENCE: &str = "1000h";

/// Builds the programs, and compares the two replays.
pub(super) fn run(workspace: &Workspace) -> anyhow::Result<Tally> {
    let programs = programs::built(workspace)?;
    let book = workspace.root.join("examples/shop/tests/fixtures/orders.csv");
    let place = tempfile::tempdir()?;

    let alone = figures(&mut replay(&programs, &book), |_| Ok(()))?;
    let mut town = Town::start(&programs, place.path())?;
    let mut apart = replay(&programs, &book);
    apart.args(["--gateway", &town.gateway_url(), "--store", &town.store_url()]);
    let mut kill_count = 0;
    let together = figures(&mut apart, |line| {
        let killed = town.kill_and_restart(kill_count)?;
        kill_count += 1;
        println!("  {line}; {killed} was killed and is back");
        Ok(())
    })?;
    ensure!(kill_count >= 10, "the replay was over after {kill_count} kills");
    ensure!(alone == together, "in one process: {alone}\nin five: {together}");
    println!("✔ {kill_count} kills later the figures are those of one process: {together}");
    town.stop()?;
    Ok(Tally::PASSED)
}

fn replay(programs: &Path, book: &Path) -> Command {
    let mut replay = Command::new(programs.join("shop"));
    replay.arg("replay").arg(book).args(["--credit-limit", LIMIT]);
    replay
}

/// Runs a replay to its end, and tells of each line of its progress: all figures but the time it took.
fn figures(
    replay: &mut Command,
    mut progress: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<Value> {
    let mut child = replay.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().context("it was piped")?).lines() {
        let line = line?;
        if line.contains(" of ") {
            progress(&line)?;
        }
        said = line;
    }
    let mut text = String::new();
    child.stdout.take().context("it was piped")?.read_to_string(&mut text)?;
    let ended = child.wait()?;
    ensure!(ended.success(), "the replay ended with {ended}: {said}");
    let mut figures: Value = serde_json::from_str(&text)?;
    for varying in ["seconds", "orders_per_second"] {
        figures.as_object_mut().context("figures are an object")?.remove(varying);
    }
    Ok(figures)
}

/// The five processes; the server is the first.
struct Town(Vec<Process>);

impl Town {
    fn start(programs: &Path, place: &Path) -> anyhow::Result<Self> {
        let start = |program: &str, flags: &[&str]| {
            let directory = place.join(program);
            std::fs::create_dir_all(&directory)?;
            Process::start(programs.join(program), directory, flags)
        };
        let server = start("headwater", &["server", "--output", "json"])?;
        let store = format!("headwater://{}", server.address());
        let customers = start("shop-customers", &["--store", &store])?;
        let orders = start("shop-orders", &["--store", &store, "--time-limit", PATIENCE])?;
        let history = start("shop-history", &["--store", &store])?;
        let url = |process: &Process| format!("http://{}", process.address());
        let behind = [
            ["--customers", &url(&customers)],
            ["--orders", &url(&orders)],
            ["--history", &url(&history)],
        ];
        let gateway = start("shop-gateway", behind.as_flattened())?;
        Ok(Self(vec![server, customers, orders, history, gateway]))
    }

    fn store_url(&self) -> String {
        format!("headwater://{}", self.0[0].address())
    }

    fn gateway_url(&self) -> String {
        format!("http://{}", self.0[4].address())
    }

    /// Kills the next in turn; answers with its name.
    fn kill_and_restart(&mut self, turn: usize) -> anyhow::Result<String> {
        let count = self.0.len();
        let next = &mut self.0[turn % count];
        next.kill_and_restart()?;
        Ok(next.name())
    }

    /// As a service manager does: each must end well, the server last.
    fn stop(self) -> anyhow::Result<()> {
        self.0.into_iter().rev().try_for_each(Process::stop)
    }
}
