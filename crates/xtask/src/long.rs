//! Long runs: the kills and the simulations of every build, as many as there is time for.
//!
//! Why: two hundred kills a build find what is common. What happens once in ten thousand is found by
//! a machine that has a night.
//!
//! Picture:
//! ```text
//!   cargo xtask long sim --seeds 100000
//!   ▕████████▏ 61500/100000 seeds · 2m · 1m left
//!   100000 seeds from 0: 3912004 appends acknowledged, 80111 refused, 9021 without a reply, lost 0 · 3m
//! ```
//! A run is many runs of the test with other seeds, each a process of its own, so that memory stays
//! bounded and the bar moves. The first that fails ends it, and says how to see that again.

use crate::ci::command;
use crate::workspace::{Workspace, cargo};
use anyhow::{Context, ensure};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What may run long.
#[derive(Subcommand)]
pub(crate) enum Long {
    /// Starts a process that writes, and kills it with `kill -9`; nothing acknowledged may be lost.
    Kill {
        /// How often.
        #[arg(long, default_value_t = 10_000)]
        rounds: u64,
        /// Where the choice of moments begins.
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
    /// Simulates a store on a disk that has bad days, by seed.
    Sim {
        /// How many seeds.
        #[arg(long, default_value_t = 100_000)]
        seeds: u64,
        /// The first of them.
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
}

/// One of the tests that can run long.
struct Kind {
    /// What is counted.
    unit: &'static str,
    test: &'static str,
    /// The variables by which the test is told how many, and where to begin.
    count: &'static str,
    first: &'static str,
    /// How many make one process: some seconds of work.
    part: u64,
}

const KILL: Kind = Kind {
    unit: "kills",
    test: "kill::a_process_that_is_killed_loses_nothing_it_acknowledged",
    count: "HEADWATER_KILL_ROUNDS",
    first: "HEADWATER_KILL_SEED",
    part: 100,
};

const SIM: Kind = Kind {
    unit: "seeds",
    test: "sim::seeds::every_seed_keeps_every_promise",
    count: "HEADWATER_SIM_SEEDS",
    first: "HEADWATER_SIM_FIRST",
    part: 500,
};

/// Runs to the end, or to the first failure; whether all of it held.
pub(crate) fn run(workspace: &Workspace, long: &Long) -> anyhow::Result<bool> {
    let (kind, count, from) = match *long {
        Long::Kill { rounds, from } => (&KILL, rounds, from),
        Long::Sim { seeds, from } => (&SIM, seeds, from),
    };
    let program = test_program(workspace)?;
    let bar = progress(kind, count)?;
    let mut sum = Sum::default();
    let mut done = 0;
    while done < count {
        let (first, part) = (from + done, kind.part.min(count - done));
        let mut command = kind.command(&program, workspace, first, part);
        let (good, text) = command::capture(&mut command)?;
        if !good {
            bar.abandon();
            println!("{text}\n✘ {} {first} to {} failed; again:", kind.unit, first + part - 1);
            println!(
                "  {}={part} {}={first} cargo test -p headwater-store --test it -- --exact {}",
                kind.count, kind.first, kind.test
            );
            return Ok(false);
        }
        sum.add(&text).with_context(|| format!("the test said something else:\n{text}"))?;
        done += part;
        bar.set_position(done);
    }
    bar.finish_and_clear();
    let span = Duration::from_secs(bar.elapsed().as_secs());
    println!("{count} {} from {from}: {sum}, lost 0 · {span:?}", kind.unit);
    Ok(true)
}

impl Kind {
    fn command(&self, program: &Path, workspace: &Workspace, first: u64, part: u64) -> Command {
        let mut command = Command::new(program);
        command.current_dir(workspace.root.join("crates/store"));
        command.args(["--exact", self.test, "--nocapture"]);
        command.env(self.count, part.to_string()).env(self.first, first.to_string());
        command
    }
}

/// What all parts reported.
#[derive(Default, PartialEq, Eq, Debug)]
struct Sum {
    done: u64,
    refused: u64,
    unknown: u64,
}

impl Sum {
    /// Adds what the test printed: the report of its checker.
    fn add(&mut self, text: &str) -> anyhow::Result<()> {
        let report = text.lines().find_map(|line| line.split_once("Report {"));
        let (_, report) = report.context("no report")?;
        let figure = |name: &str| {
            let (_, rest) = report.split_once(&format!("{name}: ")).context("no figure")?;
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Ok::<u64, anyhow::Error>(digits.parse()?)
        };
        self.done += figure("done_count")?;
        self.refused += figure("refused_count")?;
        self.unknown += figure("unknown_count")?;
        Ok(())
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { done, refused, unknown } = self;
        write!(f, "{done} appends acknowledged, {refused} refused, {unknown} without a reply")
    }
}

fn progress(kind: &Kind, count: u64) -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::new(count);
    let style = "{wide_bar} {pos}/{len} {msg} · {elapsed} · {eta} left";
    bar.set_style(ProgressStyle::with_template(style)?);
    bar.set_message(kind.unit);
    bar.enable_steady_tick(Duration::from_millis(500));
    Ok(bar)
}

/// Builds the store's tests; where they are.
fn test_program(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut build = Command::new(cargo());
    build.current_dir(&workspace.root).args(["test", "-p", "headwater-store", "--test", "it"]);
    let output = build
        .args(["--no-run", "--locked", "--message-format", "json-render-diagnostics"])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the store's tests do not build");
    let messages = String::from_utf8(output.stdout)?;
    let mut programs = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == "it" && message["profile"]["test"] == true;
        is_it.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    });
    programs.next_back().context("cargo does not say where the tests are")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reports_of_all_parts_are_summed() {
        let mut sum = Sum::default();
        let said = "running 1 test\n500 seeds: Report { done_count: 31, refused_count: 4, \
                    unknown_count: 2, event_count: 90, violations: [] }\ntest … ok";
        sum.add(said).expect("a report");
        sum.add(said).expect("a report");
        assert_eq!(sum, Sum { done: 62, refused: 8, unknown: 4 });
        assert!(sum.add("running 0 tests").is_err(), "a test that was not run reports nothing");
    }
}
