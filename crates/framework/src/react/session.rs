//! Sessions: a reaction's reader between its opening and its next failure.
//!
//! Why: what is in memory here (the checkpoint, the open stores) is a copy of what is stored. After
//! anything unexpected it is thrown away and read anew.

use super::start;
use crate::decide::asking::ask;
use crate::decide::cache::Caches;
use crate::input::names_of;
use crate::limits::{REACTION_BATCH_COUNT_MAX, UNSAVED_POSITION_COUNT_MAX};
use crate::reader::{ReaderState, Status, Turn};
use crate::{Input, Service, Source};
use headwater_model::{
    Append, AppendError, Checkpoint, CheckpointName, ContextName, EventStore, From, Incarnation,
    Page, Position, Query, QueryItem, ReadAll, ReadError, Retry, SaveCheckpoint, Start, Timestamp,
};
use std::sync::Arc;

/// Why a reader stops.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something is away, or was not as believed: begin again from what is stored, later.
    ForNow(String),
    /// Trying again would fail the same way.
    ForGood(String),
}

impl Stop {
    /// How the turn ended that stopped so.
    pub(crate) fn into_turn(self) -> Turn {
        match self {
            Self::ForNow(why) => Turn::Failed { why, wait: None },
            Self::ForGood(why) => Turn::Halted(why),
        }
    }

    /// Why, and what whoever asked for it can do.
    pub(crate) fn told(self) -> (String, Retry) {
        match self {
            Self::ForNow(why) => (why, Retry::Later),
            Self::ForGood(why) => (why, Retry::Never),
        }
    }

    pub(crate) fn by(retry: Retry, why: impl ToString) -> Self {
        match retry {
            Retry::Never => Self::ForGood(why.to_string()),
            Retry::AfterReload | Retry::Later => Self::ForNow(why.to_string()),
        }
    }
}

impl std::convert::From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::by(error.retry(), error)
    }
}

impl std::convert::From<headwater_model::InvalidName> for Stop {
    fn from(error: headwater_model::InvalidName) -> Self {
        Self::ForGood(error.to_string())
    }
}

/// The events that `I` asks for of a reader's source; none if it asks for none.
pub(crate) fn inputs_of<I: Input>(own: &ContextName, source: &ContextName) -> Result<Query, Stop> {
    let names = names_of::<I>(Source { context: source.as_str(), own: own == source })?;
    let item = QueryItem { types: names, ..QueryItem::default() };
    Ok(Query { items: Some(item).filter(|item| !item.types.is_empty()).into_iter().collect() })
}

/// A reader at work.
pub(crate) struct Session {
    /// The service's own context: where events and checkpoints go.
    pub(crate) own: Arc<dyn EventStore>,
    /// The context that is read.
    pub(crate) source: Arc<dyn EventStore>,
    /// The states of the service's deciders.
    pub(crate) caches: Arc<Caches>,
    /// The history of the context that is read.
    pub(crate) incarnation: Incarnation,
    name: CheckpointName,
    query: Query,
    /// The stored checkpoint.
    saved: Option<Checkpoint>,
    /// How far it has come; what was filtered out is not always saved.
    handled: Option<Checkpoint>,
}

impl Session {
    /// Begins at the stored checkpoint, or where `start` says.
    pub(crate) async fn open(
        service: &Service,
        status: &Status,
        start: Start,
        query: Query,
    ) -> Result<Self, Stop> {
        let own = service.own().await?;
        let source = service.context(&status.source).await?;
        let name = status.checkpoint_name()?;
        let (incarnation, _) = source.head().await?;
        let saved = own.checkpoint(name.clone()).await?;
        let caches = service.caches();
        let mut session =
            Self { own, source, caches, incarnation, name, query, saved, handled: saved };
        if saved.is_none() {
            session.begin(start).await?;
        }
        let shelf = super::park::Shelf::read(&*session.own, status).await?;
        status.set_parked_count(shelf.inputs.len() as u64);
        // What an earlier run appended for these inputs is not known one by one; it is not behind the
        // head. Without it, who waits for an input would not wait for the views of its outcome (R2).
        let (_, head) = session.own.head().await?;
        status.advance(session.handled.map(|at| at.position), head);
        status.set_state(ReaderState::Rebuilding);
        Ok(session)
    }

    /// "Now" is the moment of the first start, and no later one: it is recorded, as a checkpoint, or
    /// where there was nothing yet to have a position, as an event.
    async fn begin(&mut self, start: Start) -> Result<(), Stop> {
        let at = match start {
            Start::Beginning => None,
            Start::After(checkpoint) => Some(checkpoint),
            Start::Now => match self.source.head().await? {
                _ if start::was_before_the_first_event(&*self.own, &self.name).await? => None,
                (incarnation, Some(position)) => Some(Checkpoint { incarnation, position }),
                (_, None) => {
                    start::is_before_the_first_event(&*self.own, &self.name).await?;
                    None
                }
            },
        };
        match at {
            Some(at) => {
                self.save(at).await?;
                self.handled = Some(at);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The store's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.own.now()
    }

    /// The next page of inputs.
    pub(crate) async fn read(&mut self) -> Result<Page, Stop> {
        let from = self.handled.map_or(From::Edge, |at| From::At(at.position.next()));
        let read = ReadAll {
            from,
            count_max: REACTION_BATCH_COUNT_MAX,
            ..ReadAll::forwards(self.query.clone())
        };
        let page = self.source.read_all(read).await?;
        self.incarnation = page.incarnation;
        match self.handled {
            // C2: a position of another history means another event.
            Some(at) if at.incarnation != page.incarnation => {
                let (had, is, position) = (at.incarnation, page.incarnation, at.position);
                Err(ReadError::Diverged { position, had, is }.into())
            }
            _ => Ok(page),
        }
    }

    /// Handles a page without inputs: everything on it was filtered out.
    pub(crate) async fn pass_over(&mut self, page: &Page, status: &Status) -> Result<(), Stop> {
        let Some(to) = page.checkpoint().filter(|to| self.is_ahead(*to)) else { return Ok(()) };
        let saved = self.saved.map_or(0, |at| at.position.next().0);
        if to.position.next().0 - saved >= UNSAVED_POSITION_COUNT_MAX {
            self.save(to).await?;
        }
        self.come_to(to, None, status);
        Ok(())
    }

    fn is_ahead(&self, to: Checkpoint) -> bool {
        self.handled.is_none_or(|at| to.position > at.position)
    }

    /// Everything up to `to` is handled.
    pub(crate) fn come_to(&mut self, to: Checkpoint, appended: Option<Position>, status: &Status) {
        assert!(self.is_ahead(to), "C2: {status} went back from {:?} to {to:?}", self.handled);
        self.handled = Some(to);
        status.advance(Some(to.position), appended);
    }

    /// Something was appended that leaves the checkpoint where it is.
    pub(crate) fn appended(&self, at: Option<Position>, status: &Status) {
        status.advance(self.handled.map(|at| at.position), at);
    }

    /// The move of the checkpoint that fences an append.
    pub(crate) fn moving(&self, to: Checkpoint) -> SaveCheckpoint {
        SaveCheckpoint { name: self.name.clone(), expected: self.saved, to }
    }

    /// The checkpoint was saved with an append.
    pub(crate) fn saved(&mut self, to: Checkpoint) {
        self.saved = Some(to);
    }

    /// Saves the checkpoint alone.
    pub(crate) async fn save(&mut self, to: Checkpoint) -> Result<(), Stop> {
        let append = Append::default().saving(self.moving(to));
        match ask(&*self.own, append).await.answer {
            Ok(_) => {}
            // A lost reply: it had been saved.
            Err(AppendError::CheckpointMoved { actual, .. }) if actual == Some(to) => {}
            Err(error) => return Err(Stop::by(error.retry(), error)),
        }
        self.saved = Some(to);
        Ok(())
    }
}
