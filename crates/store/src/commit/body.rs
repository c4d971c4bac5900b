//! Reading a commit: its header, then its records in place, then its control items.

use super::varint::Cursor;
use super::{Control, EventRef, Header, Item, Malformed};

/// A commit as it stands in the journal.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    bytes: &'a [u8],
    header: Header,
}

impl<'a> Commit<'a> {
    /// Reads the header of `bytes`.
    ///
    /// # Errors
    /// [`Malformed`]: no commit, or of a format that is unknown here.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let header = Header::read(&mut Cursor::new(bytes))?;
        Ok(Self { bytes, header })
    }

    /// What it says about itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its records. Their own checksums are not looked at: the frame's covers them.
    pub fn records(&self) -> Records<'a> {
        Records::new(self.bytes, &self.header)
    }

    /// Its records, each checked against its own checksum too.
    pub fn records_checked(&self) -> Records<'a> {
        Records { checked: true, ..self.records() }
    }

    /// Its control items, and that nothing stands behind them. `records` must have been read to
    /// their end: the items begin there.
    ///
    /// # Errors
    /// [`Malformed`], also for an item of a kind unknown here.
    pub fn controls(&self, records: Records<'a>) -> Result<Vec<Control>, Malformed> {
        assert_eq!(records.left, 0, "control items stand behind the last record");
        let mut cursor = records.cursor;
        let mut controls = Vec::new();
        for _ in 0..self.header.control_count {
            controls.push(Control::read(&mut cursor)?);
        }
        if cursor.is_empty() { Ok(controls) } else { Err(cursor.malformed("a commit goes on")) }
    }
}

/// The records of a commit, in order.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
    cursor: Cursor<'a>,
    next: headwater_model::Position,
    left: u32,
    checked: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(bytes: &'a [u8], header: &Header) -> Self {
        let cursor = Cursor::at(bytes, super::HEADER_BYTES);
        Self { cursor, next: header.first, left: header.event_count, checked: false }
    }

    /// The next record and where it begins in the commit, if there is one. What was removed is
    /// passed over.
    ///
    /// # Errors
    /// [`Malformed`]; the records behind it cannot be found then.
    #[inline]
    pub fn next_at(&mut self) -> Result<Option<(usize, EventRef<'a>)>, Malformed> {
        loop {
            match self.next_item()? {
                Some((at, Item::Event(event))) => return Ok(Some((at, event))),
                Some((_, Item::Gone(_))) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next record, or what is left of some, and where it begins in the commit.
    ///
    /// # Errors
    /// As [`Self::next_at`].
    #[inline]
    pub fn next_item(&mut self) -> Result<Option<(usize, Item<'a>)>, Malformed> {
        if self.left == 0 {
            return Ok(None);
        }
        let at = self.cursor.place();
        let item = match self.checked {
            false => EventRef::read_item(&mut self.cursor, self.next)?,
            true => EventRef::read_item_checked(&mut self.cursor, self.next)?,
        };
        let count = item.count();
        let Some(left) = self.left.checked_sub(count) else {
            return Err(Malformed::new(at, "more is gone than there was"));
        };
        self.left = left;
        self.next = headwater_model::Position(self.next.0 + u64::from(count));
        Ok(Some((at, item)))
    }

    /// The bytes of the commit behind its records: its control items.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.cursor.rest()
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<EventRef<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_at().map(|next| next.map(|(_, event)| event)).transpose();
        if let Some(Err(_)) = next {
            self.left = 0;
        }
        next
    }
}
