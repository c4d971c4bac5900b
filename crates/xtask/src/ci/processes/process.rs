//! A process that says where it listens, and comes back to the same place when it was killed.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};

/// A running program, killed when it is dropped.
pub(super) struct Process {
    program: PathBuf,
    directory: PathBuf,
    flags: Vec<String>,
    address: String,
    child: Child,
}

impl Process {
    /// Starts it at any free port, and waits until it listens.
    pub(super) fn start(
        program: PathBuf,
        directory: PathBuf,
        flags: &[&str],
    ) -> anyhow::Result<Self> {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let mut command = Command::new(&program);
        command.current_dir(&directory).args(&flags);
        let (child, address) = listening(&mut command, "127.0.0.1:0")?;
        Ok(Self { program, directory, flags, address, child })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn name(&self) -> String {
        self.program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// `kill -9`, and a new process over the same files at the same address.
    pub(super) fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        let mut command = Command::new(&self.program);
        command.current_dir(&self.directory).args(&self.flags);
        (self.child, _) = listening(&mut command, &self.address)?;
        Ok(())
    }

    /// SIGTERM, and a good end.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let id = id.context("a running child has a process id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        let ended = self.child.wait()?;
        ensure!(ended.success(), "{} ended with {ended}", self.name());
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts it there; answers when it has said where it listens.
fn listening(command: &mut Command, at: &str) -> anyhow::Result<(Child, String)> {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HEADWATER_")) {
        command.env_remove(name);
    }
    command.args(["--listen", at]).env("RUST_LOG", "info").stdin(Stdio::null());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} does not start", command.get_program().display()))?;
    let (tell, told) = channel();
    hear(child.stdout.take().context("it was piped")?, tell.clone());
    hear(child.stderr.take().context("it was piped")?, tell);
    let address = told.recv().ok().context("it ended before it listened")?;
    Ok((child, address))
}

/// Reads to the end, so that no pipe fills, and tells the address when a line of JSON has one: the
/// server announces it, a service logs it.
fn hear(from: impl Read + Send + 'static, tell: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            let logged = line["fields"]["address"].as_str();
            let announced =
                line["server"].as_str().and_then(|url| url.strip_prefix("headwater://"));
            if let Some(address) = logged.or(announced) {
                drop(tell.send(address.to_owned())); // only the first is waited for
            }
        }
    });
}
