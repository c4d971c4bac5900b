//! A client process and the pipe to it.

use crate::child::Running;
use crate::drive::{Done, Task};
use anyhow::Context;
use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};

/// A client process that is connected to its server.
pub(crate) struct Driver {
    running: Running,
    input: ChildStdin,
}

impl Driver {
    /// Starts it, and waits until it is connected.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut running = Running::of(command.stdin(Stdio::piped()))?;
        let input = running.input().context("stdin was piped just now")?;
        let word = running.line()?;
        anyhow::ensure!(word == "ready", "the client said {word:?}");
        Ok(Self { running, input })
    }

    /// This program as the client of a side.
    pub(crate) fn own(task: &str, address: &str) -> anyhow::Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).arg(task).arg(address))
    }

    /// Has it do something, and waits.
    pub(crate) fn run(&mut self, task: Task) -> anyhow::Result<Done> {
        writeln!(self.input, "{}", serde_json::to_string(&task)?)?;
        let done: Result<Done, String> = serde_json::from_str(&self.running.line()?)?;
        done.map_err(anyhow::Error::msg)
    }

    /// Ends it.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        drop(self.input);
        self.running.finish()
    }
}
