//! B2 under crashes: the miner, its store's replies and the database die, wherever they stand.
//!
//! Each story ends with the same question: is every row that was ever committed told exactly once, and
//! does the last event of each row say what the table says?

use super::world::{World, options, own};
use crate::world::{following, health_when, json, patiently};
use headwater_cdc::{Mapping, MinerState, Mining};
use headwater_model::RecordedEvent;
use headwater_model::memory::Loss;
use std::collections::BTreeMap;

const SETUP: &[&str] = &[
    "create table counts (id varchar(40) primary key, n int)",
    "insert into counts select concat('a', seq), 0 from seq_1_to_4500",
];

fn counts(world: &World) -> Mapping {
    Mapping::default().table(world.table("counts").category("row"))
}

/// Every update adds one, so a row's events count up by one, from wherever it was found.
fn assert_each_once(events: &[RecordedEvent], world: &World) {
    let mut streams: BTreeMap<&str, Vec<(&str, i64)>> = BTreeMap::new();
    for event in events {
        let n = json(event)["n"].as_i64().expect("a number");
        streams.entry(event.stream.as_str()).or_default().push((event.event_type.as_str(), n));
    }
    for (stream, told) in &streams {
        assert!(matches!(told[0].0, "CountsFound" | "CountsInserted"), "{stream}: {told:?}");
        let counts_up =
            told.windows(2).all(|two| two[1].0 == "CountsUpdated" && two[1].1 == two[0].1 + 1);
        assert!(counts_up, "lost or doubled, {stream}: {told:?}");
        if told[0].0 == "CountsInserted" {
            assert_eq!(told[0].1, 0, "{stream}: {told:?}");
        }
    }
    let now = streams.values().map(|told| told.last().expect("not empty").1).sum::<i64>();
    let count = streams.len();
    let table = world.ask("select concat(count(*), ' rows, sum ', sum(n)) from counts");
    assert_eq!(format!("{count} rows, sum {now}"), table);
}

/// The last row that is inserted is told last: by the log, no longer by the copy.
async fn await_last(world: &World, mining: &Mining) -> Vec<RecordedEvent> {
    following(mining).await;
    world.sql("insert into counts values ('last', 0)");
    loop {
        let head = world.store.head().await.expect("memory can be read").1;
        let events = world.events().await;
        if events.iter().any(|event| event.stream.as_str() == "row-last") {
            return events;
        }
        let what = || format!("the last row: {:?}", mining.health());
        patiently(world.store.wait_past(head), what).await.expect("read");
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
            let mining = world.mine(counts(&world));
            // Changes race with the copy, and with what comes after it.
            for _ in 0..3 {
                world.sql("update counts set n = n + 1 where id < 'a2'");
                world.transaction(&[
                    "update counts set n = n + 1",
                    "insert into counts values (concat('b', uuid()), 0)",
                ]);
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
        let mining = world.mine(counts(&world));
        let copied = |state: &MinerState| match state {
            MinerState::Copying { row_count, .. } => *row_count >= 1,
            MinerState::Following => true,
            _ => false,
        };
        let health = health_when(&mining, |health| copied(&health.state)).await;
        // Seen by the next snapshot, and in the log behind the first as well.
        world.sql("update counts set n = n + 1");
        world.sql(&format!("insert into counts values ('a0{n}', 0), ('z{n}', 0)"));
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
    let mining = world.mine(counts(&world));
    following(&mining).await;
    mining.kill().await;
    for n in 0..12 {
        let mining = world.mine(counts(&world));
        world.sql("update counts set n = n + 1 where id > 'a3'");
        if n % 2 == 0 {
            following(&mining).await;
        }
        world.sql("update counts set n = n + 1");
        if n % 3 == 0 {
            world.sql("flush binary logs");
        }
        mining.kill().await;
    }
    let mining = world.mine(counts(&world));
    let events = await_last(&world, &mining).await;
    mining.drain().await;
    assert_each_once(&events, &world);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_large_transaction_that_was_stored_is_not_stored_again() {
    let Some(world) = World::new(&SETUP[..1]).await else { return };
    let mining = world.mine(counts(&world));
    following(&mining).await;
    let before = world.append_count();
    // The first part is stored, the second is not, and the third would follow.
    world.lose_append(2, Loss::BeforeStored);
    world.sql("insert into counts select concat('a', seq), 0 from seq_1_to_25000");
    let events = await_last(&world, &mining).await;
    mining.drain().await;
    assert_eq!(events.len(), 25_001);
    assert_each_once(&events, &world);
    assert!(world.append_count() - before >= 4, "it came in parts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    let Some(mariadb) = own(options().set("sync-binlog", "1")) else { return };
    let world = World::on(mariadb, SETUP).await;
    let mining = world.mine(counts(&world));
    for n in 0..4 {
        if n != 1 {
            following(&mining).await;
        }
        world.sql("update counts set n = n + 1");
        mariadb.kill();
        health_when(&mining, |health| matches!(health.state, MinerState::Failing { .. })).await;
        mariadb.start_again().expect("it starts on what it left");
        world.sql("update counts set n = n + 1 where id < 'a4'");
    }
    let events = await_last(&world, &mining).await;
    mining.drain().await;
    assert_each_once(&events, &world);
    assert!(events.len() > 4_500);
    mariadb.kill();
}
