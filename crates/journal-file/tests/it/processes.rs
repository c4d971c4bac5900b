//! Two real processes, and `kill -9`.
//!
//! The test binary runs itself as the other process: with the variable below set, the test
//! `the_other_process` is the child; without it, that test does nothing.

use crate::ground::{SMALL, all, append, assert_bodies};
use headwater_env::{Disk, OsDisk, OsEntropy};
use headwater_journal_file::{FileJournal, Options, Preparing};
use headwater_model::{Journal, JournalError, Unavailable};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

const DIRECTORY: &str = "HEADWATER_TEST_DIRECTORY";
const ACKNOWLEDGED: &str = "acknowledged ";

fn open(dir: &Path) -> Result<FileJournal, JournalError> {
    let options = Options { preparing: Preparing::Background, segment_bytes: 1 << 15, ..SMALL };
    let disk: Arc<dyn Disk> = Arc::new(OsDisk::new());
    FileJournal::open(disk, &OsEntropy, dir, options)
}

/// Appends and says so, until it is killed.
#[test]
fn the_other_process() {
    let Some(dir) = std::env::var_os(DIRECTORY) else { return };
    let mut journal = open(Path::new(&dir)).unwrap();
    loop {
        let n = journal.head().next.0;
        append(&mut journal, n).unwrap();
        writeln!(std::io::stdout(), "\n{ACKNOWLEDGED}{n}").unwrap();
    }
}

fn start(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::the_other_process", "--nocapture"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_writer_loses_nothing_it_acknowledged_and_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 1..=5 {
        let mut child = start(dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut take = || {
            let line = lines.next()?.unwrap();
            Some(line.strip_prefix(ACKNOWLEDGED).map(|n| n.parse::<u64>().unwrap()))
        };
        for _ in 0..round * 60 {
            acknowledged = take().expect("the child writes on").unwrap_or(acknowledged);
        }
        let refused = open(dir.path()).unwrap_err();
        let owner = format!("process {}", child.id());
        assert_eq!(refused, JournalError::Unavailable(Unavailable::Locked { owner }));
        child.kill().unwrap();
        // What it said before it died counts too.
        while let Some(said) = take() {
            acknowledged = said.unwrap_or(acknowledged);
        }
        child.wait().unwrap();
        let commits = all(&open(dir.path()).unwrap()).unwrap();
        assert_bodies(&commits);
        assert!(commits.len() as u64 > acknowledged, "A2: {} of {acknowledged}", commits.len());
    }
}
