//! A segment that is held while it is read.
//!
//! Why: an index names the place at which a segment had something. A scavenge may move it there
//! between the question and the read. Who holds the segment finds the place and reads it in one
//! and the same file, whatever its name is by then.
//!
//! Picture:
//! ```text
//!   index: number 4,711 at byte 900 ──▶ pin ── never scavenged ──────────▶ byte 900
//!                                        └──── scavenged: places[4,711] ─▶ byte 80, or gone
//! ```

use super::{Segment, Shared};
use crate::format::{FRAME_HEADER_BYTES, Scavenged};
use headwater_model::JournalError;
use std::sync::Arc;

/// One segment, as it was when it was asked for.
#[derive(Clone, Debug)]
pub struct Pin<'a> {
    pub(super) shared: &'a Shared,
    pub(super) segment: Arc<Segment>,
}

/// Entries of the places that are looked at with one read.
const ENTRIES_AT_ONCE: usize = 1_024;

impl Pin<'_> {
    /// Which segment.
    pub fn number(&self) -> u32 {
        self.segment.header.segment
    }

    /// Bytes of its file.
    pub fn bytes(&self) -> u64 {
        u64::from(self.segment.header.capacity)
    }

    /// How it was scavenged, if it was.
    pub fn scavenged(&self) -> Option<&Scavenged> {
        self.segment.header.scavenged.as_ref()
    }

    /// Where that stands which stood at `at` before the segment was ever scavenged, and has this
    /// number; `None`: it was removed.
    ///
    /// # Errors
    /// `Corrupt` if the segment has no such number; `Unavailable`.
    pub fn place_of(&self, number: u64, at: u32) -> Result<Option<u32>, JournalError> {
        let Some(scavenged) = self.scavenged() else { return Ok(Some(at)) };
        let mut entry = [0; 4];
        self.entries(scavenged, number, &mut entry)?;
        Ok(Some(u32::from_le_bytes(entry)).filter(|at| *at != 0))
    }

    /// The first number from `from` on that has a place; at most `until`.
    ///
    /// # Errors
    /// As [`Self::place_of`].
    pub fn next_kept(&self, from: u64, until: u64) -> Result<u64, JournalError> {
        let Some(scavenged) = self.scavenged() else { return Ok(from) };
        let end = scavenged.first_number + u64::from(scavenged.number_count());
        let mut number = from;
        let mut entries = [0; 4 * ENTRIES_AT_ONCE];
        while number < until.min(end) {
            let left = until.min(end) - number;
            let count = usize::try_from(left).map_or(ENTRIES_AT_ONCE, |n| n.min(ENTRIES_AT_ONCE));
            let entries = &mut entries[..4 * count];
            self.entries(scavenged, number, entries)?;
            let kept = entries.chunks_exact(4).position(|entry| *entry != [0; 4]);
            match kept {
                Some(n) => return Ok(number + n as u64),
                None => number += count as u64,
            }
        }
        Ok(number.min(until))
    }

    /// Fills `buf` with the bytes at `at`.
    ///
    /// # Errors
    /// As [`super::Segments::read_at`].
    pub fn read_at(&self, at: u32, buf: &mut [u8]) -> Result<(), JournalError> {
        self.shared.read(&self.segment, at, buf)
    }

    /// As [`super::Segments::read_up_to`].
    ///
    /// # Errors
    /// As there.
    pub fn read_up_to(&self, at: u32, buf: &mut [u8]) -> Result<usize, JournalError> {
        let left = self.segment.end().saturating_sub(at) as usize;
        // None: the read that follows says why.
        let count = if left == 0 { buf.len() } else { buf.len().min(left) };
        self.shared.read(&self.segment, at, &mut buf[..count])?;
        Ok(count)
    }

    /// The entries of places from `number` on.
    fn entries(
        &self,
        scavenged: &Scavenged,
        number: u64,
        buf: &mut [u8],
    ) -> Result<(), JournalError> {
        let body = scavenged.places + FRAME_HEADER_BYTES as u32;
        let behind = number.checked_sub(scavenged.first_number).map(|n| n + buf.len() as u64 / 4);
        if behind.is_none_or(|behind| behind > u64::from(scavenged.number_count())) {
            let why = format!("it has no place for number {number}");
            return Err(self.segment.corrupt(self.shared, scavenged.places, why));
        }
        let at = body + 4 * (number - scavenged.first_number) as u32;
        self.shared.read(&self.segment, at, buf)
    }
}
