//! A world for one test: a database of its own, a store of its own, and a miner between the two.

use headwater_cdc::{
    AfterLoss, LagPolicy, Mapping, Miner, MinerHealth, MinerSettings, MinerState, Mining,
    PostgresSettings, PostgresSource, Source,
};
use headwater_model::memory::{Loss, MemoryContexts};
use headwater_model::{
    ContextName, Contexts as _, EventStore, From, Query, ReadAll, RecordedEvent, Timestamp,
};
use headwater_outside::Postgres;
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// No test of a healthy machine waits this long: it fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct World {
    pub(crate) postgres: &'static Postgres,
    pub(crate) database: String,
    stage: Stage,
}

/// Where events go, and what was seen of them.
pub(crate) struct Stage {
    pub(crate) contexts: Arc<MemoryContexts>,
    pub(crate) store: Arc<dyn EventStore>,
}

impl std::ops::Deref for World {
    type Target = Stage;
    fn deref(&self) -> &Stage {
        &self.stage
    }
}

impl World {
    /// With these statements run in a new database; `None` where there is no server.
    pub(crate) async fn new(setup: &[&str]) -> Option<Self> {
        Some(Self::on(Postgres::shared()?, setup).await)
    }

    pub(crate) async fn on(postgres: &'static Postgres, setup: &[&str]) -> Self {
        let database = postgres.database().expect("a database");
        let world = Self { postgres, database, stage: Stage::new().await };
        setup.iter().for_each(|sql| world.sql(sql));
        world
    }

    pub(crate) fn sql(&self, sql: &str) {
        self.postgres.rows(&self.database, sql).expect("the statement is good");
    }

    pub(crate) fn ask(&self, sql: &str) -> String {
        let rows = self.postgres.rows(&self.database, sql).expect("the question is good");
        rows[0][0].clone().unwrap_or_default()
    }

    pub(crate) fn settings(&self, mapping: Mapping) -> MinerSettings {
        let socket = self.postgres.socket().to_str().expect("a plain path");
        MinerSettings {
            name: "miner".to_owned(),
            source: self.source(PostgresSettings::new(
                socket,
                self.postgres.port(),
                "postgres",
                &self.database,
            )),
            mapping,
            lag: LagPolicy::default(),
            after_loss: AfterLoss::Halt,
        }
    }

    /// The database by these settings, with its usual publication and slot.
    pub(crate) fn source(&self, database: PostgresSettings) -> Source {
        let (publication, slot) = ("mined".to_owned(), self.database.clone());
        PostgresSource { database, publication, slot }.into()
    }

    pub(crate) fn mine(&self, mapping: Mapping) -> Mining {
        self.mine_with(self.settings(mapping))
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let clock = || Timestamp::from_micros(1_800_000_000_000_000);
        let contexts = Arc::new(MemoryContexts::new(Arc::new(clock)));
        let name = ContextName::new("mined").expect("a name");
        let store = contexts.context(name).await.expect("a store in memory");
        Self { contexts, store }
    }

    pub(crate) fn lose_append(&self, n: u64, loss: Loss) {
        self.contexts.fail_append(n, loss);
    }

    pub(crate) fn append_count(&self) -> u64 {
        self.contexts.append_count()
    }

    pub(crate) fn mine_with(&self, settings: MinerSettings) -> Mining {
        Miner::new(settings, Arc::clone(&self.store)).expect("a good name").start()
    }

    /// All events so far.
    pub(crate) async fn events(&self) -> Vec<RecordedEvent> {
        let (mut events, mut next) = (Vec::new(), Some(From::Edge));
        while let Some(from) = next {
            let read = ReadAll { from, ..ReadAll::forwards(Query::default()) };
            let page = self.store.read_all(read).await.expect("memory can be read");
            events.extend(page.events);
            next = page.next.map(From::At);
        }
        events
    }

    /// The first `count` events, when they are there; no more may be.
    pub(crate) async fn await_events(&self, mining: &Mining, count: usize) -> Vec<RecordedEvent> {
        loop {
            let head = self.store.head().await.expect("memory can be read").1;
            let events = self.events().await;
            if events.len() >= count {
                assert_eq!(
                    events.len(),
                    count,
                    "no more than were asked for: {:#?}",
                    told(&events)
                );
                return events;
            }
            patiently(self.store.wait_past(head), || {
                format!("{count} events, not {}: {:?}", events.len(), mining.health())
            })
            .await
            .expect("memory can be read");
        }
    }
}

/// A server has few replication slots, and each holds its log back.
impl Drop for World {
    fn drop(&mut self) {
        let of = format!("from pg_replication_slots where slot_name = '{}'", self.database);
        for _ in 0..DROP_ATTEMPTS_MAX {
            let end = format!("select pg_terminate_backend(active_pid) {of} and active");
            let drop = format!("select pg_drop_replication_slot(slot_name) {of} and not active");
            let left = format!("select slot_name, pg_sleep(0.02) {of}");
            let rows = |sql: &str| self.postgres.rows("postgres", sql);
            // A server that the test has killed needs nothing.
            let Ok(_) = rows(&end) else { return };
            let dropped = rows(&drop);
            if dropped.is_ok() && rows(&left).is_ok_and(|left| left.is_empty()) {
                return;
            }
        }
    }
}

/// A server's process lets go of its slot within a moment.
const DROP_ATTEMPTS_MAX: u32 = 50;

/// Waits, and says what for if it is in vain.
pub(crate) async fn patiently<T>(
    wait: impl Future<Output = T>,
    what: impl FnOnce() -> String,
) -> T {
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {}", what()),
    }
}

/// The miner's health, when it is as wanted.
pub(crate) async fn health_when(
    mining: &Mining,
    wanted: impl Fn(&MinerHealth) -> bool,
) -> MinerHealth {
    let mut health = mining.follow();
    let found = async {
        let found = health.wait_for(|health| wanted(health)).await;
        found.expect("the miner is there").clone()
    };
    patiently(found, || format!("another health than {:?}", mining.health())).await
}

pub(crate) async fn halted(mining: &Mining) -> (String, String) {
    let is_halted = |health: &MinerHealth| matches!(health.state, MinerState::Halted { .. });
    match health_when(mining, is_halted).await.state {
        MinerState::Halted { code, why } => (code, why),
        other => panic!("it was halted: {other:?}"),
    }
}

pub(crate) async fn following(mining: &Mining) {
    health_when(mining, |health| health.state == MinerState::Following).await;
}

/// Stream, type and payload of each, as a person would say it.
pub(crate) fn told(events: &[RecordedEvent]) -> Vec<String> {
    let one = |event: &RecordedEvent| {
        let payload = String::from_utf8_lossy(&event.payload);
        format!("{} {} {payload}", event.stream, event.event_type)
    };
    events.iter().map(one).collect()
}

pub(crate) fn json(event: &RecordedEvent) -> Value {
    serde_json::from_slice(&event.payload).expect("it is JSON")
}
