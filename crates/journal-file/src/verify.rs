//! A second opinion about a journal's files.
//!
//! Why: a writer and a reader that share a mistake agree with each other for ever. This parser
//! decodes what `docs/formats/journal.md` describes by itself and shares no code with them; it
//! reads every byte, goes on behind damage, and tells all there is.
//!
//! Invariants: D1 each byte that is not what was written is told, with file and place. Nothing is
//! written. Not here: repair. A journal somebody is writing to may seem torn at its end.

mod bytes;
mod chain;
mod scavenged;

use crate::format::{segment_file_name, segment_of_file_name};
use crate::mark::MARK_FILE;
use bytes::{Header, Window, parse_mark};
use chain::Walk;
use headwater_env::{Access, Disk, DiskError};
use headwater_model::{Corrupt, Slot};
pub(crate) use scavenged::verify_scavenged;
use std::path::Path;

/// What stands in a directory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The segments, in order.
    pub segments: Vec<SegmentReport>,
    /// All that is not as it should be.
    pub damage: Vec<Corrupt>,
    /// The commit that would be next.
    pub next_slot: Slot,
}

/// What stands in a segment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SegmentReport {
    /// Which one.
    pub segment: u32,
    /// Its first commit.
    pub first_slot: Slot,
    /// Whole commits in it.
    pub commit_count: u64,
    /// Bytes up to the end of the last whole frame; zero for one that was only prepared.
    pub bytes: u64,
    /// Whether it ends with a seal.
    pub sealed: bool,
    /// Bytes behind the end that were never acknowledged: a write that a crash cut short.
    pub torn_bytes: u64,
    /// How often it was scavenged.
    pub generation: u32,
    /// Bytes up to its end before it was ever scavenged; `bytes` if it was not.
    pub first_bytes: u64,
    /// How many of the numbers that the store gave its parts were removed.
    pub gone_count: u64,
}

/// Reads everything in the journal's directory.
///
/// # Errors
/// The disk's, if it does not answer. Damage is no error: it is in the report.
pub fn verify(disk: &dyn Disk, dir: &Path) -> Result<Report, DiskError> {
    let names = disk.list(dir)?;
    let mut report = Report::default();
    let mut mark = None;
    let mut id = None;
    if names.iter().any(|name| name == MARK_FILE) {
        let mut window = Window::new(disk.open(&dir.join(MARK_FILE), Access::Read)?)?;
        match parse_mark(&mut window)? {
            Ok(newest) => {
                id = Some(newest.id);
                mark = Some(newest);
            }
            Err((at, why)) => report.damage(dir, MARK_FILE, at, why),
        }
        let records = bytes::damaged_records(&mut window)?;
        for at in records {
            report.damage(dir, MARK_FILE, at, "the record is not whole".to_owned());
        }
    } else if names.iter().any(|name| segment_of_file_name(name).is_some()) {
        report.damage(dir, MARK_FILE, 0, "the mark is missing".to_owned());
    }
    let mut numbers: Vec<u32> = names.iter().filter_map(|n| segment_of_file_name(n)).collect();
    numbers.sort_unstable();
    let mut walk = Walk::new(id, mark);
    for (index, number) in numbers.iter().enumerate() {
        let name = segment_file_name(*number);
        let file = disk.open(&dir.join(&name), Access::Read)?;
        let mut window = Window::new(file)?;
        let next = numbers.get(index + 1).map(|next| dir.join(segment_file_name(*next)));
        let followed = match next {
            Some(path) => !Header::is_blank(&mut Window::new(disk.open(&path, Access::Read)?)?)?,
            None => false,
        };
        let (segment, damage) = walk.segment(*number, &mut window, followed)?;
        report.segments.push(segment);
        for (at, why) in damage {
            report.damage(dir, &name, at, why);
        }
    }
    if let Some((segment, at, why)) = walk.short_of_mark() {
        report.damage(dir, &segment_file_name(segment), at, why);
    }
    report.next_slot = walk.next_slot();
    Ok(report)
}

impl Report {
    fn damage(&mut self, dir: &Path, name: &str, at: u64, why: String) {
        let file = dir.join(name).display().to_string();
        self.damage.push(Corrupt { file, at, why });
    }
}
