//! The real program, killed with `kill -9` at any moment, started again, and right in the end.

use crate::oracle::expected;
use serde_json::{Value, json};
use shop::replay::Book;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const LIMIT: &str = "300";

/// When it is killed: after so many lines of progress, of about twenty, and so many milliseconds.
/// What comes out does not depend on what it was doing then; that is the claim.
const KILLS: [(usize, u64); 9] =
    [(0, 0), (0, 60), (1, 3), (2, 0), (3, 17), (5, 1), (7, 9), (10, 0), (14, 2)];

fn start(data: &Path) -> (Child, Receiver<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_shop"))
        .arg("replay")
        .arg(crate::fixture())
        .args(["--credit-limit", LIMIT, "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (tell, told) = channel();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
    (child, told)
}

fn kill_after(lines: usize, milliseconds: u64, data: &Path) {
    let (mut child, told) = start(data);
    for _ in 0..lines {
        if told.recv().is_err() {
            break;
        }
    }
    // Nothing else ends this wait but a line or its time.
    drop(told.recv_timeout(Duration::from_millis(milliseconds)));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_replay_that_is_killed_anywhere_ends_in_the_same_figures() {
    let data = tempfile::tempdir().unwrap();
    for (lines, milliseconds) in KILLS {
        kill_after(lines, milliseconds, data.path());
    }
    let (mut child, told) = start(data.path());
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    let errors: Vec<String> = told.iter().collect();
    assert!(child.wait().unwrap().success(), "{errors:?}");

    let book = Book::open(&crate::fixture()).unwrap();
    let (tally, outstanding) = expected(&book, LIMIT.parse().unwrap());
    let mut figures: Value = serde_json::from_str(&output).unwrap();
    for varying in ["seconds", "orders_per_second"] {
        assert!(figures.as_object_mut().unwrap().remove(varying).unwrap().is_number());
    }
    assert_eq!(
        figures,
        json!({
            "rows_skipped": book.rows_skipped,
            "invoices": book.invoices.len(),
            "customers": book.by_customer().len(),
            "approved": tally.approved,
            "cancelled": tally.cancelled,
            "returns": tally.returns,
            "skipped_invoices": tally.skipped_invoices,
            "sum_approved": tally.sum_approved,
            "sum_cancelled": tally.sum_cancelled,
            "sum_released": tally.sum_released,
            "outstanding": outstanding,
        })
    );
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused_and_says_why() {
    for (limit, why) in [("0", "zero"), ("-1", "negative"), ("1.001", "two decimal places")] {
        let limit = format!("--credit-limit={limit}");
        let shop = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(["replay", "orders.csv", &limit])
            .output()
            .unwrap();
        assert_eq!(shop.status.code(), Some(2));
        let said = String::from_utf8_lossy(&shop.stderr).into_owned();
        assert!(said.contains(why), "{said}");
    }
    let gone = Command::new(env!("CARGO_BIN_EXE_shop"))
        .args(["replay", "no-such-file.csv", "--credit-limit", "1"])
        .output()
        .unwrap();
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains("no-such-file.csv"));
}
