//! One segment: measured, written anew, looked at again, and put in the place of the old.
//!
//! Picture:
//! ```text
//!   read once: what would become free? ── too little ─▶ left as it is
//!        │ enough
//!        ▼
//!   read again, write what is left ─▶ journal's verifier ─▶ second look ─▶ renamed
//! ```
//! Invariants: nothing of the old file is touched before the new one is durable and was looked at.
//! Memory: one commit, a place of four bytes for each event of the segment, its streams' names.

use super::check::check;
use super::fates::{Latest, Released, controls};
use super::pace::Pace;
use crate::commit::{Commit, Left, Malformed};
use crate::state::{State, corrupt, journal_error};
use headwater_journal_file::format::{DIGEST_BYTES, FRAME_HEADER_BYTES, SEAL_BYTES};
use headwater_journal_file::{Frame, Numbers, Segments};
use headwater_model::ReadError;

/// Bytes written between two syncs: the device gets them in pieces that appends do not feel.
const SYNC_BYTES: u64 = 4 * 1_024 * 1_024;

/// What became of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Outcome {
    /// Whether nothing of what was released is in it any more.
    pub(super) is_clean: bool,
    pub(super) is_rewritten: bool,
    pub(super) events_removed: u64,
    pub(super) bytes_read: u64,
    pub(super) bytes_written: u64,
    pub(super) bytes_freed: u64,
}

/// What is asked of all segments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) freed_percent_min: u8,
    /// Which releases are durable.
    pub(super) release_count: u64,
}

/// Writes a segment anew, if that is worth it; `None`: it was told to stop.
pub(super) fn rewrite(
    state: &State,
    segment: u32,
    terms: Terms,
    pace: &mut Pace<'_>,
) -> Result<Option<Outcome>, ReadError> {
    let list = state.segments.list();
    let info = list.iter().find(|info| info.segment == segment).copied();
    let is_last = list.last().is_none_or(|last| last.segment <= segment);
    let Some(info) = info.filter(|info| info.sealed && !is_last) else {
        // It is still written to: what was released in it goes the next time.
        return Ok(Some(Outcome::default()));
    };
    let clean = Outcome { is_clean: true, ..Outcome::default() };
    if info.scavenged.is_some_and(|own| own.as_of >= terms.release_count) {
        return Ok(Some(clean));
    }
    let Some(measured) = measure(state, segment, pace)? else { return Ok(None) };
    let before = state.segments.pin(segment).map_err(journal_error)?.bytes();
    let after = measured.bytes_after();
    let freed = before.saturating_sub(after);
    let bytes_read = measured.bytes_read;
    if measured.removed_count == 0 && measured.control_count == 0 {
        return Ok(Some(Outcome { bytes_read, ..clean }));
    }
    if freed == 0 || freed * 100 < before * u64::from(terms.freed_percent_min) {
        return Ok(Some(Outcome { bytes_read, ..Outcome::default() }));
    }
    let outcome = Outcome { is_rewritten: true, bytes_read, ..clean };
    write(state, segment, (measured, terms), pace, outcome)
}

/// What a segment would come to.
struct Measured {
    latest: Latest,
    event_count: u64,
    commit_count: u64,
    body_bytes: u64,
    bytes_read: u64,
    removed_count: u64,
    control_count: u64,
}

impl Measured {
    /// Bytes that its file will have.
    fn bytes_after(&self) -> u64 {
        let frame = FRAME_HEADER_BYTES as u64;
        let commits = self.commit_count * (frame + DIGEST_BYTES as u64) + self.body_bytes;
        let places = frame + 4 * self.event_count;
        let bytes = 512 + commits + places + SEAL_BYTES as u64;
        bytes.next_multiple_of(4_096)
    }
}

fn measure(
    state: &State,
    segment: u32,
    pace: &mut Pace<'_>,
) -> Result<Option<Measured>, ReadError> {
    let mut latest = Latest::default();
    let mut bytes_read = 0;
    for frame in state.segments.frames_of(segment) {
        let frame = frame.map_err(journal_error)?;
        let commit = read(&frame)?;
        if commit.header().control_count > 0 {
            let controls = controls(&commit).map_err(|cause| corrupt(frame.place, &cause))?;
            latest.look(&controls);
        }
        bytes_read += frame_bytes(&frame);
        if !pace.moved(frame_bytes(&frame)) {
            return Ok(None);
        }
    }
    let mut released = Released::new(state, latest);
    let mut left = Left::default();
    let mut measured = Measured {
        latest: Latest::default(),
        event_count: 0,
        commit_count: 0,
        body_bytes: 0,
        bytes_read,
        removed_count: 0,
        control_count: 0,
    };
    for frame in state.segments.frames_of(segment) {
        let frame = frame.map_err(journal_error)?;
        let commit = read(&frame)?;
        left.of_commit(&commit, &mut released).map_err(|cause| cause.at(frame.place))?;
        measured.commit_count += 1;
        measured.event_count += left.places.len() as u64;
        measured.body_bytes += left.body.len() as u64;
        measured.removed_count += left.removed_count;
        measured.control_count += left.control_count;
        measured.bytes_read += frame_bytes(&frame);
        if !pace.moved(frame_bytes(&frame)) {
            return Ok(None);
        }
    }
    measured.latest = released.into_latest();
    Ok(Some(measured))
}

fn write(
    state: &State,
    segment: u32,
    (measured, terms): (Measured, Terms),
    pace: &mut Pace<'_>,
    mut outcome: Outcome,
) -> Result<Option<Outcome>, ReadError> {
    let segments = &state.segments;
    let mut rewrite = segments.rewrite(segment).map_err(journal_error)?;
    let mut released = Released::new(state, measured.latest);
    let mut left = Left::default();
    let mut places = Vec::with_capacity(usize::try_from(measured.event_count).unwrap_or(0));
    let (mut first, mut unsynced) = (None, 0);
    for frame in segments.frames_of(segment) {
        let frame = frame.map_err(journal_error)?;
        let commit = read(&frame)?;
        first.get_or_insert(commit.header().first);
        left.of_commit(&commit, &mut released).map_err(|cause| cause.at(frame.place))?;
        let body = rewrite.commit(&frame, &left.body).map_err(journal_error)?;
        let place = |at: &u32| if *at == 0 { 0 } else { body.at + at };
        places.extend(left.places.iter().map(place));
        outcome.events_removed += left.removed_count;
        outcome.bytes_read += frame_bytes(&frame);
        unsynced += left.body.len() as u64;
        if unsynced >= SYNC_BYTES {
            rewrite.sync().map_err(journal_error)?;
            unsynced = 0;
        }
        if !pace.moved(frame_bytes(&frame) + left.body.len() as u64) {
            return Ok(None);
        }
    }
    let first = first.unwrap_or_default().0;
    let numbers = Numbers { first, places: &places, as_of: terms.release_count };
    let written = rewrite.finish(numbers).map_err(journal_error)?;
    outcome.bytes_written = written.bytes();
    // The journal's verifier has read all of it once.
    outcome.bytes_read += written.bytes();
    let Some(checked) = check(state, segment, &written, &places, pace)? else { return Ok(None) };
    outcome.bytes_read += checked;
    let installed = rewrite.install(written).map_err(journal_error)?;
    outcome.bytes_freed = installed.bytes_before.saturating_sub(installed.bytes_after);
    Ok(Some(outcome))
}

pub(super) fn read(frame: &Frame) -> Result<Commit<'_>, ReadError> {
    Commit::read(&frame.body).map_err(|cause: Malformed| corrupt(frame.place, &cause))
}

pub(super) fn frame_bytes(frame: &Frame) -> u64 {
    (FRAME_HEADER_BYTES + frame.body.len()) as u64
}

/// How many of the segments could be scavenged: all but the one that is written to.
pub(super) fn sealed(segments: &Segments) -> Vec<u32> {
    let list = segments.list();
    let before_last = list.len().saturating_sub(1);
    list[..before_last].iter().filter(|info| info.sealed).map(|info| info.segment).collect()
}
