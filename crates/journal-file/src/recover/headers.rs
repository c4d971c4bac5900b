//! Which segments there are, and whether they follow each other.
//!
//! Why: a segment that is gone, swapped, foreign or old would be found by whoever reads there,
//! perhaps years later. The headers and seals show it at every opening, for two small reads each.

use super::{Found, Recovery, unavailable};
use crate::Place;
use crate::format::{
    FRAME_HEADER_BYTES, FrameHeader, HEADER_BYTES, JournalId, SEAL_BYTES, Seal, SegmentHeader,
    segment_file_name, segment_of_file_name,
};
use crate::limits::{COUNTER_MAX, SEGMENT_BYTES_MAX};
use crate::mark::Mark;
use crate::prepare::UNFINISHED;
use crate::scavenge;
use headwater_env::{Access, BLOCK_BYTES, File};
use headwater_model::JournalError;

impl Recovery<'_> {
    /// The segments that have files, which must be all from the first on.
    pub(super) fn segment_numbers(&self) -> Result<Vec<u32>, JournalError> {
        let names = self.disk.list(self.dir).map_err(unavailable)?;
        for unfinished in [UNFINISHED, scavenge::UNFINISHED] {
            if names.iter().any(|name| name == unfinished) {
                self.disk.remove(&self.dir.join(unfinished)).map_err(unavailable)?;
            }
        }
        let mut numbers: Vec<_> = names.iter().filter_map(|n| segment_of_file_name(n)).collect();
        numbers.sort_unstable();
        let missing = numbers.iter().zip(0..).find(|(number, expected)| *number != expected);
        if let Some((_, expected)) = missing {
            return Err(self.corrupt(&segment_file_name(expected), 0, "the segment is missing"));
        }
        Ok(numbers)
    }

    /// The segments that were begun, and the one behind them that was not, if it is there.
    pub(super) fn headers(
        &self,
        numbers: &[u32],
        id: JournalId,
    ) -> Result<(Vec<Found>, Option<u32>), JournalError> {
        let mut begun: Vec<Found> = Vec::new();
        let mut blank = None;
        for &number in numbers {
            let name = segment_file_name(number);
            let mut bytes = [0; HEADER_BYTES];
            let file = self.disk.open(&self.dir.join(&name), Access::Read).map_err(unavailable)?;
            file.read_at(&mut bytes, 0).map_err(unavailable)?;
            if bytes == [0; HEADER_BYTES] {
                if let Some(before) = blank.replace(number) {
                    let name = segment_file_name(before);
                    return Err(self.corrupt(&name, 0, "the header is gone"));
                }
                continue;
            }
            if let Some(before) = blank {
                let name = segment_file_name(before);
                return Err(self.corrupt(&name, 0, "the header is gone"));
            }
            let decoded = SegmentHeader::decode(&bytes);
            let (header, checksum) = decoded.map_err(|why| self.corrupt(&name, 0, why))?;
            self.check_header(&name, &header, number, id, file.as_ref())?;
            if let Some(before) = begun.last_mut() {
                let own = before.header.scavenged.map(|scavenged| scavenged.end);
                before.end = own.unwrap_or(header.end_before);
            }
            let checksum = header.named_by_first(checksum);
            begun.push(Found { header, checksum, end: 0 });
        }
        if let Some(last) = begun.last().filter(|last| last.header.scavenged.is_some()) {
            let name = segment_file_name(last.header.segment + 1);
            return Err(self.corrupt(&name, 0, "the segment behind a scavenged one is gone"));
        }
        Ok((begun, blank))
    }

    fn check_header(
        &self,
        name: &str,
        header: &SegmentHeader,
        number: u32,
        id: JournalId,
        file: &dyn File,
    ) -> Result<(), JournalError> {
        let refuse = |why: String| Err(self.corrupt(name, 0, why));
        if header.id != id {
            return refuse("the segment is of another journal".to_owned());
        }
        if header.segment != number {
            return refuse(format!("this is segment {}, under another's name", header.segment));
        }
        if header.first_slot.0.max(header.epoch.0) > COUNTER_MAX {
            return refuse(format!("no journal reaches slot {}", header.first_slot));
        }
        let len = file.len().map_err(unavailable)?;
        let room = header.capacity >= BLOCK_BYTES as u32 && header.capacity <= SEGMENT_BYTES_MAX;
        if !room || len < u64::from(header.capacity) {
            return refuse(format!("the file has {len} bytes of {}", header.capacity));
        }
        Ok(())
    }

    /// Each header names the seal before it; the seals must be there.
    pub(super) fn check_seals(&self, begun: &[Found]) -> Result<(), JournalError> {
        for pair in begun.windows(2) {
            let [before, after] = pair else { continue };
            self.check_seal(&before.header, before.end, &after.header)?;
        }
        Ok(())
    }

    /// The seal at `end` of a segment is the one that the next segment follows. A scavenged one
    /// has a seal of its own, and remembers which one it had.
    fn check_seal(
        &self,
        before: &SegmentHeader,
        end: u32,
        after: &SegmentHeader,
    ) -> Result<(), JournalError> {
        let name = segment_file_name(before.segment);
        let at = end.saturating_sub(SEAL_BYTES as u32);
        let refuse = |why: &str| Err(self.corrupt(&name, u64::from(at), why));
        if end > before.capacity || (at as usize) < HEADER_BYTES {
            return refuse("the next segment names a seal where none can be");
        }
        let file = self.disk.open(&self.dir.join(&name), Access::Read).map_err(unavailable)?;
        let mut bytes = [0; SEAL_BYTES];
        file.read_at(&mut bytes, u64::from(at)).map_err(unavailable)?;
        let frame = bytes.first_chunk().and_then(FrameHeader::decode);
        let frame = frame.filter(|frame| frame.fits(before.key(), at, &bytes));
        let Some(frame) = frame else { return refuse("the segment's seal is not whole") };
        let seal = Seal::decode(&frame, &bytes[FRAME_HEADER_BYTES..]);
        let Some(seal) = seal else { return refuse("the segment ends without a seal") };
        let (own, first) = match before.scavenged {
            Some(scavenged) => (scavenged.seal, (scavenged.first_seal, scavenged.first_end)),
            None => (frame.checksum, (frame.checksum, end)),
        };
        let first_slot = before.first_slot.0.checked_add(seal.commit_count);
        if frame.checksum != own
            || first != (after.seal_before, after.end_before)
            || first_slot != Some(after.first_slot.0)
            || frame.slot != after.first_slot
            || seal.digest != after.digest
        {
            return refuse("the seal is not the one that the next segment follows");
        }
        Ok(())
    }

    /// The journal must reach as far as the mark says.
    pub(super) fn check_reach(&self, begun: &[Found], mark: &Mark) -> Result<(), JournalError> {
        let Some(last) = begun.last() else {
            if mark.end == Place::default() {
                return Ok(());
            }
            return Err(self.corrupt(&segment_file_name(0), 0, "the segment is gone"));
        };
        if mark.end.segment > last.header.segment {
            let name = segment_file_name(mark.end.segment);
            let why = format!("the journal was durable up to {}, which is gone", mark.end);
            return Err(self.corrupt(&name, u64::from(mark.end.at), why));
        }
        Ok(())
    }
}
