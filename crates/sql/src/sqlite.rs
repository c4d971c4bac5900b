//! SQLite as a place for read models.
//!
//! Picture: each projection and each of its versions is a database of its own, so that a new
//! version is built beside the old one, and both answer until the old is deleted:
//! ```text
//!   Sqlite::file("data/orders.db")   projection orders, version 1     data/orders.v1.db
//!                                    projection orders, version 2     data/orders.v2.db
//!                                    and built anew beside it         data/orders.v2.g2.db
//!                                    projection totals, version 1     data/orders.totals.v1.db
//! ```
//! A database is a cache of the log: deleting its files (`.db`, `-wal`, `-shm`) while the service is
//! down means only that it is built again.

mod generations;
pub(crate) mod slots;

use crate::model::SqliteModel;
use crate::place::Place;
use crate::reader::Readers;
use crate::{SqliteReader, SqliteTx};
use headwater_framework::{Database, Failed, Generations, ModelName};
use parking_lot::Mutex;
use rusqlite::Connection;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Read models in SQLite. Clones share their connections.
///
/// ```
/// use headwater_sql::Sqlite;
/// let beside_the_service = Sqlite::file("data/orders.db");
/// let of_a_test = Sqlite::memory();
/// ```
#[derive(Debug, Clone)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    base: Base,
    /// The models that are known to be made, each with its idle readers.
    models: Mutex<HashMap<Key, Arc<Readers>>>,
    /// Databases in memory live as long as someone is connected to them: this one.
    anchors: Mutex<HashMap<Key, Connection>>,
    /// Where it stands which builds there are, once it was asked for.
    generations: Mutex<Option<SqliteTx>>,
}

/// A model's name, version and generation.
type Key = (&'static str, u32, u32);

#[derive(Debug)]
enum Base {
    File(PathBuf),
    Memory { number: u64 },
}

impl Sqlite {
    /// Databases in the directory of `path`, with names that begin like its name. Nothing is
    /// opened before a service starts.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Base::File(path.into()))
    }

    /// Databases in memory, gone with the last clone of this value. For tests: a query sees one
    /// moment, but two queries of one reader may see two.
    pub fn memory() -> Self {
        /// Two in one process are two.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self::new(Base::Memory { number: NEXT.fetch_add(1, Ordering::Relaxed) })
    }

    /// The file of this model; `None` in memory.
    pub fn path(&self, model: ModelName) -> Option<PathBuf> {
        match self.place(model) {
            Place::File(path) => Some(path),
            Place::Memory { .. } => None,
        }
    }

    fn new(base: Base) -> Self {
        let shared = Shared {
            base,
            models: Mutex::default(),
            anchors: Mutex::default(),
            generations: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    fn place(&self, model: ModelName) -> Place {
        match &self.shared.base {
            Base::File(path) => Place::File(beside(path, model)),
            Base::Memory { number } => {
                let (name, ending, process) = (model.name, model.ending('-'), std::process::id());
                Place::Memory { name: format!("headwater-{process}-{number}-{name}-{ending}") }
            }
        }
    }

    /// The readers of a model. Makes the model if nobody has opened it yet.
    fn readers(&self, model: ModelName) -> Result<Arc<Readers>, Failed> {
        let key = (model.name, model.version, model.generation);
        let known = || self.shared.models.lock().get(&key).cloned();
        if let Some(readers) = known() {
            return Ok(readers);
        }
        drop(self.open_model(model)?);
        known().ok_or_else(|| Failed::for_now(format!("{} was closed just now", model.name)))
    }

    fn with_generations<T>(
        &self,
        ask: impl FnOnce(&mut SqliteTx) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let place = match &self.shared.base {
            Base::File(path) => Place::File(generations::beside(path)),
            Base::Memory { number } => {
                let process = std::process::id();
                Place::Memory { name: format!("headwater-{process}-{number}-generations") }
            }
        };
        let mut open = self.shared.generations.lock();
        // One that failed is opened anew.
        let mut tx = match open.take() {
            Some(tx) => tx,
            None => generations::open(&place)?,
        };
        let answer = ask(&mut tx)?;
        *open = Some(tx);
        Ok(answer)
    }

    fn open_model(&self, model: ModelName) -> Result<SqliteModel, Failed> {
        let place = self.place(model);
        let key = (model.name, model.version, model.generation);
        if let Place::Memory { .. } = place {
            let anchor = place.writer()?;
            self.shared.anchors.lock().entry(key).or_insert(anchor);
        }
        let opened = SqliteModel::open(&place, model)?;
        self.shared.models.lock().entry(key).or_insert_with(|| Readers::of(place));
        Ok(opened)
    }
}

impl Database for Sqlite {
    type Tx = SqliteTx;
    type Reader = SqliteReader;
    type Model = SqliteModel;

    async fn open(&self, model: ModelName) -> Result<SqliteModel, Failed> {
        self.open_model(model)
    }

    async fn reader(&self, model: ModelName) -> Result<SqliteReader, Failed> {
        Ok(self.readers(model)?.take()?)
    }

    async fn discard(&self, model: ModelName) -> Result<(), Failed> {
        self.shared.models.lock().remove(&(model.name, model.version, model.generation));
        let place = self.place(model);
        match &place {
            Place::File(path) if !path.exists() => Ok(()),
            Place::File(_) | Place::Memory { .. } => Ok(SqliteModel::discard(&place)?),
        }
    }

    async fn generations(&self, model: ModelName) -> Result<Option<Generations>, Failed> {
        self.with_generations(|tx| generations::read(tx, model))
    }

    async fn set_generations(
        &self,
        model: ModelName,
        was: Option<&Generations>,
        is: &Generations,
    ) -> Result<bool, Failed> {
        self.with_generations(|tx| generations::write(tx, model, was, is))
    }
}

/// `data/orders.db` for version 2 of `totals` is `data/orders.totals.v2.db`.
fn beside(base: &Path, model: ModelName) -> PathBuf {
    let part = |part: Option<&OsStr>, other: &str| {
        part.map_or_else(|| other.to_owned(), |part| part.to_string_lossy().into_owned())
    };
    let stem = part(base.file_stem(), "headwater");
    let extension = part(base.extension(), "db");
    let (name, ending) = (model.name, model.ending('.'));
    let name = match stem == name {
        true => format!("{stem}.{ending}.{extension}"),
        false => format!("{stem}.{name}.{ending}.{extension}"),
    };
    base.with_file_name(name)
}
