//! Preparing the next segment while this one is written.
//!
//! Why: an append that extends a file, or that turns reserved blocks into written ones, makes the
//! file system write its own journal too and takes twice as long. Zeros written ahead avoid both,
//! and they hold the room that a full disk would refuse later (D2).
//! Invariant: a file has a segment's name only when all its zeros are durable.

use crate::format::segment_file_name;
use crate::limits::SEGMENT_BYTES_MIN;
use headwater_env::{Access, Disk, DiskError, DurableWay, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// The name of a segment that is not ready.
pub(crate) const UNFINISHED: &str = "next.tmp";

/// Zeros are written in pieces of this size, so that appends get their turn and a closing journal
/// does not wait long.
const PIECE_BYTES: u32 = 1_024 * 1_024;

/// A segment's file, all zeros, durable.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) segment: u32,
    pub(crate) capacity: u32,
    pub(crate) file: Arc<dyn File>,
}

/// Where and how large segments are made.
#[derive(Clone, Debug)]
pub(crate) struct Workshop {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    pub(crate) segment_bytes: u32,
    pub(crate) in_background: bool,
}

/// Keeps the next segment ready.
#[derive(Debug)]
pub(crate) struct Preparer {
    workshop: Workshop,
    ready: Option<Prepared>,
    work: Option<JoinHandle<Result<Prepared, DiskError>>>,
    stop: Arc<AtomicBool>,
}

impl Preparer {
    pub(crate) fn new(workshop: Workshop, ready: Option<Prepared>) -> Self {
        Self { workshop, ready, work: None, stop: Arc::new(AtomicBool::new(false)) }
    }

    /// Sees to it that `segment` will be ready. A full disk is not an error yet: it is one when
    /// the segment is needed and there is still no room.
    pub(crate) fn begin(&mut self, segment: u32) {
        if self.ready.is_some() || self.work.is_some() {
            return;
        }
        if !self.workshop.in_background {
            self.ready = self.workshop.make(segment, &self.stop).ok();
            return;
        }
        let (workshop, stop) = (self.workshop.clone(), Arc::clone(&self.stop));
        let work = move || workshop.make(segment, &stop);
        let name = "journal-prepare".to_owned();
        // Without a thread the segment is made when it is needed.
        self.work = std::thread::Builder::new().name(name).spawn(work).ok();
    }

    /// The file of `segment`, at least so large.
    ///
    /// # Errors
    /// `Full`, `Io`; it can be asked again.
    pub(crate) fn take(&mut self, segment: u32, bytes_min: u32) -> Result<Prepared, DiskError> {
        self.finish();
        let mut prepared = match self.ready.take() {
            Some(prepared) => prepared,
            None => self.workshop.make(segment, &self.stop)?,
        };
        assert_eq!(prepared.segment, segment, "D1: segments are taken in order");
        if prepared.capacity < bytes_min.max(SEGMENT_BYTES_MIN) {
            let wanted = bytes_min.max(self.workshop.segment_bytes);
            let grown = grow(prepared.file.as_ref(), prepared.capacity, wanted);
            if let Err(e) = grown {
                self.ready = Some(prepared);
                return Err(e);
            }
            prepared.capacity = wanted;
        }
        assert!(prepared.capacity >= bytes_min, "A2: a commit does not fit what was made for it");
        Ok(prepared)
    }

    /// Puts back what was taken and not used.
    pub(crate) fn put_back(&mut self, prepared: Prepared) {
        assert!(self.ready.is_none() && self.work.is_none(), "D1: two segments without a header");
        self.ready = Some(prepared);
    }

    /// Waits for the thread, if there is one.
    fn finish(&mut self) {
        if let Some(work) = self.work.take() {
            // A thread that failed or died left nothing under a segment's name.
            self.ready = work.join().ok().and_then(Result::ok);
        }
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.finish();
    }
}

fn grow(file: &dyn File, from: u32, to: u32) -> Result<(), DiskError> {
    file.write_zeros(u64::from(from), u64::from(to))?;
    file.sync()
}

impl Workshop {
    /// Makes the file of `segment`: zeros, synced, then named.
    fn make(&self, segment: u32, stop: &AtomicBool) -> Result<Prepared, DiskError> {
        let unfinished = self.dir.join(UNFINISHED);
        let made = self.write_zeros(&unfinished, stop);
        if made.is_err() {
            // Gives the room back. If that fails too, opening the journal removes the file.
            let _ = self.disk.remove(&unfinished);
        }
        made?;
        let path = self.dir.join(segment_file_name(segment));
        self.disk.rename(&unfinished, &path)?;
        self.disk.sync_dir(&self.dir)?;
        let file = self.disk.open(&path, Access::Write)?;
        Ok(Prepared { segment, capacity: self.segment_bytes, file })
    }

    fn write_zeros(&self, path: &Path, stop: &AtomicBool) -> Result<(), DiskError> {
        let file = self.disk.open(path, Access::Create)?;
        let mut at = 0;
        while at < self.segment_bytes {
            if stop.load(Ordering::Relaxed) {
                let path = path.display().to_string();
                let why = "the journal was closed".to_owned();
                return Err(DiskError::Io { what: "prepare", path, why });
            }
            let to = self.segment_bytes.min(at + PIECE_BYTES);
            file.write_zeros(u64::from(at), u64::from(to))?;
            if file.durable_way() == DurableWay::Synced {
                // Else all of it would go from the page cache to the device at once.
                file.sync()?;
            }
            at = to;
        }
        file.sync()?;
        file.forget_cached();
        Ok(())
    }
}
