//! Copies of the journal while it is written to, and the new history that a restored one begins.
//!
//! Why: see [`headwater_model::copy`]. Readers of a copy never ask the writer: the end that it has
//! published is where the copy ends, and a pinned segment stays what it was.
//!
//! Invariants: R1 a copy is a front part of the journal's commits. C2 positions behind the fork of
//! a restored context are another history's, which every checkpoint tells.

use crate::EmbeddedContext;
use crate::commit::Control;
use crate::plan::Request;
use crate::state::journal_error;
use bytes::Bytes;
use headwater_journal_file::format::FIRST_FRAME_AT;
use headwater_journal_file::{Pinned, Segments};
use headwater_model::{
    Answer, AppendError, CopyAsked, CopyPoint, CopyReader, CopyStep, Incarnation, JournalCopies,
    KnownSegment, Position, ReadError, Unavailable,
};

/// Bytes of one step: enough to forget the call, few enough to wait in a connection.
const STEP_BYTES_MAX: u32 = 256 * 1_024;

impl EmbeddedContext {
    /// C2: begins a new history behind the last event, as a restore does before anybody reads or
    /// writes. Checkpoints of the old one that lie behind this place are refused as `Diverged`.
    ///
    /// # Errors
    /// As an append; `Invalid` once there were as many histories as can be counted.
    pub fn begin_incarnation(&self) -> Result<(Incarnation, Position), AppendError> {
        let state = &self.core.state;
        let Some(number) = state.incarnation().0.checked_add(1) else {
            let why = "the context was forked as often as can be counted".to_owned();
            return Err(AppendError::Invalid { why });
        };
        let (incarnation, fork) = (Incarnation(number), state.head().next);
        let control = Control::Incarnated { incarnation, fork };
        self.core.commits.append_blocking(Request::Controls(vec![control]))?;
        Ok((incarnation, fork))
    }
}

impl JournalCopies for EmbeddedContext {
    fn point(&self) -> Answer<'_, CopyPoint, ReadError> {
        Box::pin(async move {
            let state = &self.core.state;
            let held = state.held.read();
            let Some(identity) = held.identity.clone() else {
                return Err(ReadError::Unavailable(Unavailable::Closed));
            };
            drop(held);
            let end = state.segments.end();
            // A header without a frame is not there yet.
            let at = if end.at == FIRST_FRAME_AT { 0 } else { end.at };
            let incarnations = identity.incarnations;
            Ok(CopyPoint { context: identity.id, incarnations, segment: end.segment, at })
        })
    }

    fn copy(&self, asked: CopyAsked) -> Answer<'_, Box<dyn CopyReader>, ReadError> {
        Box::pin(async move {
            let segments = self.core.state.segments.clone();
            let next = segments.start().segment;
            Ok(Box::new(Copying { segments, asked, next, current: None }) as Box<dyn CopyReader>)
        })
    }
}

struct Copying {
    segments: Segments,
    asked: CopyAsked,
    /// The segment to come.
    next: u32,
    current: Option<Current>,
}

struct Current {
    pinned: Pinned,
    at: u32,
    to: u32,
}

impl Copying {
    fn step(&mut self) -> Result<Option<CopyStep>, ReadError> {
        if let Some(current) = self.current.as_mut().filter(|current| current.at < current.to) {
            let count = (current.to - current.at).min(STEP_BYTES_MAX);
            let mut bytes = vec![0; count as usize];
            current.pinned.read_at(current.at, &mut bytes).map_err(journal_error)?;
            current.at += count;
            return Ok(Some(CopyStep::Bytes(Bytes::from(bytes))));
        }
        self.current = None;
        while self.next <= self.asked.until.segment {
            let segment = self.next;
            self.next += 1;
            if let Some(step) = self.begin(segment)? {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// Holds the next segment; `None`: nothing of it is before the point.
    fn begin(&mut self, segment: u32) -> Result<Option<CopyStep>, ReadError> {
        let CopyPoint { segment: last, at, .. } = self.asked.until;
        let replaced = || ReadError::Invalid {
            why: format!("segment {segment} does not reach the point; ask for the point again"),
        };
        let pinned = self.segments.hold(segment).map_err(journal_error)?.ok_or_else(replaced)?;
        let to = if segment < last { pinned.bytes() } else { at };
        if to == 0 {
            return Ok(None);
        }
        if to > pinned.bytes() || segment < last && !pinned.is_sealed() {
            return Err(replaced());
        }
        let is_it = |known: &&KnownSegment| known.segment == segment && known.bytes <= to;
        let mut from = 0;
        if let Some(known) = self.asked.known.iter().find(is_it)
            && pinned.chain_at(known.bytes).map_err(journal_error)? == Some(known.chain)
        {
            if known.bytes == to {
                return Ok(Some(CopyStep::Known { segment }));
            }
            from = known.bytes;
        }
        let sealed = pinned.is_sealed() && to == pinned.bytes();
        self.current = Some(Current { pinned, at: from, to });
        Ok(Some(CopyStep::Begins { segment, from, to, sealed }))
    }
}

impl CopyReader for Copying {
    fn next(&mut self) -> Answer<'_, Option<CopyStep>, ReadError> {
        Box::pin(async move { self.step() })
    }
}
