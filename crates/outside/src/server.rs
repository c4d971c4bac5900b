//! What servers have in common: they run, stop, die and come again in the same home.

use crate::OutsideError;
use crate::home::Home;
use crate::process::Process;
use parking_lot::Mutex;
use rustix::process::Signal;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A server at home. The process ends before the home goes.
#[derive(Debug)]
pub(crate) struct Server {
    running: Mutex<Option<Process>>,
    ready: &'static str,
    stop: Signal,
    names: AtomicU32,
    pub(crate) home: Home,
}

impl Server {
    /// Not running yet. `ready` is in what it says when it is, `stop` is how it is asked to end.
    pub(crate) fn at(home: Home, ready: &'static str, stop: Signal) -> Self {
        Self { running: Mutex::new(None), ready, stop, names: AtomicU32::new(0), home }
    }

    pub(crate) fn start(&self, command: Command) -> Result<(), OutsideError> {
        let mut running = self.running.lock();
        if running.is_some() {
            return Err(OutsideError::failed("starting a server", "it runs already"));
        }
        let process = Process::start(command, self.ready)?;
        self.home.watch(process.pid())?;
        *running = Some(process);
        Ok(())
    }

    pub(crate) fn stop(&self) -> Result<(), OutsideError> {
        match self.running.lock().take() {
            Some(mut process) => {
                let stopped = process.stop(self.stop);
                self.home.unwatch();
                stopped
            }
            None => Ok(()),
        }
    }

    pub(crate) fn kill(&self) {
        if let Some(mut process) = self.running.lock().take() {
            process.kill();
            self.home.unwatch();
        }
    }

    /// What it said last.
    pub(crate) fn last_words(&self) -> String {
        self.running.lock().as_ref().map(Process::last_words).unwrap_or_default()
    }

    /// A database name that nobody has.
    pub(crate) fn next_name(&self) -> String {
        format!("of_test_{}", self.names.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command that prepares a server's home to its end.
pub(crate) fn prepare(command: &mut Command) -> Result<(), OutsideError> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(OutsideError::doing(&what))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            Err(OutsideError::failed(what, String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }
}
