//! Run files: pages written once, read by number.
//!
//! Why: all that reads and writes a run goes through here, so that the checksum, the cache and
//! the way damage is reported are in one place.
//!
//! Invariants: D1, no page is handed out unchecked. D3, nothing is allocated by what a page says
//! except in proportion to the file's length.

use super::kept::Kept;
use super::page::{Fault, PAGE_BYTES, Page, PageKind, Stamp};
use crate::index::condemned::Condemned;
use crate::index::error::IndexError;
use headwater_env::{DiskError, File};
use headwater_model::{Corrupt, Position};
use std::sync::{Arc, OnceLock};

/// Bytes gathered before they are written: few calls, little memory.
const WRITE_BYTES: usize = 256 * 1_024;

/// Writes a run, page after page.
pub(crate) struct RunWriter {
    file: Arc<dyn File>,
    stamp: Stamp,
    next: u32,
    buffer: Vec<u8>,
}

impl RunWriter {
    pub(crate) fn new(file: Arc<dyn File>, stamp: Stamp) -> Self {
        Self { file, stamp, next: 0, buffer: Vec::with_capacity(WRITE_BYTES) }
    }

    /// The number of the next page.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// Takes a number for a page that is not full yet; its place is written with zeros first.
    pub(crate) fn reserve(&mut self) -> Result<u32, DiskError> {
        self.put(&[0; PAGE_BYTES])
    }

    /// Writes a page that a number was reserved for.
    pub(crate) fn fill(&mut self, number: u32, mut page: Page) -> Result<(), DiskError> {
        let bytes = page.seal(self.stamp, number);
        let written = u64::from(self.next) * PAGE_BYTES as u64 - self.buffer.len() as u64;
        let at = u64::from(number) * PAGE_BYTES as u64;
        match at.checked_sub(written) {
            Some(within) => {
                let within = usize::try_from(within).expect("the buffer is in memory");
                self.buffer[within..within + PAGE_BYTES].copy_from_slice(bytes);
                Ok(())
            }
            None => self.file.write_at(bytes, at),
        }
    }

    /// Writes the next page and gives its number.
    pub(crate) fn push(&mut self, mut page: Page) -> Result<u32, DiskError> {
        let number = self.next;
        self.put(page.seal(self.stamp, number))
    }

    /// Makes all of it durable.
    pub(crate) fn finish(mut self) -> Result<(), DiskError> {
        self.flush()?;
        self.file.sync()
    }

    fn put(&mut self, bytes: &[u8; PAGE_BYTES]) -> Result<u32, DiskError> {
        if self.buffer.len() == WRITE_BYTES {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        let number = self.next;
        self.next = number.checked_add(1).expect("a run is smaller than 16 TiB");
        Ok(number)
    }

    fn flush(&mut self) -> Result<(), DiskError> {
        let end = u64::from(self.next) * PAGE_BYTES as u64;
        self.file.write_at(&self.buffer, end - self.buffer.len() as u64)?;
        self.buffer.clear();
        Ok(())
    }
}

/// An open run file.
pub(crate) struct RunFile {
    file: Arc<dyn File>,
    name: String,
    stamp: Stamp,
    pages: u32,
    positions: (u64, u64),
    kept: Arc<Kept>,
    condemned: Arc<Condemned>,
}

/// Pages that stay once they are read: an array of slots instead of a cache's lookup.
pub(crate) struct Pinned(Box<[OnceLock<Page>]>);

impl RunFile {
    /// `positions`: the first the file tells of and the one behind its last, for whoever must
    /// build it again.
    ///
    /// # Errors
    /// The disk, or a length that is not whole pages.
    pub(crate) fn open(
        file: Arc<dyn File>,
        name: String,
        stamp: Stamp,
        positions: (u64, u64),
        (kept, condemned): (Arc<Kept>, Arc<Condemned>),
    ) -> Result<Self, IndexError> {
        let bytes = file.len()?;
        let pages = u32::try_from(bytes / PAGE_BYTES as u64).unwrap_or(0);
        let run = Self { file, name, stamp, pages, positions, kept, condemned };
        if pages == 0 || !bytes.is_multiple_of(PAGE_BYTES as u64) {
            return Err(run.damaged(pages, "the file is not whole pages"));
        }
        Ok(run)
    }

    /// What was read of it and is kept.
    pub(super) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// How many pages it has.
    pub(crate) fn pages(&self) -> u32 {
        self.pages
    }

    /// A page, from the cache or the disk.
    pub(crate) fn page(&self, number: u32, kind: PageKind) -> Result<Page, IndexError> {
        let key = (self.stamp.run, number);
        if let Some(page) = self.kept.pages.get(&key) {
            return match page.is(kind) {
                true => Ok(page),
                false => Err(self.damaged(number, "the page is of another kind")),
            };
        }
        let page = self.read(number, kind)?;
        self.kept.pages.insert(key, page.clone());
        Ok(page)
    }

    /// A page from the disk: for walks over everything, which would only flush the cache.
    pub(crate) fn read(&self, number: u32, kind: PageKind) -> Result<Page, IndexError> {
        let bytes = self.read_bytes(number)?;
        Page::check(bytes, kind, self.stamp, number).map_err(|why| self.damaged(number, why))
    }

    /// Checks a page of any kind.
    pub(crate) fn verify(&self, number: u32) -> Result<(), IndexError> {
        let page = Page::check_any(self.read_bytes(number)?, self.stamp, number);
        page.map(drop).map_err(|why| self.damaged(number, why))
    }

    fn read_bytes(&self, number: u32) -> Result<Arc<[u8; PAGE_BYTES]>, IndexError> {
        if number >= self.pages {
            return Err(self.damaged(number, "the page is behind the end of the file"));
        }
        let mut bytes = Arc::new([0; PAGE_BYTES]);
        let buffer = Arc::get_mut(&mut bytes).expect("it was made a line ago");
        let at = u64::from(number) * PAGE_BYTES as u64;
        if self.file.read_at(buffer, at)? != PAGE_BYTES {
            return Err(self.damaged(number, "the file ends within the page"));
        }
        Ok(bytes)
    }

    /// The `n`th of some pages that stay in memory, the first of which is `first`.
    pub(crate) fn pinned<'a>(
        &self,
        pinned: &'a Pinned,
        first: u32,
        n: usize,
        kind: PageKind,
    ) -> Result<&'a Page, IndexError> {
        let Some(slot) = pinned.0.get(n) else {
            return Err(self.damaged(first, "a page beyond its kind was asked for"));
        };
        if let Some(page) = slot.get() {
            return Ok(page);
        }
        let page = self.read(first.saturating_add(n as u32), kind)?;
        Ok(slot.get_or_init(|| page))
    }

    /// Slots for `count` pages from `first` on, which must be in the file.
    pub(crate) fn pins(&self, first: u32, count: u32) -> Result<Pinned, IndexError> {
        if first.checked_add(count).is_none_or(|end| end > self.pages) {
            return Err(self.damaged(first, "pages behind the end of the file are referred to"));
        }
        Ok(Pinned((0..count).map(|_| OnceLock::new()).collect()))
    }

    /// The error that says what is wrong with a page. The run is noted, to be built again.
    pub(crate) fn damaged(&self, number: u32, why: Fault) -> IndexError {
        if self.condemned.note(self.stamp.run) {
            tracing::error!(file = self.name, page = number, why, "an index file is damaged");
        }
        let (first, end) = self.positions;
        IndexError::Damaged {
            corrupt: Corrupt {
                file: self.name.clone(),
                at: u64::from(number) * PAGE_BYTES as u64,
                why: why.to_owned(),
            },
            first: Position(first),
            last: Position(end.saturating_sub(1)),
        }
    }
}
