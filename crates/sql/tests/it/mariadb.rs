//! What only MariaDB does to a read model: it is killed, hangs up, picks a victim, commits by itself.

use crate::exam::flow::{bank, fill, found};
use crate::exam::mariadb::MariaDbSite;
use crate::exam::race::race;
use crate::exam::{LEDGER, Site, apply, at, now, orders, seen};
use headwater_framework::{Database, ModelName, ReadModel};
use headwater_model::Retry;
use headwater_outside::{MariaDb as Server, Options, or_skip};
use headwater_sql::MariaDb;

/// The database died in mid-batch. C1: when it comes again there are rows and checkpoint of whole
/// batches, and the service goes on by itself, until every event is there once.
#[test]
fn a_killed_database_holds_no_half_of_a_batch_and_its_view_becomes_whole() {
    let Some(server) = or_skip(Server::start(Options::default())) else { return };
    let database = MariaDb::at(&server.url(&server.database().unwrap())).unwrap();
    now(async {
        let mut model = database.open(LEDGER).await.unwrap();
        model.checkpoint(&orders()).await.unwrap();
        apply::<MariaDbSite>(&mut model, 0..=9).await.unwrap();
        model.begin().await.unwrap();
        for position in 10..20_u64 {
            let insert = "insert into entries values (?, ?)";
            model.tx().change(insert, (position, 1)).await.unwrap();
        }
        model.save_checkpoint(&orders(), at(19)).await.unwrap();
        server.kill();
        let failed = model.commit().await.unwrap_err();
        assert_eq!(failed.retry(), Retry::Later, "{failed}");
        let failed = database.open(LEDGER).await.unwrap_err();
        assert_eq!(failed.retry(), Retry::Later, "{failed}");
        drop(model);
        server.start_again().unwrap();
        let (count, place) = seen::<MariaDbSite>(&database).await;
        assert!(matches!((count, place), (0, None) | (10, Some(9))), "{count} at {place:?}");
        let mut reader = database.reader(LEDGER).await.unwrap();
        assert_eq!(MariaDbSite::count_read(&mut reader).await, count, "over a new connection");
    });
    let killed = || {
        server.kill();
        server.start_again().unwrap();
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let bank = bank(20_000, |_| 1).await;
        let filling = tokio::spawn(async move {
            fill::<MariaDbSite>(&bank, database.clone()).await;
            database
        });
        tokio::task::block_in_place(killed);
        let database = filling.await.unwrap();
        assert_eq!(found::<MariaDbSite>(&database).await, (20_000, 20_000));
    });
}

#[test]
fn a_connection_that_is_cut_is_told_as_passing_and_made_again() {
    let Some(site) = MariaDbSite::fresh() else { return };
    now(async {
        let (database, other) = (site.database(), site.database());
        let mut model = database.open(LEDGER).await.unwrap();
        model.checkpoint(&orders()).await.unwrap();
        apply::<MariaDbSite>(&mut model, 0..=4).await.unwrap();
        model.begin().await.unwrap();
        let own: Option<i64> = model.tx().row("select connection_id()", ()).await.unwrap();
        let mut reader = other.open(LEDGER).await.unwrap();
        let cut = reader.tx().change("kill ?", (own.unwrap(),)).await;
        assert_eq!(cut, Ok(0));
        let cut = loop {
            let asked = model.tx().change("insert into entries values (99, 1)", ()).await;
            if let Err(failed) = asked {
                break failed;
            }
        };
        assert_eq!(cut.retry(), Retry::Later, "{cut}");
        assert!(model.commit().await.is_err(), "C1: what was begun there does not commit");
        drop(model);
        assert_eq!(seen::<MariaDbSite>(&database).await, (5, Some(4)));
    });
}

#[test]
fn two_instances_that_race_count_every_event_once() {
    let Some(site) = MariaDbSite::fresh() else { return };
    race(&site);
}

/// Somebody else writes to the rows of the view, in the other order. InnoDB ends one of the two: if it
/// is the projection's, the batch is told to be tried again, and is whole then.
#[test]
fn the_victim_of_a_deadlock_tries_again_and_counts_once() {
    let Some(site) = MariaDbSite::fresh() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = site.database();
        let mut model = database.open(LEDGER).await.unwrap();
        model.checkpoint(&orders()).await.unwrap();
        apply::<MariaDbSite>(&mut model, 0..=9).await.unwrap();
        let options = mysql_async::Opts::from_url(&site.0).unwrap();
        let name = options.db_name().unwrap().to_owned();
        let mut other = mysql_async::Conn::new(options).await.unwrap();
        let set = |row: u8| {
            format!("update `{name}_ledger_v1`.entries set amount = 7 where position = {row}")
        };
        use mysql_async::prelude::Queryable;

        model.begin().await.unwrap();
        // Two rows against the other one's many: the lighter transaction is the victim.
        let update = "update entries set amount = 2 where position = ?";
        assert_eq!(model.tx().change(update, (0,)).await, Ok(1));
        other.query_drop("start transaction").await.unwrap();
        for row in 1..=9 {
            other.query_drop(set(row)).await.unwrap();
        }
        let first = set(0);
        let theirs = tokio::spawn(async move {
            other.query_drop(first).await.unwrap();
            other.query_drop("commit").await.unwrap();
        });
        let failed = model.tx().change(update, (1,)).await.unwrap_err();
        assert_eq!(failed.retry(), Retry::Later, "{failed}");
        assert!(
            model.save_checkpoint(&orders(), at(10)).await.is_err(),
            "C1: nothing of it commits"
        );
        model.rollback().await.unwrap();
        theirs.await.unwrap();
        apply::<MariaDbSite>(&mut model, 10..=12).await.unwrap();
        drop(model);
        assert_eq!(seen::<MariaDbSite>(&database).await, (13, Some(12)));
    });
}

/// MariaDB commits behind each `create table`. C1: an instance that died between two of them leaves
/// something that nobody takes for a model.
#[test]
fn a_model_that_was_half_made_is_made_again_from_nothing() {
    let Some(server) = Server::shared() else { return };
    let site = MariaDbSite(server.url(&server.database().unwrap()));
    let base = site.0.rsplit('/').next().unwrap().to_owned();
    let half = format!("{base}_ledger_v1");
    server.rows("mysql", &format!("create database {half}")).unwrap();
    let first = "create table _headwater_model (one integer primary key, name text, version bigint, made_by text)";
    server.rows(&half, first).unwrap();
    server.rows(&half, "create table entries (position integer, torn integer)").unwrap();
    now(async {
        let database = site.database();
        let mut model = database.open(LEDGER).await.unwrap();
        model.checkpoint(&orders()).await.unwrap();
        apply::<MariaDbSite>(&mut model, 0..=3).await.unwrap();
        assert_eq!(seen::<MariaDbSite>(&database).await, (4, Some(3)));
    });
    let foreign = format!("{base}_kinds_v1");
    server.rows("mysql", &format!("create database {foreign}")).unwrap();
    server.rows(&foreign, "create table customers (id integer)").unwrap();
    let failed = now(site.database().open(ModelName { name: "kinds", ..LEDGER })).unwrap_err();
    assert!(failed.to_string().contains("holds customers"), "{failed}");
    now(site.database().discard(ModelName { name: "kinds", ..LEDGER })).unwrap();
    assert!(server.rows(&foreign, "select * from customers").is_ok(), "and is left alone");
}

#[test]
fn what_would_break_the_transaction_is_refused() {
    let Some(site) = MariaDbSite::fresh() else { return };
    now(async {
        let mut model = site.database().open(LEDGER).await.unwrap();
        model.begin().await.unwrap();
        for sql in ["create table more (id integer)", " Truncate entries", "set autocommit = 1"] {
            let failed = model.tx().execute(sql, ()).await.unwrap_err().to_string();
            assert!(failed.contains("is not for a projection"), "{failed}");
        }
        let schema = "create table entries (position integer) engine = Aria";
        let aria = ModelName { version: 2, schema, ..LEDGER };
        let failed = site.database().open(aria).await.unwrap_err().to_string();
        assert!(failed.contains("entries (Aria), which has no transactions"), "{failed}");
    });
}

/// Statements are sent many at once, but in their order, and whatever kinds of values they take.
#[test]
fn statements_are_done_in_the_order_in_which_they_were_asked() {
    const KINDS: ModelName = ModelName {
        name: "kinds",
        version: 1,
        generation: 1,
        schema: "create table kinds (id integer primary key, note varchar(20), at datetime(6),
                 day date, price decimal(10, 2), stamp timestamp(3) null, raw blob)",
    };
    let Some(site) = MariaDbSite::fresh() else { return };
    now(async {
        let mut model = site.database().open(KINDS).await.unwrap();
        model.begin().await.unwrap();
        let insert = "insert into kinds (id, note) values (?, ?)";
        for id in 0..10 {
            let note = (id % 3 != 0).then(|| format!("n{id}"));
            model.tx().execute(insert, (id, note)).await.unwrap();
        }
        model.tx().execute(insert, (10, 11)).await.unwrap();
        model.tx().execute("update kinds set note = ? where id < ?", ("first", 5)).await.unwrap();
        model.tx().execute("update kinds set note = ? where id < ?", ("second", 2)).await.unwrap();
        model.tx().execute("delete from kinds where id = ?", (9,)).await.unwrap();
        let at = "2026-11-21 20:00:00.25";
        let all = "update kinds set at = ?, day = ?, price = ?, stamp = ?, raw = ? where id = ?";
        let values = (at, "2026-11-21", "12.50", at, "\u{1}", 10);
        model.tx().execute(all, values).await.unwrap();
        let notes: Vec<Option<String>> =
            model.tx().rows("select note from kinds order by id", ()).await.unwrap();
        let notes: Vec<_> = notes.iter().map(|note| note.as_deref().unwrap_or("-")).collect();
        let expected = ["second", "second", "first", "first", "first", "n5", "-", "n7", "n8", "11"];
        assert_eq!(notes, expected);
        type Read = (String, String, String, String);
        let select = "select at, day, price, stamp from kinds where id = 10";
        let read: Option<Read> = model.tx().row(select, ()).await.unwrap();
        let expected = ["2026-11-21T20:00:00.25", "2026-11-21", "12.50", "2026-11-21T20:00:00.25Z"];
        assert_eq!(read.map(|(a, b, c, d)| [a, b, c, d]), Some(expected.map(str::to_owned)));
        let cut = model.tx().change(insert, (20, "a text that is too long for it")).await;
        assert_eq!(cut.unwrap_err().retry(), Retry::Never, "nothing is cut");
        assert!(model.commit().await.is_err());
    });
}

#[test]
fn an_address_that_is_none_is_told_before_anything_is_opened() {
    for wrong in ["postgres://db/shop", "mariadb://shop@db", "mariadb://db:port/shop"] {
        assert_eq!(MariaDb::at(wrong).unwrap_err().code(), "sql.address", "{wrong}");
    }
    let site = MariaDb::at("mariadb://nobody@127.0.0.1:1/shop").unwrap();
    let away = now(site.open(LEDGER)).unwrap_err();
    assert_eq!(away.retry(), Retry::Later, "{away}");
}
