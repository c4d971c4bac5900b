//! Views: a projection with its database, shared by its readers.
//!
//! Why: a projection that reads several contexts has one reader for each, and one model. While it is
//! built anew there are two models, the live one and the one that is built, each with readers of its own.
//!
//! Picture: what the database knows is the truth; what is known here is looked up again now and then,
//! since another instance of the service may have changed it:
//! ```text
//!   generations ─▶ live: 3 ─────▶ readers "live" ─▶ model v1 generation 3 ◀─ queries
//!                  building: 4 ─▶ readers "built" ─▶ model v1 generation 4
//!                  paused: why ─▶ both rest
//! ```

use super::{Database, Generations, ModelName, Projection};
use crate::Failed;
use crate::limits::GENERATIONS_GLANCE;
use crate::reader::Status;
use headwater_model::Retry;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::time::Instant;

/// Which of the two models of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// That queries go to.
    Live,
    /// That is built beside it.
    Built,
}

/// A projection, its database, and its models while they are open.
pub(crate) struct View<P: Projection> {
    pub(crate) projection: P,
    pub(crate) database: P::Database,
    live: Half<P>,
    built: Half<P>,
    known: Mutex<Option<(Generations, Instant)>>,
    /// One change of the generations at a time, in this process.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Of the live readers, and of those that build.
    statuses: Mutex<Vec<(Side, Arc<Status>)>>,
}

/// A model, and which generation of it is open. Readers take turns at it. Taken out while one is at
/// work: if that fails or panics the model is dropped, which rolls back, and opened anew.
pub(crate) type Half<P> =
    tokio::sync::Mutex<Option<(u32, <<P as Projection>::Database as Database>::Model)>>;

impl<P: Projection> View<P> {
    pub(crate) fn new(projection: P, database: P::Database) -> Self {
        Self {
            projection,
            database,
            live: Half::<P>::default(),
            built: Half::<P>::default(),
            known: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            statuses: Mutex::default(),
        }
    }

    /// A generation of this version's model.
    pub(crate) fn model(generation: u32) -> ModelName {
        ModelName { generation, ..ModelName::new(P::NAME, P::VERSION, P::SCHEMA) }
    }

    pub(crate) fn half(&self, side: Side) -> &Half<P> {
        match side {
            Side::Live => &self.live,
            Side::Built => &self.built,
        }
    }

    /// Adds a reader's status to those that are told of changes.
    pub(super) fn follow(&self, side: Side, status: Arc<Status>) {
        self.statuses.lock().push((side, status));
    }

    /// The readers' statuses of one side.
    pub(super) fn statuses(&self, side: Side) -> Vec<Arc<Status>> {
        let statuses = self.statuses.lock();
        let of = statuses.iter().filter(|(its, _)| *its == side);
        of.map(|(_, status)| Arc::clone(status)).collect()
    }

    /// Wakes the readers of both sides: there is something new for them.
    pub(super) fn tell(&self) {
        self.statuses.lock().iter().for_each(|(_, status)| status.tell());
    }

    /// The generations, as they were known lately.
    pub(crate) async fn generations(&self) -> Result<Generations, Failed> {
        let known = self.known.lock().clone();
        match known {
            Some((known, at)) if at.elapsed() < GENERATIONS_GLANCE => Ok(known),
            _ => self.look().await,
        }
    }

    /// The generations, as the database knows them now. The first who looks decides where to begin: in
    /// the only model, or beside an older version that queries can go to meanwhile.
    pub(crate) async fn look(&self) -> Result<Generations, Failed> {
        let first = Self::model(1);
        let found = loop {
            if let Some(found) = self.database.generations(first).await? {
                break found;
            }
            let begin = match self.older().await? {
                Some(_) => Generations { building: Some(1), ..Generations::default() },
                None => Generations { live: Some(1), ..Generations::default() },
            };
            if self.database.set_generations(first, None, &begin).await? {
                break begin;
            }
        };
        self.note(&found);
        Ok(found)
    }

    /// Changes the generations, if they are what they were; `false` if somebody else was faster.
    pub(super) async fn change(&self, was: &Generations, is: &Generations) -> Result<bool, Failed> {
        let first = Self::model(1);
        let changed = self.database.set_generations(first, Some(was), is).await?;
        if changed {
            self.note(is);
            self.tell();
        }
        Ok(changed)
    }

    fn note(&self, generations: &Generations) {
        *self.known.lock() = Some((generations.clone(), Instant::now()));
    }

    /// An older version whose model this version's queries can read.
    async fn older(&self) -> Result<Option<ModelName>, Failed> {
        for version in (P::QUERIES_FROM..P::VERSION).rev() {
            let older = ModelName::there(P::NAME, version);
            let known = self.database.generations(older).await?;
            if let Some(generation) = known.and_then(|known| known.live) {
                return Ok(Some(ModelName { generation, ..older }));
            }
        }
        Ok(None)
    }

    /// The model that a side works on; `None` if it has nothing to do.
    pub(crate) async fn of(&self, side: Side) -> Result<Option<ModelName>, Failed> {
        Ok(Self::side_of(&self.generations().await?, side))
    }

    /// The same, as the database knows it now: for who opens it. What was known a moment ago may be
    /// retired.
    pub(crate) async fn of_now(&self, side: Side) -> Result<Option<ModelName>, Failed> {
        Ok(Self::side_of(&self.look().await?, side))
    }

    fn side_of(known: &Generations, side: Side) -> Option<ModelName> {
        let generation = match side {
            Side::Live => known.live,
            Side::Built => known.building,
        };
        generation.map(Self::model)
    }

    /// A reader of what queries go to.
    pub(crate) async fn reader(&self) -> Result<<P::Database as Database>::Reader, Failed> {
        let model = self.queried(&self.generations().await?).await?;
        match self.database.reader(model).await {
            // It may have been retired since it was known.
            Err(failed) if failed.retry() != Retry::Never => {
                let now = self.queried(&self.look().await?).await?;
                if now == model {
                    return Err(failed);
                }
                self.database.reader(now).await
            }
            answer => answer,
        }
    }

    async fn queried(&self, known: &Generations) -> Result<ModelName, Failed> {
        if let Some(live) = known.live {
            return Ok(Self::model(live));
        }
        // Nothing of this version is whole yet: the one before it answers.
        let older = self.older().await?;
        Ok(older.unwrap_or_else(|| Self::model(known.building.unwrap_or(1))))
    }

    /// Throws a side's model away.
    pub(crate) async fn discard(&self, side: Side) -> Result<(), Failed> {
        // While nobody is at work: readers hold the model for the time of a transaction.
        let mut open = self.half(side).lock().await;
        *open = None;
        match self.of(side).await? {
            Some(model) => self.database.discard(model).await,
            None => Ok(()),
        }
    }
}
