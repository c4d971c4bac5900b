//! What is left of a commit when some of its events are removed.
//!
//! Why: what stays must stay byte for byte: its record, its checksum, its position. What goes leaves
//! a gap, and gaps that touch are one.
//!
//! Picture:
//! ```text
//!   header · A · B · C · D · E · controls        header · gap 2 · C · stub D · E · some controls
//!            └ removed     └ last of its stream
//! ```

use super::gone::{Item, Stub, put_gap, put_stub};
use super::{Commit, Control, EventRef, Malformed};
use headwater_model::{Position, Timestamp};

/// What becomes of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It stays as it is.
    Stays,
    /// Only that it is the last of its stream stays.
    StaysAsLast,
    /// Nothing stays.
    Goes,
}

/// Decides what becomes of the parts of commits.
pub(crate) trait Fates {
    /// Why it could not be decided.
    type Error: From<Malformed>;

    /// What becomes of an event.
    fn of_event(&mut self, event: &EventRef<'_>) -> Result<Fate, Self::Error>;

    /// Whether what is kept of a stream's last event is still needed.
    fn stub_stays(&mut self, stub: &Stub<'_>) -> Result<bool, Self::Error>;

    /// Whether a control item stays.
    fn control_stays(&mut self, control: &Control) -> bool;
}

/// What is left of a commit.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// The bytes.
    pub(crate) body: Vec<u8>,
    /// Where the record of each event begins in them; zero for those that are gone.
    pub(crate) places: Vec<u32>,
    /// How many events were removed now.
    pub(crate) removed_count: u64,
    /// How many control items were removed now.
    pub(crate) control_count: u64,
}

impl Left {
    /// What is left of `commit`, in the memory that is there already.
    pub(crate) fn of_commit<F: Fates>(
        &mut self,
        commit: &Commit<'_>,
        fates: &mut F,
    ) -> Result<(), F::Error> {
        let header = commit.header();
        self.body.clear();
        self.places.clear();
        (self.removed_count, self.control_count) = (0, 0);
        self.body.extend_from_slice(&header.to_bytes());
        let mut gap = Gap { first: header.first, count: 0, recorded_at: header.recorded_at };
        let mut records = commit.records();
        loop {
            let before = records.rest();
            let Some((_, item)) = records.next_item()? else { break };
            let bytes = &before[..before.len() - records.rest().len()];
            self.item(item, bytes, &mut gap, fates)?;
        }
        gap.end(&mut self.body);
        self.controls(commit.controls(records)?, fates);
        Ok(())
    }

    fn item<F: Fates>(
        &mut self,
        item: Item<'_>,
        bytes: &[u8],
        gap: &mut Gap,
        fates: &mut F,
    ) -> Result<(), F::Error> {
        let (first, fate, stub) = match &item {
            Item::Event(event) => (event.position, fates.of_event(event)?, Some(Stub::of(event))),
            Item::Gone(gone) => {
                let stays = match &gone.stub {
                    Some(stub) => fates.stub_stays(stub)?,
                    None => false,
                };
                (gone.first, if stays { Fate::Stays } else { Fate::Goes }, None)
            }
        };
        if matches!(item, Item::Event(_)) && fate != Fate::Stays {
            self.removed_count += 1;
        }
        if fate == Fate::Goes {
            gap.take(first, item.count());
            self.places.extend((0..item.count()).map(|_| 0));
            return Ok(());
        }
        gap.end(&mut self.body);
        self.places.push(u32::try_from(self.body.len()).unwrap_or(u32::MAX));
        match stub.filter(|_| fate == Fate::StaysAsLast) {
            Some(stub) => put_stub(&mut self.body, first, gap.recorded_at, &stub),
            None => self.body.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn controls<F: Fates>(&mut self, controls: Vec<Control>, fates: &mut F) {
        let mut kept = 0_u32;
        for control in controls {
            if fates.control_stays(&control) {
                control.put(&mut self.body);
                kept += 1;
            } else {
                self.control_count += 1;
            }
        }
        self.body[super::header::CONTROL_COUNT_AT].copy_from_slice(&kept.to_le_bytes());
    }
}

impl<'a> Stub<'a> {
    /// What is kept of an event that is the last of its stream.
    fn of(event: &EventRef<'a>) -> Self {
        let EventRef { id, stream, revision, event_type, .. } = *event;
        Self { id, stream, revision, event_type }
    }
}

/// Positions in a row of which nothing stays.
struct Gap {
    first: Position,
    count: u32,
    recorded_at: Timestamp,
}

impl Gap {
    fn take(&mut self, first: Position, count: u32) {
        if self.count == 0 {
            self.first = first;
        }
        self.count += count;
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.count > 0 {
            put_gap(out, self.first, self.count, self.recorded_at);
            self.count = 0;
        }
    }
}
