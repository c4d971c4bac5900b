//! An open read model in MariaDB: its rows, and beside them how far they have come.
//!
//! Picture: what stands in a model's database besides the projection's own tables:
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
//! After a crash: of a connection that ended in mid-commit the database says whether it did. Of a
//! model that was being made see [`super::make`].

use super::connect::Place;
use super::make::made;
use super::tx::MariaDbTx;
use crate::generations::RETIRED;
use crate::moves::Moves;
use headwater_framework::{Failed, Key, ModelName, ParkedEvent, ParkedRow, ReadModel, Skipped};
use headwater_model::{
    Checkpoint, ContextName, EventId, EventType, Incarnation, Position, RecordedEvent, Revision,
    StreamName,
};

/// An open read model: the one who writes to it.
#[derive(Debug)]
pub struct MariaDbModel {
    tx: MariaDbTx,
    place: Place,
    moves: Moves,
}

impl MariaDbModel {
    pub(super) async fn open(place: &Place, model: ModelName) -> Result<Self, Failed> {
        let mut tx = MariaDbTx::on(place.writer().await?);
        made(&mut tx, place, model).await?;
        Ok(Self { tx, place: place.clone(), moves: Moves::default() })
    }
}

impl ReadModel for MariaDbModel {
    type Tx = MariaDbTx;

    async fn checkpoint(&mut self, source: &ContextName) -> Result<Option<Checkpoint>, Failed> {
        let select = "select incarnation, position from _headwater_checkpoint where source = ?";
        let found: Option<(Incarnation, Position)> = self.tx.row(select, (source,)).await?;
        let checkpoint = found.map(|(incarnation, position)| Checkpoint { incarnation, position });
        self.moves.saw(source, checkpoint);
        Ok(checkpoint)
    }

    async fn parked_keys(&mut self, source: &ContextName) -> Result<Vec<Key>, Failed> {
        let select = "select distinct `key` from _headwater_parked where source = ? order by 1";
        let keys: Vec<String> = self.tx.rows(select, (source,)).await?;
        Ok(keys.into_iter().map(Key::from).collect())
    }

    async fn parked_count(&mut self, source: &ContextName) -> Result<u64, Failed> {
        let select = "select count(*) from _headwater_parked where source = ?";
        Ok(self.tx.row(select, (source,)).await?.unwrap_or(0))
    }

    async fn parked(&mut self, source: &ContextName) -> Result<Vec<ParkedRow>, Failed> {
        let select = "select `key`, event_id, event_type, stream, revision, position, why
                      from _headwater_parked where source = ? order by position";
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
        self.tx.batch("start transaction").await?;
        let held = self.tx.row("select one from _headwater_model for update", ()).await;
        let gone = || format!("{} is being made anew", self.place.name());
        match held {
            Ok(Some(1)) => Ok(()),
            Ok(Some::<i64>(_) | None) => Err(Failed::for_now(gone())),
            // Whoever threw it away has it made anew, and so do we.
            Err(error) if error.retry() == headwater_model::Retry::Never => {
                Err(Failed::for_now(format!("{}: {error}", gone())))
            }
            Err(error) => Err(error),
        }
    }

    fn tx(&mut self) -> &mut MariaDbTx {
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
                let update = "update _headwater_checkpoint set incarnation = ?, position = ?
                              where source = ? and incarnation = ? and position = ?";
                let was = (from.incarnation, from.position);
                self.tx.change(update, (incarnation, position, source, was.0, was.1)).await?
            }
            None => {
                let insert = "insert ignore into _headwater_checkpoint values (?, ?, ?)";
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
        let insert = "insert into _headwater_parked values (?, ?, ?, ?, ?, ?, ?, ?)
                      on duplicate key update why = values(why)";
        let RecordedEvent { id, event_type, stream, revision, position, .. } = event;
        let values = (source, position, key.as_str(), id, event_type, stream, revision, why);
        self.tx.execute(insert, values).await
    }

    async fn release(&mut self, source: &ContextName, position: Position) -> Result<bool, Failed> {
        let delete = "delete from _headwater_parked where source = ? and position = ?";
        Ok(self.tx.change(delete, (source, position)).await? == 1)
    }

    async fn give_up(
        &mut self,
        source: &ContextName,
        position: Position,
        why: &str,
    ) -> Result<bool, Failed> {
        let keep = "insert into _headwater_discarded select parked.*, ? from _headwater_parked as \
                    parked where source = ? and position = ?";
        self.tx.execute(keep, (why, source, position)).await?;
        self.release(source, position).await
    }

    async fn skip(&mut self, skipped: &Skipped) -> Result<(), Failed> {
        let Skipped { source, from, to, why } = skipped;
        let insert = "insert into _headwater_skipped values (?, ?, ?, ?)";
        self.tx.execute(insert, (source, from, to, why)).await
    }

    async fn retire(&mut self) -> Result<(), Failed> {
        self.tx.execute("update _headwater_model set made_by = ?", (RETIRED,)).await?;
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
