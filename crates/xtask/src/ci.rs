//! All of CI as one command: every step runs, whatever failed before it.
//!
//! Why: a person who broke two things wants to hear of both; a machine wants one last line.
//!
//! Picture:
//! ```text
//!   ═══ 3/7 clippy: the compiler and clippy have no complaint
//!   …
//!   ═══ summary
//!   ✔ format        1 passed, 0 failed, 0 skipped     0.9 s
//!   ✘ clippy        0 passed, 1 failed, 0 skipped    61.2 s
//!   412 passed, 1 failed, 0 skipped
//! ```
//! Invariant: the last line on stdout is the sum of all steps and nothing else.

mod clients;
pub(crate) mod command;
mod databases;
mod deny;
mod described;
mod processes;
mod programs;
mod smoke;
mod step;
mod tally;

use crate::workspace::Workspace;
use std::time::{Duration, Instant};
use step::Step;
use tally::Tally;

struct Done {
    name: String,
    tally: Tally,
    time: Duration,
}

/// Runs the steps of these names, or all; whether everything held.
pub(crate) fn run(workspace: &Workspace, names: &[String]) -> anyhow::Result<bool> {
    let steps = chosen(step::all(workspace), names)?;
    let count = steps.len();
    let done: Vec<Done> = steps
        .into_iter()
        .enumerate()
        .map(|(index, step)| {
            println!("\n═══ {}/{count} {}: {}", index + 1, step.name, step.claim);
            run_step(workspace, step)
        })
        .collect();
    Ok(summarize(&done))
}

fn chosen(steps: Vec<Step>, names: &[String]) -> anyhow::Result<Vec<Step>> {
    if let Some(stranger) = names.iter().find(|name| !steps.iter().any(|s| &&s.name == name)) {
        let known: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        anyhow::bail!("there is no step `{stranger}`; there are {}", known.join(", "));
    }
    Ok(steps.into_iter().filter(|s| names.is_empty() || names.contains(&s.name)).collect())
}

/// A step that cannot even start has failed; the others still run.
fn run_step(workspace: &Workspace, step: Step) -> Done {
    let start = Instant::now();
    let tally = (step.run)(workspace).unwrap_or_else(|error| {
        println!("✘ {error:#}");
        Tally::FAILED
    });
    Done { name: step.name, tally, time: start.elapsed() }
}

fn summarize(done: &[Done]) -> bool {
    println!("\n═══ summary");
    let mut sum = Tally::default();
    for Done { name, tally, time } in done {
        let mark = if tally.failed == 0 { "✔" } else { "✘" };
        let counts = tally.to_string();
        println!("{mark} {name:<26} {counts:<40} {:>7.1} s", time.as_secs_f64());
        sum += *tally;
    }
    let failed: Vec<&str> =
        done.iter().filter(|d| d.tally.failed > 0).map(|d| d.name.as_str()).collect();
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
    }
    println!("{sum}");
    failed.is_empty()
}
