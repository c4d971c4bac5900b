//! Opening, versions, and two writers.

use crate::{LEDGER, apply, at, now, open, orders, seen};
use headwater_framework::{Database, ModelName, ReadModel};
use headwater_model::{Checkpoint, ContextName, Incarnation, Position, Retry};
use headwater_sql::Sqlite;

#[test]
fn a_model_is_as_it_was_when_it_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deeper/than/that/ledger.db");
    let customers = ContextName::new("customers").unwrap();
    let forked = Checkpoint { incarnation: Incarnation(3), position: Position(0) };
    {
        let mut model = open(&Sqlite::file(&path));
        now(async {
            apply(&mut model, 0..=6).await;
            model.begin().await.unwrap();
            model.save_checkpoint(&customers, forked).await.unwrap();
            model.commit().await.unwrap();
        });
    }
    let again = Sqlite::file(&path);
    assert_eq!(seen(&again), (7, Some(6)));
    let mut model = open(&again);
    assert_eq!(now(model.checkpoint(&customers)), Ok(Some(forked)), "C2: with its incarnation");
}

#[test]
fn another_version_is_built_beside_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let schema = "create table entries (position integer primary key, amount text) strict";
    let second = ModelName { version: 2, schema, ..LEDGER };
    let mut old = open(&database);
    now(apply(&mut old, 0..=2));
    let mut new = now(database.open(second)).unwrap();
    assert_eq!(now(new.checkpoint(&orders())), Ok(None), "built from the first event on");
    let reader = now(database.reader(LEDGER)).unwrap();
    assert_eq!(reader.row("select count(*) from entries", ()), Ok(Some(3)), "and the old answers");
    let name = |model| database.path(model).unwrap().file_name().unwrap().to_owned();
    assert_eq!((name(LEDGER), name(second)), ("ledger.v1.db".into(), "ledger.v2.db".into()));
    let other = ModelName { name: "totals", ..LEDGER };
    assert_eq!(name(other), "ledger.totals.v1.db");
}

#[test]
fn another_schema_of_the_same_version_is_refused_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    now(apply(&mut open(&database), 0..=2));
    let changed = ModelName { schema: "create table others (id integer)", ..LEDGER };
    let failed = now(database.open(changed)).unwrap_err();
    assert!(failed.to_string().contains("raise the projection's VERSION"), "{failed}");
    assert_eq!(failed.retry(), Retry::Never);
    assert_eq!(seen(&database), (3, Some(2)));
}

#[test]
fn a_schema_that_is_wrong_is_named_and_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let schema = "create table fine (id integer);\ncreate tabel wrong (id integer);";
    let failed = now(database.open(ModelName { schema, ..LEDGER })).unwrap_err().to_string();
    let expected = "the schema of ledger version 1 fails: near \"tabel\": syntax error";
    assert!(failed.starts_with(expected), "{failed}");
    assert_eq!(seen(&database), (0, None), "the corrected one is made as if it were the first");
}

#[test]
fn a_file_of_someone_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let path = database.path(LEDGER).unwrap();
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign.execute_batch("create table accounts (id integer)").unwrap();
    let failed = now(database.open(LEDGER)).unwrap_err().to_string();
    assert!(failed.contains("holds the table accounts"), "{failed}");
    drop(foreign);
    for name in ["ledger.v1.db-wal", "ledger.v1.db-shm"] {
        assert!(!directory.path().join(name).exists(), "its writer has closed it");
    }
    std::fs::write(&path, "a text, of more than a hundred bytes".repeat(9)).unwrap();
    let failed = now(database.open(LEDGER)).unwrap_err().to_string();
    assert!(failed.contains("is damaged") && failed.contains("built again"), "{failed}");
}

#[test]
fn of_two_processes_on_one_file_the_slower_is_rolled_back() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let (mut first, mut second) = (open(&database), open(&database));
    now(async {
        first.checkpoint(&orders()).await.unwrap();
        second.checkpoint(&orders()).await.unwrap();
        apply(&mut first, 0..=0).await;

        second.begin().await.unwrap();
        let amount = "insert into entries values (77, 1)";
        second.tx().execute(amount, ()).unwrap();
        let failed = second.save_checkpoint(&orders(), at(0)).await.unwrap_err();
        assert!(failed.to_string().contains("another process has moved"), "{failed}");
        assert_eq!(failed.retry(), Retry::Later);
        second.rollback().await.unwrap();

        apply(&mut first, 1..=1).await;
        second.begin().await.unwrap();
        assert!(second.save_checkpoint(&orders(), at(1)).await.is_err(), "still, until it reloads");
        second.rollback().await.unwrap();
        assert_eq!(second.checkpoint(&orders()).await, Ok(Some(at(1))));
        apply(&mut second, 2..=3).await;
    });
    assert_eq!(seen(&database), (4, Some(3)));
}

#[test]
#[should_panic(expected = "C2: the checkpoint of orders moves back")]
fn a_checkpoint_does_not_move_back() {
    let mut model = open(&Sqlite::memory());
    now(async {
        apply(&mut model, 0..=4).await;
        model.begin().await.unwrap();
        let _ = model.save_checkpoint(&orders(), at(3)).await;
    });
}

#[test]
fn a_discarded_model_is_made_anew_under_its_readers() {
    let directory = tempfile::tempdir().unwrap();
    for database in [Sqlite::memory(), Sqlite::file(directory.path().join("ledger.db"))] {
        let mut model = open(&database);
        now(apply(&mut model, 0..=4));
        drop(model);
        let lent = now(database.reader(LEDGER)).unwrap();
        assert_eq!(lent.row("select count(*) from entries", ()), Ok(Some(5)));
        drop(lent);
        now(database.discard(LEDGER)).unwrap();
        assert_eq!(seen(&database), (0, None));
        let reader = now(database.reader(LEDGER)).unwrap();
        assert_eq!(reader.row("select count(*) from entries", ()), Ok(Some(0)));
    }
}

#[test]
fn a_projection_cannot_end_the_transaction() {
    let mut model = open(&Sqlite::memory());
    now(model.begin()).unwrap();
    for sql in ["commit", "  ROLLBACK;", "end transaction"] {
        let failed = model.tx().execute(sql, ()).unwrap_err().to_string();
        assert!(failed.contains("is not for a projection"), "{failed}");
    }
}
