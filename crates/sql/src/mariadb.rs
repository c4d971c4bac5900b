//! MariaDB, and MySQL, as a place for read models.
//!
//! Picture: each projection and each of its versions is a database of its own beside that of the
//! address, so that a new version is built beside the old one, and both answer until the old is dropped:
//! ```text
//!   the database of the address, shop    projection orders, version 1     shop_orders_v1
//!                                        projection orders, version 2     shop_orders_v2
//!   projection ─▶ MariaDbTx ─▶ many values of a statement at once ─┐
//!   checkpoint, parked events ─────────────────────────────────────┴▶ one transaction ◀─ MariaDbReader
//! ```
//! Invariants: C1 rows, checkpoint and parked events are one transaction. C2 who begins a transaction
//! holds the model's lock until it ends: of two instances of a service one writes, and the other
//! finds the checkpoint moved.
//!
//! Read first: [`tx`] (what a projection writes to), [`make`] (a model is there whole or not at all,
//! although every `create table` commits), [`connect`] (settings).

mod cells;
pub mod connect;
mod generations;
pub mod make;
pub mod model;
pub mod reader;
pub mod tx;

pub use model::MariaDbModel;
pub use reader::MariaDbReader;
pub use tx::MariaDbTx;

use crate::SqlError;
use connect::Place;
use headwater_framework::{Database, Failed, Generations, ModelName};
use parking_lot::Mutex;
use reader::Readers;
use std::collections::HashMap;
use std::sync::Arc;

/// Read models in MariaDB or MySQL. Clones share their connections.
///
/// ```
/// use headwater_sql::MariaDb;
/// let views = MariaDb::at("mariadb://shop:secret@db.example.com/shop?require_ssl=true")?;
/// # Ok::<(), headwater_sql::SqlError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MariaDb {
    place: Place,
    /// The models that are known to be made, each with its idle readers.
    models: Arc<Mutex<Known>>,
    generations: Arc<generations::Open>,
}

/// The readers of models, by name, version and generation.
type Known = HashMap<(&'static str, u32, u32), Arc<Readers>>;

impl MariaDb {
    /// Models in databases whose names begin like the one of this address. With `require_ssl=true` the
    /// server must show a certificate that is trusted. Nothing is opened before a service starts.
    ///
    /// # Errors
    /// [`SqlError::Address`] says what is wrong with it.
    pub fn at(address: &str) -> Result<Self, SqlError> {
        Ok(Self { place: Place::at(address)?, models: Arc::default(), generations: Arc::default() })
    }

    fn of(&self, model: ModelName) -> Result<Place, SqlError> {
        self.place.model(&format!("{}_{}", model.name, model.ending('_')))
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

impl Database for MariaDb {
    type Tx = MariaDbTx;
    type Reader = MariaDbReader;
    type Model = MariaDbModel;

    async fn open(&self, model: ModelName) -> Result<MariaDbModel, Failed> {
        let place = self.of(model)?;
        let opened = MariaDbModel::open(&place, model).await?;
        let key = (model.name, model.version, model.generation);
        self.models.lock().entry(key).or_insert_with(|| Readers::of(place));
        Ok(opened)
    }

    async fn reader(&self, model: ModelName) -> Result<MariaDbReader, Failed> {
        Ok(self.readers(model).await?.take().await?)
    }

    async fn discard(&self, model: ModelName) -> Result<(), Failed> {
        self.models.lock().remove(&(model.name, model.version, model.generation));
        make::discard(&self.of(model)?).await
    }

    async fn generations(&self, model: ModelName) -> Result<Option<Generations>, Failed> {
        self.generations.read(&self.place, model).await
    }

    async fn set_generations(
        &self,
        model: ModelName,
        was: Option<&Generations>,
        is: &Generations,
    ) -> Result<bool, Failed> {
        self.generations.write(&self.place, model, was, is).await
    }
}
