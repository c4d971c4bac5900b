//! Scavenging in memory: what is hidden is given up at once.
//!
//! Why: there is no room to give back, but everything else that a scavenge means is meant here too.

use super::MemoryStore;
use super::history::History;
use crate::{
    Answer, RecordedEvent, Revision, Scavenge, ScavengeAsked, ScavengeError, ScavengePhase,
    ScavengeProgress,
};

impl History {
    /// Gives up what is hidden now.
    fn release(&mut self) -> ScavengeProgress {
        let hidden: Vec<_> = self
            .streams
            .iter()
            .map(|(name, stream)| {
                let shown = self.shown(stream, stream.positions.len());
                (name.clone(), Revision(shown.start.min(stream.next().0)))
            })
            .filter(|(name, before)| *before > self.streams[name].released)
            .collect();
        let mut progress = ScavengeProgress { phase: ScavengePhase::Done, ..Default::default() };
        for (name, before) in hidden {
            let Some(stream) = self.streams.get_mut(&name) else { continue };
            progress.streams_released += 1;
            progress.events_removed += before.0 - stream.released.0;
            stream.released = before;
            stream.ids.retain(|_, revision| *revision >= before);
        }
        progress
    }

    /// Whether an event was given up.
    pub(super) fn is_released(&self, event: &RecordedEvent) -> bool {
        let stream = self.streams.get(&event.stream);
        stream.is_some_and(|stream| event.revision < stream.released)
    }
}

impl Scavenge for MemoryStore {
    fn start_scavenge(&self, asked: ScavengeAsked) -> Answer<'_, ScavengeProgress, ScavengeError> {
        Box::pin(async move {
            asked.check()?;
            let done = self.shared.history().release();
            *self.shared.scavenged() = done.clone();
            Ok(done)
        })
    }

    fn scavenge_progress(&self) -> Answer<'_, ScavengeProgress, ScavengeError> {
        Box::pin(async move { Ok(self.shared.scavenged().clone()) })
    }

    fn stop_scavenge(&self) -> Answer<'_, ScavengeProgress, ScavengeError> {
        self.scavenge_progress()
    }
}
