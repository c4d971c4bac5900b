//! The book of a schedule: its stream, and up to where that was read.
//!
//! Why: what has ticked is known by what is recorded, and by nothing else.
//!
//! Two versions of a service may run side by side for a while, with other times for the same schedule.
//! That a schedule was changed is therefore recorded when a process begins, and not whenever another's
//! entry is seen: the two would take turns at changing it back.

use super::tick::{CHANGED, Entry, STARTED};
use super::when::When;
use crate::decide::asking::ask;
use crate::react::session::Stop;
use headwater_model::{
    Append, AppendError, Direction, EventStore, ExpectedRevision, From, ReadStream, RecordedEvent,
    Revision, StreamName, Timestamp,
};

pub(super) struct Book {
    stream: StreamName,
    last: Option<Revision>,
    /// Every tick up to here was made or left out.
    pub(super) until: Timestamp,
}

impl Book {
    /// Opens the book, and records that the schedule begins, or goes by other times than before.
    pub(super) async fn open(
        own: &dyn EventStore,
        stream: &StreamName,
        when: &When,
    ) -> Result<Self, Stop> {
        loop {
            let (kind, entry, last) = match last_of(own, stream).await? {
                None => (STARTED, Entry::of(when, own.now()), None),
                Some(event) => {
                    let entry = read(&event)?;
                    let last = Some(event.revision);
                    if entry.when == when.to_string() {
                        return Ok(Self { stream: stream.clone(), last, until: entry.until });
                    }
                    (CHANGED, Entry::of(when, own.now().max(entry.until)), last)
                }
            };
            let mut book = Self { stream: stream.clone(), last, until: entry.until };
            let event = entry.event(stream, kind)?;
            let append = Append::to(stream.clone(), book.expected(), vec![event]);
            match ask(own, append).await.answer {
                Ok(appended) => {
                    book.recorded(appended.revisions.first().copied().flatten(), entry.until);
                    return Ok(book);
                }
                Err(AppendError::WrongRevision(_) | AppendError::IdReused { .. }) => {}
                Err(error) => return Err(Stop::by(error.retry(), error)),
            }
        }
    }

    /// What the next entry is appended at.
    pub(super) fn expected(&self) -> ExpectedRevision {
        self.last.map_or(ExpectedRevision::NoStream, ExpectedRevision::At)
    }

    /// An entry was recorded.
    pub(super) fn recorded(&mut self, at: Option<Revision>, until: Timestamp) {
        self.last = at;
        self.until = until;
    }

    /// Reads what another instance has recorded since.
    pub(super) async fn catch_up(&mut self, own: &dyn EventStore) -> Result<(), Stop> {
        let from = From::At(self.last.map_or(Revision::ZERO, Revision::next));
        let mut read_on = ReadStream { from, ..ReadStream::forwards(self.stream.clone()) };
        loop {
            let page = own.read_stream(read_on.clone()).await?;
            for event in &page.events {
                self.last = Some(event.revision);
                // Another's beginning settles nothing: a tick that is due is still due.
                if !matches!(event.event_type.as_str(), STARTED | CHANGED) {
                    self.until = self.until.max(read(event)?.until);
                }
            }
            match page.next {
                Some(next) => read_on.from = From::At(next),
                None => return Ok(()),
            }
        }
    }
}

async fn last_of(own: &dyn EventStore, stream: &StreamName) -> Result<Option<RecordedEvent>, Stop> {
    let read = ReadStream {
        direction: Direction::Backwards,
        count_max: 1,
        ..ReadStream::forwards(stream.clone())
    };
    Ok(own.read_stream(read).await?.events.into_iter().next())
}

fn read(event: &RecordedEvent) -> Result<Entry, Stop> {
    Entry::read(event).map_err(|error| Stop::ForGood(error.to_string()))
}
