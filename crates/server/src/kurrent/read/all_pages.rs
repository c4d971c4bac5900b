//! Pages of the whole context, or of what a source takes of it, until there are enough.
//!
//! Invariants: R1 all pages are of one moment: that of the first. C2 a place of a history that was
//! cut off is refused.

use super::super::place::Asked;
use super::super::shown::Form;
use super::request::{AskedAll, Reading};
use super::source::Source;
use super::{Refusal, STEP_COUNT, Step};
use headwater_model::{
    AsOf, Direction, EventStore, From as Begin, Position, ReadAll, Start, Subscribe,
};
use std::sync::Arc;

pub(super) struct AllPages {
    store: Arc<dyn EventStore>,
    source: Source,
    reading: Reading,
    form: Form,
    /// Where the next page begins; `None`: there is none.
    next: Option<Begin<Position>>,
    as_of: AsOf,
    left: u64,
    found_any: bool,
}

impl AllPages {
    pub(super) async fn open(
        store: Arc<dyn EventStore>,
        asked: AskedAll,
        count: u64,
        reading: Reading,
    ) -> Result<Self, Refusal> {
        let (incarnation, _) = store.head().await?;
        if let Asked::At(checkpoint) = asked.begin
            && !asked.source.is_stream()
            && checkpoint.incarnation != incarnation
        {
            // The store knows whether a place of another history is one of this.
            let (query, start) = (asked.source.query.clone(), Start::After(checkpoint));
            store.subscribe(Subscribe { query, start }).await?;
        }
        let form = Form { ids: reading.ids, incarnation };
        let next = begin(asked.begin, &reading, asked.source.is_stream());
        let source = asked.source;
        let as_of = AsOf::Now;
        Ok(Self { store, source, reading, form, next, as_of, left: count, found_any: false })
    }

    pub(super) async fn step(&mut self) -> Step {
        while let Some(from) = self.next.filter(|_| self.left > 0) {
            let page = self.store.read_all(self.page(from)).await?;
            self.next = page.next.map(Begin::At);
            match page.as_of {
                Some(position) => self.as_of = AsOf::Position(position),
                None => self.next = None,
            }
            let mut messages = Vec::with_capacity(page.events.len());
            for event in page.events {
                let shape = (self.form, self.reading.links);
                messages.extend(self.source.show(&*self.store, shape, event).await?);
                if messages.len() as u64 == self.left {
                    break;
                }
            }
            self.left -= messages.len() as u64;
            if !messages.is_empty() {
                self.found_any = true;
                return Ok(Some(messages));
            }
        }
        let said = self.source.not_found().filter(|_| !self.found_any && self.left > 0);
        self.found_any = true;
        Ok(said.map(|message| vec![message]))
    }

    fn page(&self, from: Begin<Position>) -> ReadAll {
        let wanted = if self.source.takes_all() {
            usize::try_from(self.left).unwrap_or(STEP_COUNT).min(STEP_COUNT)
        } else {
            STEP_COUNT
        };
        ReadAll {
            query: self.source.query.clone(),
            from,
            direction: self.reading.direction,
            count_max: wanted,
            as_of: self.as_of,
        }
    }
}

/// Where the first page begins. Backwards a position is exclusive in this protocol, as if it stood
/// behind its event; a revision is inclusive either way.
fn begin(asked: Asked, reading: &Reading, is_stream: bool) -> Option<Begin<Position>> {
    match (reading.direction, asked) {
        (Direction::Forwards, Asked::Start) | (Direction::Backwards, Asked::End) => {
            Some(Begin::Edge)
        }
        (Direction::Forwards, Asked::End) | (Direction::Backwards, Asked::Start) => None,
        (Direction::Forwards, Asked::At(at)) => Some(Begin::At(at.position)),
        (Direction::Backwards, Asked::At(at)) if is_stream => Some(Begin::At(at.position)),
        (Direction::Backwards, Asked::At(at)) => at.position.previous().map(Begin::At),
    }
}
