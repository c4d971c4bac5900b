//! Building a model anew beside the live one, and the switch.
//!
//! Picture:
//! ```text
//!   rebuild ─▶ building: 4 ─▶ its readers fill it, from the first event on ─▶ all have come to the end
//!                                    │ a crash, a restart: they go on where it is
//!                                    │ it fails: they try again; queries go to the live one
//!   switch: nobody writes to either ─ is 4 as far as 3, in every source? ─▶ live: 4, in one step
//! ```
//! Invariants: queries go to one whole model before the step, and to another behind it, which has
//! applied all that the first had. C1 the new model's rows and checkpoints came together. C2 whoever
//! still writes to the old one finds its checkpoints gone.
//! After a crash: before the step the build goes on; behind it the new model is the live one.

use super::place::Place;
use super::reader::ProjectionReader;
use super::view::{Side, View};
use super::{Database, Generations, Projection, ReadModel};
use crate::react::session::Stop;
use crate::reader::{ReaderState, Turn};
use crate::view::{Change, Desk, ViewError};
use crate::{Failed, Service};
use futures_util::future::BoxFuture;

impl<P: Projection> ProjectionReader<P> {
    /// A reader of the model that is built has come to the end of its source.
    pub(super) async fn built(&self, place: &mut Place) -> Result<Turn, Stop> {
        self.status.set_state(ReaderState::Running);
        if let Some(at) = place.at.filter(|_| place.saved != place.at) {
            // What was filtered out is compared, too.
            let mut open = self.half().lock().await;
            let mut model = self.begin(open.take(), place).await?;
            model.save_checkpoint(&self.status.source, at).await?;
            model.commit().await?;
            *open = Some((place.generation, model));
            place.saved = Some(at);
        }
        let others = self.view.statuses(Side::Built);
        let at_the_end =
            |source, state| source == self.status.source || state == ReaderState::Running;
        if !others.iter().all(|other| at_the_end(other.source.clone(), other.state())) {
            return Ok(Turn::Rests); // the last of them switches
        }
        if self.view.switch(place.generation).await? {
            tracing::info!(view = P::NAME, generation = place.generation, "queries go to it now");
        }
        Ok(Turn::Rests)
    }
}

impl<P: Projection> View<P> {
    /// Lets queries go to the generation that is built, if it has come as far as the live one.
    async fn switch(&self, built: u32) -> Result<bool, Failed> {
        let _alone = self.changing.lock().await;
        let was = self.look().await?;
        if was.building != Some(built) {
            return Ok(false);
        }
        let is = Generations { live: Some(built), building: None, ..was.clone() };
        let mut own = self.half(Side::Built).lock().await;
        let mut live = self.half(Side::Live).lock().await;
        *live = None;
        let Some(generation) = was.live else {
            *own = None;
            return self.change(&was, &is).await;
        };
        let mut old = self.database.open(Self::model(generation)).await?;
        old.begin().await?; // from here on nobody writes to it
        let mut new = match own.take() {
            Some((generation, model)) if generation == built => model,
            Some(_) | None => self.database.open(Self::model(built)).await?,
        };
        for status in self.statuses(Side::Built) {
            let live_at = old.checkpoint(&status.source).await?.map(|at| at.position);
            let built_at = new.checkpoint(&status.source).await?.map(|at| at.position);
            if built_at < live_at {
                old.rollback().await?;
                *own = Some((built, new));
                return Ok(false);
            }
        }
        drop(new);
        let switched = self.change(&was, &is).await?;
        if switched {
            *own = None;
            old.retire().await?;
            old.commit().await?;
        }
        Ok(switched)
    }

    async fn begin_build(&self) -> Result<Generations, ViewError> {
        let _alone = self.changing.lock().await;
        let was = self.look().await?;
        let (Some(live), None) = (was.live, was.building) else {
            return Err(ViewError::Building { view: P::NAME.to_owned() });
        };
        // What was live before, and what was given up: nobody reads them any more.
        if let Some(before) = live.checked_sub(1).filter(|before| *before > 0) {
            self.database.discard(Self::model(before)).await?;
        }
        self.database.discard(Self::model(live + 1)).await?;
        self.changed(&was, Generations { building: Some(live + 1), ..was.clone() }).await
    }

    async fn abandon(&self) -> Result<Generations, ViewError> {
        let _alone = self.changing.lock().await;
        let was = self.look().await?;
        let (Some(_), Some(building)) = (was.live, was.building) else {
            return Err(ViewError::NotBuilding { view: P::NAME.to_owned() });
        };
        let is = self.changed(&was, Generations { building: None, ..was.clone() }).await?;
        *self.half(Side::Built).lock().await = None;
        self.database.discard(Self::model(building)).await?;
        Ok(is)
    }

    async fn pause(&self, why: Option<String>) -> Result<Generations, ViewError> {
        let _alone = self.changing.lock().await;
        let was = self.look().await?;
        self.changed(&was, Generations { paused: why, ..was.clone() }).await
    }

    async fn changed(&self, was: &Generations, is: Generations) -> Result<Generations, ViewError> {
        match self.change(was, &is).await? {
            true => Ok(is),
            false => Err(ViewError::Raced { view: P::NAME.to_owned() }),
        }
    }
}

impl<P: Projection> Desk for View<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn version(&self) -> u32 {
        P::VERSION
    }

    fn generations(&self) -> BoxFuture<'_, Result<Generations, Failed>> {
        Box::pin(self.look())
    }

    fn change(&self, change: Change) -> BoxFuture<'_, Result<Generations, ViewError>> {
        Box::pin(async move {
            match change {
                Change::Rebuild => self.begin_build().await,
                Change::Abandon => self.abandon().await,
                Change::Pause(why) => self.pause(Some(why)).await,
                Change::Resume => {
                    let resumed = self.pause(None).await?;
                    self.tell(); // also a reader that had halted
                    Ok(resumed)
                }
            }
        })
    }
}

impl<P: Projection> ProjectionReader<P> {
    /// Begins again from nothing: somebody was forgotten.
    pub(super) async fn begin_anew(&self, service: &Service) -> Result<(), Failed> {
        service.begin_anew(&self.view, self.side).await
    }
}
