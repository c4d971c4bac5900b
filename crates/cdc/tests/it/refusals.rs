//! What cannot be promised is an error that says what to do, before anything is lost.

use crate::world::{World, following, halted, health_when, told};
use headwater_cdc::{AfterLoss, LagPolicy, Mapping, MinerState, OutboxShape, Source, TableMapping};
use headwater_outside::{Options, Postgres, or_skip};

const ROWS: &[&str] = &[
    "create table rows (id int primary key, n int)",
    "create publication mined for table rows",
    "insert into rows values (1, 1)",
];

fn rows() -> Mapping {
    Mapping::default().table(TableMapping::of("public.rows").category("row"))
}

fn mapped(table: &str) -> Mapping {
    Mapping::default().table(TableMapping::of(table))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_mined_is_refused_with_its_cure_and_nothing_is_made() {
    let setup = [
        "create table rows (id int primary key, n int)",
        "create table bare (n int)",
        "create table other (id int primary key)",
        "create publication rest for table rows, bare",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let refused = async |publication: &str, mapping: Mapping| {
        let mut settings = world.settings(mapping);
        if let Source::Postgres(source) = &mut settings.source {
            source.publication = publication.to_owned();
        }
        halted(&world.mine_with(settings)).await
    };
    let cases = [
        ("mined", rows(), "cdc.no_publication", "CREATE PUBLICATION mined FOR TABLE public.rows"),
        ("rest", mapped("public.none"), "cdc.no_table", "no table public.none"),
        ("rest", mapped("public.other"), "cdc.not_published", "ADD TABLE public.other"),
        ("rest", mapped("public.bare"), "cdc.no_identity", "REPLICA IDENTITY"),
        ("rest", mapped("rows"), "cdc.mapping", "write it as schema.name"),
        ("rest", rows().table(TableMapping::of("public.rows")), "cdc.mapping", "mapped twice"),
        (
            "rest",
            mapped("public.rows").outbox("public.rows", OutboxShape::Own),
            "cdc.mapping",
            "twice",
        ),
        (
            "rest",
            Mapping::default().outbox("public.rows", OutboxShape::Debezium),
            "cdc.mapping",
            "needs column aggregatetype",
        ),
    ];
    for (publication, mapping, code, cure) in cases {
        let (found, why) = refused(publication, mapping).await;
        assert_eq!(found, code, "{why}");
        assert!(why.contains(cure), "{why}");
    }
    let mut changed = rows();
    changed.tables[0].shape = headwater_cdc::Shape::Changed;
    assert!(refused("rest", changed).await.1.contains("REPLICA IDENTITY FULL"));
    let mut keyed = rows();
    keyed.tables[0].key = vec!["n".to_owned()];
    assert!(refused("rest", keyed).await.1.contains("not in its replica identity"));
    let slots =
        format!("select count(*) from pg_replication_slots where slot_name = '{}'", world.database);
    assert_eq!(world.ask(&slots), "0", "nothing holds the log back");
    assert_eq!(world.append_count(), 0, "and nothing was noted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_log_that_can_be_decoded_is_refused() {
    let Some(postgres) = or_skip(Postgres::start(Options::default())) else { return };
    let world = World::on(Box::leak(Box::new(postgres)), ROWS).await;
    let (code, why) = halted(&world.mine(rows())).await;
    assert_eq!(code, "cdc.wal_level");
    assert!(why.contains("ALTER SYSTEM SET wal_level = logical"), "{why}");
    world.postgres.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_is_not_ours_or_not_where_we_left_it_is_never_read_as_if_it_were() {
    let Some(world) = World::new(ROWS).await else { return };
    let slot = world.database.clone();
    world.ask(&format!("select pg_create_logical_replication_slot('{slot}', 'pgoutput')"));
    assert_eq!(halted(&world.mine(rows())).await.0, "cdc.slot_taken");
    world.ask(&format!("select pg_drop_replication_slot('{slot}')"));

    let mining = world.mine(rows());
    following(&mining).await;
    mining.drain().await;
    world.sql("insert into rows values (2, 2)");
    world.ask(&format!("select pg_replication_slot_advance('{slot}', pg_current_wal_lsn())"));
    assert_eq!(halted(&world.mine(rows())).await.0, "cdc.slot_moved_on");

    world.ask(&format!("select pg_drop_replication_slot('{slot}')"));
    assert_eq!(halted(&world.mine(rows())).await.0, "cdc.slot_gone");
    world.ask(&format!("select pg_create_logical_replication_slot('{slot}', 'pgoutput')"));
    assert_eq!(
        halted(&world.mine(rows())).await.0,
        "cdc.slot_moved_on",
        "a new one under the old name"
    );
    assert_eq!(
        world.await_events(&world.mine(rows()), 1).await.len(),
        1,
        "all that was told before"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_loss_the_tables_are_copied_again_if_that_is_the_policy() {
    let Some(world) = World::new(ROWS).await else { return };
    let mining = world.mine(rows());
    following(&mining).await;
    mining.drain().await;
    world.ask(&format!("select pg_drop_replication_slot('{}')", world.database));
    world.sql("update rows set n = 2; insert into rows values (2, 0)");
    let mut settings = world.settings(rows());
    settings.after_loss = AfterLoss::CopyAgain;
    let mining = world.mine_with(settings);
    following(&mining).await;
    world.sql("update rows set n = 3 where id = 2");
    let events = world.await_events(&mining, 4).await;
    mining.drain().await;
    let expected = [
        r#"row-1 RowsFound {"id":1,"n":1}"#,
        r#"row-1 RowsFound {"id":1,"n":2}"#,
        r#"row-2 RowsFound {"id":2,"n":0}"#,
        r#"row-2 RowsUpdated {"id":2,"n":3}"#,
    ];
    assert_eq!(told(&events), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_is_given_up_before_the_disk_of_the_database_is_full() {
    let Some(world) = World::new(ROWS).await else { return };
    let mut settings = world.settings(rows());
    settings.lag = LagPolicy { warn_bytes: 1, give_up_bytes: Some(1) };
    let (code, why) = halted(&world.mine_with(settings)).await;
    assert_eq!(code, "cdc.given_up", "{why}");
    let slots =
        format!("select count(*) from pg_replication_slots where slot_name = '{}'", world.database);
    assert_eq!(world.ask(&slots), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_the_server_invalidated_is_said_to_be_lost() {
    let options = Options::default()
        .set("wal_level", "logical")
        .set("max_slot_wal_keep_size", "1MB")
        .set("wal_keep_size", "0");
    let Some(postgres) = or_skip(Postgres::start(options)) else { return };
    let world = World::on(Box::leak(Box::new(postgres)), ROWS).await;
    let mining = world.mine(rows());
    following(&mining).await;
    mining.drain().await;
    for _ in 0..4 {
        world.ask("select pg_switch_wal()");
        world.sql("update rows set n = n + 1");
    }
    world.sql("checkpoint");
    let (code, why) = halted(&world.mine(rows())).await;
    assert_eq!(code, "cdc.slot_lost", "{why}");
    assert!(why.contains("max_slot_wal_keep_size"), "{why}");
    world.postgres.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_waits_and_takes_over_where_the_first_ended() {
    let Some(world) = World::new(ROWS).await else { return };
    let first = world.mine(rows());
    following(&first).await;
    let second = world.mine(rows());
    let waits = |state: &MinerState| matches!(state, MinerState::Failing { code, .. } if code == "cdc.slot_busy");
    health_when(&second, |health| waits(&health.state)).await;
    world.sql("insert into rows values (2, 0)");
    world.await_events(&first, 2).await;
    first.drain().await;
    following(&second).await;
    world.sql("insert into rows values (3, 0)");
    let events = world.await_events(&second, 3).await;
    second.drain().await;
    assert_eq!(told(&events)[2], r#"row-3 RowsInserted {"id":3,"n":0}"#);
}
