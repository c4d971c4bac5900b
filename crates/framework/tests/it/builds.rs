//! A view is built anew beside the live one: queries see one whole model or the other, whatever fails.

use headwater::prelude::*;
use headwater::testing::{MemoryDatabase, MemoryTx, QueryRows, memory_store};
use headwater_model::{Append, ContextName, EventType, ExpectedRevision, NewEvent};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Input, Debug)]
#[input(from = "gate")]
enum Passed {
    Entered { count: i64 },
}

/// Who is inside, by name; version 2 also knows how often they came.
#[derive(Default)]
struct Inside<const VERSION: u32> {
    broken: Arc<AtomicBool>,
}

impl<const VERSION: u32> Projection for Inside<VERSION> {
    const NAME: &'static str = "inside";
    const VERSION: u32 = VERSION;
    const QUERIES_FROM: u32 = 1;
    const SCHEMA: &'static str = "a number for each name";
    type Input = Passed;
    type Database = MemoryDatabase;

    async fn apply(&self, db: &mut MemoryTx, e: &Recorded<Passed>) -> Result<(), Failed> {
        let Passed::Entered { count } = e.event;
        if self.broken.load(Ordering::Relaxed) {
            return Err(Failed::for_good("it cannot count"));
        }
        if VERSION > 1 {
            db.add("times", 1)?;
        }
        db.add(e.stream.id(), count)
    }
}

async fn enter(store: &Store, names: &[&str]) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let gate = store.context(ContextName::new("gate").unwrap()).await.unwrap();
    for name in names {
        let kind = EventType::new("Entered").unwrap();
        let id = Cause::keyed(NEXT.fetch_add(1, Ordering::Relaxed).to_string()).id();
        let event = NewEvent::json(id, kind, r#"{"count":1}"#);
        let stream = StreamName::new(format!("guest-{name}")).unwrap();
        gate.append(Append::to(stream, ExpectedRevision::Any, vec![event])).await.unwrap();
    }
}

async fn rows<const VERSION: u32>(service: &Service) -> Vec<String> {
    let reader = service.read_model::<Inside<VERSION>>(&After::nothing()).await.unwrap();
    reader.query_rows("").unwrap()
}

async fn until(service: &Service, live: Option<u32>) {
    while service.view_named("inside").await.unwrap().live != live {
        tokio::task::yield_now().await;
    }
}

/// Waits until the view shows these rows.
async fn shows<const VERSION: u32>(service: &Service, wanted: &[&str]) {
    while rows::<VERSION>(service).await != wanted {
        tokio::task::yield_now().await;
    }
}

fn service<const VERSION: u32>(store: &Store, database: &MemoryDatabase) -> Service {
    Service::new("house", store).projection(Inside::<VERSION>::default(), database.clone())
}

#[tokio::test]
async fn queries_go_to_an_older_version_until_the_new_one_is_whole() {
    let (store, database) = (memory_store(), MemoryDatabase::default());
    enter(&store, &["ann", "bob", "ann"]).await;
    let old = service::<1>(&store, &database);
    let readers = old.supervise();
    shows::<1>(&old, &["ann|2", "bob|1"]).await;
    readers.drain().await;

    let new = service::<2>(&store, &database);
    assert_eq!(rows::<2>(&new).await, ["ann|2", "bob|1"], "nothing of the new one is there yet");
    let health = new.view_named("inside").await.unwrap();
    assert_eq!((health.version, health.live), (2, None));
    assert_eq!(health.building.map(|it| (it.done, it.of)), Some((0, 3)));
    let readers = new.supervise();
    until(&new, Some(1)).await;
    assert_eq!(rows::<2>(&new).await, ["ann|2", "bob|1", "times|3"]);
    enter(&store, &["bob"]).await;
    shows::<2>(&new, &["ann|2", "bob|2", "times|4"]).await;
    readers.drain().await;
}

/// C1, C2: the model is built, the live one moves on, a commit fails, before or after it took hold, the switch
/// in between: each event counts once in what queries see.
#[tokio::test]
async fn each_event_counts_once_whichever_commit_of_a_build_fails() {
    for stored in [false, true] {
        for n in 0.. {
            let (store, database) = (memory_store(), MemoryDatabase::default());
            enter(&store, &["ann", "bob"]).await;
            let house = service::<1>(&store, &database);
            let readers = house.supervise();
            shows::<1>(&house, &["ann|1", "bob|1"]).await;
            database.fail_commit(n, stored);
            house.rebuild_view("inside").await.unwrap();
            enter(&store, &["ann"]).await;
            until(&house, Some(2)).await;
            shows::<1>(&house, &["ann|2", "bob|1"]).await;
            enter(&store, &["bob"]).await;
            shows::<1>(&house, &["ann|2", "bob|2"]).await;
            readers.drain().await;
            if database.is_armed() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_build_that_halts_leaves_the_live_one_and_goes_on_when_its_cause_is_mended() {
    let (store, database) = (memory_store(), MemoryDatabase::default());
    enter(&store, &["ann"]).await;
    let broken = Arc::new(AtomicBool::new(false));
    let inside = Inside::<1> { broken: Arc::clone(&broken) };
    let house = Service::new("house", &store).projection(inside, database);
    let readers = house.supervise();
    shows::<1>(&house, &["ann|1"]).await;
    broken.store(true, Ordering::Relaxed);
    house.rebuild_view("inside").await.unwrap();
    let halted = loop {
        let health = house.view_named("inside").await.unwrap();
        if health.is_halted() {
            break health;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(halted.live, Some(1));
    assert!(house.health().await.unwrap().is_ready(), "queries do not notice");
    assert_eq!(rows::<1>(&house).await, ["ann|1"]);
    broken.store(false, Ordering::Relaxed);
    house.resume_view("inside").await.unwrap();
    until(&house, Some(2)).await;
    shows::<1>(&house, &["ann|1"]).await;
    readers.drain().await;
}

/// Who came through either door.
#[derive(Input, Debug)]
enum Doors {
    #[input(from = "front")]
    Entered {},
    #[input(from = "back")]
    Sneaked {},
}

struct Came;

impl Projection for Came {
    const NAME: &'static str = "came";
    const SCHEMA: &'static str = "one number";
    type Input = Doors;
    type Database = MemoryDatabase;

    async fn apply(&self, db: &mut MemoryTx, _: &Recorded<Doors>) -> Result<(), Failed> {
        db.add("came", 1)
    }
}

/// Builders of several sources once waited for each other for ever: none said that it was at the end.
#[tokio::test]
async fn a_view_of_two_sources_is_switched_to_when_both_are_at_their_end() {
    let (store, database) = (memory_store(), MemoryDatabase::default());
    for (door, kind) in [("front", "Entered"), ("back", "Sneaked"), ("back", "Other")] {
        let door = store.context(ContextName::new(door).unwrap()).await.unwrap();
        let kind = EventType::new(kind).unwrap();
        let event = NewEvent::json(Cause::keyed(kind.as_str()).id(), kind, "{}");
        let stream = StreamName::new("guest-1").unwrap();
        door.append(Append::to(stream, ExpectedRevision::Any, vec![event])).await.unwrap();
    }
    let house = Service::new("house", &store).projection(Came, database);
    let readers = house.supervise();
    house.rebuild_view("came").await.unwrap();
    while house.view_named("came").await.unwrap().live != Some(2) {
        tokio::task::yield_now().await;
    }
    loop {
        let reader = house.read_model::<Came>(&After::nothing()).await.unwrap();
        if reader.get("came") == Some("2") {
            break;
        }
        tokio::task::yield_now().await;
    }
    readers.drain().await;
}
