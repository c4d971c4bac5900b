//! B2 under crashes: the miner, its store's replies and the database die, wherever they stand.
//!
//! Each story ends with the same question: is every row that was ever committed told exactly once, and
//! does the last event of each row say what the table says?

use crate::world::{World, following, health_when, told};
use headwater_cdc::{Mapping, MinerState, Mining, TableMapping};
use headwater_model::RecordedEvent;
use headwater_model::memory::Loss;
use headwater_outside::{Options, Postgres, or_skip};
use std::collections::BTreeMap;

const SETUP: &[&str] = &[
    "create table rows (id text primary key, n int)",
    "create publication mined for table rows",
    "insert into rows select 'a' || x, 0 from generate_series(1, 4500) x",
];

fn rows() -> Mapping {
    Mapping::default().table(TableMapping::of("public.rows").category("row"))
}

/// Every update adds one, so a row's events count up by one, from wherever it was found.
fn assert_each_once(events: &[RecordedEvent], world: &World) {
    let mut streams: BTreeMap<&str, Vec<(&str, i64)>> = BTreeMap::new();
    for event in events {
        let n = crate::world::json(event)["n"].as_i64().expect("a number");
        streams.entry(event.stream.as_str()).or_default().push((event.event_type.as_str(), n));
    }
    for (stream, told) in &streams {
        assert!(matches!(told[0].0, "RowsFound" | "RowsInserted"), "{stream}: {told:?}");
        let counts_up =
            told.windows(2).all(|two| two[1].0 == "RowsUpdated" && two[1].1 == two[0].1 + 1);
        assert!(counts_up, "lost or doubled, {stream}: {told:?}");
        if told[0].0 == "RowsInserted" {
            assert_eq!(told[0].1, 0, "{stream}: {told:?}");
        }
    }
    let now = streams.values().map(|told| told.last().expect("not empty").1).sum::<i64>();
    let count = streams.len();
    let table = world.ask("select count(*) || ' rows, sum ' || sum(n) from rows");
    assert_eq!(format!("{count} rows, sum {now}"), table);
}

/// The last row that is inserted is told last: by the log, no longer by the copy.
async fn await_last(world: &World, mining: &Mining) -> Vec<RecordedEvent> {
    following(mining).await;
    world.sql("insert into rows values ('last', 0)");
    loop {
        let head = world.store.head().await.expect("memory can be read").1;
        let events = world.events().await;
        if events.iter().any(|event| event.stream.as_str() == "row-last") {
            return events;
        }
        let what = || format!("the last row: {:?}", mining.health());
        crate::world::patiently(world.store.wait_past(head), what).await.expect("read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_append_may_be_lost_on_either_side_and_nothing_is_lost_or_doubled() {
    let mut n = 0;
    loop {
        n += 1;
        for loss in [Loss::BeforeStored, Loss::AfterStored] {
            let Some(world) = World::new(SETUP).await else { return };
            world.lose_append(n, loss);
            let mining = world.mine(rows());
            // Changes race with the copy, and with what comes after it.
            for _ in 0..3 {
                world.sql("update rows set n = n + 1 where id < 'a2'");
                world
                    .sql("update rows set n = n + 1; insert into rows values ('b' || random(), 0)");
            }
            let events = await_last(&world, &mining).await;
            assert_each_once(&events, &world);
            mining.drain().await;
            if world.append_count() < n {
                assert!(n > 6, "there were appends to lose: {n}");
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_is_killed_while_it_copies_goes_on_behind_the_last_key() {
    let Some(world) = World::new(SETUP).await else { return };
    for n in 0.. {
        let mining = world.mine(rows());
        let copied = |count: u64| {
            move |state: &MinerState| match state {
                MinerState::Copying { row_count, .. } => *row_count >= count,
                MinerState::Following => true,
                _ => false,
            }
        };
        let wanted = copied(1);
        let health = health_when(&mining, |health| wanted(&health.state)).await;
        // Seen by the next snapshot, and in the log of the slot as well.
        world.sql("update rows set n = n + 1");
        world.sql(&format!("insert into rows values ('a0{n}', 0), ('z{n}', 0)"));
        if health.state == MinerState::Following {
            let events = await_last(&world, &mining).await;
            mining.drain().await;
            assert_each_once(&events, &world);
            assert!(n > 0, "it was killed at least once");
            return;
        }
        mining.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_is_killed_again_and_again_while_it_follows_tells_each_change_once() {
    let Some(world) = World::new(SETUP).await else { return };
    let mining = world.mine(rows());
    following(&mining).await;
    mining.kill().await;
    for n in 0..12 {
        let mining = world.mine(rows());
        world.sql("update rows set n = n + 1 where id > 'a3'");
        if n % 2 == 0 {
            following(&mining).await;
        }
        world.sql("update rows set n = n + 1");
        mining.kill().await;
    }
    let mining = world.mine(rows());
    let events = await_last(&world, &mining).await;
    mining.drain().await;
    assert_each_once(&events, &world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_large_transaction_that_was_stored_is_not_stored_again() {
    let Some(world) = World::new(&SETUP[..2]).await else { return };
    let mining = world.mine(rows());
    following(&mining).await;
    let before = world.append_count();
    // The first part is stored, the second is not, and the third would follow.
    world.lose_append(2, Loss::BeforeStored);
    world.sql("insert into rows select 'a' || x, 0 from generate_series(1, 25000) x");
    let events = await_last(&world, &mining).await;
    mining.drain().await;
    assert_eq!(events.len(), 25_001);
    assert_each_once(&events, &world);
    assert!(world.append_count() - before >= 4, "it came in parts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let options = Options::default().set("wal_level", "logical");
    let Some(postgres) = or_skip(Postgres::start(options)) else { return };
    let postgres: &'static Postgres = Box::leak(Box::new(postgres));
    let world = World::on(postgres, SETUP).await;
    let mining = world.mine(rows());
    for n in 0..6 {
        if n != 1 {
            following(&mining).await;
        }
        world.sql("update rows set n = n + 1");
        postgres.kill();
        health_when(&mining, |health| matches!(health.state, MinerState::Failing { .. })).await;
        postgres.start_again().expect("it starts on what it left");
        world.sql("update rows set n = n + 1 where id < 'a4'");
    }
    let events = await_last(&world, &mining).await;
    mining.drain().await;
    assert_each_once(&events, &world);
    assert!(told(&events).len() > 4_500);
    postgres.kill();
}
