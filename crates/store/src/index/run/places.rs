//! Places: from a position to the byte its record begins at, in one page.
//!
//! Why: every read ends here, ten times for a stream of ten events. Exact places cost a byte an
//! event more than every fourth would, and save walking over records, which may lie in other
//! frames.
//!
//! Picture: per segment, pages of groups of 32 events; all offsets of a segment have one width:
//! ```text
//!   page:  group group …
//!   group: offset of the first u32 │ 32 × distance from it, 2, 3 or 4 bytes
//! ```
//! Two bytes do unless 32 records span more than 64 KiB.
//!
//! Invariant: A3, every position has a place.

use super::bytes::{Reader, u32_at};
use super::file::{RunFile, RunWriter};
use super::page::{BODY_BYTES, Fault, Page, PageKind};
use super::times::{self, Change, TimesShare};
use crate::index::error::IndexError;
use headwater_env::DiskError;
use headwater_model::Timestamp;

const GROUP_COUNT: usize = 32;

/// A segment's share of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentShare {
    /// Which segment.
    pub(crate) segment: u32,
    /// Its first position, counted from the run's first.
    pub(crate) first: u32,
    /// How many events it has.
    pub(crate) count: u32,
    /// Its first page of places.
    pub(crate) page: u32,
    /// Bytes of a distance.
    pub(crate) width: u32,
    /// When its first event was recorded.
    pub(crate) time: Timestamp,
    /// Where its times are.
    pub(crate) times: TimesShare,
}

const SHARE_BYTES: usize = 36;
const PAGE_SHARE_COUNT: usize = BODY_BYTES / SHARE_BYTES;

impl SegmentShare {
    fn page_events(&self) -> usize {
        BODY_BYTES / self.group_bytes() * GROUP_COUNT
    }

    fn group_bytes(&self) -> usize {
        4 + GROUP_COUNT * self.width as usize
    }

    /// How many pages it has.
    pub(crate) fn pages(&self) -> u32 {
        (self.count as usize).div_ceil(self.page_events()) as u32
    }

    /// Where the record of its `n`th event begins.
    pub(crate) fn locate(&self, file: &RunFile, n: u32) -> Result<u32, IndexError> {
        let n = n as usize;
        let number = self.page.saturating_add((n / self.page_events()) as u32);
        let page = file.page(number, PageKind::Places)?;
        let within = n % self.page_events();
        let group = within / GROUP_COUNT * self.group_bytes();
        let width = self.width as usize;
        let at = group + 4 + within % GROUP_COUNT * width;
        let place = u32_at(page.body(), group).and_then(|first| {
            let bytes = page.body().get(at..at + width).ok_or("a place is behind its page")?;
            let distance = bytes.iter().rfold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            first.checked_add(distance).ok_or("a place is behind its segment")
        });
        place.map_err(|why| file.damaged(number, why))
    }
}

/// Writes the places and times of a segment's events.
pub(crate) fn write(
    writer: &mut RunWriter,
    (segment, first): (u32, u32),
    places: &[u32],
    changes: &[Change],
) -> Result<SegmentShare, DiskError> {
    let times = times::write(writer, changes)?;
    let time = changes.first().map_or(Timestamp::ZERO, |change| change.1);
    let count = u32::try_from(places.len()).expect("a segment holds fewer than 2^32 events");
    let width = width(places);
    let share = SegmentShare { segment, first, count, page: writer.next(), width, time, times };
    for places in places.chunks(share.page_events()) {
        let mut page = Page::new(PageKind::Places);
        page.set_count(places.len());
        let groups = page.body_mut().chunks_exact_mut(share.group_bytes());
        for (slot, places) in groups.zip(places.chunks(GROUP_COUNT)) {
            slot[..4].copy_from_slice(&places[0].to_le_bytes());
            let distances = slot[4..].chunks_exact_mut(width as usize);
            for (slot, place) in distances.zip(places) {
                slot.copy_from_slice(&(place - places[0]).to_le_bytes()[..width as usize]);
            }
        }
        writer.push(page)?;
    }
    Ok(share)
}

/// Writes the places and times of a segment as another run has them. `first`: its new first position.
pub(crate) fn copy(
    writer: &mut RunWriter,
    first: u32,
    from: &RunFile,
    share: &SegmentShare,
) -> Result<SegmentShare, IndexError> {
    let times = share.times.copy(writer, from)?;
    let copied = SegmentShare { first, page: writer.next(), times, ..*share };
    for n in 0..share.pages() {
        writer.push(from.read(share.page.saturating_add(n), PageKind::Places)?)?;
    }
    Ok(copied)
}

/// Writes the directory of segments; the number of its first page is the answer.
pub(crate) fn write_directory(
    writer: &mut RunWriter,
    shares: &[SegmentShare],
) -> Result<u32, DiskError> {
    let first = writer.next();
    for shares in shares.chunks(PAGE_SHARE_COUNT) {
        let mut page = Page::new(PageKind::Segments);
        page.set_count(shares.len());
        for (slot, share) in page.body_mut().chunks_exact_mut(SHARE_BYTES).zip(shares) {
            let words = [share.segment, share.first, share.count, share.page, share.width];
            let words = words.into_iter().chain([share.times.page, share.times.pages]);
            for (slot, word) in slot.chunks_exact_mut(4).zip(words) {
                slot.copy_from_slice(&word.to_le_bytes());
            }
            slot[28..].copy_from_slice(&share.time.as_micros().to_le_bytes());
        }
        writer.push(page)?;
    }
    Ok(first)
}

/// Reads the directory of a run of `events` events.
pub(crate) fn read_directory(
    file: &RunFile,
    first_page: u32,
    count: u32,
    events: u32,
) -> Result<Vec<SegmentShare>, IndexError> {
    let mut shares = Vec::new();
    let mut next = 0_u32;
    for n in 0..count.div_ceil(PAGE_SHARE_COUNT as u32) {
        let number = first_page.saturating_add(n);
        let page = file.read(number, PageKind::Segments)?;
        let left = count as usize - shares.len();
        let slots = page.body().chunks_exact(SHARE_BYTES).take(left);
        for slot in slots {
            let share = parse_share(slot, next).map_err(|why| file.damaged(number, why))?;
            next = share.first.saturating_add(share.count);
            shares.push(share);
        }
    }
    if next != events || shares.is_empty() {
        return Err(file.damaged(first_page, "the segments have another count of events"));
    }
    Ok(shares)
}

fn parse_share(slot: &[u8], first: u32) -> Result<SegmentShare, Fault> {
    let mut rest = Reader(slot);
    let share = SegmentShare {
        segment: rest.u32()?,
        first: rest.u32()?,
        count: rest.u32()?,
        page: rest.u32()?,
        width: rest.u32()?,
        times: TimesShare { page: rest.u32()?, pages: rest.u32()? },
        time: Timestamp::from_micros(rest.u64()?),
    };
    let follows = share.first == first && share.count > 0;
    let fits = first.checked_add(share.count).is_some() && (2..=4).contains(&share.width);
    if follows && fits { Ok(share) } else { Err("a segment does not follow the one before it") }
}

/// Bytes that the widest distance within a group needs.
fn width(places: &[u32]) -> u32 {
    let span = |group: &[u32]| group.last().map_or(0, |last| last - group[0]);
    match places.chunks(GROUP_COUNT).map(span).max() {
        None | Some(..=0xffff) => 2,
        Some(..=0xff_ffff) => 3,
        Some(_) => 4,
    }
}
