//! Making a model, and throwing it away, in a database whose schema statements commit by themselves.
//!
//! Why: MariaDB has no transaction around `create table`. A model is there when the row of
//! `_headwater_model` is, which is written last; until then it is half made, and whoever comes next
//! throws it away and begins again.
//!
//! Picture:
//! ```text
//!   lock ─ no database ───▶ create it ─ _headwater_model, empty ─ tables ─ schema ─ its row ─ unlock
//!        ├ empty _headwater_model: half made ─▶ drop the database ─▶ as above
//!        ├ its row: made ─▶ by this schema? ─▶ unlock
//!        └ other tables: somebody else's ─▶ refused
//!   discard: lock ─ delete the row ─ drop the database ─ unlock
//! ```
//! Invariants: a model with its row is whole. C1 all its tables have transactions.
//! After a crash: the lock ends with its connection; what is half made has no row, and holds nothing.

use super::connect::Place;
use super::tx::MariaDbTx;
use crate::SqlError;
use crate::generations::{of_schema, only_made};
use headwater_framework::{Failed, ModelName};
use headwater_model::Retry;

/// Comes first, and is empty until everything else is there.
const MODEL: &str = "create table _headwater_model (
    one integer primary key check (one = 1),
    name varchar(255) not null, version bigint not null, made_by mediumtext not null
)";

const TABLES: &str = "create table _headwater_checkpoint (
    source varchar(64) primary key, incarnation bigint not null, position bigint not null
);
create table _headwater_parked (
    source varchar(64) not null, position bigint not null, `key` text not null,
    event_id varchar(36) not null, event_type text not null, stream text not null,
    revision bigint not null, why mediumtext not null,
    primary key (source, position), index (source, `key`(200))
);
create table _headwater_discarded (
    source varchar(64) not null, position bigint not null, `key` text not null,
    event_id varchar(36) not null, event_type text not null, stream text not null,
    revision bigint not null, parked_why mediumtext not null, why mediumtext not null,
    primary key (source, position)
);
create table _headwater_skipped (
    source varchar(64) not null, from_position bigint, to_position bigint not null,
    why mediumtext not null, primary key (source, to_position)
)";

/// Who makes or drops a model takes turns with whoever else does. A lock's name is short.
const LOCK: &str = "select get_lock(concat('headwater ', md5(?)), 30)";

const UNLOCK: &str = "select release_lock(concat('headwater ', md5(?)))";

/// What was found where a model belongs.
enum Found {
    Nothing,
    HalfMade,
    Made,
    /// A table of somebody else.
    Foreign(String),
}

/// Chooses the model's database on this connection; makes it, if it is not there.
pub(super) async fn made(
    tx: &mut MariaDbTx,
    place: &Place,
    model: ModelName,
) -> Result<(), Failed> {
    lock(tx, place).await?;
    let done = make(tx, place, model).await;
    let unlocked = unlock(tx, place).await;
    done.and(unlocked)
}

/// Drops a model with everything in it.
pub(super) async fn discard(place: &Place) -> Result<(), Failed> {
    let mut tx = MariaDbTx::on(place.writer().await?);
    lock(&mut tx, place).await?;
    match look(&mut tx, place).await? {
        Found::Nothing | Found::Foreign(_) => {}
        Found::HalfMade | Found::Made => unmake(&mut tx, place).await?,
    }
    unlock(&mut tx, place).await
}

async fn lock(tx: &mut MariaDbTx, place: &Place) -> Result<(), Failed> {
    match tx.row(LOCK, (&place.database,)).await? {
        Some(Some(1)) => Ok(()),
        None | Some(None::<i64> | Some(_)) => {
            let why = format!("{} is being made by another instance", place.name());
            Err(SqlError::Busy { why }.into())
        }
    }
}

async fn unlock(tx: &mut MariaDbTx, place: &Place) -> Result<(), Failed> {
    let _was_ours: Option<Option<i64>> = tx.row(UNLOCK, (&place.database,)).await?;
    Ok(())
}

async fn make(tx: &mut MariaDbTx, place: &Place, model: ModelName) -> Result<(), Failed> {
    match look(tx, place).await? {
        Found::Made => {
            tx.batch(&format!("use `{}`", place.database)).await?;
            return check(tx, place, model).await;
        }
        Found::Foreign(table) => {
            return Err(Failed::for_good(format!(
                "{} holds {table} and was not made by a projection; name another database",
                place.name()
            )));
        }
        Found::HalfMade => unmake(tx, place).await?,
        Found::Nothing => {}
    }
    only_made(place.name(), model)?;
    let create = format!(
        "create database if not exists `{0}` character set utf8mb4 collate utf8mb4_bin; use `{0}`",
        place.database
    );
    tx.batch(&create).await?;
    tx.batch(MODEL).await?;
    tx.batch(TABLES).await?;
    let ModelName { name, version, schema, .. } = model;
    if let Err(failed) = fill(tx, place, model).await {
        unmake(tx, place).await?;
        return Err(failed);
    }
    // The connection commits each statement by itself: from here on the model is there.
    let insert = "insert into _headwater_model values (1, ?, ?, ?)";
    tx.change(insert, (name, version, schema)).await.map(drop)
}

/// Runs the projection's own schema.
async fn fill(tx: &mut MariaDbTx, place: &Place, model: ModelName) -> Result<(), Failed> {
    let ModelName { name, version, schema, .. } = model;
    tx.batch(schema).await.map_err(|error| {
        let words = format!("the schema of {name} version {version} fails: {error}");
        match error.retry() {
            Retry::Later => Failed::for_now(words),
            _ => Failed::for_good(words),
        }
    })?;
    let without = "select concat(table_name, ' (', engine, ')') from information_schema.tables where \
                   table_schema = ? and table_type = 'BASE TABLE' and engine <> 'InnoDB' limit 1";
    match tx.row::<String, _>(without, (&place.database,)).await? {
        None => Ok(()),
        Some(table) => Err(Failed::for_good(format!(
            "the schema of {name} version {version} makes {table}, which has no transactions; only \
             InnoDB keeps rows and checkpoint together"
        ))),
    }
}

async fn unmake(tx: &mut MariaDbTx, place: &Place) -> Result<(), Failed> {
    let database = &place.database;
    tx.batch(&format!("truncate `{database}`._headwater_model")).await?;
    Ok(tx.batch(&format!("drop database `{database}`")).await?)
}

async fn look(tx: &mut MariaDbTx, place: &Place) -> Result<Found, Failed> {
    let tables = "select table_name from information_schema.tables where table_schema = ? \
                  order by table_name <> '_headwater_model', table_name limit 1";
    let table: Option<String> = tx.row(tables, (&place.database,)).await?;
    match table {
        None => Ok(Found::Nothing),
        Some(table) if table == "_headwater_model" => {
            let row = format!("select count(*) from `{}`._headwater_model", place.database);
            let made: Option<u64> = tx.row(&row, ()).await?;
            Ok(if made == Some(1) { Found::Made } else { Found::HalfMade })
        }
        Some(table) => Ok(Found::Foreign(table)),
    }
}

/// Whether this projection, version and schema made the model that is there.
async fn check(tx: &mut MariaDbTx, place: &Place, model: ModelName) -> Result<(), Failed> {
    let (place, ModelName { name, version, .. }) = (place.name(), model);
    let made_by = "select name, version, made_by from _headwater_model";
    let found: Option<(String, u32, String)> = tx.row(made_by, ()).await?;
    let Some((its_name, its_version, its_schema)) = found else {
        return Err(Failed::for_now(format!("{place} is being thrown away")));
    };
    if (its_name.as_str(), its_version) != (name, version) {
        return Err(Failed::for_good(format!(
            "{place} is {its_name} version {its_version}, not {name} version {version}"
        )));
    }
    of_schema(&place, model, &its_schema)?;
    Ok(())
}
