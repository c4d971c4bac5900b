//! A second look at a segment that was written anew, before it takes the place of the old.
//!
//! Why: after the rename there is no other copy. What stays must stay byte for byte, and what went
//! must have been released; both are seen here with the verifier's decoder, which shares nothing with
//! what wrote the file.

use super::pace::Pace;
use super::rewrite::frame_bytes;
use crate::state::{State, index_error, journal_error};
use crate::verify::decode::{self, Part, Record};
use headwater_journal_file::{Frame, Written};
use headwater_model::{Corrupt, ReadError, Revision};

/// Compares the new file with the segment as it is; says how many bytes were read, `None`: it was
/// told to stop.
pub(super) fn check(
    state: &State,
    segment: u32,
    written: &Written,
    places: &[u32],
    pace: &mut Pace<'_>,
) -> Result<Option<u64>, ReadError> {
    let (mut old, mut new) = (state.segments.frames_of(segment), written.frames());
    let (mut bytes, mut places) = (0, places.iter());
    loop {
        let one = old.next().transpose().map_err(journal_error)?;
        let other = new.next().transpose().map_err(journal_error)?;
        let (one, other) = match (one, other) {
            (None, None) => break,
            (Some(one), Some(other)) => (one, other),
            (Some(frame), None) | (None, Some(frame)) => {
                return Err(refused(&frame, 0, "another count of commits"));
            }
        };
        let head = |frame: &Frame| (frame.slot, frame.epoch, frame.digest);
        if head(&one) != head(&other) {
            return Err(refused(&other, 0, "another commit"));
        }
        commit(state, &one, &other, &mut places)?;
        let both = frame_bytes(&one) + frame_bytes(&other);
        bytes += both;
        if !pace.moved(both) {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

fn refused(frame: &Frame, at: usize, why: &str) -> ReadError {
    ReadError::Corrupt(Corrupt {
        file: "the segment that was written anew".to_owned(),
        at: u64::from(frame.place.at) + at as u64,
        why: format!("it has {why}; the old one stays"),
    })
}

/// One commit as it was, and what is left of it.
fn commit<'a>(
    state: &State,
    old: &Frame,
    new: &Frame,
    places: &mut impl Iterator<Item = &'a u32>,
) -> Result<(), ReadError> {
    let decoded =
        |frame: &Frame| decode::commit(&frame.body).map_err(|(at, why)| refused(frame, at, &why));
    let (was, is) = (decoded(old)?, decoded(new)?);
    if (was.recorded_at, was.first) != (is.recorded_at, is.first) {
        return Err(refused(new, 0, "another header"));
    }
    let (mut before, mut after) = (each(&was.records), each(&is.records));
    for (old_part, new_part) in before.by_ref().zip(after.by_ref()) {
        let at = places.next().copied();
        let stands = match new_part {
            Part::Gone(_) => Some(0),
            Part::Event(record) | Part::Last(record) => Some(new.place.at + record.at as u32),
        };
        if at != stands {
            return Err(refused(new, 0, "a place that is not the event's"));
        }
        part(state, (old, old_part), (new, new_part))?;
    }
    if before.next().is_some() || after.next().is_some() {
        return Err(refused(new, 0, "another count of events"));
    }
    let mut left = was.controls.iter();
    if !is.controls.iter().all(|own| left.any(|other| other == own)) {
        return Err(refused(new, 0, "a control item that was not there"));
    }
    Ok(())
}

/// Each position of a commit, with what stands for it.
fn each(parts: &[Part]) -> impl Iterator<Item = &Part> {
    parts.iter().flat_map(|part| std::iter::repeat_n(part, part.count() as usize))
}

fn part(
    state: &State,
    (old, was): (&Frame, &Part),
    (new, is): (&Frame, &Part),
) -> Result<(), ReadError> {
    match (was, is) {
        (Part::Event(was), Part::Event(is)) | (Part::Last(was), Part::Last(is)) => {
            if old.body[was.at..was.end] != new.body[is.at..is.end] {
                return Err(refused(new, is.at, "other bytes of an event that stays"));
            }
            Ok(())
        }
        (Part::Event(was), Part::Last(is)) => {
            let same = (was.id, was.revision, &was.stream, &was.event_type)
                == (is.id, is.revision, &is.stream, &is.event_type);
            if !same {
                return Err(refused(new, is.at, "another last event of a stream"));
            }
            gone(state, was, new)
        }
        (Part::Event(was), Part::Gone(_)) => {
            gone(state, was, new)?;
            is_not_last(state, was, new)
        }
        (Part::Last(was), Part::Gone(_)) => is_not_last(state, was, new),
        (Part::Gone(_), Part::Gone(_)) => Ok(()),
        (Part::Gone(_), _) | (Part::Last(_), Part::Event(_)) => {
            Err(refused(new, 0, "an event that was gone"))
        }
    }
}

fn gone(state: &State, was: &Record, new: &Frame) -> Result<(), ReadError> {
    let released = state.mark(&was.stream).unwrap_or_default().released;
    if Revision(was.revision) < released {
        return Ok(());
    }
    Err(refused(new, 0, "a gap where an event was that nobody released"))
}

fn is_not_last(state: &State, was: &Record, new: &Frame) -> Result<(), ReadError> {
    let head = state.snapshot(state.head().next).head(&was.stream).map_err(index_error)?;
    match head.map(|head| head.last) {
        Some(last) if last > Revision(was.revision) => Ok(()),
        _ => Err(refused(new, 0, "a gap where the last event of a stream was")),
    }
}
