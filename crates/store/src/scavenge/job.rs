//! The scavenge that is under way: one step at a time, by a thread of its own or by the caller.

use super::pace::{Pace, Stop};
use super::pending::{Pending, PendingFile};
use super::release::{hidden, marked, segments_of};
use super::rewrite::{Outcome, Terms, rewrite, sealed};
use crate::context::Core;
use crate::plan::Request;
use bytestring::ByteString;
use headwater_env::Disk;
use headwater_model::{
    ReadError, ScavengeAsked, ScavengeError, ScavengePhase, ScavengeProgress, Timestamp,
    Unavailable,
};
use parking_lot::Mutex;
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Streams whose hidden events are released with one commit: a fraction of a millisecond.
const RELEASE_COUNT: usize = 256;

/// What a context knows of its scavenges.
pub(crate) struct Scavenger {
    pub(super) file: PendingFile,
    pub(super) stop: Stop,
    pub(super) progress: Mutex<ScavengeProgress>,
    /// What is left to do; held by whoever does it.
    pub(super) job: Mutex<Option<Job>>,
    pub(super) thread: Mutex<Option<JoinHandle<()>>>,
}

/// A scavenge.
pub(super) struct Job {
    asked: ScavengeAsked,
    began: Timestamp,
    /// Streams that were not looked at yet.
    names: VecDeque<ByteString>,
    /// What was known when it began.
    known: Pending,
    release_count: u64,
    touched: BTreeSet<u32>,
    /// Segments that were not looked at yet; `None` while streams are left.
    segments: Option<VecDeque<u32>>,
    /// Segments that keep something for now: too little would become free, or there was no room.
    kept: BTreeSet<u32>,
    /// Those for which there was no room, to be tried again if some became free.
    no_room: VecDeque<u32>,
    freed_since: bool,
}

impl Scavenger {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        Self {
            file: PendingFile::new(disk, dir),
            stop: Stop::default(),
            progress: Mutex::default(),
            job: Mutex::default(),
            thread: Mutex::default(),
        }
    }

    /// What was asked of the scavenge that was under way when the process ended.
    pub(crate) fn interrupted(&self) -> Option<ScavengeAsked> {
        // A hint: without it nothing goes on by itself.
        self.file.read().ok().flatten()?.under_way
    }

    /// Makes it stop, and waits until it has.
    pub(crate) fn halt(&self) {
        self.stop.close();
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a scavenge had panicked");
        }
    }
}

impl Job {
    pub(super) fn new(
        core: &Core,
        own: &Scavenger,
        asked: ScavengeAsked,
    ) -> Result<Self, Unavailable> {
        let release_count = core.state.held.read().release_count;
        // What it says of fewer releases than there were is not all there is.
        let known = own.file.read()?.filter(|known| known.release_count == release_count);
        let segments = match known {
            Some(known) => known.segments,
            None if release_count == 0 => Vec::new(),
            None => sealed(&core.state.segments),
        };
        let known = Pending { release_count, segments, under_way: Some(asked) };
        own.file.write(&known)?;
        Ok(Self {
            asked,
            began: core.clock.now(),
            names: marked(&core.state).into(),
            known,
            release_count,
            touched: BTreeSet::new(),
            segments: None,
            kept: BTreeSet::new(),
            no_room: VecDeque::new(),
            freed_since: false,
        })
    }

    /// Does a piece of it; `false`: nothing is left, or it was told to stop.
    pub(super) fn step(&mut self, core: &Core, own: &Scavenger) -> Result<bool, ScavengeError> {
        if own.stop.is_asked() {
            return Ok(false);
        }
        match &mut self.segments {
            None if self.names.is_empty() => self.plan(core, own).map(|()| true),
            None => self.release(core, own).map(|()| true),
            Some(segments) => match segments.pop_front() {
                Some(segment) => self.segment(core, own, segment),
                None => Ok(self.try_again()),
            },
        }
    }

    /// Releases what is hidden of the next streams.
    fn release(&mut self, core: &Core, own: &Scavenger) -> Result<(), ScavengeError> {
        let count = self.names.len().min(RELEASE_COUNT);
        let mut releases = Vec::new();
        for name in self.names.drain(..count) {
            releases.extend(hidden(&core.state, &name)?);
        }
        if releases.is_empty() {
            return Ok(());
        }
        for release in &releases {
            segments_of(&core.state, release, &mut self.touched)?;
        }
        let released = releases.len() as u64;
        core.commits.append_blocking(Request::Release(releases))?;
        own.progress.lock().streams_released += released;
        Ok(())
    }

    /// All is released: decides which segments to look at, and writes that down.
    fn plan(&mut self, core: &Core, own: &Scavenger) -> Result<(), ScavengeError> {
        let segments: BTreeSet<u32> = self.known.segments.drain(..).collect();
        let segments = &segments | &self.touched;
        self.release_count = core.state.held.read().release_count;
        // Of what is written to now a part may be released: it is kept for the next time.
        let open = core.state.segments.end().segment;
        let (now, later): (BTreeSet<_>, BTreeSet<_>) =
            segments.into_iter().partition(|segment| *segment < open);
        self.kept = later;
        self.segments = Some(now.into_iter().collect());
        self.note(own, true).map_err(ScavengeError::Unavailable)?;
        let mut progress = own.progress.lock();
        progress.phase = ScavengePhase::Rewriting;
        progress.segments_total = self.segments.as_ref().map_or(0, |own| own.len() as u64);
        Ok(())
    }

    fn segment(
        &mut self,
        core: &Core,
        own: &Scavenger,
        segment: u32,
    ) -> Result<bool, ScavengeError> {
        let terms = Terms {
            freed_percent_min: self.asked.freed_percent_min,
            release_count: self.release_count,
        };
        let mut pace = Pace::new(&own.stop, self.asked.bytes_per_second_max, core.has_threads());
        let outcome = match rewrite(&core.state, segment, terms, &mut pace) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => {
                self.put_back(segment);
                return Ok(false);
            }
            Err(ReadError::Unavailable(Unavailable::Full { why })) => {
                tracing::info!(segment, %why, "no room to write a segment anew; others may make it");
                self.no_room.push_back(segment);
                Outcome::default()
            }
            Err(cause) => {
                self.put_back(segment);
                return Err(cause.into());
            }
        };
        if !outcome.is_clean {
            self.kept.insert(segment);
        }
        self.freed_since |= outcome.bytes_freed > 0;
        self.count(core, own, outcome);
        Ok(true)
    }

    fn put_back(&mut self, segment: u32) {
        self.segments.get_or_insert_default().push_front(segment);
    }

    /// D2: what found no room finds it perhaps where others gave some back.
    fn try_again(&mut self) -> bool {
        if !std::mem::take(&mut self.freed_since) || self.no_room.is_empty() {
            return false;
        }
        let again = std::mem::take(&mut self.no_room);
        self.kept.retain(|segment| !again.contains(segment));
        self.segments = Some(again);
        true
    }

    fn count(&self, core: &Core, own: &Scavenger, outcome: Outcome) {
        let mut progress = own.progress.lock();
        progress.segments_done += 1;
        progress.segments_rewritten += u64::from(outcome.is_rewritten);
        progress.events_removed += outcome.events_removed;
        progress.bytes_read += outcome.bytes_read;
        progress.bytes_written += outcome.bytes_written;
        progress.bytes_freed += outcome.bytes_freed;
        let took = core.clock.now().since(self.began);
        progress.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let left = self.segments.as_ref().map_or(0, |own| own.len() as u64);
        progress.segments_total = progress.segments_done + left;
        progress.left_ms = Some(progress.took_ms * left / progress.segments_done);
    }

    /// Writes down what is left.
    pub(super) fn note(&self, own: &Scavenger, is_under_way: bool) -> Result<(), Unavailable> {
        let Some(segments) = &self.segments else {
            // Of what was released so far it is not known where it stands.
            let known =
                Pending { under_way: is_under_way.then_some(self.asked), ..self.known.clone() };
            return Ok(own.file.write(&known)?);
        };
        let segments: BTreeSet<u32> =
            segments.iter().chain(&self.no_room).chain(&self.kept).copied().collect();
        let pending = Pending {
            release_count: self.release_count,
            segments: segments.into_iter().collect(),
            under_way: is_under_way.then_some(self.asked),
        };
        Ok(own.file.write(&pending)?)
    }

    /// Whether some segments found no room.
    pub(super) fn lacks_room(&self) -> bool {
        !self.no_room.is_empty()
    }
}
