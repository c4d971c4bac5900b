//! A command of a step: started, shown, counted, and ended when it takes too long.
//!
//! Why: a hung test must end in a verdict that names its step, not in a machine that is taken away.
//!
//! Picture:
//! ```text
//!   child stdout ──▶ a thread: print the line, add its counts ──▶ channel ──▶ wait, until the limit
//!   child stderr ──▶ ours (cargo's progress)
//! ```

use super::tally::Tally;
use anyhow::Context;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long one command may take: about three times the slowest cold build on two cores.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(45 * 60);

/// How a command ended.
pub(super) struct Ended {
    /// It said so itself.
    pub(super) good: bool,
    /// What its test binaries reported.
    pub(super) tests: Tally,
}

/// Runs a command to its end, showing what it prints.
pub(super) fn run(command: &mut Command) -> anyhow::Result<Ended> {
    let in_ci = std::env::var_os("CI").is_some();
    if in_ci {
        // A group of its own can be ended whole. At a terminal Ctrl-C must reach the child instead.
        command.process_group(0);
    }
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} did not start"))?;
    let stdout = child.stdout.take().context("stdout was piped just now")?;
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(show_and_count(stdout)));
    let tests = match ended.recv_timeout(COMMAND_TIME_MAX) {
        Ok(tests) => tests,
        Err(_) if in_ci => {
            println!("✘ ended after {} minutes", COMMAND_TIME_MAX.as_secs() / 60);
            end_group(&child)?;
            Tally::FAILED
        }
        Err(_) => ended.recv().context("the reader of the child's output is gone")?,
    };
    Ok(Ended { good: child.wait()?.success(), tests })
}

/// Runs a command and keeps what it prints, both streams together.
pub(crate) fn capture(command: &mut Command) -> anyhow::Result<(bool, String)> {
    let output = command.stdin(Stdio::null()).output()?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), text))
}

fn show_and_count(stdout: impl Read) -> Tally {
    let mut tally = Tally::default();
    let mut reader = BufReader::new(stdout);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(bytes) if bytes > 0) {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        if let Some(counts) = Tally::of_line(&text) {
            tally += counts;
        }
        line.clear();
    }
    tally
}

fn end_group(child: &Child) -> anyhow::Result<()> {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    let group = group.context("a running child has a process id")?;
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_several_binaries_add_up_and_broken_text_is_no_obstacle() {
        let output =
            b"test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n\xff\xfe noise\n\
            test result: FAILED. 1 passed; 1 failed; 3 ignored; 0 measured";
        let tally = show_and_count(&output[..]);
        assert_eq!(tally, Tally { passed: 3, failed: 1, skipped: 3 });
    }

    #[test]
    fn a_command_that_fails_is_not_good() {
        let ended = run(&mut Command::new("false")).expect("`false` starts everywhere");
        assert!(!ended.good);
    }
}
