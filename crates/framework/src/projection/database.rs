//! The `Database` port: where read models live.
//!
//! Why: the framework decides when a transaction begins and ends and what stands in it; a database
//! adapter (SQLite, a test's memory, others later) does it.
//!
//! Picture: one model per projection; its readers, one per source context, take turns:
//! ```text
//!   open ─▶ ReadModel: begin ─ tx() … save_checkpoint, park ─ commit | rollback
//!   reader ─▶ Reader: queries, beside the writing, seeing committed rows only
//! ```
//! Invariants: C1 what is done between `begin` and `commit` happens together or not at all, the
//! checkpoint and the parked events included. C2 a checkpoint is kept with its incarnation.

use super::Key;
use crate::Failed;
use headwater_model::{
    Checkpoint, ContextName, EventId, EventType, Position, RecordedEvent, Revision, StreamName,
};
use std::future::Future;

/// Which read model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelName {
    /// The projection's name.
    pub name: &'static str,
    /// Its version. Each has tables of its own, so that old and new live side by side.
    pub version: u32,
    /// Which build of this version, from 1.
    pub generation: u32,
    /// What makes its tables.
    pub schema: &'static str,
}

impl ModelName {
    /// In place of a schema: whatever made it. Such a model is opened if it is there, and never made.
    pub const WHATEVER_MADE_IT: &'static str = "-- whatever made it";

    /// The first generation of a version.
    pub const fn new(name: &'static str, version: u32, schema: &'static str) -> Self {
        Self { name, version, generation: 1, schema }
    }

    /// The first generation of a version that is there, whatever made it.
    pub const fn there(name: &'static str, version: u32) -> Self {
        Self::new(name, version, Self::WHATEVER_MADE_IT)
    }

    /// How its places' names end: `v1`, or `v1_g2` with this mark.
    pub fn ending(&self, mark: char) -> String {
        match self.generation {
            1 => format!("v{}", self.version),
            generation => format!("v{}{mark}g{generation}", self.version),
        }
    }
}

/// Which builds of a version of a projection there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generations {
    /// That queries go to; `None` while the first is built and an older version answers.
    pub live: Option<u32>,
    /// That is built beside it.
    pub building: Option<u32>,
    /// Why both stand still, if somebody said so.
    pub paused: Option<String>,
}

/// Events that were passed over on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Of which context.
    pub source: ContextName,
    /// Behind this position.
    pub from: Option<Position>,
    /// Up to this one.
    pub to: Position,
    /// Why.
    pub why: String,
}

/// Where read models live.
pub trait Database: Send + Sync + 'static {
    /// What a projection writes to.
    type Tx: Send + 'static;
    /// What queries are asked of.
    type Reader: Send + 'static;
    /// An open model.
    type Model: ReadModel<Tx = Self::Tx>;

    /// Opens the model, for the one who writes to it; makes it, with its schema, if it is not
    /// there. The framework opens a model once, and again after a failure dropped it.
    ///
    /// # Errors
    /// A database that does not answer, or a model made by another schema of the same version.
    fn open(&self, model: ModelName) -> impl Future<Output = Result<Self::Model, Failed>> + Send;

    /// A reader of the model, which may be asked for before the model was ever opened.
    ///
    /// # Errors
    /// A database that does not answer.
    fn reader(&self, model: ModelName)
    -> impl Future<Output = Result<Self::Reader, Failed>> + Send;

    /// Throws the model away, with its checkpoints and parked events: the next `open` makes it anew.
    ///
    /// # Errors
    /// A database that does not answer.
    fn discard(&self, model: ModelName) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Which builds of this version there are; `None` if nobody has said so yet.
    ///
    /// # Errors
    /// A database that does not answer.
    fn generations(
        &self,
        model: ModelName,
    ) -> impl Future<Output = Result<Option<Generations>, Failed>> + Send;

    /// Says which there are from now on, in one step; `false`, and nothing is changed, if they are not
    /// what they `was`.
    ///
    /// # Errors
    /// A database that does not answer.
    fn set_generations(
        &self,
        model: ModelName,
        was: Option<&Generations>,
        is: &Generations,
    ) -> impl Future<Output = Result<bool, Failed>> + Send;
}

/// An open read model: one writer.
///
/// Between [`begin`](Self::begin) and [`commit`](Self::commit) or [`rollback`](Self::rollback) all
/// writing goes into one transaction. Dropping the model rolls an open transaction back.
pub trait ReadModel: Send + 'static {
    /// What a projection writes to.
    type Tx: Send + 'static;

    /// Where the reader of `source` has come to; `None` if it never saved.
    fn checkpoint(
        &mut self,
        source: &ContextName,
    ) -> impl Future<Output = Result<Option<Checkpoint>, Failed>> + Send;

    /// The keys of `source` that are held up by parked events.
    fn parked_keys(
        &mut self,
        source: &ContextName,
    ) -> impl Future<Output = Result<Vec<Key>, Failed>> + Send;

    /// How many events of `source` are parked.
    fn parked_count(
        &mut self,
        source: &ContextName,
    ) -> impl Future<Output = Result<u64, Failed>> + Send;

    /// The parked events of `source`, in the order of their positions.
    fn parked(
        &mut self,
        source: &ContextName,
    ) -> impl Future<Output = Result<Vec<ParkedRow>, Failed>> + Send;

    /// Removes what rows that were changed or deleted have left behind in files, between transactions:
    /// a subject was forgotten.
    fn scrub(&mut self) -> impl Future<Output = Result<(), Failed>> + Send {
        std::future::ready(Ok(()))
    }

    /// Begins a transaction.
    fn begin(&mut self) -> impl Future<Output = Result<(), Failed>> + Send;

    /// What a projection writes to, within the transaction.
    fn tx(&mut self) -> &mut Self::Tx;

    /// Moves the checkpoint of `source`, within the transaction.
    fn save_checkpoint(
        &mut self,
        source: &ContextName,
        to: Checkpoint,
    ) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Sets an event aside, within the transaction. One that is aside already gets the new reason.
    fn park(&mut self, parked: ParkedEvent<'_>) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Releases a parked event, within the transaction; `false` if it was not parked.
    fn release(
        &mut self,
        source: &ContextName,
        position: Position,
    ) -> impl Future<Output = Result<bool, Failed>> + Send;

    /// Releases a parked event and keeps why it was given up, within the transaction; `false` if it
    /// was not parked.
    fn give_up(
        &mut self,
        source: &ContextName,
        position: Position,
        why: &str,
    ) -> impl Future<Output = Result<bool, Failed>> + Send;

    /// Notes that events were passed over, within the transaction.
    fn skip(&mut self, skipped: &Skipped) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Takes all checkpoints away, within the transaction: queries go to another model now. Who still writes
    /// to this one finds that it is not where it was left, and nobody can open it any more: they fail for
    /// now, and look which model is the live one.
    fn retire(&mut self) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Ends the transaction: all of it happens.
    fn commit(&mut self) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Ends the transaction: none of it happens. Nothing to do if none is open.
    fn rollback(&mut self) -> impl Future<Output = Result<(), Failed>> + Send;
}

/// An event that was set aside, and why.
#[derive(Clone, Copy, Debug)]
pub struct ParkedEvent<'a> {
    /// The context it comes from.
    pub source: &'a ContextName,
    /// What it holds up.
    pub key: &'a Key,
    /// The event, as stored.
    pub event: &'a RecordedEvent,
    /// Why it was set aside.
    pub why: &'a str,
}

/// An event that was set aside, as a read model keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedRow {
    /// What it holds up.
    pub key: Key,
    /// The event's id.
    pub event: EventId,
    /// The event's type.
    pub event_type: EventType,
    /// The event's stream.
    pub stream: StreamName,
    /// The event's place in its stream.
    pub revision: Revision,
    /// The event's place in its context.
    pub position: Position,
    /// Why it was set aside.
    pub why: String,
}
