//! The port: start, progress, stop.

use super::job::{Job, Scavenger};
use crate::EmbeddedContext;
use crate::context::Core;
use headwater_model::{
    Answer, Scavenge, ScavengeAsked, ScavengeError, ScavengePhase, ScavengeProgress, Unavailable,
};
use std::sync::Arc;
use std::thread;

impl EmbeddedContext {
    /// Does a piece of the scavenge that is under way; `false`: there is none, or it has come to its
    /// end. For contexts without threads.
    ///
    /// # Errors
    /// As [`Scavenge::start_scavenge`]; the scavenge has ended then, and the next one goes on.
    pub fn scavenge_step(&self) -> Result<bool, ScavengeError> {
        match &self.core.scavenger {
            Some(own) => self.core.scavenge_step(own),
            None => Ok(false),
        }
    }

    fn scavenger(&self) -> Result<&Scavenger, ScavengeError> {
        self.core.scavenger.as_ref().ok_or_else(|| ScavengeError::NotHere {
            why: "its journal is elsewhere, and here is only a copy of it".to_owned(),
        })
    }
}

impl Core {
    /// Begins a scavenge.
    pub(crate) fn begin_scavenge(
        self: &Arc<Self>,
        asked: ScavengeAsked,
    ) -> Result<ScavengeProgress, ScavengeError> {
        asked.check()?;
        let Some(own) = &self.scavenger else { return Ok(ScavengeProgress::default()) };
        let mut job = own.job.try_lock().ok_or(ScavengeError::UnderWay)?;
        if job.is_some() {
            return Err(ScavengeError::UnderWay);
        }
        if own.stop.is_closing() {
            return Err(ScavengeError::Unavailable(Unavailable::Closed));
        }
        let begun = Job::new(self, own, asked).map_err(ScavengeError::Unavailable)?;
        own.stop.forget();
        let phase = ScavengePhase::Releasing;
        let progress = ScavengeProgress { phase, ..ScavengeProgress::default() };
        *own.progress.lock() = progress.clone();
        *job = Some(begun);
        drop(job);
        if self.has_threads() {
            self.scavenge_beside()?;
        }
        Ok(progress)
    }

    fn scavenge_beside(self: &Arc<Self>) -> Result<(), ScavengeError> {
        let Some(own) = &self.scavenger else { return Ok(()) };
        let mut running = own.thread.lock();
        // The one before it has ended, or there would be its job.
        if running.take().is_some_and(|ended| ended.join().is_err()) {
            tracing::error!("a scavenge had panicked");
        }
        let core = Arc::clone(self);
        let work = move || {
            let Some(own) = &core.scavenger else { return };
            while matches!(core.scavenge_step(own), Ok(true)) {}
        };
        let spawned = thread::Builder::new().name(format!("scavenge {}", self.name)).spawn(work);
        match spawned {
            Ok(thread) => *running = Some(thread),
            Err(cause) => {
                *own.job.lock() = None;
                let what = "starting a scavenge".to_owned();
                let why = cause.to_string();
                return Err(ScavengeError::Unavailable(Unavailable::Io { what, why }));
            }
        }
        Ok(())
    }

    fn scavenge_step(&self, own: &Scavenger) -> Result<bool, ScavengeError> {
        let mut held = own.job.lock();
        let Some(job) = held.as_mut() else { return Ok(false) };
        let stepped = job.step(self, own);
        let phase = match &stepped {
            Ok(true) => return Ok(true),
            Ok(false) if own.stop.is_asked() => ScavengePhase::Stopped,
            Ok(false) if job.lacks_room() => {
                let why =
                    "there is no room to write some segments anew; free some, and start again";
                ScavengePhase::Failed { why: why.to_owned() }
            }
            Ok(false) => ScavengePhase::Done,
            Err(cause) => ScavengePhase::Failed { why: cause.to_string() },
        };
        // One that the end of the process cuts short goes on with the next.
        let goes_on = phase == ScavengePhase::Stopped && own.stop.is_closing();
        let noted = job.note(own, goes_on).map_err(ScavengeError::Unavailable);
        *held = None;
        drop(held);
        if let Err(cause) = stepped.as_ref().map(|_| ()).and(noted.as_ref().map(|_| ())) {
            tracing::warn!(context = %self.name, %cause, "a scavenge ended early");
        }
        let mut progress = own.progress.lock();
        (progress.phase, progress.left_ms) = (phase, None);
        stepped
    }
}

impl Scavenge for EmbeddedContext {
    fn start_scavenge(&self, asked: ScavengeAsked) -> Answer<'_, ScavengeProgress, ScavengeError> {
        Box::pin(async move {
            self.scavenger()?;
            self.core.begin_scavenge(asked)
        })
    }

    fn scavenge_progress(&self) -> Answer<'_, ScavengeProgress, ScavengeError> {
        Box::pin(async move { Ok(self.scavenger()?.progress.lock().clone()) })
    }

    fn stop_scavenge(&self) -> Answer<'_, ScavengeProgress, ScavengeError> {
        Box::pin(async move {
            let own = self.scavenger()?;
            own.stop.ask();
            if !self.core.has_threads() {
                while self.core.scavenge_step(own)? {}
            }
            Ok(own.progress.lock().clone())
        })
    }
}
