//! Views: a projection with its database, shared by its readers.
//!
//! Why: a projection that reads several contexts has one reader for each, and one model.

use super::{Database, ModelName, Projection};
use crate::Failed;

/// A projection, its database, and its model while it is open.
pub(crate) struct View<P: Projection> {
    pub(crate) projection: P,
    pub(crate) database: P::Database,
    /// Readers take turns at it. Taken out while one is at work: if that fails or panics the model
    /// is dropped, which rolls back, and opened anew.
    pub(crate) model: tokio::sync::Mutex<Option<<P::Database as Database>::Model>>,
}

impl<P: Projection> View<P> {
    pub(crate) fn new(projection: P, database: P::Database) -> Self {
        Self { projection, database, model: tokio::sync::Mutex::new(None) }
    }

    pub(crate) fn name() -> ModelName {
        ModelName { name: P::NAME, version: P::VERSION, schema: P::SCHEMA }
    }

    pub(crate) async fn discard(&self) -> Result<(), Failed> {
        self.database.discard(Self::name()).await
    }

    pub(crate) async fn reader(&self) -> Result<<P::Database as Database>::Reader, Failed> {
        self.database.reader(Self::name()).await
    }
}
