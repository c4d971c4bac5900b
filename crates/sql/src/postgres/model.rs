//! An open read model in PostgreSQL: its rows, and beside them how far they have come.
//!
//! Picture: what stands in a model's schema besides the projection's own tables:
//! ```text
//!   _headwater_model        which projection, version and schema made this; its row is the lock
//!   _headwater_checkpoint   source context → incarnation, position
//!   _headwater_parked       source context, position → key, event, why
//!   _headwater_discarded    the same of parked events that were given up, and why that
//!   _headwater_skipped      which events were passed over on purpose, and why
//! ```
//! Invariants: C1 rows, checkpoint and parked events are one transaction. C2 a checkpoint moves
//! only from where this writer last saw it, and never back within an incarnation: of two instances,
//! the slower one's transaction is rolled back instead of counting twice.
//! After a crash: of a connection that ended in mid-commit the database says whether it did.

use super::connect::Place;
use super::tx::PostgresTx;
use crate::SqlError;
use crate::generations::{RETIRED, of_schema, only_made};
use crate::moves::Moves;
use headwater_framework::{Failed, Key, ModelName, ParkedEvent, ParkedRow, ReadModel, Skipped};
use headwater_model::{
    Checkpoint, ContextName, EventId, EventType, Incarnation, Position, RecordedEvent, Revision,
    StreamName,
};

const TABLES: &str = "
    create table _headwater_model (
        one integer primary key check (one = 1),
        name text not null, version bigint not null, made_by text not null
    );
    create table _headwater_checkpoint (
        source text primary key, incarnation bigint not null, position bigint not null
    );
    create table _headwater_parked (
        source text not null, position bigint not null, key text not null,
        event_id text not null, event_type text not null, stream text not null,
        revision bigint not null, why text not null,
        primary key (source, position)
    );
    create index _headwater_parked_key on _headwater_parked (source, key);
    create table _headwater_discarded (
        source text not null, position bigint not null, key text not null,
        event_id text not null, event_type text not null, stream text not null,
        revision bigint not null, parked_why text not null, why text not null,
        primary key (source, position)
    );
";

/// Made whenever a model is opened: models that were made before there was such a table get it, too.
const SKIPPED: &str = "
    create table if not exists _headwater_skipped (
        source text not null, from_position bigint, to_position bigint not null,
        why text not null, primary key (source, to_position)
    );
";

/// Who makes or drops a model takes turns with whoever else does, until the transaction ends.
const MAKING: &str =
    "select pg_advisory_xact_lock(hashtext('headwater model'), hashtext($1::text))";

/// An open read model: the one who writes to it.
#[derive(Debug)]
pub struct PostgresModel {
    tx: PostgresTx,
    place: Place,
    moves: Moves,
}

impl PostgresModel {
    pub(super) async fn open(place: &Place, model: ModelName) -> Result<Self, Failed> {
        let tx = PostgresTx::on(place.writer().await?);
        let mut opened = Self { tx, place: place.clone(), moves: Moves::default() };
        opened.tx.batch("begin").await?;
        opened.make(model).await?; // if it fails, the transaction ends with the connection
        opened.tx.commit().await?;
        Ok(opened)
    }

    /// Drops the schema with everything in it.
    pub(super) async fn discard(place: &Place) -> Result<(), Failed> {
        let mut tx = PostgresTx::on(place.writer().await?);
        tx.batch("begin").await?;
        tx.execute(MAKING, (&place.schema,)).await?;
        tx.settle().await?;
        tx.batch(&format!("drop schema if exists \"{}\" cascade", place.schema)).await?;
        Ok(tx.commit().await?)
    }

    async fn make(&mut self, model: ModelName) -> Result<(), Failed> {
        let ModelName { name, version, schema, .. } = model;
        let place = self.place.name();
        self.tx.execute(MAKING, (&self.place.schema,)).await?;
        if !self.has_table("_headwater_model").await? {
            only_made(&place, model)?;
            if let Some(table) = self.any_table().await? {
                return Err(Failed::for_good(format!(
                    "{place} holds {table} and was not made by a projection; name another database"
                )));
            }
            let create = format!("create schema if not exists \"{}\"", self.place.schema);
            self.tx.batch(&create).await?;
            self.tx.batch(TABLES).await?;
            self.tx.batch(SKIPPED).await?;
            self.tx.batch(schema).await.map_err(|error| {
                let words = format!("the schema of {name} version {version} fails: {error}");
                match error.retry() {
                    headwater_model::Retry::Later => Failed::for_now(words),
                    _ => Failed::for_good(words),
                }
            })?;
            let insert = "insert into _headwater_model values (1, $1, $2, $3)";
            return self.tx.execute(insert, (name, version, schema)).await;
        }
        let made_by = "select name, version, made_by from _headwater_model";
        let found: Option<(String, u32, String)> = self.tx.row(made_by, ()).await?;
        let Some((its_name, its_version, its_schema)) = found else {
            return Err(Failed::for_good(format!("{place} is half made")));
        };
        if (its_name.as_str(), its_version) != (name, version) {
            return Err(Failed::for_good(format!(
                "{place} is {its_name} version {its_version}, not {name} version {version}"
            )));
        }
        of_schema(&place, model, &its_schema)?;
        if !self.has_table("_headwater_skipped").await? {
            self.tx.batch(SKIPPED).await?;
        }
        Ok(())
    }

    async fn has_table(&mut self, name: &str) -> Result<bool, Failed> {
        let select =
            "select exists (select 1 from pg_tables where schemaname = $1 and tablename = $2)";
        let found = self.tx.row(select, (self.place.schema.clone(), name)).await?;
        Ok(found == Some(true))
    }

    /// Something that stands in the schema.
    async fn any_table(&mut self) -> Result<Option<String>, Failed> {
        let select = "select relname::text from pg_class join pg_namespace on relnamespace = \
                      pg_namespace.oid where nspname = $1 order by 1 limit 1";
        self.tx.row(select, (self.place.schema.clone(),)).await
    }
}

impl ReadModel for PostgresModel {
    type Tx = PostgresTx;

    async fn checkpoint(&mut self, source: &ContextName) -> Result<Option<Checkpoint>, Failed> {
        let select = "select incarnation, position from _headwater_checkpoint where source = $1";
        let found: Option<(Incarnation, Position)> = self.tx.row(select, (source,)).await?;
        let checkpoint = found.map(|(incarnation, position)| Checkpoint { incarnation, position });
        self.moves.saw(source, checkpoint);
        Ok(checkpoint)
    }

    async fn parked_keys(&mut self, source: &ContextName) -> Result<Vec<Key>, Failed> {
        let select = "select distinct key from _headwater_parked where source = $1 order by key";
        let keys: Vec<String> = self.tx.rows(select, (source,)).await?;
        Ok(keys.into_iter().map(Key::from).collect())
    }

    async fn parked_count(&mut self, source: &ContextName) -> Result<u64, Failed> {
        let select = "select count(*) from _headwater_parked where source = $1";
        Ok(self.tx.row(select, (source,)).await?.unwrap_or(0))
    }

    async fn parked(&mut self, source: &ContextName) -> Result<Vec<ParkedRow>, Failed> {
        let select = "select key, event_id, event_type, stream, revision, position, why
                      from _headwater_parked where source = $1 order by position";
        let rows: Vec<(String, EventId, EventType, StreamName, Revision, Position, String)> =
            self.tx.rows(select, (source,)).await?;
        let rows = rows.into_iter();
        let parked = rows.map(|(key, event, event_type, stream, revision, position, why)| {
            let key = Key::from(key);
            ParkedRow { key, event, event_type, stream, revision, position, why }
        });
        Ok(parked.collect())
    }

    async fn begin(&mut self) -> Result<(), Failed> {
        self.moves.forget();
        let begin = "begin; select one from _headwater_model for update";
        self.tx.batch(begin).await.map_err(|error| match error {
            // Whoever threw it away has it made anew, and so do we.
            SqlError::Statement { why, .. } => Failed::for_now(why),
            other => other.into(),
        })
    }

    fn tx(&mut self) -> &mut PostgresTx {
        &mut self.tx
    }

    async fn save_checkpoint(
        &mut self,
        source: &ContextName,
        to: Checkpoint,
    ) -> Result<(), Failed> {
        let Checkpoint { incarnation, position } = to;
        self.tx.settle().await?; // whoever refused this transaction is not the other instance
        let moved = match self.moves.from(source, to) {
            Some(from) => {
                let update = "update _headwater_checkpoint set incarnation = $1, position = $2
                              where source = $3 and incarnation = $4 and position = $5";
                let was = (from.incarnation, from.position);
                self.tx.change(update, (incarnation, position, source, was.0, was.1)).await?
            }
            None => {
                let insert =
                    "insert into _headwater_checkpoint values ($1, $2, $3) on conflict do nothing";
                self.tx.change(insert, (source, incarnation, position)).await?
            }
        };
        if moved != 1 {
            return Err(Failed::for_now(format!(
                "another instance has moved the checkpoint of {source} in {}",
                self.place.name()
            )));
        }
        self.moves.moving(source, to);
        Ok(())
    }

    async fn park(&mut self, parked: ParkedEvent<'_>) -> Result<(), Failed> {
        let ParkedEvent { source, key, event, why } = parked;
        let insert = "insert into _headwater_parked values ($1, $2, $3, $4, $5, $6, $7, $8)
                      on conflict (source, position) do update set why = excluded.why";
        let RecordedEvent { id, event_type, stream, revision, position, .. } = event;
        let values = (source, position, key.as_str(), id, event_type, stream, revision, why);
        self.tx.execute(insert, values).await
    }

    async fn release(&mut self, source: &ContextName, position: Position) -> Result<bool, Failed> {
        let delete = "delete from _headwater_parked where source = $1 and position = $2";
        Ok(self.tx.change(delete, (source, position)).await? == 1)
    }

    async fn give_up(
        &mut self,
        source: &ContextName,
        position: Position,
        why: &str,
    ) -> Result<bool, Failed> {
        let keep = "insert into _headwater_discarded
                    select *, $1 from _headwater_parked where source = $2 and position = $3";
        self.tx.execute(keep, (why, source, position)).await?;
        self.release(source, position).await
    }

    async fn skip(&mut self, skipped: &Skipped) -> Result<(), Failed> {
        let Skipped { source, from, to, why } = skipped;
        let insert = "insert into _headwater_skipped values ($1, $2, $3, $4)";
        self.tx.execute(insert, (source, from, to, why)).await
    }

    async fn retire(&mut self) -> Result<(), Failed> {
        self.tx.execute("update _headwater_model set made_by = $1", (RETIRED,)).await?;
        self.tx.execute("delete from _headwater_checkpoint", ()).await
    }

    async fn commit(&mut self) -> Result<(), Failed> {
        self.tx.commit().await?;
        self.moves.committed();
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Failed> {
        self.moves.forget();
        Ok(self.tx.rollback().await?)
    }
}
