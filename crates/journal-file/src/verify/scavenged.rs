//! Following the frames of a segment that was scavenged.
//!
//! Why: it has a chain of its own, and what is left of the one it had: the digest of each commit
//! names the commit before it, from the header that the segment had to the seal that the next one
//! names. Both must hold.

use super::SegmentReport;
use super::bytes::{Frame, Header, Mask, Rest, Window};
use super::chain::Damage;
use crate::format::SegmentHeader;
use headwater_env::{DiskError, File};
use std::sync::Arc;

/// Where the walk through a segment came to.
pub(super) struct Walked {
    pub(super) slot: u64,
    pub(super) epoch: u64,
    /// Of the last commit, as it had it.
    pub(super) digest: u64,
}

/// The first thing that is wrong with a file that is to stand for `segment`, before `next`.
pub(crate) fn verify_scavenged(
    file: Arc<dyn File>,
    segment: u32,
    next: &SegmentHeader,
) -> Result<Option<(u64, String)>, DiskError> {
    let mut window = Window::new(file)?;
    let header = match Header::parse(window.get(0, Header::BYTES)?) {
        Ok(header) => header,
        Err(why) => return Ok(Some((0, why))),
    };
    let Some(rest) = &header.scavenged else {
        return Ok(Some((0, "the header does not say that it was scavenged".to_owned())));
    };
    let (mut report, mut damage) = (SegmentReport::default(), Damage::new());
    let walked = walk(&header, rest, &mut window, &mut report, &mut damage)?;
    let follows = (rest.first_seal, rest.first_end) == (next.seal_before, next.end_before.into())
        && (walked.slot, walked.digest) == (next.first_slot.0, next.digest.0)
        && walked.epoch <= next.epoch.0;
    if !follows {
        damage.push((0, "the next segment does not follow it".to_owned()));
    }
    if header.segment != segment {
        damage.push((0, "it is another segment".to_owned()));
    }
    Ok(damage.into_iter().next())
}

/// Follows the frames, also behind damage.
pub(super) fn walk(
    header: &Header,
    rest: &Rest,
    window: &mut Window,
    report: &mut SegmentReport,
    damage: &mut Damage,
) -> Result<Walked, DiskError> {
    let mask = Mask::scavenged(header.id, header.segment, rest.generation);
    let end = header.capacity.min(window.len);
    (report.generation, report.first_bytes) = (rest.generation, rest.first_end);
    let mut chain = Chain {
        at: Header::BYTES as u64,
        prev: Some(rest.first_header),
        had: Some(rest.first_header),
        walked: Walked { slot: header.first_slot, epoch: header.epoch, digest: header.digest },
        first_frame: Header::BYTES as u64,
    };
    while chain.at < end {
        match Frame::parse_scavenged(window, &mask, chain.at, end)? {
            Some(frame) => {
                let is_seal = frame.seal.is_some();
                chain.take(&frame, rest, report, damage);
                if is_seal {
                    break;
                }
            }
            None => {
                let next = next_frame(window, &mask, chain.at + 1, end)?;
                let next = next.unwrap_or(end);
                damage.push((chain.at, format!("{} bytes are no frame", next - chain.at)));
                (chain.at, chain.prev, chain.had) = (next, None, None);
            }
        }
    }
    report.bytes = chain.at;
    if !report.sealed || chain.at != rest.end {
        damage.push((chain.at, "the segment does not end where its header says".to_owned()));
    }
    let behind = window.end_of_bytes(chain.at)? - chain.at;
    if behind > 0 {
        damage.push((chain.at, format!("{behind} bytes behind the seal are not zeros")));
    }
    Ok(chain.walked)
}

struct Chain {
    at: u64,
    /// What the next frame must name; `None` behind damage.
    prev: Option<u32>,
    /// What the next commit named when it was written.
    had: Option<u32>,
    walked: Walked,
    first_frame: u64,
}

impl Chain {
    fn take(
        &mut self,
        frame: &Frame,
        rest: &Rest,
        report: &mut SegmentReport,
        damage: &mut Damage,
    ) {
        let at = self.at;
        let mut refuse = |why: &str| damage.push((at, why.to_owned()));
        if self.prev.is_some_and(|prev| prev != frame.prev) {
            refuse("the frame does not follow the one before it");
        }
        let is_whole = self.prev.is_some();
        if is_whole && frame.slot != self.walked.slot || frame.epoch < self.walked.epoch {
            refuse("the frame's slot or epoch does not follow the one before it");
        }
        if let Some(had) = frame.had {
            if self.had.is_some_and(|before| u64::from(before) != had >> 32) {
                refuse("the commit did not follow the one before it");
            }
            (self.had, self.walked.digest) = (Some(had as u32), had);
            self.walked.slot = frame.slot.saturating_add(1);
            report.commit_count += 1;
        }
        if let Some(places) = &frame.places {
            if let Some(why) = self.misplaced(places, rest) {
                refuse(why);
            }
            report.gone_count = places.iter().filter(|place| **place == 0).count() as u64;
        }
        if let Some((commits, digest)) = frame.seal {
            let fits = (frame.checksum, digest) == (rest.seal, self.walked.digest);
            if !fits || commits != report.commit_count {
                refuse("the seal does not fit its segment");
            }
            report.sealed = true;
        }
        (self.prev, self.walked.epoch) = (Some(frame.checksum), frame.epoch);
        self.at += frame.bytes;
    }

    /// Why these cannot be the places of the segment.
    fn misplaced(&self, places: &[u32], rest: &Rest) -> Option<&'static str> {
        if self.at != rest.places {
            return Some("the places do not stand where the header says");
        }
        let stands = places.iter().map(|place| u64::from(*place)).filter(|place| *place != 0);
        let mut before = self.first_frame;
        for place in stands {
            if place <= before || place >= self.at {
                return Some("a place is not behind the one before it");
            }
            before = place;
        }
        let gone = places.iter().filter(|place| **place == 0).count() as u64;
        (gone != rest.gone_count).then_some("the header counts other places as gone")
    }
}

/// The next whole frame from `from` on.
fn next_frame(
    window: &mut Window,
    mask: &Mask,
    from: u64,
    end: u64,
) -> Result<Option<u64>, DiskError> {
    let mut budget = end.saturating_mul(8);
    for at in from..end {
        let head = window.get(at, Frame::HEADER_BYTES)?;
        let kind = head.get(7).map_or(0, |byte| byte >> 4);
        if !(2..=4).contains(&kind) {
            continue;
        }
        let length = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7] & 15]));
        budget = budget.saturating_sub(length.min(end - at));
        if budget == 0 {
            break;
        }
        if Frame::parse_scavenged(window, mask, at, end)?.is_some() {
            return Ok(Some(at));
        }
    }
    Ok(None)
}
