//! Finding where a restored history ends.
//!
//! Why: an append is all or nothing (A1), also across a restore. A commit holds one append or
//! several that were written together, and does not say where one ends; so the cut is between two
//! commits, at or before what was asked for.
//!
//! Picture:
//! ```text
//!   commits   │ 0 1 2 │ acks │ 3 4 5 6 │ acks │ 7
//!   to 5                     ▲ the commit of 5 holds 6 too, so nothing of it is kept
//!   to 6                                       ▲ with what was saved before 7 was written
//! ```

use crate::error::BackupError;
use crate::image::{Image, SegmentFile};
use crate::manifest::SegmentCopy;
use crate::piece::CHUNK_BYTES;
use crate::walk::{Misfit, Walk};
use headwater_env::File;
use headwater_journal_file::format::{FIRST_FRAME_AT, SegmentHeader};
use headwater_model::{Epoch, Position, Slot, Timestamp};
use headwater_store::commit::{Commit, Control, Header};

/// What a restore is asked to come back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    /// All that was backed up.
    End,
    /// The state right after this event.
    Position(Position),
    /// The state as of this instant, inclusive.
    Time(Timestamp),
}

/// Where a restored journal ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The segment that goes on being written.
    pub segment: u32,
    /// The byte behind the last frame that is kept.
    pub at: u32,
    /// The last event that is kept; `None`: none is.
    pub last_position: Option<Position>,
    pub(crate) chain: u32,
    pub(crate) next_slot: Slot,
    pub(crate) epoch: Epoch,
    pub(crate) header: SegmentHeader,
}

impl To {
    /// Whether a commit is behind what was asked for.
    fn is_before(self, commit: &Header) -> bool {
        match self {
            Self::End => false,
            Self::Position(last) => commit.event_count > 0 && commit.next() > last.next(),
            Self::Time(instant) => commit.recorded_at > instant,
        }
    }

    /// Whether a segment has such a commit.
    fn is_in(self, segment: &SegmentCopy) -> bool {
        match self {
            Self::End => false,
            Self::Position(last) => segment.next_position > last.next(),
            Self::Time(instant) => segment.until > instant,
        }
    }
}

/// Where `image` is to end.
pub(crate) fn find(image: &Image, to: To) -> Result<Cut, BackupError> {
    let cut = place(image, to)?;
    if to != To::End {
        check_released(image, &cut)?;
    }
    Ok(cut)
}

/// What was scavenged is missing also from the state before it was released: a history that keeps
/// such a segment keeps the commits that released what is gone from it.
fn check_released(image: &Image, cut: &Cut) -> Result<(), BackupError> {
    let (mut due, mut first) = (0, Position::ZERO);
    for segment in image.copy().segments.iter().rev().filter(|s| s.segment <= cut.segment) {
        if let Some(scavenged) = image.segment(segment)?.header()?.and_then(|h| h.scavenged) {
            due = due.max(scavenged.as_of);
            first = segment.first_position;
        }
    }
    if due == 0 {
        return Ok(());
    }
    let mut last = None;
    for segment in image.copy().segments.iter().filter(|s| s.segment >= cut.segment) {
        let mut walk = Walk::new(segment.segment, segment.first_position);
        let mut see = |walk: &Walk, commit: &Commit<'_>| {
            if walk.next_slot >= cut.next_slot && releases(commit, due) {
                last = last.max(commit.header().first.previous());
            }
            true
        };
        let file = image.segment(segment)?;
        let walked = read(&file, segment.bytes, &mut walk, &mut see);
        walked.map_err(|misfit| image.damaged(segment, misfit))?;
    }
    match last {
        None => Ok(()),
        Some(last) => {
            let context = image.copy().name.clone();
            Err(BackupError::Scavenged { context, first, last })
        }
    }
}

/// Whether a commit says of what was due that it may go. One that cannot be read might.
fn releases(commit: &Commit<'_>, due: u64) -> bool {
    let mut records = commit.records();
    loop {
        match records.next_item() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(_) => return true,
        }
    }
    match commit.controls(records) {
        Ok(controls) => controls.iter().any(
            |control| matches!(control, Control::StreamReleased { number, .. } if *number <= due),
        ),
        Err(_) => true,
    }
}

fn place(image: &Image, to: To) -> Result<Cut, BackupError> {
    let copy = image.copy();
    if let To::Position(asked) = to
        && Some(asked) > copy.last_position
    {
        let (context, last) = (copy.name.clone(), copy.last_position);
        return Err(BackupError::BehindEnd { context, asked, last });
    }
    let segments = &copy.segments;
    let n = segments.iter().position(|segment| to.is_in(segment));
    let n = n.unwrap_or_else(|| segments.len().saturating_sub(1));
    let Some(segment) = segments.get(n) else {
        let why = "the backup has nothing of the context";
        return Err(BackupError::damaged(&image.dir(), 0, why));
    };
    let (walk, born) = follow(image, segment, to)?;
    if let Some(cut) = walk.cut() {
        return Ok(cut);
    }
    if walk.kept == 0 {
        // Nothing of this segment is kept, and nothing can be written behind its header.
        let Some(before) = n.checked_sub(1).map(|n| &segments[n]) else {
            let asked = match to {
                To::Time(instant) => instant,
                To::End | To::Position(_) => Timestamp::ZERO,
            };
            return Err(BackupError::NotBorn { context: copy.name.clone(), asked, born });
        };
        let (walk, _) = follow(image, before, To::End)?;
        if let Some(cut) = walk.cut() {
            return Ok(cut);
        }
        return Err(scavenged(image, before));
    }
    Err(scavenged(image, segment))
}

fn scavenged(image: &Image, segment: &SegmentCopy) -> BackupError {
    BackupError::Scavenged {
        context: image.copy().name.clone(),
        first: segment.first_position,
        last: segment.next_position.previous().unwrap_or_default(),
    }
}

/// How a segment was followed up to the cut.
struct Followed {
    header: SegmentHeader,
    /// Commits of it that are kept.
    kept: u64,
    segment: u32,
    at: u32,
    chain: u32,
    next_slot: Slot,
    next_position: Position,
    epoch: Epoch,
}

impl Followed {
    /// The cut, if the segment can be written on from there.
    fn cut(&self) -> Option<Cut> {
        // The first segment without its first commit is no context's.
        let nothing = self.kept == 0 && self.segment == 0;
        (self.header.scavenged.is_none() && !nothing).then_some(Cut {
            segment: self.segment,
            at: self.at,
            last_position: self.next_position.previous(),
            chain: self.chain,
            next_slot: self.next_slot,
            epoch: self.epoch,
            header: self.header,
        })
    }
}

/// Follows a segment up to the first commit that is not to be kept, or behind its last; and says
/// when its first commit was made.
fn follow(
    image: &Image,
    segment: &SegmentCopy,
    to: To,
) -> Result<(Followed, Timestamp), BackupError> {
    let file = image.segment(segment)?;
    let mut walk = Walk::new(segment.segment, segment.first_position);
    // As it was behind the last commit that is kept.
    let mut end: Option<(u32, u32, Epoch)> = None;
    let mut born = None;
    let mut see = |walk: &Walk, commit: &Commit<'_>| {
        born.get_or_insert(commit.header().recorded_at);
        end = Some((walk.at, walk.chain, walk.epoch));
        !to.is_before(commit.header())
    };
    let goes_on = read(&file, segment.bytes, &mut walk, &mut see);
    let goes_on = goes_on.map_err(|misfit| image.damaged(segment, misfit))?;
    let born = born.unwrap_or_default();
    let Some(header) = walk.header().copied() else {
        return Err(image.damaged(segment, (0, "there is no header".to_owned())));
    };
    let kept = walk.next_slot.0 - walk.first_slot.0;
    // A seal behind the last commit is not kept: the segment goes on being written.
    let sealed = goes_on && walk.sealed && header.scavenged.is_none();
    let (at, chain, epoch) = match (goes_on, sealed) {
        (true, false) => (walk.at, walk.chain, walk.epoch),
        (true, true) => walk.before_seal(),
        (false, _) => end.unwrap_or((FIRST_FRAME_AT, walk.chain, walk.epoch)),
    };
    let (next_slot, next_position) = (walk.next_slot, walk.next_position);
    let segment = segment.segment;
    Ok((Followed { header, kept, segment, at, chain, next_slot, next_position, epoch }, born))
}

fn read(
    file: &SegmentFile,
    bytes: u32,
    walk: &mut Walk,
    see: &mut dyn FnMut(&Walk, &Commit<'_>) -> bool,
) -> Result<bool, Misfit> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut at = 0;
    while at < bytes {
        let want = CHUNK_BYTES.min((bytes - at) as usize);
        let count = file.read_at(&mut chunk[..want], u64::from(at));
        let count = count.map_err(|cause| (at, cause.to_string()))?;
        if !walk.push(&chunk[..count], see)? {
            return Ok(false);
        }
        if count < want {
            return Err((at, "the file ends here".to_owned()));
        }
        at += count as u32;
    }
    walk.ended()?;
    Ok(true)
}
