//! Places: how far a projection has come in one source, and what stands in its way.

use super::{Database, Key, ModelName, Projection, ReadModel};
use crate::personal::forgettings;
use crate::projection::view::{Side, View};
use crate::react::session::Stop;
use crate::reader::{ReaderState, Status};
use crate::{Failed, Input, InputType, Service, Source};
use headwater_model::{Checkpoint, EventStore, From, Page, Position, Query, ReadAll, ReadError};
use std::collections::HashSet;
use std::sync::Arc;

/// A projection's reader at work on one source.
pub(super) struct Place {
    /// The context that is read.
    pub(super) source: Arc<dyn EventStore>,
    /// Whether that is the service's own.
    pub(super) is_own: bool,
    query: Query,
    /// The build that it fills.
    pub(super) generation: u32,
    /// Forgettings up to here came before the model was begun, which never held anything of them.
    pub(super) begun_at: Option<Position>,
    /// How far it has come.
    pub(super) at: Option<Checkpoint>,
    /// What the database holds.
    pub(super) saved: Option<Checkpoint>,
    /// Keys behind parked events.
    pub(super) held_up: HashSet<Key>,
    /// How often the next event has failed.
    pub(super) failures: u32,
    /// Events of one transaction; 1 while looking for the one that fails.
    pub(super) batch_count_max: usize,
}

impl std::convert::From<Failed> for Stop {
    fn from(failed: Failed) -> Self {
        Self::by(failed.retry(), failed)
    }
}

impl Place {
    pub(super) async fn open<P: Projection>(
        service: &Service,
        view: &View<P>,
        (side, name): (Side, ModelName),
        status: &Status,
        batch_count_max: usize,
    ) -> Result<Self, Stop> {
        let source = service.context(&status.source).await?;
        let is_own = status.source == *service.name();
        let named = Source { context: status.source.as_str(), own: is_own };
        let mut query = Query::types(crate::input::names_of::<P::Input>(named)?);
        if P::Input::TYPES.iter().any(InputType::is_personal) {
            query = query.or(Query::stream(forgettings()));
        }

        let mut slot = view.half(side).lock().await;
        let mut model = match slot.take() {
            Some((generation, model)) if generation == name.generation => model,
            Some(_) | None => view.database.open(name).await?,
        };
        let saved = model.checkpoint(&status.source).await?;
        let held_up = model.parked_keys(&status.source).await?.into_iter().collect();
        status.set_parked_count(model.parked_count(&status.source).await?);
        *slot = Some((name.generation, model));
        let begun_at = match saved {
            None => source.head().await?.1,
            Some(_) => None,
        };

        status.advance(saved.map(|at| at.position), None);
        status.set_state(ReaderState::Rebuilding);
        status.begin_pace(saved.map(|at| at.position));
        let (at, failures, generation) = (saved, 0, name.generation);
        Ok(Self {
            source,
            is_own,
            query,
            generation,
            begun_at,
            at,
            saved,
            held_up,
            failures,
            batch_count_max,
        })
    }

    /// The next page of inputs.
    pub(super) async fn read(&self) -> Result<Page, Stop> {
        let read = ReadAll {
            from: self.at.map_or(From::Edge, |at| From::At(at.position.next())),
            count_max: self.batch_count_max,
            ..ReadAll::forwards(self.query.clone())
        };
        let page = self.source.read_all(read).await?;
        match self.at {
            // C2: a position of another history means another event.
            Some(at) if at.incarnation != page.incarnation => {
                let (had, is, position) = (at.incarnation, page.incarnation, at.position);
                Err(ReadError::Diverged { position, had, is }.into())
            }
            _ => Ok(page),
        }
    }

    /// How many positions have been passed since the database was told.
    pub(super) fn unsaved_count(&self, to: Checkpoint) -> u64 {
        to.position.next().0 - self.saved.map_or(0, |at| at.position.next().0)
    }

    /// Everything up to `to` is handled.
    pub(super) fn come_to(&mut self, to: Checkpoint, status: &Status) {
        let ahead = self.at.is_none_or(|at| to.position > at.position);
        assert!(ahead, "C2: {status} went back from {:?} to {to:?}", self.at);
        self.at = Some(to);
        self.failures = 0;
        status.advance(Some(to.position), None);
    }
}
