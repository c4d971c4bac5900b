//! The house's own checks: `cargo xtask test`, `cargo xtask tidy` and `cargo xtask long`.
//!
//! Why: what CI runs must be one command that anyone can run, and the rules of style that a
//! program can check must not cost a reviewer's time.
//!
//! Picture:
//! ```text
//!   .ci/run ─▶ xtask test ─▶ format · tidy · clippy · deny · tests · doc tests · planted · release
//!                              └─ rules over every source file, map and dependency (tidy.rs)
//!   a person ▶ xtask long ─▶ the same kills and simulations, as many as there is time for (long.rs)
//! ```

#![expect(clippy::print_stdout, reason = "a command talks to the person who ran it")]

mod ci;
mod long;
mod tidy;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The house's own checks.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs everything that CI runs, to the end; the last line is `N passed, N failed, N skipped`.
    Test {
        /// Only these steps, by name (as in the headings); all when none is given.
        steps: Vec<String>,
    },
    /// Checks the rules of the house that a program can check, and prints its measures.
    Tidy,
    /// Runs a check of every build for as long as wanted, with progress and a closing line.
    Long {
        #[command(subcommand)]
        run: long::Long,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let workspace = workspace::Workspace::load()?;
    let good = match Cli::parse().task {
        Task::Test { steps } => ci::run(&workspace, &steps)?,
        Task::Tidy => {
            let report = tidy::check(&workspace)?;
            print!("{report}");
            report.is_clean()
        }
        Task::Long { run } => long::run(&workspace, &run)?,
    };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
