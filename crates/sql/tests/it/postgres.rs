//! What only a server can do to a read model: it is killed, it hangs up, two instances write to it.

use crate::exam::flow::{bank, fill, found};
use crate::exam::postgres::PostgresSite;
use crate::exam::race::race;
use crate::exam::{LEDGER, Site, apply, at, now, orders, seen};
use headwater_framework::{Database, ModelName, ReadModel};
use headwater_model::Retry;
use headwater_outside::{Options, Postgres as Server, or_skip};
use headwater_sql::Postgres;
use std::sync::Arc;

/// The database died in mid-batch. C1: when it comes again there are rows and checkpoint of whole
/// batches. The last ones may be gone, since nothing is synced at a commit; the log has them.
#[test]
fn a_killed_database_holds_no_half_of_a_batch() {
    let Some(server) = or_skip(Server::start(Options::default())) else { return };
    let database = Postgres::at(&server.address(&server.database().unwrap())).unwrap();
    now(async {
        let mut model = database.open(LEDGER).await.unwrap();
        model.checkpoint(&orders()).await.unwrap();
        apply::<PostgresSite>(&mut model, 0..=9).await.unwrap();
        model.begin().await.unwrap();
        for position in 10..20_u64 {
            let insert = "insert into entries values ($1, $2)";
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
        let (count, place) = seen::<PostgresSite>(&database).await;
        assert!(matches!((count, place), (0, None) | (10, Some(9))), "{count} at {place:?}");
        let mut reader = database.reader(LEDGER).await.unwrap();
        assert_eq!(PostgresSite::count_read(&mut reader).await, count, "over a new connection");
    });
}

/// The same under a service: it reconnects by itself, and every event is there once.
#[test]
fn a_view_is_whole_although_its_database_is_killed_while_it_is_built() {
    let Some(server) = or_skip(Server::start(Options::default())) else { return };
    let server = Arc::new(server);
    let name = server.database().unwrap();
    let database = Postgres::at(&server.address(&name)).unwrap();
    let killer = std::thread::spawn({
        let (server, name) = (Arc::clone(&server), name.clone());
        move || {
            for wanted in [1, 9_000] {
                // Some batches are in: then it dies.
                let count =
                    "select coalesce(max(position), 0) from movements_v1._headwater_checkpoint";
                let come_to = || server.rows(&name, count).ok()?.pop()?.pop()??.parse().ok();
                while come_to().is_none_or(|position: u64| position < wanted) {
                    std::thread::yield_now();
                }
                server.kill();
                server.start_again().unwrap();
            }
        }
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let bank = bank(20_000, |_| 1).await;
        fill::<PostgresSite>(&bank, database.clone()).await;
        killer.join().unwrap();
        assert_eq!(found::<PostgresSite>(&database).await, (20_000, 20_000));
    });
}

#[test]
fn a_connection_that_is_cut_is_told_as_passing_and_made_again() {
    let Some(site) = PostgresSite::fresh() else { return };
    now(async {
        let (database, other) = (site.database(), site.database());
        let mut model = database.open(LEDGER).await.unwrap();
        model.checkpoint(&orders()).await.unwrap();
        apply::<PostgresSite>(&mut model, 0..=4).await.unwrap();
        model.begin().await.unwrap();
        let own: Option<i64> = model.tx().row("select pg_backend_pid()::bigint", ()).await.unwrap();
        let mut reader = other.reader(LEDGER).await.unwrap();
        let end = "select pg_terminate_backend($1::bigint::int)";
        assert_eq!(reader.row(end, (own,)).await, Ok(Some(true)));
        let cut = loop {
            let asked = model.tx().change("insert into entries values (99, 1)", ()).await;
            if let Err(failed) = asked {
                break failed;
            }
        };
        assert_eq!(cut.retry(), Retry::Later, "{cut}");
        assert!(model.commit().await.is_err(), "C1: what was begun there does not commit");
        drop(model);
        assert_eq!(seen::<PostgresSite>(&database).await, (5, Some(4)));
    });
}

#[test]
fn two_instances_that_race_count_every_event_once() {
    let Some(site) = PostgresSite::fresh() else { return };
    race(&site);
}

/// PostgreSQL's own types take text, and are read as JSON has them.
#[test]
fn types_of_postgresql_are_bound_and_read_as_text() {
    const TYPES: ModelName = ModelName {
        name: "types",
        version: 1,
        generation: 1,
        schema: "create type mood as enum ('glad', 'sad');
                 create table types (id uuid, at timestamptz, document jsonb, price numeric(10, 2),
                 day date, mood mood, small int2, whole int4, raw bytea, flag int4)",
    };
    let Some(site) = PostgresSite::fresh() else { return };
    now(async {
        let mut model = site.database().open(TYPES).await.unwrap();
        model.begin().await.unwrap();
        let insert = "insert into types values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let id = "0190a5b1-0000-7000-8000-000000000001";
        let at = "2026-11-21T20:00:00.25Z";
        let values =
            (id, at, "{\"a\": [1]}", "12.50", "2026-11-21", "glad", 7, -8, Raw(b"\0\xff"), true);
        model.tx().execute(insert, values).await.unwrap();
        type Read = (String, String, String, String, String, String, i16, i32, i32);
        let select = "select id, at, document, price, day, mood, small, whole, flag from types";
        let read: Read = model.tx().row(select, ()).await.unwrap().unwrap();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            read,
            (
                text(id),
                text(at),
                text("{\"a\": [1]}"),
                text("12.50"),
                text("2026-11-21"),
                text("glad"),
                7,
                -8,
                1
            )
        );
        let bytes: Option<String> =
            model.tx().row("select encode(raw, 'hex') from types", ()).await.unwrap();
        assert_eq!(bytes.as_deref(), Some("00ff"));
        let failed = model.tx().execute(insert, (id, at, 1, 2, 3, 4, 5, i64::MAX, (), ())).await;
        let failed = match failed {
            Ok(()) => model.commit().await.unwrap_err(),
            Err(failed) => failed,
        };
        assert_eq!(failed.retry(), Retry::Never, "nothing is cut: {failed}");
    });
}

struct Raw(&'static [u8]);

impl serde::Serialize for Raw {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0)
    }
}

#[test]
fn an_address_that_is_none_is_told_before_anything_is_opened() {
    let error = Postgres::at("postgresql://host:port:port/").unwrap_err();
    assert_eq!(error.code(), "sql.address");
    let site = Postgres::at("host=/nowhere user=x dbname=x").unwrap();
    let away = now(site.open(LEDGER)).unwrap_err();
    assert_eq!(away.retry(), Retry::Later, "{away}");
}
