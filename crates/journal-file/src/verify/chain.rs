//! Following a journal from segment to segment.

use super::bytes::{Frame, Header, Id, MarkRecord, Mask, Window};
use super::{SegmentReport, scavenged};
use headwater_env::DiskError;
use headwater_model::Slot;

/// Damage in one file: where, and what.
pub(super) type Damage = Vec<(u64, String)>;

/// Where a walk through the segments has come to.
pub(super) struct Walk {
    id: Option<Id>,
    mark: Option<MarkRecord>,
    next_segment: u32,
    /// What the next frame or header must name and be; `None` behind damage.
    prev: Option<u32>,
    slot: Option<u64>,
    last_slot: u64,
    epoch: u64,
    digest: u64,
    end: u64,
    reached: (u32, u64),
    /// The checksum that was in force where the mark stands.
    prev_at_mark: Option<u32>,
}

impl Walk {
    pub(super) fn new(id: Option<Id>, mark: Option<MarkRecord>) -> Self {
        Self {
            id,
            mark,
            next_segment: 0,
            prev: Some(0),
            slot: Some(0),
            last_slot: 0,
            epoch: 0,
            digest: 0,
            end: 0,
            reached: (0, 0),
            prev_at_mark: None,
        }
    }

    pub(super) fn next_slot(&self) -> Slot {
        Slot(self.last_slot)
    }

    /// Reads a segment. `followed`: one that was begun stands behind it.
    pub(super) fn segment(
        &mut self,
        number: u32,
        window: &mut Window,
        followed: bool,
    ) -> Result<(SegmentReport, Damage), DiskError> {
        let mut report = SegmentReport { segment: number, ..SegmentReport::default() };
        let mut damage = Damage::new();
        if number != self.next_segment {
            damage.push((0, format!("segment {} is missing before this one", self.next_segment)));
            (self.prev, self.slot) = (None, None);
        }
        self.next_segment = number.saturating_add(1);
        if Header::is_blank(window)? {
            self.blank(window, followed, &mut report, &mut damage)?;
            return Ok((report, damage));
        }
        let header = match Header::parse(window.get(0, Header::BYTES)?) {
            Ok(header) => header,
            Err(why) => {
                damage.push((0, why));
                (self.prev, self.slot) = (None, None);
                return Ok((report, damage));
            }
        };
        self.enter(number, &header, window.len, &mut damage);
        report.first_slot = Slot(header.first_slot);
        match &header.scavenged {
            None => {
                self.frames(&header, window, followed, &mut report, &mut damage)?;
                report.first_bytes = report.bytes;
            }
            Some(rest) => {
                let walked = scavenged::walk(&header, rest, window, &mut report, &mut damage)?;
                if !followed {
                    damage.push((0, "nothing follows a scavenged segment".to_owned()));
                }
                (self.prev, self.end) = (Some(rest.first_seal), rest.first_end);
                (self.digest, self.epoch) = (walked.digest, walked.epoch);
                (self.slot, self.last_slot) = (Some(walked.slot), walked.slot);
            }
        }
        // A mark stands where the segment ended at first.
        let reached = header.scavenged.as_ref().map_or(report.bytes, |rest| rest.first_end);
        self.reached = (number, reached);
        Ok((report, damage))
    }

    /// A segment without a header: prepared, or what is left of a first write.
    fn blank(
        &mut self,
        window: &mut Window,
        followed: bool,
        report: &mut SegmentReport,
        damage: &mut Damage,
    ) -> Result<(), DiskError> {
        report.torn_bytes = window.end_of_bytes(0)?;
        if followed {
            damage.push((0, "the header is gone".to_owned()));
            (self.prev, self.slot) = (None, None);
            return Ok(());
        }
        let mask = self.id.map(|id| Mask::new(id, report.segment));
        if let Some(mask) = mask.filter(|_| report.torn_bytes > 0) {
            let end = report.torn_bytes;
            if let Some((at, _)) = search(window, &mask, 0, end, |frame| frame.mark > 0)? {
                damage.push((0, format!("the header is gone, frames go on at byte {at}")));
            }
        }
        Ok(())
    }

    /// Checks that this header follows what was read before.
    fn enter(&mut self, number: u32, header: &Header, len: u64, damage: &mut Damage) {
        let mut refuse = |why: &str| damage.push((0, why.to_owned()));
        if *self.id.get_or_insert(header.id) != header.id {
            refuse("the segment is of another journal");
        }
        if header.segment != number {
            refuse("the segment stands under another's name");
        }
        if header.capacity > len {
            refuse("the file is shorter than it was made");
        }
        if self.prev.is_some_and(|prev| {
            (prev, self.end, self.digest) != (header.seal_before, header.end_before, header.digest)
        }) {
            refuse("the header does not follow the seal before it");
        }
        if self.slot.is_some_and(|slot| slot != header.first_slot) || header.epoch < self.epoch {
            refuse("the header's slot or epoch does not follow the one before it");
        }
        self.prev = Some(header.checksum);
        self.slot = Some(header.first_slot);
        self.last_slot = self.last_slot.max(header.first_slot);
        self.epoch = header.epoch;
        self.digest = header.digest;
    }

    /// Follows the frames, also behind damage.
    fn frames(
        &mut self,
        header: &Header,
        window: &mut Window,
        followed: bool,
        report: &mut SegmentReport,
        damage: &mut Damage,
    ) -> Result<(), DiskError> {
        let mask = Mask::new(header.id, header.segment);
        let end = header.capacity.min(window.len);
        let durable = self.mark.filter(|mark| mark.segment == header.segment).map(|mark| mark.at);
        let mut at = Header::BYTES as u64;
        loop {
            if durable == Some(at) {
                self.prev_at_mark = self.prev;
            }
            let frame = Frame::parse(window, &mask, at, end)?;
            match frame.filter(|frame| self.follows(frame)) {
                Some(frame) => {
                    at += frame.bytes;
                    self.take(&frame, report);
                    if let Some((commits, digest)) = frame.seal {
                        if commits != report.commit_count || digest != self.digest {
                            damage.push((at, "the seal does not fit its segment".to_owned()));
                        }
                        break;
                    }
                }
                None => {
                    let lost = |frame: &Frame| followed || frame.mark > at;
                    let Some((next, _)) = search(window, &mask, at + 1, end, lost)? else { break };
                    let why = format!("{} bytes are no frame that follows", next - at);
                    damage.push((at, why));
                    (self.prev, self.slot, self.epoch) = (None, None, header.epoch);
                    at = next;
                }
            }
        }
        (report.bytes, self.end) = (at, at);
        let behind = window.end_of_bytes(at)? - at;
        if report.sealed && behind > 0 {
            damage.push((at, format!("{behind} bytes behind the seal are not zeros")));
        } else if followed && !report.sealed {
            damage.push((at, "the segment ends without a seal".to_owned()));
        } else {
            report.torn_bytes = behind;
        }
        Ok(())
    }

    fn follows(&self, frame: &Frame) -> bool {
        self.prev.is_none_or(|prev| prev == frame.prev)
            && self.slot.is_none_or(|slot| slot == frame.slot)
            && frame.epoch >= self.epoch
    }

    fn take(&mut self, frame: &Frame, report: &mut SegmentReport) {
        self.prev = Some(frame.checksum);
        self.epoch = frame.epoch;
        if frame.seal.is_some() {
            self.slot = Some(frame.slot);
            report.sealed = true;
        } else {
            let next = frame.slot.saturating_add(1);
            (self.slot, self.last_slot) = (Some(next), next);
            self.digest = frame.digest();
            report.commit_count += 1;
        }
    }

    /// What the mark says was durable and was not found.
    pub(super) fn short_of_mark(&self) -> Option<(u32, u64, String)> {
        let mark = self.mark?;
        if mark.at == 0 {
            return None;
        }
        if self.reached < (mark.segment, mark.at) || self.last_slot < mark.next_slot {
            let (segment, at) = self.reached;
            let at = if segment == mark.segment { at } else { 0 };
            let why = format!("the journal was durable up to byte {}", mark.at);
            return Some((mark.segment, at, why));
        }
        let other = self.prev_at_mark.is_some_and(|prev| prev != mark.prev);
        other.then(|| (mark.segment, mark.at, "the mark names another frame".to_owned()))
    }
}

/// The first whole frame from `from` on that `wanted` accepts. Gives up after having checked as
/// much as eight times the segment, which only bytes made for that can ask for.
fn search(
    window: &mut Window,
    mask: &Mask,
    from: u64,
    end: u64,
    wanted: impl Fn(&Frame) -> bool,
) -> Result<Option<(u64, Frame)>, DiskError> {
    let mut budget = end.saturating_mul(8);
    let limit = window.end_of_bytes(from)?.min(end);
    for at in from..limit {
        let head = window.get(at, Frame::HEADER_BYTES)?;
        let kind = head.get(7).map_or(0, |byte| byte >> 4);
        if !matches!(kind, 1 | 2) {
            continue;
        }
        let length = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7] & 15]));
        budget = budget.saturating_sub(length.min(end - at));
        if budget == 0 {
            break;
        }
        if let Some(frame) = Frame::parse(window, mask, at, end)?.filter(|f| wanted(f)) {
            return Ok(Some((at, frame)));
        }
    }
    Ok(None)
}
