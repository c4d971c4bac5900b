//! A reader died between its rows and its checkpoint, or the machine lost power with the last
//! transactions unsynced. C1: whatever is found afterwards, rows and checkpoint agree, so that the
//! log delivers exactly what is missing.

use crate::{apply, at, now, open, orders, seen};
use headwater_framework::ReadModel;
use headwater_sql::Sqlite;
use std::fs;
use std::path::Path;

/// What `kill -9` leaves of a database: its files as they are, in another place.
fn left_behind(from: &Path, to: &Path) -> Sqlite {
    for name in ["ledger.v1.db", "ledger.v1.db-wal"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
    Sqlite::file(to.join("ledger.db"))
}

fn holds_no_half((count, place): (u64, Option<u64>)) -> u64 {
    assert_eq!(count, place.map_or(0, |position| position + 1), "rows and checkpoint disagree");
    count
}

#[test]
fn a_kill_at_any_step_of_a_transaction_leaves_no_half() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let mut model = open(&database);
    now(model.checkpoint(&orders())).unwrap();
    let found = || {
        let copy = tempfile::tempdir().unwrap();
        holds_no_half(seen(&left_behind(directory.path(), copy.path())))
    };
    for batch in 0..3u64 {
        now(model.begin()).unwrap();
        assert_eq!(found(), batch * 2, "killed behind `begin`");
        for position in [batch * 2, batch * 2 + 1] {
            model.tx().execute("insert into entries values (?, 1)", (position,)).unwrap();
            assert_eq!(found(), batch * 2, "killed behind a row");
        }
        now(model.save_checkpoint(&orders(), at(batch * 2 + 1))).unwrap();
        assert_eq!(found(), batch * 2, "killed in front of `commit`");
        now(model.commit()).unwrap();
        assert_eq!(found(), batch * 2 + 2, "killed behind `commit`");
    }
}

#[test]
fn a_power_cut_anywhere_in_the_unsynced_log_leaves_an_older_whole() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let mut model = open(&database);
    now(async {
        model.checkpoint(&orders()).await.unwrap();
        for batch in 0..8 {
            apply(&mut model, batch * 3..=batch * 3 + 2).await;
        }
    });
    let log = fs::read(directory.path().join("ledger.v1.db-wal")).unwrap();
    let mut found = Vec::new();
    for cut in (0..=log.len()).step_by(509).chain([log.len()]) {
        let copy = tempfile::tempdir().unwrap();
        let older = left_behind(directory.path(), copy.path());
        fs::write(copy.path().join("ledger.v1.db-wal"), &log[..cut]).unwrap();
        let count = holds_no_half(seen(&older));
        assert!(found.last().is_none_or(|last| *last <= count), "more log gave less");
        found.push(count);
    }
    found.dedup();
    assert_eq!(found, (0..=8).map(|batch| batch * 3).collect::<Vec<_>>(), "each batch, whole");
}

#[test]
fn a_damaged_page_of_the_log_ends_it_there() {
    let directory = tempfile::tempdir().unwrap();
    let database = Sqlite::file(directory.path().join("ledger.db"));
    let mut model = open(&database);
    now(async {
        model.checkpoint(&orders()).await.unwrap();
        for position in 0..8 {
            apply(&mut model, position..=position).await;
        }
    });
    let log = fs::read(directory.path().join("ledger.v1.db-wal")).unwrap();
    for at in (100..log.len()).step_by(1_021) {
        let copy = tempfile::tempdir().unwrap();
        let older = left_behind(directory.path(), copy.path());
        let mut damaged = log.clone();
        damaged[at] ^= 0x40;
        fs::write(copy.path().join("ledger.v1.db-wal"), damaged).unwrap();
        assert!(holds_no_half(seen(&older)) <= 8);
    }
}

#[test]
fn a_dropped_model_takes_its_open_transaction_with_it() {
    let directory = tempfile::tempdir().unwrap();
    for database in [Sqlite::memory(), Sqlite::file(directory.path().join("ledger.db"))] {
        let mut model = open(&database);
        now(async {
            model.checkpoint(&orders()).await.unwrap();
            apply(&mut model, 0..=4).await;
            model.begin().await.unwrap();
            model.tx().execute("delete from entries", ()).unwrap();
        });
        drop(model);
        assert_eq!(seen(&database), (5, Some(4)));
    }
}

#[test]
fn a_rolled_back_batch_can_be_applied_again() {
    let database = Sqlite::memory();
    let mut model = open(&database);
    now(async {
        model.checkpoint(&orders()).await.unwrap();
        model.rollback().await.unwrap();
        model.begin().await.unwrap();
        model.tx().execute("insert into entries values (0, 1)", ()).unwrap();
        model.save_checkpoint(&orders(), at(0)).await.unwrap();
        model.rollback().await.unwrap();
        apply(&mut model, 0..=0).await;
        apply(&mut model, 1..=9).await;
    });
    drop(model);
    assert_eq!(seen(&database), (10, Some(9)));
}
