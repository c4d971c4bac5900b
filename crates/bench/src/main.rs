//! The bench: Headwater against the raw floor and its peers, in one run.
//!
//! Why one run: machines differ and change by the hour; a ratio of two sides that took turns on one
//! disk does not.
//!
//! Picture:
//! ```text
//!   measure/*  one bench each ─▶ report: a table, goals with ✔ or ✘, JSON
//!      │ drives
//!      ├─ embedded    the store in this process, its disk counted
//!      ├─ floor       the same bytes, the same syncs, nothing else
//!      ├─ wire/*      servers and their clients, each a process
//!      └─ peer/*      SQLite, fjall and redb, each at its best
//! ```

#![expect(clippy::print_stdout, reason = "a bench reports to the person who ran it")]

// The derives name one path: that of the facade, which a program below it does not see.
extern crate headwater_framework as headwater;

mod child;
mod counting;
mod dataset;
mod drive;
mod embedded;
mod event;
mod filling;
mod floor;
mod folder;
mod group;
mod measure;
mod peer;
mod report;
mod timing;
mod wire;

use anyhow::Context;
use clap::Parser;
use dataset::Dataset;
use measure::{Bench, Measure};
use report::Report;
use std::path::PathBuf;
use std::time::Duration;
use timing::Budget;

/// Headwater against the raw floor and its peers, in one run.
#[derive(Parser)]
#[command(name = "bench", after_help = names())]
struct Cli {
    /// Benches by name, or `all`.
    #[arg(required = true)]
    names: Vec<String>,
    /// Less of everything: for a first look, in a few minutes.
    #[arg(long)]
    quick: bool,
    /// Where data goes; must be on the disk that is to be measured.
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
    /// Uses the datasets that an earlier run left there, and leaves them again.
    #[arg(long)]
    keep: bool,
    /// Writes all figures there, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the peers of the wire are installed, or are to be; takes minutes once.
    #[arg(long, default_value = "target/bench-peers")]
    peers: PathBuf,
    /// The wire without its peers.
    #[arg(long)]
    no_peers: bool,
    /// Events of the large dataset; 100000000 takes half an hour and 40 GB.
    #[arg(long, value_name = "EVENTS")]
    scale: Option<u64>,
}

fn names() -> String {
    let lines = measure::ALL.iter().map(|m| format!("  {:<10} {}\n", m.name, m.about));
    let advice = "On a machine that does other work, ratios hold better under `chrt -f 10`.";
    format!("Benches:\n{}\n{advice}", lines.collect::<String>())
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    // The child's tasks come as `bench TASK DIR`.
    if let [task, dir] = cli.names.as_slice() {
        let dir = PathBuf::from(dir);
        match task.as_str() {
            "append-until-killed" => return measure::append_until_killed(&dir),
            "print-own-memory" => return measure::print_own_memory(&dir),
            "fill-timers" => return measure::fill_timers(&dir),
            "serve-headwater" => return wire::serve_headwater(&dir),
            "serve-echo" => return wire::serve_echo(),
            "drive-headwater" => return wire::drive_native(&dir),
            "drive-echo" => return wire::drive_echo(&dir),
            _ => {}
        }
    }
    run(&cli)
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let chosen = chosen(&cli.names)?;
    if !cli.keep {
        folder::empty(&cli.dir).with_context(|| format!("{} cannot be used", cli.dir.display()))?;
    }
    let bench = bench(cli)?;
    let mut report = Report::default();
    for measure in chosen {
        let table = (measure.run)(&bench).with_context(|| measure.name)?;
        print!("{table}");
        report.tables.push(table);
    }
    let (reached, goals) = report.score();
    println!("\n{reached} of {goals} goals reached");
    if let Some(path) = &cli.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    if cli.keep { Ok(()) } else { folder::empty(&cli.dir) }
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Measure>> {
    if names.iter().any(|name| name == "all") {
        return Ok(measure::ALL.iter().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        // `wire` is all whose names begin so.
        let is_meant = |measure: &&Measure| {
            measure.name.split('-').next() == Some(name) || measure.name == name
        };
        let before = chosen.len();
        chosen.extend(measure::ALL.iter().filter(is_meant));
        let why = || format!("there is no bench `{name}`\n{}", self::names());
        anyhow::ensure!(chosen.len() > before, why());
    }
    Ok(chosen)
}

fn bench(cli: &Cli) -> anyhow::Result<Bench> {
    let (round_count, round_ms, small, large) =
        if cli.quick { (3, 400, 100_000, 1_000_000) } else { (5, 1_000, 1_000_000, 10_000_000) };
    Ok(Bench {
        dir: cli.dir.clone(),
        budget: Budget { round_count, round: Duration::from_millis(round_ms) },
        small: Dataset { event_count: small },
        large: Dataset { event_count: cli.scale.unwrap_or(large) },
        peers: (!cli.no_peers).then(|| cli.peers.clone()),
        runtime: tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?,
    })
}
