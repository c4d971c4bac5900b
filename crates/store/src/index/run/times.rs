//! Times: from an instant to the last event recorded by then.
//!
//! Why: the context as of a time, and streams that keep events for a time, need it exactly and
//! without reading records. Events of one commit share their time, so only changes are kept.
//!
//! Picture: per segment, pages of changes, each page readable alone:
//! ```text
//!   first ordinal u32 │ its time u64 │ distance of ordinal, distance of time │ …   (varints)
//! ```
//!
//! Invariant: A6, times rise from change to change, and so do ordinals.

use super::bytes::{Reader, put_varint};
use super::file::{RunFile, RunWriter};
use super::page::{BODY_BYTES, Fault, Page, PageKind};
use crate::index::error::IndexError;
use headwater_env::DiskError;
use headwater_model::Timestamp;

/// The ordinal of the first event recorded at a time, and the time.
pub(crate) type Change = (u32, Timestamp);

/// Where the times of a segment are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimesShare {
    /// The first page.
    pub(crate) page: u32,
    /// How many pages.
    pub(crate) pages: u32,
}

/// Writes the changes of one segment, of which there is at least one.
pub(crate) fn write(writer: &mut RunWriter, changes: &[Change]) -> Result<TimesShare, DiskError> {
    let page = writer.next();
    let mut rest = changes;
    while let Some((first, others)) = rest.split_first() {
        let mut bytes = Vec::with_capacity(BODY_BYTES);
        bytes.extend_from_slice(&first.0.to_le_bytes());
        bytes.extend_from_slice(&first.1.as_micros().to_le_bytes());
        let (mut last, mut count) = (*first, 1);
        for change in others {
            let before = bytes.len();
            put_varint(&mut bytes, u64::from(change.0 - last.0));
            put_varint(&mut bytes, change.1.as_micros() - last.1.as_micros());
            if bytes.len() > BODY_BYTES {
                bytes.truncate(before);
                break;
            }
            (last, count) = (*change, count + 1);
        }
        let mut page = Page::new(PageKind::Times);
        page.set_count(count);
        page.body_mut()[..bytes.len()].copy_from_slice(&bytes);
        writer.push(page)?;
        rest = &rest[count..];
    }
    Ok(TimesShare { page, pages: writer.next() - page })
}

impl TimesShare {
    /// The same pages in another run.
    pub(crate) fn copy(
        self,
        writer: &mut RunWriter,
        from: &RunFile,
    ) -> Result<TimesShare, IndexError> {
        let page = writer.next();
        for n in 0..self.pages {
            writer.push(from.read(self.page.saturating_add(n), PageKind::Times)?)?;
        }
        Ok(TimesShare { page, pages: self.pages })
    }

    /// The last of a segment's `events` recorded at or before `time`; `None` if all are later.
    pub(crate) fn last_at(
        self,
        file: &RunFile,
        events: u32,
        time: Timestamp,
    ) -> Result<Option<u32>, IndexError> {
        let (mut low, mut high) = (0, self.pages);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.head(file, middle)?.1 <= time { low = middle + 1 } else { high = middle }
        }
        let later = match self.change_behind(file, low, time)? {
            Some(ordinal) => ordinal,
            None if low < self.pages => self.head(file, low)?.0,
            None => events,
        };
        Ok(later.min(events).checked_sub(1))
    }

    /// The first change behind `time` in the page before the `behind`th.
    fn change_behind(
        self,
        file: &RunFile,
        behind: u32,
        time: Timestamp,
    ) -> Result<Option<u32>, IndexError> {
        let Some(n) = behind.checked_sub(1) else { return Ok(None) };
        let number = self.page.saturating_add(n);
        let page = file.page(number, PageKind::Times)?;
        first_behind(&page, time).map_err(|why| file.damaged(number, why))
    }

    fn head(self, file: &RunFile, n: u32) -> Result<Change, IndexError> {
        let number = self.page.saturating_add(n);
        let page = file.page(number, PageKind::Times)?;
        read_head(&mut Reader(page.body())).map_err(|why| file.damaged(number, why))
    }
}

fn read_head(rest: &mut Reader<'_>) -> Result<Change, Fault> {
    Ok((rest.u32()?, Timestamp::from_micros(rest.u64()?)))
}

fn first_behind(page: &Page, time: Timestamp) -> Result<Option<u32>, Fault> {
    let mut rest = Reader(page.body());
    let (mut ordinal, began) = read_head(&mut rest)?;
    let mut micros = began.as_micros();
    for _ in 1..page.count() {
        ordinal = ordinal.checked_add(rest.varint_u32()?).ok_or("a time is of no event")?;
        micros = micros.checked_add(rest.varint()?).ok_or("a time is behind all times")?;
        if micros > time.as_micros() {
            return Ok(Some(ordinal));
        }
    }
    Ok(None)
}
