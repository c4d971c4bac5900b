//! PostgreSQL as a place for read models.
//!
//! Picture: each projection and each of its versions is a schema of its own, so that a new version
//! is built beside the old one, and both answer until the old is dropped:
//! ```text
//!   the database of the address    projection orders, version 1     schema orders_v1
//!                                  projection orders, version 2     schema orders_v2
//!   projection ─▶ PostgresTx ─▶ sent without waiting ─┐
//!   checkpoint, parked events ────────────────────────┴▶ one transaction ◀─ PostgresReader ◀─ queries
//! ```
//! Invariants: C1 rows, checkpoint and parked events are one transaction. C2 who begins a transaction
//! holds the model's lock until it ends: of two instances of a service one writes, and the other
//! finds the checkpoint moved.
//!
//! Read first: [`tx`] (what a projection writes to), [`connect`] (settings, and why nothing is synced
//! at a commit).

mod cells;
pub mod connect;
mod generations;
pub mod model;
mod parameters;
pub mod reader;
pub mod tx;

pub use model::PostgresModel;
pub use reader::PostgresReader;
pub use tx::PostgresTx;

use crate::SqlError;
use connect::Place;
use headwater_framework::{Database, Failed, Generations, ModelName};
use parking_lot::Mutex;
use reader::Readers;
use std::collections::HashMap;
use std::sync::Arc;

/// Read models in PostgreSQL. Clones share their connections.
///
/// ```
/// use headwater_sql::Postgres;
/// let by_url = Postgres::at("postgresql://shop@db.example.com/shop?sslmode=require")?;
/// let by_words = Postgres::at("host=/run/postgresql user=shop dbname=shop")?;
/// # Ok::<(), headwater_sql::SqlError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Postgres {
    place: Place,
    /// The models that are known to be made, each with its idle readers.
    models: Arc<Mutex<Known>>,
    generations: Arc<generations::Open>,
}

/// The schema of what stands beside all models.
const GENERATIONS: &str = "headwater";

/// The readers of models, by name, version and generation.
type Known = HashMap<(&'static str, u32, u32), Arc<Readers>>;

impl Postgres {
    /// Models in the database of this address, as libpq writes it: a URL, or words. With
    /// `sslmode=require` the server must show a certificate that this machine trusts. Nothing is
    /// opened before a service starts.
    ///
    /// # Errors
    /// [`SqlError::Address`] says what is wrong with it.
    pub fn at(address: &str) -> Result<Self, SqlError> {
        Ok(Self { place: Place::at(address)?, models: Arc::default(), generations: Arc::default() })
    }

    /// The schema of this model.
    pub fn schema(model: ModelName) -> String {
        format!("{}_{}", model.name, model.ending('_'))
    }

    /// The readers of a model. Makes the model if nobody has opened it yet.
    async fn readers(&self, model: ModelName) -> Result<Arc<Readers>, Failed> {
        let key = (model.name, model.version, model.generation);
        let known = || self.models.lock().get(&key).cloned();
        if let Some(readers) = known() {
            return Ok(readers);
        }
        drop(self.open(model).await?);
        known().ok_or_else(|| Failed::for_now(format!("{} was closed just now", model.name)))
    }
}

impl Database for Postgres {
    type Tx = PostgresTx;
    type Reader = PostgresReader;
    type Model = PostgresModel;

    async fn open(&self, model: ModelName) -> Result<PostgresModel, Failed> {
        let place = self.place.schema(Self::schema(model))?;
        let opened = PostgresModel::open(&place, model).await?;
        let key = (model.name, model.version, model.generation);
        self.models.lock().entry(key).or_insert_with(|| Readers::of(place));
        Ok(opened)
    }

    async fn reader(&self, model: ModelName) -> Result<PostgresReader, Failed> {
        Ok(self.readers(model).await?.take().await?)
    }

    async fn discard(&self, model: ModelName) -> Result<(), Failed> {
        self.models.lock().remove(&(model.name, model.version, model.generation));
        PostgresModel::discard(&self.place.schema(Self::schema(model))?).await
    }

    async fn generations(&self, model: ModelName) -> Result<Option<Generations>, Failed> {
        self.generations.read(&self.place.schema(GENERATIONS.to_owned())?, model).await
    }

    async fn set_generations(
        &self,
        model: ModelName,
        was: Option<&Generations>,
        is: &Generations,
    ) -> Result<bool, Failed> {
        let place = self.place.schema(GENERATIONS.to_owned())?;
        self.generations.write(&place, model, was, is).await
    }
}
