//! A server's process: started until it says that it is ready, stopped, killed.
//!
//! Picture:
//! ```text
//!   spawn ─▶ a thread reads what the server says ─▶ "ready for connections" ─▶ start returns
//!                                                └▶ the end of it ─▶ it did not start, and why
//! ```
//! Invariant: behind `kill` no process of the server is left, also none of its children.

use crate::OutsideError;
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How long a server may take to be ready; one that repairs itself on a busy machine takes seconds.
const START_MAX: Duration = Duration::from_secs(120);

/// Lines kept of what a server says.
const SAID_COUNT_MAX: usize = 40;

type Said = Arc<Mutex<VecDeque<String>>>;

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    said: Said,
}

impl Process {
    /// Starts it, and waits until it says `ready`.
    pub(crate) fn start(mut command: Command, ready: &'static str) -> Result<Self, OutsideError> {
        let what = format!("starting {}", command.get_program().to_string_lossy());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0) // Ctrl-C ends the tests; the watcher ends the server
            .spawn()
            .map_err(OutsideError::doing(&what))?;
        let pid = pid_of(&child);
        let stderr = child.stderr.take().expect("stderr was piped just now");
        let said = Said::default();
        let (is_ready, readiness) = mpsc::channel();
        let kept = Arc::clone(&said);
        std::thread::spawn(move || listen(stderr, &kept, ready, &is_ready));
        let mut process = Self { child, pid, said };
        match readiness.recv_timeout(START_MAX) {
            Ok(()) => Ok(process),
            Err(_) => {
                process.kill();
                Err(OutsideError::failed(what, process.last_words()))
            }
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// The last lines that it said.
    pub(crate) fn last_words(&self) -> String {
        self.said.lock().iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Asks it to end, and waits.
    pub(crate) fn stop(&mut self, signal: Signal) -> Result<(), OutsideError> {
        kill_process(self.pid, signal)
            .map_err(|error| OutsideError::doing("stopping a server")(error.into()))?;
        let status = self.child.wait().map_err(OutsideError::doing("stopping a server"))?;
        match status.success() {
            true => Ok(()),
            false => Err(OutsideError::failed(
                format!("the server ended with {status}"),
                self.last_words(),
            )),
        }
    }

    /// `kill -9`, for it and all its children.
    pub(crate) fn kill(&mut self) {
        let children = children_of(self.pid);
        let _ = self.child.kill(); // it may have ended already
        let _ = self.child.wait();
        for child in &children {
            let _ = kill_process(*child, Signal::KILL);
        }
        while children.iter().any(|child| is_running(*child)) {
            std::thread::yield_now();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Keeps what a server says, and tells when it is ready. Ends with the last of its processes.
fn listen(from: impl Read, said: &Said, ready: &str, is_ready: &mpsc::Sender<()>) {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(bytes) if bytes > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        let now_ready = text.contains(ready);
        let mut said = said.lock();
        if said.len() == SAID_COUNT_MAX {
            said.pop_front();
        }
        said.push_back(text);
        drop(said);
        if now_ready {
            let _ = is_ready.send(()); // nobody waits any more for a second time
        }
    }
}

/// The processes whose parent this one is.
fn children_of(parent: Pid) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let pids = names.filter_map(|name| name.parse().ok()).filter_map(Pid::from_raw);
    let parent = parent.as_raw_nonzero().get().to_string();
    pids.filter(|pid| stat(*pid).is_some_and(|[_, its]| its == parent)).collect()
}

/// Whether there is such a process that has not ended; one that nobody buried has.
fn is_running(pid: Pid) -> bool {
    stat(pid).is_some_and(|[state, _]| state != "Z")
}

/// A process's state and its parent.
fn stat(pid: Pid) -> Option<[String; 2]> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, rest) = text.rsplit_once(')')?; // the name before may hold anything
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some([words.next()?, words.next()?])
}
