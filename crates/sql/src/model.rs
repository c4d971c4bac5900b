//! An open read model: its rows, and beside them how far they have come.
//!
//! Picture: what stands in a model's database besides the projection's own tables:
//! ```text
//!   _headwater_model        which projection, version and schema made this
//!   _headwater_checkpoint   source context → incarnation, position
//!   _headwater_parked       source context, position → key, event, why
//!   _headwater_discarded    the same of parked events that were given up, and why that
//!   _headwater_skipped      which events were passed over on purpose, and why
//! ```
//! Invariants: C1 rows, checkpoint and parked events are one transaction. C2 a checkpoint moves
//! only from where this writer last saw it, and never back within an incarnation: of two processes
//! on one file, the slower one's transaction is rolled back instead of counting twice.

use crate::generations::{RETIRED, of_schema, only_made};
use crate::moves::Moves;
use crate::place::Place;
use crate::{SqlError, SqliteTx};
use headwater_framework::{Failed, Key, ModelName, ParkedEvent, ParkedRow, ReadModel, Skipped};
use headwater_model::{
    Checkpoint, ContextName, EventId, EventType, Incarnation, Position, RecordedEvent, Revision,
    StreamName,
};

const TABLES: &str = "
    create table if not exists _headwater_model (
        one integer primary key check (one = 1),
        name text not null, version integer not null, made_by text not null
    ) strict;
    create table if not exists _headwater_checkpoint (
        source text primary key, incarnation integer not null, position integer not null
    ) strict, without rowid;
    create table if not exists _headwater_parked (
        source text not null, position integer not null, key text not null,
        event_id text not null, event_type text not null, stream text not null,
        revision integer not null, why text not null,
        primary key (source, position)
    ) strict, without rowid;
    create index if not exists _headwater_parked_key on _headwater_parked (source, key);
";

/// Made whenever a model is opened: models that were made before there were such tables get them, too.
const LATER: &str = "
    create table if not exists _headwater_discarded (
        source text not null, position integer not null, key text not null,
        event_id text not null, event_type text not null, stream text not null,
        revision integer not null, parked_why text not null, why text not null,
        primary key (source, position)
    ) strict, without rowid;
    create table if not exists _headwater_skipped (
        source text not null, from_position integer, to_position integer not null,
        why text not null, primary key (source, to_position)
    ) strict, without rowid;
";

/// An open read model: the one who writes to it.
#[derive(Debug)]
pub struct SqliteModel {
    tx: SqliteTx,
    moves: Moves,
}

impl SqliteModel {
    pub(crate) fn open(place: &Place, model: ModelName) -> Result<Self, Failed> {
        let tx = SqliteTx::open(place)?;
        let mut opened = Self { tx, moves: Moves::default() };
        opened.tx.on().batch("begin immediate")?;
        opened.make(model)?; // if it fails, the transaction ends with the connection
        opened.tx.on().batch("commit")?;
        Ok(opened)
    }

    /// Empties the database, for its readers too, without taking the file from under them.
    pub(crate) fn discard(place: &Place) -> Result<(), SqlError> {
        SqliteTx::open(place)?.reset()
    }

    fn make(&mut self, model: ModelName) -> Result<(), Failed> {
        let made = "select exists (select 1 from sqlite_schema where name = '_headwater_model')";
        let foreign = "select name from sqlite_schema order by name limit 1";
        let ModelName { name, version, schema, .. } = model;
        if self.tx.row(made, ())? != Some(true) {
            only_made(self.tx.database(), model)?;
            if let Some(table) = self.tx.row::<String>(foreign, ())? {
                return Err(Failed::for_good(format!(
                    "{} holds the table {table} and was not made by a projection; name another \
                     file",
                    self.tx.database()
                )));
            }
            self.tx.on().batch(TABLES)?;
            self.tx.on().batch(LATER)?;
            self.tx.on().batch(schema).map_err(|error| {
                Failed::for_good(format!("the schema of {name} version {version} fails: {error}"))
            })?;
            let insert = "insert into _headwater_model values (1, ?, ?, ?)";
            return self.tx.execute(insert, (name, version, schema));
        }
        let made_by = "select name, version, made_by from _headwater_model";
        let (its_name, its_version, its_schema): (String, u32, String) = self
            .tx
            .row(made_by, ())?
            .ok_or_else(|| Failed::for_good(format!("{} is half made", self.tx.database())))?;
        if (its_name.as_str(), its_version) != (name, version) {
            return Err(Failed::for_good(format!(
                "{} is {its_name} version {its_version}, not {name} version {version}",
                self.tx.database()
            )));
        }
        of_schema(self.tx.database(), model, &its_schema)?;
        Ok(self.tx.on().batch(LATER)?)
    }
}

impl ReadModel for SqliteModel {
    type Tx = SqliteTx;

    async fn checkpoint(&mut self, source: &ContextName) -> Result<Option<Checkpoint>, Failed> {
        let select = "select incarnation, position from _headwater_checkpoint where source = ?";
        let found: Option<(Incarnation, Position)> = self.tx.row(select, (source,))?;
        let checkpoint = found.map(|(incarnation, position)| Checkpoint { incarnation, position });
        self.moves.saw(source, checkpoint);
        Ok(checkpoint)
    }

    async fn parked_keys(&mut self, source: &ContextName) -> Result<Vec<Key>, Failed> {
        let select = "select distinct key from _headwater_parked where source = ? order by key";
        let keys: Vec<String> = self.tx.rows(select, (source,))?;
        Ok(keys.into_iter().map(Key::from).collect())
    }

    async fn parked_count(&mut self, source: &ContextName) -> Result<u64, Failed> {
        let select = "select count(*) from _headwater_parked where source = ?";
        Ok(self.tx.row(select, (source,))?.unwrap_or(0))
    }

    async fn parked(&mut self, source: &ContextName) -> Result<Vec<ParkedRow>, Failed> {
        let select = "select key, event_id, event_type, stream, revision, position, why
                      from _headwater_parked where source = ? order by position";
        let rows: Vec<(String, EventId, EventType, StreamName, Revision, Position, String)> =
            self.tx.rows(select, (source,))?;
        let rows = rows.into_iter();
        let parked = rows.map(|(key, event, event_type, stream, revision, position, why)| {
            let key = Key::from(key);
            ParkedRow { key, event, event_type, stream, revision, position, why }
        });
        Ok(parked.collect())
    }

    async fn scrub(&mut self) -> Result<(), Failed> {
        Ok(self.tx.scrub()?)
    }

    async fn begin(&mut self) -> Result<(), Failed> {
        self.moves.forget();
        Ok(self.tx.on().execute("begin immediate", &()).map(drop)?)
    }

    fn tx(&mut self) -> &mut SqliteTx {
        &mut self.tx
    }

    async fn save_checkpoint(
        &mut self,
        source: &ContextName,
        to: Checkpoint,
    ) -> Result<(), Failed> {
        let Checkpoint { incarnation, position } = to;
        let moved = match self.moves.from(source, to) {
            Some(from) => {
                let update = "update _headwater_checkpoint set incarnation = ?, position = ?
                              where source = ? and incarnation = ? and position = ?";
                let was = (from.incarnation, from.position);
                self.tx.change(update, (incarnation, position, source, was.0, was.1))?
            }
            None => {
                let insert =
                    "insert into _headwater_checkpoint values (?, ?, ?) on conflict do nothing";
                self.tx.change(insert, (source, incarnation, position))?
            }
        };
        if moved != 1 {
            return Err(Failed::for_now(format!(
                "another process has moved the checkpoint of {source} in {}",
                self.tx.database()
            )));
        }
        self.moves.moving(source, to);
        Ok(())
    }

    async fn park(&mut self, parked: ParkedEvent<'_>) -> Result<(), Failed> {
        let ParkedEvent { source, key, event, why } = parked;
        let insert = "insert into _headwater_parked values (?, ?, ?, ?, ?, ?, ?, ?)
                      on conflict (source, position) do update set why = excluded.why";
        let RecordedEvent { id, event_type, stream, revision, position, .. } = event;
        let key = key.as_str();
        self.tx.execute(insert, (source, position, key, id, event_type, stream, revision, why))
    }

    async fn release(&mut self, source: &ContextName, position: Position) -> Result<bool, Failed> {
        let delete = "delete from _headwater_parked where source = ? and position = ?";
        Ok(self.tx.change(delete, (source, position))? == 1)
    }

    async fn give_up(
        &mut self,
        source: &ContextName,
        position: Position,
        why: &str,
    ) -> Result<bool, Failed> {
        let keep = "insert into _headwater_discarded
                    select *, ? from _headwater_parked where source = ? and position = ?";
        self.tx.execute(keep, (why, source, position))?;
        self.release(source, position).await
    }

    async fn skip(&mut self, skipped: &Skipped) -> Result<(), Failed> {
        let Skipped { source, from, to, why } = skipped;
        let insert = "insert into _headwater_skipped values (?, ?, ?, ?)";
        self.tx.execute(insert, (source, from, to, why))
    }

    async fn retire(&mut self) -> Result<(), Failed> {
        self.tx.execute("update _headwater_model set made_by = ?", (RETIRED,))?;
        self.tx.execute("delete from _headwater_checkpoint", ())
    }

    async fn commit(&mut self) -> Result<(), Failed> {
        self.tx.on().execute("commit", &())?;
        self.moves.committed();
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Failed> {
        self.moves.forget();
        Ok(self.tx.rollback()?)
    }
}
