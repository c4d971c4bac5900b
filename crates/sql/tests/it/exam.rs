//! One exam for every database that read models live in: what the framework relies on, whoever
//! keeps the rows (C1, C2, C3).
//!
//! Picture: a site is a place of the test's own in one database; another handle to it is another
//! instance of the service.
//! ```text
//!   claims.rs, parking.rs, values.rs ─▶ exam! { sqlite: SqliteSite, … } ─▶ a test for each
//! ```

mod claims;
pub(crate) mod flow;
#[cfg(feature = "mariadb")]
pub(crate) mod mariadb;
mod parking;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod race;
mod rebuild;
mod sqlite;
mod values;

use headwater_framework::{Database, Failed, ModelName, ReadModel};
use headwater_model::{Checkpoint, ContextName, Incarnation, Position};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::ops::RangeInclusive;

pub(crate) type TxOf<S> = <<S as Site>::Db as Database>::Tx;
pub(crate) type ModelOf<S> = <<S as Site>::Db as Database>::Model;
pub(crate) type ReaderOf<S> = <<S as Site>::Db as Database>::Reader;

/// A place in one database, and how statements are written there.
pub(crate) trait Site: Sized + Send + Sync + 'static {
    type Db: Database;

    /// `None`, loudly, where there is no such database.
    fn fresh() -> Option<Self>;

    /// A handle to it: each is an instance of its own.
    fn database(&self) -> Self::Db;

    /// A statement with its places: `?` as this database writes it.
    fn places(sql: &str) -> String;

    fn execute<P: Serialize>(
        tx: &mut TxOf<Self>,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<(), Failed>> + Send;

    fn row<T: DeserializeOwned + Send, P: Serialize>(
        tx: &mut TxOf<Self>,
        sql: &str,
        parameters: P,
    ) -> impl Future<Output = Result<Option<T>, Failed>> + Send;

    async fn count_read(reader: &mut ReaderOf<Self>) -> u64;
}

pub(crate) const LEDGER: ModelName = ModelName {
    name: "ledger",
    version: 1,
    generation: 1,
    schema: "create table entries (position integer primary key, amount integer not null)",
};

pub(crate) fn orders() -> ContextName {
    ContextName::new("orders").unwrap()
}

pub(crate) fn at(position: u64) -> Checkpoint {
    Checkpoint { incarnation: Incarnation(0), position: Position(position) }
}

/// Runs a claim to its end, on one thread.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

pub(crate) async fn insert<S: Site>(tx: &mut TxOf<S>, position: u64) -> Result<(), Failed> {
    S::execute(tx, &S::places("insert into entries values (?, ?)"), (position, 1)).await
}

/// One batch as a reader applies it.
pub(crate) async fn apply<S: Site>(
    model: &mut ModelOf<S>,
    positions: RangeInclusive<u64>,
) -> Result<(), Failed> {
    model.begin().await?;
    for position in positions.clone() {
        insert::<S>(model.tx(), position).await?;
    }
    model.save_checkpoint(&orders(), at(*positions.end())).await?;
    model.commit().await
}

/// How many entries there are, and where the reader of orders has come to.
pub(crate) async fn seen<S: Site>(database: &S::Db) -> (u64, Option<u64>) {
    let mut model = database.open(LEDGER).await.unwrap();
    let place = model.checkpoint(&orders()).await.unwrap();
    let count = S::row(model.tx(), "select count(*) from entries", ()).await.unwrap().unwrap();
    (count, place.map(|checkpoint| checkpoint.position.0))
}

/// Asks one claim of one database.
pub(crate) fn take<S: Site, F: Future<Output = ()>>(claim: impl FnOnce(S) -> F) {
    if let Some(site) = S::fresh() {
        now(claim(site));
    }
}

/// A test for each claim and each database.
macro_rules! exam {
    ($($claim:ident as $name:ident,)*) => {
        mod of_sqlite {
            $(#[test]
            fn $name() {
                crate::exam::take::<crate::exam::sqlite::SqliteSite, _>(super::$claim);
            })*
        }
        #[cfg(feature = "postgres")]
        mod of_postgres {
            $(#[test]
            fn $name() {
                crate::exam::take::<crate::exam::postgres::PostgresSite, _>(super::$claim);
            })*
        }
        #[cfg(feature = "mariadb")]
        mod of_mariadb {
            $(#[test]
            fn $name() {
                crate::exam::take::<crate::exam::mariadb::MariaDbSite, _>(super::$claim);
            })*
        }
    };
}
pub(crate) use exam;
