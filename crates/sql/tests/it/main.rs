//! Read models in SQLite, driven through the framework's port as its readers drive it.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

// The derives name the facade; here its part that they need stands in.
extern crate headwater_framework as headwater;

mod crash;
mod exam;
#[cfg(all(feature = "postgres", feature = "mariadb"))]
mod inbox;
#[cfg(feature = "mariadb")]
mod mariadb;
mod model;
#[cfg(all(feature = "postgres", feature = "mariadb"))]
mod outbox;
mod parked;
#[cfg(feature = "postgres")]
mod postgres;
mod query;
mod search;
mod subject_keys;

use headwater_framework::{Database, ModelName, ReadModel};
use headwater_model::{Checkpoint, ContextName, Incarnation, Position};
use headwater_sql::{Sqlite, SqliteModel};
use std::future::Future;

const LEDGER: ModelName = ModelName {
    name: "ledger",
    version: 1,
    generation: 1,
    schema: "create table entries (position integer primary key, amount integer not null) strict",
};

/// SQLite's futures are ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}

fn orders() -> ContextName {
    ContextName::new("orders").unwrap()
}

fn at(position: u64) -> Checkpoint {
    Checkpoint { incarnation: Incarnation(0), position: Position(position) }
}

fn open(database: &Sqlite) -> SqliteModel {
    now(database.open(LEDGER)).unwrap()
}

/// One batch as a reader applies it.
async fn apply(model: &mut SqliteModel, positions: std::ops::RangeInclusive<u64>) {
    model.begin().await.unwrap();
    for position in positions.clone() {
        model.tx().execute("insert into entries values (?, ?)", (position, 1)).unwrap();
    }
    model.save_checkpoint(&orders(), at(*positions.end())).await.unwrap();
    model.commit().await.unwrap();
}

/// How many entries there are, and where the reader of orders has come to.
fn seen(database: &Sqlite) -> (u64, Option<u64>) {
    let mut model = open(database);
    let place = now(model.checkpoint(&orders())).unwrap();
    let count = model.tx().row("select count(*) from entries", ()).unwrap().unwrap();
    (count, place.map(|checkpoint| checkpoint.position.0))
}
