//! A child: this program again, in a process of its own that can be killed or weighed.

use anyhow::Context;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What the system counts processor time in, for every program.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running child that says things line by line.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// Starts `bench TASK ABOUT`: a directory mostly.
    pub(crate) fn start(task: &str, about: impl AsRef<OsStr>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(task).arg(about).stdin(Stdio::null());
        Self::of(&mut command)
    }

    /// Starts another program that says things line by line.
    pub(crate) fn of(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("stdout was piped just now")?;
        Ok(Self { child, lines: BufReader::new(stdout) })
    }

    /// The next line it says.
    pub(crate) fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        anyhow::ensure!(!line.is_empty(), "the child ended without a word");
        Ok(line.trim().to_owned())
    }

    /// Where it can be told things, if its input is piped; once.
    pub(crate) fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// What of it is in memory.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<u64> {
        resident_kib(&self.child.id().to_string())
    }

    /// Processor time that it has used, all its threads.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, which may hold anything, stands in parentheses.
        let (_, fields) = stat.rsplit_once(") ").context("the system tells no times")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks: u64 = ticks.sum::<Result<u64, _>>()?;
        Ok(ticks as f64 / TICKS_PER_SECOND)
    }

    /// Ends it as a crash would: nothing of it runs any more.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits for its own end.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "the child ended with {status}");
        Ok(())
    }
}

/// What of a process is in memory: of `self`, or of one with this number.
pub(crate) fn resident_kib(process: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.context("the system tells no VmRSS")?.parse()?)
}
