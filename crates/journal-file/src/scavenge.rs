//! Scavenging: a sealed segment is written anew, with less in it, and takes the place of the old.
//!
//! Why: what nobody may read any more is in the middle of files. A smaller file with the same
//! commits, each with what is left of it, gives the room back without moving any slot.
//!
//! Picture:
//! ```text
//!   00…7.seg ──read──▶ scavenge.tmp: digest, what is left │ … │ places │ seal, then the header
//!                        │ synced, and read back by the verifier
//!                        ▼
//!   rename over 00…7.seg ─▶ sync the directory ─▶ readers that come from now on see the new one
//! ```
//! Invariants: slots, epochs and digests of all commits stay. The chain goes on: the header remembers
//! what the next segment names. A2 and D2: until the rename nothing of the old file is touched, and
//! the rename is whole or not at all.
//! After a crash: the old file or the new one has the name; an unfinished one is removed.
//! Not here: what may be removed. That is the store's to say.

mod writer;

use crate::format::{Scavenged, SegmentHeader, segment_file_name};
use crate::segments::{Segment, Shared};
use crate::verify::verify_scavenged;
use crate::{Frames, Place, Segments};
use headwater_env::{Access, DiskError};
use headwater_model::{Corrupt, JournalError, Slot};
use std::sync::Arc;
use writer::FrameWriter;

/// The name of a segment that is being written anew.
pub(crate) const UNFINISHED: &str = "scavenge.tmp";

/// A segment that is being written anew. Dropped before [`Rewrite::install`], it changes nothing.
#[derive(Debug)]
pub struct Rewrite {
    segments: Segments,
    old: Arc<Segment>,
    header: SegmentHeader,
    writer: Option<FrameWriter>,
    next_slot: Slot,
    installed: bool,
}

/// What the store says of the numbers in a segment.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// The first of them.
    pub first: u64,
    /// Where that of each begins in the new file; zero if it was removed.
    pub places: &'a [u32],
    /// Which removals were due.
    pub as_of: u64,
}

/// What an installed segment came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Installed {
    /// Bytes that the file had.
    pub bytes_before: u64,
    /// Bytes that it has.
    pub bytes_after: u64,
}

fn unavailable(error: DiskError) -> JournalError {
    JournalError::Unavailable(error.into())
}

impl Segments {
    /// Begins to write a segment anew. One at a time.
    ///
    /// # Errors
    /// `Corrupt` if it is not one that others follow; `Unavailable`.
    pub fn rewrite(&self, segment: u32) -> Result<Rewrite, JournalError> {
        let shared = &self.shared;
        let old = shared.segment(segment).filter(|_| shared.segment(segment + 1).is_some());
        let Some(old) = old.filter(|old| old.is_sealed()) else {
            return Err(JournalError::Corrupt(Corrupt {
                file: shared.dir.join(segment_file_name(segment)).display().to_string(),
                at: 0,
                why: "only a sealed segment that others follow can be scavenged".to_owned(),
            }));
        };
        let file = shared.disk.open(&shared.dir.join(UNFINISHED), Access::Create);
        let file = file.map_err(unavailable)?;
        let next = shared.segment(segment + 1).expect("it was there a moment ago, and stays");
        let before = old.header.scavenged.unwrap_or_default();
        let scavenged = Scavenged {
            generation: before.generation + 1,
            first_header: old.header_checksum,
            first_seal: next.header.seal_before,
            first_end: next.header.end_before,
            ..Scavenged::default()
        };
        let header = SegmentHeader { scavenged: Some(scavenged), ..old.header };
        let writer = FrameWriter::new(file, header.key(), scavenged.first_header);
        let next_slot = header.first_slot;
        let segments = self.clone();
        let writer = Some(writer);
        Ok(Rewrite { segments, old, header, writer, next_slot, installed: false })
    }

    /// The frames of one segment, as it is now.
    pub fn frames_of(&self, segment: u32) -> Frames {
        Frames::of_segment(self.clone(), segment)
    }
}

impl Rewrite {
    /// Writes what is left of the next commit, and says where its body begins.
    ///
    /// # Errors
    /// `Unavailable`: the disk is full, or does not answer.
    ///
    /// # Panics
    /// If it is not the next commit.
    pub fn commit(&mut self, frame: &crate::Frame, body: &[u8]) -> Result<Place, JournalError> {
        assert_eq!(frame.slot, self.next_slot, "A3: every commit stays, in order");
        self.next_slot = frame.slot.next();
        let segment = self.header.segment;
        let at = self.writer().kept(frame, body).map_err(unavailable)?;
        Ok(Place { segment, at })
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.writer.as_ref().map_or(0, |writer| u64::from(writer.at()))
    }

    /// Makes what was written so far durable, so that the device does not get all of it at once.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.writer().sync().map_err(unavailable)
    }

    /// Writes places, seal and header, makes all of it durable, and reads it back.
    ///
    /// # Errors
    /// `Unavailable`; `Corrupt` if the file is not what it should be.
    ///
    /// # Panics
    /// If not every commit was written.
    pub fn finish(&mut self, numbers: Numbers<'_>) -> Result<Written, JournalError> {
        let next = self.segments.shared.segment(self.header.segment + 1);
        let next = next.expect("it was there when this began, and stays").header;
        assert_eq!(self.next_slot, next.first_slot, "A3: every commit stays");
        let mut header = self.header;
        let commit_count = next.first_slot.0 - header.first_slot.0;
        let writer = self.writer();
        let ends = writer.ends(&next, commit_count, numbers.places).map_err(unavailable)?;
        let gone = numbers.places.iter().filter(|at| **at == 0).count();
        header.capacity = ends.capacity;
        header.scavenged = header.scavenged.map(|scavenged| Scavenged {
            end: ends.end,
            seal: ends.seal,
            places: ends.places,
            first_number: numbers.first,
            as_of: numbers.as_of,
            gone_count: u32::try_from(gone).unwrap_or(u32::MAX),
            ..scavenged
        });
        let file = writer.header(&header).map_err(unavailable)?;
        self.header = header;
        let shared = &self.segments.shared;
        let path = shared.dir.join(UNFINISHED);
        let damage = verify_scavenged(Arc::clone(&file), header.segment, &next);
        if let Some((at, why)) = damage.map_err(unavailable)? {
            let file = path.display().to_string();
            return Err(JournalError::Corrupt(Corrupt { file, at, why }));
        }
        let segment = Segment::new(header, header.named_by_first(0), ends.end, true);
        Ok(Written { segment: Arc::new(segment.with_file(file)), shared: Arc::clone(shared) })
    }

    /// Puts the new file in the place of the old one. Readers that hold the old one read on.
    ///
    /// # Errors
    /// `Unavailable`. The old file or the new one has the name then, durably or not: both are right.
    pub fn install(mut self, written: Written) -> Result<Installed, JournalError> {
        let shared = Arc::clone(&self.segments.shared);
        self.old.keep_open(&shared)?;
        let (unfinished, path) = (shared.dir.join(UNFINISHED), shared.dir.join(&self.old.name));
        shared.disk.rename(&unfinished, &path).map_err(unavailable)?;
        self.installed = true;
        shared.replace(&written.segment);
        shared.note_open(self.header.segment);
        shared.disk.sync_dir(&shared.dir).map_err(unavailable)?;
        let bytes = |header: &SegmentHeader| u64::from(header.capacity);
        Ok(Installed {
            bytes_before: bytes(&self.old.header),
            bytes_after: bytes(&written.segment.header),
        })
    }

    fn writer(&mut self) -> &mut FrameWriter {
        self.writer.as_mut().expect("it is only taken when this is dropped")
    }
}

impl Drop for Rewrite {
    /// What was written in vain is removed; what cannot be is when the journal is opened.
    fn drop(&mut self) {
        self.writer = None;
        if !self.installed {
            let shared = &self.segments.shared;
            let _left_over = shared.disk.remove(&shared.dir.join(UNFINISHED));
        }
    }
}

/// A segment's new file, whole and durable, not yet under its name.
#[derive(Debug)]
pub struct Written {
    segment: Arc<Segment>,
    shared: Arc<Shared>,
}

impl Written {
    /// What is left of the commits, for a second look.
    pub fn frames(&self) -> Frames {
        let segments = Segments { shared: Arc::clone(&self.shared) };
        Frames::of(segments, Arc::clone(&self.segment))
    }

    /// Bytes that the file has.
    pub fn bytes(&self) -> u64 {
        u64::from(self.segment.header.capacity)
    }
}
