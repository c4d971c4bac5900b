//! A second opinion about a context: its journal, its commits, and whether the index agrees.
//!
//! Why: a writer and a reader that share a mistake agree with each other for ever. The journal's
//! verifier reads the files; here the commits in them are decoded from `docs/formats/commit.md`
//! alone, and everything that the promises say about them is counted out again.
//!
//! Picture:
//! ```text
//!   files ─▶ journal verifier ─▶ frames ─▶ plain decoder ─▶ audit: dense? rising? once?
//!                                                             └──▶ index: the same answer?
//! ```
//! Invariants: D1 everything that does not match is told, with file and byte; behind damage it
//! goes on with the next frame. Nothing is written. Not here: repair. A context that is being
//! written to may seem torn at its end.

mod audit;
pub(crate) mod decode;
mod index;
mod read_only;

#[cfg(test)]
mod tests;

use audit::Audit;
use headwater_env::{Access, Disk, DiskError, File};
use headwater_journal_file::format::{
    FIRST_FRAME_AT, FRAME_HEADER_BYTES, FrameHeader, segment_file_name,
};
use headwater_model::{Corrupt, Position};
use index::Indexed;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Faults told of one context: the first says enough, a thousand fill a screen.
const DAMAGE_COUNT_MAX: usize = 1_000;

/// What stands in a context's directory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The files of the journal.
    pub journal: headwater_journal_file::Report,
    /// Commits that were read.
    pub commit_count: u64,
    /// Events in them, and positions whose events were removed.
    pub event_count: u64,
    /// How many of them were removed.
    pub removed_count: u64,
    /// Streams that have events.
    pub stream_count: u64,
    /// Readers that saved a checkpoint.
    pub checkpoint_count: u64,
    /// Events that the sealed index knows; those behind it are indexed when the context is opened.
    pub indexed_count: u64,
    /// What the commits contradict: each other, themselves, or the index.
    pub contradictions: Vec<Corrupt>,
}

impl Report {
    /// All that is not as it should be, the files' damage first.
    pub fn damage(&self) -> impl Iterator<Item = &Corrupt> {
        self.journal.damage.iter().chain(&self.contradictions)
    }

    /// Bytes by which scavenging made the segments smaller.
    pub fn bytes_freed(&self) -> u64 {
        let freed =
            |own: &headwater_journal_file::SegmentReport| own.first_bytes.saturating_sub(own.bytes);
        self.journal.segments.iter().map(freed).sum()
    }

    /// Whether everything is what was written.
    pub fn is_sound(&self) -> bool {
        self.damage().next().is_none()
    }
}

/// Reads everything in the directory of a context that nobody has open.
///
/// # Errors
/// The disk's, if it does not answer. Damage is no error: it is in the report.
pub fn verify(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Report, DiskError> {
    let journal_dir = dir.join("journal");
    let journal = headwater_journal_file::verify(&**disk, &journal_dir)?;
    let mut audit = Audit::new();
    let mut indexed = None;
    for segment in &journal.segments {
        let name = segment_file_name(segment.segment);
        let file = disk.open(&journal_dir.join(&name), Access::Read)?;
        let mut frames = Frames { file, at: u64::from(FIRST_FRAME_AT), end: segment.bytes };
        while let Some((at, body)) = frames.next()? {
            if indexed.is_none() {
                indexed = Some(Indexed::open(disk, dir, decode::born(&body)));
            }
            let (file, is_moved) = (journal_dir.join(&name), segment.generation > 0);
            let place = Place { file, segment: segment.segment, at, is_moved };
            audit.commit(&place, &body, indexed.as_mut());
        }
    }
    audit.finish(&Place { file: journal_dir, segment: 0, at: 0, is_moved: false });
    let indexed_count = indexed.map_or(0, |index| index.finish(&mut audit));
    Ok(Report { journal, indexed_count, ..audit.report() })
}

/// Where the body of a commit begins.
struct Place {
    file: PathBuf,
    segment: u32,
    at: u64,
    /// Whether its segment was scavenged: then the index may name the place it had before.
    is_moved: bool,
}

impl Place {
    fn corrupt(&self, within: usize, why: String) -> Corrupt {
        let file = self.file.display().to_string();
        Corrupt { file, at: self.at + within as u64, why }
    }
}

/// The commits of a segment. Whether frames are what was written, the journal's verifier has told.
struct Frames {
    file: Arc<dyn File>,
    at: u64,
    end: u64,
}

impl Frames {
    fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>, DiskError> {
        while self.at < self.end {
            let mut header = [0; FRAME_HEADER_BYTES];
            self.file.read_at(&mut header, self.at)?;
            let Some(header) = FrameHeader::decode(&header) else { break };
            let body_at = self.at + header.body_at() as u64;
            self.at += header.bytes() as u64;
            if header.is_commit() && body_at <= self.at && self.at <= self.end {
                let mut body = vec![0; header.bytes() - header.body_at()];
                let count = self.file.read_at(&mut body, body_at)?;
                body.truncate(count);
                return Ok(Some((body_at, body)));
            }
        }
        Ok(None)
    }
}

/// The last position before `next`, for messages.
fn shown(next: Position) -> String {
    next.previous().map_or_else(|| "nothing".to_owned(), |last| last.to_string())
}
