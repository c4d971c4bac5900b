//! Views as an operator sees them: how far they are, built anew, paused, put behind events.
//!
//! Why: a view is a cache of the log, and whoever runs a service must be able to throw it away and have it
//! again, without anybody who asks it noticing.
//!
//! Picture:
//! ```text
//!   GET /admin/views ─▶ Service::views ─▶ ViewHealth: live readers, what is built, how long still
//!   POST …/rebuild, abandon, pause, resume, seek ─▶ the view's desk ─▶ its generations, in its database
//! ```

use crate::health::ReaderHealth;
use crate::projection::{Generations, Skipped};
use crate::react::session::Stop;
use crate::reader::{Reader, ReaderState};
use crate::{Failed, Service};
use futures_util::future::BoxFuture;
use headwater_model::{ContextName, Position, ReadError, Retry, Timestamp};
use std::sync::Arc;

/// What can be asked of a view, whatever its projection is.
pub(crate) trait Desk: Send + Sync + 'static {
    /// The projection's name.
    fn name(&self) -> &'static str;
    /// Its version.
    fn version(&self) -> u32;
    /// Which models there are, as its database knows.
    fn generations(&self) -> BoxFuture<'_, Result<Generations, Failed>>;
    /// Changes that.
    fn change(&self, change: Change) -> BoxFuture<'_, Result<Generations, ViewError>>;
}

/// What a person wants of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Rebuild,
    Abandon,
    Pause(String),
    Resume,
}

/// Behind which event a reader is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeekTo {
    /// This one, which is there.
    Position(Position),
    /// The last that was recorded up to this time.
    Time(Timestamp),
}

/// How a view is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewHealth {
    /// The projection's name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The generation that queries go to; `None` while the first of this version is built and an older
    /// version answers.
    pub live: Option<u32>,
    /// Why it stands still, if somebody said so.
    pub paused: Option<String>,
    /// The readers that keep it up.
    pub readers: Vec<ReaderHealth>,
    /// What is built beside it.
    pub building: Option<BuildHealth>,
}

/// How far a build is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildHealth {
    /// Which generation it will be.
    pub generation: u32,
    /// The readers that build it.
    pub readers: Vec<ReaderHealth>,
    /// Positions that are handled, over all sources.
    pub done: u64,
    /// Positions there are.
    pub of: u64,
    /// Positions a second, since it was begun or went on here; 0 if that cannot be said yet.
    pub per_second: u64,
    /// How long still, if it goes on so.
    pub seconds_left: Option<u64>,
}

/// Why nothing was done about a view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The service has no such view.
    #[error("service {service} has no view {view}; it has {}", known.join(", "))]
    NoView {
        /// The service.
        service: ContextName,
        /// The name that was given.
        view: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The view does not read this context.
    #[error("{view} reads nothing of {source_name}")]
    NoSource {
        /// The view.
        view: String,
        /// The context that was named.
        source_name: String,
    },
    /// It is being built already.
    #[error("{view} is being built; wait for it, or abandon that first")]
    Building {
        /// The view.
        view: String,
    },
    /// Nothing is built that could be abandoned.
    #[error("{view} is not being built beside a live one")]
    NotBuilding {
        /// The view.
        view: String,
    },
    /// Another instance changed it in the same moment.
    #[error("{view} was changed in the same moment; look, and ask again")]
    Raced {
        /// The view.
        view: String,
    },
    /// There is no way back: the rows hold already what would be applied again.
    #[error(
        "{reader} is at {}, and is not put back to {}; build the view anew",
        shown(at),
        shown(asked)
    )]
    Back {
        /// The reader.
        reader: String,
        /// Where it is.
        at: Option<Position>,
        /// Where it was to go.
        asked: Option<Position>,
    },
    /// Nothing was recorded there yet.
    #[error("{reader} is not put to {asked}: the last event is at {}", shown(head))]
    Ahead {
        /// The reader.
        reader: String,
        /// Where it was to go.
        asked: Position,
        /// The last event there is.
        head: Option<Position>,
    },
    /// A reason is asked for.
    #[error("this is done with a reason, and this one is empty")]
    NoReason,
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A store, a database or another writer was in the way. Nothing was changed.
    #[error("{why}")]
    Stopped {
        /// What was in the way.
        why: String,
        /// What the caller can do.
        retry: Retry,
    },
}

fn shown(position: &Option<Position>) -> String {
    position.map_or_else(|| "the beginning".to_owned(), |position| format!("position {position}"))
}

impl ViewError {
    /// What the caller can do.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NoView { .. } | Self::NoSource { .. } | Self::NoReason | Self::Back { .. } => {
                Retry::Never
            }
            Self::Building { .. } | Self::NotBuilding { .. } | Self::Raced { .. } => {
                Retry::AfterReload
            }
            Self::Ahead { .. } => Retry::Later,
            Self::Read(cause) => cause.retry(),
            Self::Stopped { retry, .. } => *retry,
        }
    }

    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoView { .. } => "view.unknown",
            Self::NoSource { .. } => "view.no_source",
            Self::Building { .. } => "view.building",
            Self::NotBuilding { .. } => "view.not_building",
            Self::Raced { .. } => "view.raced",
            Self::Back { .. } => "view.back",
            Self::Ahead { .. } => "view.ahead",
            Self::NoReason => "view.no_reason",
            Self::Read(cause) => cause.code(),
            Self::Stopped { .. } => "view.stopped",
        }
    }
}

impl From<Stop> for ViewError {
    fn from(stop: Stop) -> Self {
        let (why, retry) = stop.told();
        Self::Stopped { why, retry }
    }
}

impl From<Failed> for ViewError {
    fn from(failed: Failed) -> Self {
        Self::from(Stop::from(failed))
    }
}

impl Service {
    /// How each view is, in the order of wiring.
    ///
    /// # Errors
    /// A store or a database that does not answer.
    pub async fn views(&self) -> Result<Vec<ViewHealth>, ViewError> {
        let mut views = Vec::with_capacity(self.desks().len());
        for desk in self.desks() {
            views.push(self.view_health(&**desk).await?);
        }
        Ok(views)
    }

    /// How a view is.
    ///
    /// # Errors
    /// [`ViewError::NoView`], or a store or a database that does not answer.
    pub async fn view_named(&self, view: &str) -> Result<ViewHealth, ViewError> {
        self.view_health(&**self.desk(view)?).await
    }

    /// Builds a view anew, from the first event on, beside the one that queries go to; they go to the new
    /// one when it has come as far.
    ///
    /// # Errors
    /// [`ViewError::Building`] if it is being built; [`ViewError`] says the rest.
    pub async fn rebuild_view(&self, view: &str) -> Result<ViewHealth, ViewError> {
        self.change_view(view, Change::Rebuild).await
    }

    /// Gives up what is built beside the live one.
    ///
    /// # Errors
    /// [`ViewError::NotBuilding`] if there is none; [`ViewError`] says the rest.
    pub async fn abandon_view(&self, view: &str) -> Result<ViewHealth, ViewError> {
        self.change_view(view, Change::Abandon).await
    }

    /// Lets a view stand still until it is resumed, also over a restart.
    ///
    /// # Errors
    /// [`ViewError::NoReason`] without one; [`ViewError`] says the rest.
    pub async fn pause_view(&self, view: &str, why: &str) -> Result<ViewHealth, ViewError> {
        if why.trim().is_empty() {
            return Err(ViewError::NoReason);
        }
        self.change_view(view, Change::Pause(why.to_owned())).await
    }

    /// Lets a view go on that was paused, or that halted.
    ///
    /// # Errors
    /// [`ViewError`] if it cannot be asked.
    pub async fn resume_view(&self, view: &str) -> Result<ViewHealth, ViewError> {
        self.change_view(view, Change::Resume).await
    }

    /// Puts a view's reader of this context behind events that it has not applied, and never will.
    ///
    /// # Errors
    /// [`ViewError::Back`]: that is what building it anew is for. [`ViewError`] says the rest.
    pub async fn seek_view(
        &self,
        view: &str,
        source: &str,
        to: SeekTo,
        why: &str,
    ) -> Result<Skipped, ViewError> {
        if why.trim().is_empty() {
            return Err(ViewError::NoReason);
        }
        let name = self.desk(view)?.name();
        let is_it = |reader: &&Arc<dyn Reader>| {
            let status = reader.status();
            status.name == name && status.source.as_str() == source
        };
        let no_source =
            || ViewError::NoSource { view: view.to_owned(), source_name: source.to_owned() };
        let reader = self.readers().iter().find(is_it).ok_or_else(no_source)?;
        reader.seek(self, to, why).await
    }

    async fn change_view(&self, view: &str, change: Change) -> Result<ViewHealth, ViewError> {
        let desk = self.desk(view)?;
        desk.change(change).await?;
        self.view_health(&**desk).await
    }

    fn desk(&self, view: &str) -> Result<&Arc<dyn Desk>, ViewError> {
        let found = self.desks().iter().find(|desk| desk.name() == view);
        found.ok_or_else(|| ViewError::NoView {
            service: self.name().clone(),
            view: view.to_owned(),
            known: self.desks().iter().map(|desk| desk.name().to_owned()).collect(),
        })
    }

    async fn view_health(&self, desk: &dyn Desk) -> Result<ViewHealth, ViewError> {
        let known = desk.generations().await?;
        let readers = self.healths(self.readers(), desk.name()).await?;
        let building = match known.building {
            None => None,
            Some(generation) => Some(self.build_health(desk.name(), generation).await?),
        };
        let (name, version) = (desk.name().to_owned(), desk.version());
        Ok(ViewHealth { name, version, live: known.live, paused: known.paused, readers, building })
    }

    async fn build_health(&self, view: &str, generation: u32) -> Result<BuildHealth, ReadError> {
        let readers = self.healths(self.builders(), view).await?;
        let count = |position: Option<Position>| position.map_or(0, |position| position.next().0);
        let done = readers.iter().map(|reader| count(reader.handled)).sum();
        let of = readers.iter().map(|reader| count(reader.head)).sum();
        let builders = self.builders().iter().filter(|reader| reader.status().name == view);
        let per_second = builders.map(|reader| reader.status().pace()).sum();
        let left = u64::saturating_sub(of, done);
        let seconds_left = (per_second > 0).then(|| left.div_ceil(per_second));
        Ok(BuildHealth { generation, readers, done, of, per_second, seconds_left })
    }

    async fn healths(
        &self,
        readers: &[Arc<dyn Reader>],
        view: &str,
    ) -> Result<Vec<ReaderHealth>, ReadError> {
        let mut healths = Vec::new();
        for reader in readers.iter().filter(|reader| reader.status().name == view) {
            healths.push(self.reader_health(&**reader).await?);
        }
        Ok(healths)
    }
}

impl ViewHealth {
    /// Whether a reader of it stands in front of something that a person must see to.
    pub fn is_halted(&self) -> bool {
        let halted = |reader: &ReaderHealth| matches!(reader.state, ReaderState::Halted { .. });
        self.readers.iter().any(halted)
            || self.building.iter().flat_map(|building| &building.readers).any(halted)
    }
}
