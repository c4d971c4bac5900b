//! Scanning: every event in order, in place, at the speed of the checksums.
//!
//! Why: rebuilds, checks and measurements read everything; they need no pages and no copies. A
//! frame is checked whole, and its records are handed out as views into it.
//!
//! Invariant: R1, a scan ends at the head as it was when it began.

use crate::commit::{Commit, EventRef};
use crate::state::{State, corrupt, journal_error};
use headwater_journal_file::{Frame, Frames};
use headwater_model::{Position, ReadError, Slot};
use std::ops::ControlFlow;

/// A scan of a context, frame by frame.
pub struct Scan {
    frames: Frames,
    from: Position,
    until: Position,
    ended: bool,
}

impl Scan {
    pub(crate) fn new(state: &State, from: Position) -> Result<Self, ReadError> {
        let until = state.head().next;
        let start = state.segments.start();
        let located = state.snapshot(until).locate(from).map_err(crate::state::index_error)?;
        let segment = located.map_or(start.segment, |place| place.segment);
        // The frames of a segment are found from its beginning: a hundredth of a second, once.
        let first = state.segments.list().into_iter().find(|info| info.segment == segment);
        let slot = first.map_or(Slot::ZERO, |info| info.first_slot);
        let frames = state.segments.frames_from_slot(slot).map_err(journal_error)?;
        Ok(Self { frames, from, until, ended: from >= until })
    }

    /// Hands out the events of the next commits, until `take` has enough or the end is reached;
    /// `false` at the end. May be called again after a break: it goes on with the next commit.
    ///
    /// # Errors
    /// Damage, or a disk that does not answer.
    pub fn each(
        &mut self,
        mut take: impl FnMut(EventRef<'_>) -> ControlFlow<()>,
    ) -> Result<bool, ReadError> {
        while !self.ended {
            let Some(frame) = self.frames.next() else {
                self.ended = true;
                break;
            };
            let frame = frame.map_err(journal_error)?;
            if self
                .commit(&frame, &mut take)
                .map_err(|cause| corrupt(frame.place, &cause))?
                .is_break()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn commit(
        &mut self,
        frame: &Frame,
        take: &mut impl FnMut(EventRef<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, crate::commit::Malformed> {
        let commit = Commit::read(&frame.body)?;
        let header = commit.header();
        if header.first >= self.until {
            self.ended = true;
            return Ok(ControlFlow::Continue(()));
        }
        if header.next() <= self.from {
            return Ok(ControlFlow::Continue(()));
        }
        let mut flow = ControlFlow::Continue(());
        for event in commit.records() {
            let event = event?;
            if event.position >= self.from && flow.is_continue() {
                flow = take(event);
            }
        }
        Ok(flow)
    }
}
