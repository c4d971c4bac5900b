//! A2, A3, A4, C1: a real process on a real disk, killed with `kill -9` again and again.
//!
//! Why: the simulation knows the rules of a disk that somebody wrote down. Here the operating
//! system, the file system and four racing threads make their own.
//!
//! Picture:
//! ```text
//!   crash_writer ──ok lines──▶ this test ──SIGKILL at a random moment──▶ 💥
//!                                  └── opens the store itself: what was told, is there
//! ```
//! `HEADWATER_KILL_ROUNDS` asks for more rounds than the 200 of every build, and `HEADWATER_KILL_SEED`
//! for other moments; `cargo xtask long kill` does both.

pub(crate) mod work;

use headwater_conformance::history::{Operation, Outcome, Report, Seen, check};
use headwater_model::{
    Appended, Direction, EventStore, From, Position, Query, ReadAll, RecordedEvent, Revision,
};
use headwater_store::EmbeddedContext;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROUND_COUNT: u64 = if cfg!(feature = "planted-bugs") { 20 } else { 200 };

/// The whole history is checked each so many rounds, and at the end.
const CHECK_ROUNDS: u64 = 50;

#[test]
fn a_process_that_is_killed_loses_nothing_it_acknowledged() {
    let asked = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds = asked("HEADWATER_KILL_ROUNDS").unwrap_or(ROUND_COUNT);
    let seed = asked("HEADWATER_KILL_SEED").unwrap_or(rounds);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut operations = Vec::new();
    let mut report = Report::default();
    for round in 0..rounds {
        let told = one_life(dir.path(), round, &mut random);
        operations.extend(told);
        let store = work::open(dir.path()).expect("after kill -9 it opens");
        if round % CHECK_ROUNDS == 0 || round + 1 == rounds {
            report = check(&operations, &seen(&store, round));
            report.assert_clean();
        }
    }
    println!("{rounds} kills: {report:?}");
    assert!(report.done_count as u64 > rounds, "lives so short prove nothing");
}

/// Starts a writer, lets it say so many lines, and kills it in the midst of its work.
fn one_life(root: &Path, round: u64, random: &mut Xoshiro256PlusPlus) -> Vec<Operation> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crash_writer"))
        .arg(root)
        .arg(round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the writer starts");
    let output = child.stdout.take().expect("it was asked for");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let line_count = match random.random_range(0..10_u32) {
        0 => 1,
        1 => 2,
        _ => random.random_range(2..60),
    };
    let mut said: Vec<_> = lines.by_ref().take(line_count).collect();
    jitter(random);
    kill(&mut child);
    said.extend(lines);
    told(round, &said)
}

/// Some time within one append, so that every instruction of it has its turn to be the last.
fn jitter(random: &mut Xoshiro256PlusPlus) {
    let span = Duration::from_micros(random.random_range(0..3_000));
    let begun = Instant::now();
    while begun.elapsed() < span {
        std::hint::spin_loop();
    }
}

fn kill(child: &mut Child) {
    child.kill().expect("SIGKILL is sent");
    let status = child.wait().expect("it ends");
    assert!(!status.success(), "it was killed, it did not end");
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(status.signal(), Some(9), "it did not die of something else: {status}");
}

/// The appends of one life: those it was told of, and for each thread the one behind.
fn told(round: u64, said: &[String]) -> Vec<Operation> {
    let (invoked, returned) = (2 * round, 2 * round + 1);
    let mut next = [0; work::THREAD_COUNT as usize];
    let mut operations = Vec::new();
    for line in said.iter().filter_map(|line| line.strip_prefix("ok ")) {
        let words: Vec<_> = line.split(' ').collect();
        let number = |n: usize| words.get(n).and_then(|word| word.parse::<u64>().ok());
        let (Some(thread), Some(n), Some(position)) = (number(0), number(1), number(2)) else {
            panic!("the writer said {line:?}");
        };
        let answer = Appended {
            position: Some(Position(position)),
            revisions: (3..words.len()).map(|at| number(at).map(Revision)).collect(),
            replayed: false,
        };
        let append = work::append(round, thread, n);
        operations.push(Operation { append, invoked, returned, outcome: Outcome::Done(answer) });
        next[thread as usize] = n + 1;
    }
    for (thread, n) in (0..).zip(next) {
        let append = work::append(round, thread, n);
        let outcome = Outcome::Unknown;
        operations.push(Operation { append, invoked, returned: u64::MAX, outcome });
    }
    operations
}

/// Everything there is, by several paths.
fn seen(store: &EmbeddedContext, last_round: u64) -> Seen {
    headwater_conformance::run(async {
        let mut seen = Seen {
            forwards: all(store, Direction::Forwards),
            backwards: all(store, Direction::Backwards),
            ..Seen::default()
        };
        for round in 0..=last_round {
            for thread in 0..work::THREAD_COUNT {
                let name = work::reader(round, thread);
                let stands = store.checkpoint(name.clone()).await.expect("read");
                seen.checkpoints.insert(name, stands);
            }
        }
        seen
    })
}

fn all(store: &EmbeddedContext, direction: Direction) -> Vec<RecordedEvent> {
    let mut read = ReadAll { direction, ..ReadAll::forwards(Query::all()) };
    let mut events = Vec::new();
    loop {
        let page = store.read_all_blocking(&read).expect("the context is read");
        events.extend(page.events);
        match page.next {
            Some(next) => read.from = From::At(next),
            None => return events,
        }
    }
}
