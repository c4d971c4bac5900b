//! What cannot be promised is an error that says what to do, before anything is lost.

use super::world::{World, options, own};
use crate::world::{following, halted, health_when, patiently, told};
use headwater_cdc::{
    AfterLoss, Encryption, LagPolicy, Mapping, MariaDbSettings, MinerSettings, MinerState,
    OutboxShape, TableMapping,
};
use headwater_outside::Options;

const ROWS: &[&str] =
    &["create table cells (id int primary key, n int)", "insert into cells values (1, 1)"];

fn cells(world: &World) -> Mapping {
    Mapping::default().table(world.table("cells").category("row"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_mined_is_refused_with_its_cure_and_nothing_is_noted() {
    let setup = [
        ROWS[0],
        "create table plain (id int primary key) engine = myisam",
        "create table bare (n int)",
        "create table past (id int primary key) with system versioning",
        "create table odd (id int primary key, c char(3) character set gbk)",
    ];
    let Some(world) = World::new(&setup).await else { return };
    let mapped = |name: &str| Mapping::default().table(world.table(name));
    let outbox = format!("{}.cells", world.database);
    let cases = [
        (mapped("none"), "cdc.no_table", "no table"),
        (mapped("plain"), "cdc.table_kind", "only tables of InnoDB"),
        (mapped("past"), "cdc.table_kind", "system versioned"),
        (mapped("bare"), "cdc.mapping", "has no key"),
        (Mapping::default().table(TableMapping::of("cells")), "cdc.mapping", "database.table"),
        (cells(&world).table(world.table("cells")), "cdc.mapping", "mapped twice"),
        (
            Mapping::default().outbox(&outbox, OutboxShape::Debezium),
            "cdc.mapping",
            "needs column aggregatetype",
        ),
    ];
    for (mapping, code, cure) in cases {
        let (found, why) = halted(&world.mine(mapping)).await;
        assert_eq!(found, code, "{why}");
        assert!(why.contains(cure), "{why}");
    }
    assert_eq!(world.append_count(), 0, "nothing was noted");
    // What only the log shows is said when the log shows it, and nothing before it is lost.
    let mining = world.mine(mapped("odd"));
    following(&mining).await;
    world.sql("insert into odd values (1, 'x')");
    let (code, why) = halted(&mining).await;
    assert_eq!(code, "cdc.column", "{why}");
    assert!(why.contains("character set gbk is not read"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_log_has_not_what_is_needed_is_refused_setting_by_setting() {
    let Some(mariadb) = own(Options::default().set("log-bin", "log").set("server-id", "1")) else {
        return;
    };
    let world = World::on(mariadb, ROWS).await;
    for (name, value) in [("binlog_format", "row"), ("binlog_row_metadata", "full")] {
        let (code, why) = halted(&world.mine(cells(&world))).await;
        assert_eq!(code, "cdc.server_setting");
        assert!(why.contains(&format!("SET GLOBAL {name} =")), "{why}");
        world.sql(&format!("set global {name} = {value}"));
    }
    let mining = world.mine(cells(&world));
    following(&mining).await;
    mining.drain().await;
    mariadb.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_does_not_tell_of_mapped_rows_stops_the_miner_and_a_new_copy_goes_on() {
    let Some(world) = World::new(ROWS).await else { return };
    let stories = [
        ("set binlog_format = statement; update cells set n = n + 1", "cdc.untold"),
        ("set binlog_row_image = minimal; update cells set n = n + 1", "cdc.row_image"),
        (
            "xa start 'x'; update cells set n = n + 1; xa end 'x'; xa prepare 'x'; xa commit 'x'",
            "cdc.prepared",
        ),
        ("rename table cells to away; rename table away to cells", "cdc.untold"),
    ];
    for (n, (sql, code)) in stories.into_iter().enumerate() {
        let mut settings = world.settings(cells(&world));
        settings.name = format!("miner-{n}");
        let mining = world.mine_with(settings.clone());
        following(&mining).await;
        world.connection(sql);
        let (found, why) = halted(&mining).await;
        assert_eq!(found, code, "{why}");
        let before = world.events().await.len();
        settings.after_loss = AfterLoss::CopyAgain;
        let mining = world.mine_with(settings);
        let events = world.await_events(&mining, before + 1).await;
        mining.drain().await;
        let now = world.ask("select n from cells");
        assert_eq!(told(&events)[before], format!(r#"row-1 CellsFound {{"id":1,"n":{now}}}"#));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_gone_or_another_is_never_read_as_if_it_were_ours() {
    let Some(mariadb) = own(options()) else { return };
    let world = World::on(mariadb, ROWS).await;
    let mining = world.mine(cells(&world));
    following(&mining).await;
    world.sql("update cells set n = 2");
    world.await_events(&mining, 2).await;
    mining.drain().await;
    // Purged beneath us.
    world.let_go();
    world.sql("flush binary logs");
    world.sql("flush binary logs");
    let last = world.ask("show master status");
    // The server keeps a file until the engine has come past it, a moment later.
    while world.ask("show binary logs") != last {
        world.sql(&format!("purge binary logs to '{last}'"));
        world.sql("do sleep(0.02)");
    }
    let (code, why) = halted(&world.mine(cells(&world))).await;
    assert_eq!(code, "cdc.log_purged", "{why}");
    assert!(why.contains("binlog_expire_logs_seconds"), "{why}");
    let mut settings = world.settings(cells(&world));
    settings.after_loss = AfterLoss::CopyAgain;
    let mining = world.mine_with(settings.clone());
    following(&mining).await;
    world.sql("update cells set n = 3");
    world.await_events(&mining, 4).await;
    mining.drain().await;
    // Begun anew: our file is not there yet.
    world.sql("reset master");
    assert_eq!(halted(&world.mine(cells(&world))).await.0, "cdc.log_reset");
    let mining = world.mine_with(settings);
    following(&mining).await;
    world.sql("update cells set n = 4");
    world.await_events(&mining, 6).await;
    mining.drain().await;
    // Begun anew, and as long as ours was: only when its file was made tells the two apart.
    world.connection("set timestamp = 1500000000; reset master");
    let noise = "insert into noise select seq from seq_1_to_1000";
    world.sql("create table noise (n int)");
    world.sql(noise);
    let (code, why) = halted(&world.mine(cells(&world))).await;
    assert_eq!(code, "cdc.log_reset", "{why}");
    assert!(why.contains("was made at"), "{why}");
    mariadb.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_restarted_in_peace_is_the_one_that_was_read() {
    let Some(mariadb) = own(options()) else { return };
    let world = World::on(mariadb, ROWS).await;
    for n in 2..4 {
        let mining = world.mine(cells(&world));
        following(&mining).await;
        world.sql(&format!("update cells set n = {n}"));
        world.await_events(&mining, n).await;
        mining.drain().await;
        mariadb.stop().expect("it stops");
        mariadb.start_again().expect("it starts");
    }
    let mining = world.mine(cells(&world));
    following(&mining).await;
    mining.drain().await;
    mariadb.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_that_lags_too_far_gives_up_and_says_so() {
    let Some(world) = World::new(ROWS).await else { return };
    let mining = world.mine(cells(&world));
    following(&mining).await;
    mining.drain().await;
    world.sql("create table noise (n int)");
    world.sql("insert into noise select seq from seq_1_to_20000");
    let mut settings = world.settings(cells(&world));
    settings.lag = LagPolicy { warn_bytes: 1, give_up_bytes: Some(1) };
    let (code, why) = halted(&world.mine_with(settings)).await;
    assert_eq!(code, "cdc.far_behind", "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_waits_and_takes_over_where_the_first_ended() {
    let Some(world) = World::new(ROWS).await else { return };
    let first = world.mine(cells(&world));
    following(&first).await;
    let second = world.mine(cells(&world));
    let waits = |state: &MinerState| matches!(state, MinerState::Failing { code, .. } if code == "cdc.reader_busy");
    health_when(&second, |health| waits(&health.state)).await;
    world.sql("insert into cells values (2, 0)");
    world.await_events(&first, 2).await;
    first.drain().await;
    following(&second).await;
    world.sql("insert into cells values (3, 0)");
    let events = world.await_events(&second, 3).await;
    second.drain().await;
    assert_eq!(told(&events)[2], r#"row-3 CellsInserted {"id":3,"n":0}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_and_a_certificate_are_checked_and_a_wrong_one_is_refused() {
    let authority =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (authority.cert.pem(), authority.signing_key.serialize_pem());
    let Some(mariadb) = own(options()) else { return };
    let world = World::on(mariadb, ROWS).await;
    for (name, text) in [("server.crt", &certificate), ("server.key", &key)] {
        world.sql(&format!("select '{text}' into dumpfile '{name}'"));
    }
    for sql in [
        "create user miner identified by 'a secret' require ssl",
        "grant replication slave, binlog monitor on *.* to miner",
        &format!("grant select on {}.cells to miner", world.database),
    ] {
        world.sql(sql);
    }
    world.mariadb.stop().expect("it stops");
    let folder = world.database.clone();
    mariadb.set("ssl-cert", &format!("{folder}/server.crt"));
    mariadb.set("ssl-key", &format!("{folder}/server.key"));
    mariadb.start_again().expect("it starts with TLS");
    let settings = |password: &str, encryption: &Encryption| MinerSettings {
        source: MariaDbSettings::new("localhost", mariadb.port(), "miner", 77)
            .password(password)
            .encryption(encryption.clone())
            .into(),
        ..world.settings(cells(&world))
    };
    let trusted = Encryption::trusting(certificate.as_bytes()).expect("it is one");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("another");
    let stranger = Encryption::trusting(other.cert.pem().as_bytes()).expect("it is one");
    let code = async |settings| halted(&world.mine_with(settings)).await;
    assert_eq!(code(settings("a guess", &trusted)).await.0, "cdc.credentials");
    assert_eq!(code(settings("a secret", &Encryption::Off)).await.0, "cdc.credentials");
    let (found, why) = code(settings("a secret", &stranger)).await;
    assert_eq!(found, "cdc.tls", "{why}");
    let mining = world.mine_with(settings("a secret", &trusted));
    patiently(following(&mining), || format!("{:?}", mining.health())).await;
    world.sql("insert into cells values (2, 2)");
    world.await_events(&mining, 2).await;
    mining.drain().await;
    mariadb.kill();
}
