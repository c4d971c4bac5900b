//! The famous trap: of two transactions, the one that got its numbers first commits last, and a relay
//! that goes by "behind the last number" never sees its rows.
//!
//! Here transactions of several connections are interleaved step by step, by seed: they write, commit,
//! roll back, stay open while others commit. In between three relays with leases that are over at once
//! take turns, die behind an append that they were never told of, and the server is killed. Whatever
//! happens, each key's events are exactly what was committed, in order, each once.

use super::database::{Database, NO_LEASE, Writer};
use super::{contexts, said, store};
use headwater_model::memory::MemoryContexts;
use headwater_model::{Answer, Append, AppendError, Appended, Around, EventStore, Unavailable};
use headwater_sql::outbox::Relay;
use headwater_sql::outbox::relay::RelayTurn;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];
const WRITERS: usize = 4;
const RELAYS: usize = 3;

/// What happens next; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Step {
    Write {
        writer: usize,
        key: usize,
    },
    Commit {
        writer: usize,
    },
    RollBack {
        writer: usize,
    },
    Turn {
        relay: usize,
    },
    /// The relay's process is killed when the store has its rows and nobody told it.
    Die {
        relay: usize,
    },
    KillServer,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..WRITERS, 0..KEYS.len()).prop_map(|(writer, key)| Step::Write { writer, key }),
        5 => (0..WRITERS).prop_map(|writer| Step::Commit { writer }),
        2 => (0..WRITERS).prop_map(|writer| Step::RollBack { writer }),
        6 => (0..RELAYS).prop_map(|relay| Step::Turn { relay }),
        1 => (0..RELAYS).prop_map(|relay| Step::Die { relay }),
    ]
}

/// A store that appends, and then is cut off from whoever asked, if it is told to.
struct CutOff {
    within: Arc<dyn EventStore>,
    armed: AtomicBool,
}

impl Around for CutOff {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.within
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        Box::pin(async move {
            let holds_events = append.event_count() > 0;
            let appended = self.within.append(append).await;
            match holds_events && self.armed.swap(false, Ordering::Relaxed) {
                true => Err(AppendError::Unavailable(Unavailable::Closed)),
                false => appended,
            }
        })
    }
}

/// The database, and what must have come of it.
struct Run<'d> {
    database: &'d Database,
    writers: Vec<Writer>,
    relays: Vec<Relay>,
    cut_off: Arc<CutOff>,
    store: Arc<dyn EventStore>,
    committed: BTreeMap<&'static str, u64>,
    open: Vec<Option<BTreeMap<&'static str, u64>>>,
}

impl<'d> Run<'d> {
    async fn new(database: &'d Database, contexts: &MemoryContexts) -> Self {
        database.run("delete from counters").await;
        let store = store(contexts);
        let cut_off =
            Arc::new(CutOff { within: Arc::clone(&store), armed: AtomicBool::new(false) });
        let mut run = Self {
            database,
            writers: Vec::new(),
            relays: Vec::new(),
            cut_off,
            store,
            committed: BTreeMap::new(),
            open: Vec::new(),
        };
        run.connect().await;
        run.relays = (0..RELAYS).map(|_| run.relay()).collect();
        run
    }

    fn relay(&self) -> Relay {
        let store: Arc<dyn EventStore> = self.cut_off.clone();
        self.database.relay(&store, NO_LEASE)
    }

    async fn connect(&mut self) {
        self.writers.clear();
        for _ in 0..WRITERS {
            self.writers.push(self.database.connect().await);
        }
        self.open = vec![None; WRITERS];
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Write { writer, key } => self.write(writer, KEYS[key]).await,
            Step::Commit { writer } => {
                if let Some(written) = self.open[writer].take() {
                    self.writers[writer].commit().await;
                    self.committed.extend(written);
                }
            }
            Step::RollBack { writer } => {
                if self.open[writer].take().is_some() {
                    self.writers[writer].rollback().await;
                }
            }
            // In SQLite an open transaction that has written keeps everybody else from writing.
            Step::Turn { .. } | Step::Die { .. } if self.is_locked() => {}
            Step::Turn { relay } => drop(self.relays[relay].turn().await),
            Step::Die { relay } => {
                self.cut_off.armed.store(true, Ordering::Relaxed);
                drop(self.relays[relay].turn().await);
                self.cut_off.armed.store(false, Ordering::Relaxed);
                self.relays[relay] = self.relay();
            }
            Step::KillServer => {
                self.database.kill_and_start();
                self.connect().await;
            }
        }
    }

    fn is_locked(&self) -> bool {
        !self.database.writes_concurrently() && self.open.iter().any(Option::is_some)
    }

    /// Counts one further, if no other open transaction holds the key.
    async fn write(&mut self, writer: usize, key: &'static str) {
        let by_others = self.open.iter().enumerate().filter(|(other, _)| *other != writer);
        let mut by_others = by_others.filter_map(|(_, open)| open.as_ref());
        let taken = match self.database.writes_concurrently() {
            true => by_others.any(|open| open.contains_key(key)),
            false => by_others.next().is_some(),
        };
        if taken {
            return;
        }
        if self.open[writer].is_none() {
            self.writers[writer].begin().await;
            self.open[writer] = Some(BTreeMap::new());
        }
        let open = self.open[writer].as_mut().unwrap();
        let n = open.get(key).or(self.committed.get(key)).map_or(1, |n| n + 1);
        open.insert(key, n);
        self.writers[writer].count_and_insert(key, n).await;
    }

    async fn check(&self, is_end: bool) {
        for key in KEYS {
            let said = said(&self.store, &format!("thing-{key}")).await;
            let expected: Vec<String> = (1..=*self.committed.get(key).unwrap_or(&0))
                .map(|n| format!("{{\"n\":{n}}}"))
                .collect();
            match is_end {
                true => assert_eq!(said, expected, "{} key {key}", self.database.name()),
                false => assert!(expected.starts_with(&said), "{key}: {said:?}, {expected:?}"),
            }
        }
    }

    async fn finish(mut self) {
        for writer in 0..WRITERS {
            self.take(&Step::Commit { writer }).await;
        }
        let mut idle = 0;
        for n in (0..RELAYS).cycle().take(1_000) {
            match self.relays[n].turn().await {
                Ok(RelayTurn::Idle) => idle += 1,
                Ok(RelayTurn::Moved(_)) | Err(_) => idle = 0,
                Ok(RelayTurn::StandsBy) => tokio::task::yield_now().await,
            }
            // What one has looked at in vain may still be in a share of another's.
            if idle > 8 && self.database.number("select count(*) from headwater_outbox").await == 0
            {
                break;
            }
        }
        self.check(true).await;
    }
}

async fn play(database: &Database, steps: &[Step]) {
    let mut run = Run::new(database, &contexts()).await;
    for step in steps {
        run.take(step).await;
        if matches!(step, Step::Turn { .. } | Step::Die { .. }) {
            run.check(false).await;
        }
    }
    run.finish().await;
}

/// Seeds are said, so that a failure can be played again.
fn schedules(count: u64, length: usize) -> impl Iterator<Item = Vec<Step>> {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    (0..count).map(move |seed| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let steps = proptest::collection::vec(step(), length);
        steps.new_tree(&mut runner).unwrap().current()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_published_in_order_however_transactions_interleave() {
    for database in Database::all().await {
        for steps in schedules(12, 80) {
            play(&database, &steps).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_takes_open_transactions_with_it_and_nothing_else() {
    for database in Database::all_to_kill().await {
        for mut steps in schedules(2, 60) {
            steps.insert(20, Step::KillServer);
            steps.insert(41, Step::KillServer);
            play(&database, &steps).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_number_that_commits_last_is_not_passed_over() {
    for database in Database::all().await.iter().filter(|it| it.writes_concurrently()) {
        let write = |writer, key| Step::Write { writer, key };
        let turn = || Step::Turn { relay: 0 };
        let steps = [
            write(0, 0),
            write(1, 1),
            Step::Commit { writer: 1 },
            turn(),
            turn(),
            Step::Commit { writer: 0 },
            turn(),
        ];
        play(database, &steps).await;
    }
}
