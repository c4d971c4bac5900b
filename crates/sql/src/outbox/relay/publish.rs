//! Publishing: rows in the order of their table become appends, each with rows of many streams.
//!
//! Picture:
//! ```text
//!   rows ─▶ one append ─▶ stored
//!              ├─ some stand in the store already ─▶ ask for each; the rest again
//!              ├─ an id with other content, a stream that is no more ─▶ park, and what is behind it
//!              ├─ too large ─▶ half of them; a single row is parked
//!              └─ the fence moved ─▶ another relay works: nothing was written, stop
//! ```
//! Invariants: B1 rows of a stream go in order, also when a batch is cut; a row is done only once the
//! store holds its event. A4 makes a second try harmless.

use super::fence::Fence;
use crate::outbox::RelayError;
use crate::outbox::limits::{BATCH_BYTES_MAX, LOOKUP_COUNT, LOST_REPLY_ATTEMPTS_MAX};
use crate::outbox::parking::Aside;
use crate::outbox::shape::RowKey;
use futures_util::StreamExt;
use futures_util::stream;
use headwater_model::limits::APPEND_EVENT_COUNT_MAX;
use headwater_model::{
    Append, AppendError, EventId, EventStore, ExpectedRevision, NewEvent, StreamName, StreamWrite,
};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// A row that reads as an event.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub(super) key: RowKey,
    pub(super) share: u16,
    pub(super) stream: StreamName,
    pub(super) event: NewEvent,
}

impl Ready {
    fn aside(&self, why: String) -> Aside {
        Aside { key: self.key.clone(), stream: self.stream.to_string(), why }
    }
}

/// What came of rows.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// The store holds them.
    pub(super) done: Vec<RowKey>,
    /// How many of those it held already.
    pub(super) repeated: u64,
    /// Rows that can never be published as they are.
    pub(super) aside: Vec<Aside>,
    /// Rows behind those, of the same streams.
    pub(super) behind: Vec<Aside>,
}

/// Rows on their way.
pub(super) struct Publisher<'a> {
    pub(super) store: &'a dyn EventStore,
    pub(super) fence: &'a mut Fence,
    pub(super) came_to: Published,
    /// Streams that are held up.
    pub(super) held_up: HashSet<String>,
}

/// The front part of the rows, as one append.
struct Batch {
    rows: Vec<Ready>,
    shares: BTreeMap<u16, u64>,
}

impl Publisher<'_> {
    /// Publishes these, in order. On an error, what is `done` is done all the same.
    pub(super) async fn publish(&mut self, rows: Vec<Ready>) -> Result<(), RelayError> {
        let mut rows: VecDeque<Ready> = rows.into();
        let mut count_max = APPEND_EVENT_COUNT_MAX;
        while let Some(batch) = self.next(&mut rows, count_max) {
            let count = batch.rows.len();
            match self.append(&batch).await {
                Ok(()) => {
                    self.came_to.done.extend(batch.rows.into_iter().map(|row| row.key));
                    count_max = count_max.saturating_mul(2).min(APPEND_EVENT_COUNT_MAX);
                }
                Err(Setback::Stop(error)) => return Err(error),
                Err(Setback::Known(error)) => {
                    let rest = self.sift(batch.rows).await?;
                    if rest.len() == count {
                        return Err(RelayError::Append(error)); // it says so, and shows none of them
                    }
                    put_back(&mut rows, rest);
                }
                Err(Setback::Stream(stream, why)) => {
                    self.hold_up(batch.rows.iter().find(|row| row.stream == stream), &why);
                    put_back(&mut rows, without(batch.rows, &self.came_to.aside));
                }
                Err(Setback::Size(why)) if count == 1 => {
                    self.hold_up(batch.rows.first(), &why);
                }
                Err(Setback::Size(_)) => {
                    count_max = count / 2;
                    put_back(&mut rows, batch.rows);
                }
            }
        }
        Ok(())
    }

    /// The next rows that fit one append; those of streams that are held up are passed over.
    fn next(&mut self, rows: &mut VecDeque<Ready>, count_max: usize) -> Option<Batch> {
        let mut batch = Batch { rows: Vec::new(), shares: BTreeMap::new() };
        let mut ids: HashSet<(StreamName, EventId)> = HashSet::new();
        let mut bytes = 0;
        while let Some(row) = rows.front() {
            let size = row.event.bytes() + row.stream.as_str().len();
            let full = batch.rows.len() >= count_max || bytes + size > BATCH_BYTES_MAX;
            if full && !batch.rows.is_empty() {
                break;
            }
            let Some(row) = rows.pop_front() else { break };
            if self.held_up.contains(row.stream.as_str()) {
                self.came_to.behind.push(row.aside("a row before it is parked".to_owned()));
                continue;
            }
            if !ids.insert((row.stream.clone(), row.event.id)) {
                // Its writer tried twice and both were committed: what the second is, a repetition or
                // another event, is decided behind the first.
                rows.push_front(row);
                break;
            }
            *batch.shares.entry(row.share).or_default() += 1;
            bytes += size;
            batch.rows.push(row);
        }
        (!batch.rows.is_empty()).then_some(batch)
    }

    async fn append(&mut self, batch: &Batch) -> Result<(), Setback> {
        let mut append = Append { writes: by_stream(&batch.rows), ..Append::default() };
        append.checkpoints = self.fence.saves(&batch.shares)?;
        let mut attempts = 0;
        loop {
            match self.store.append(append.clone()).await {
                Ok(appended) if appended.replayed => {
                    self.came_to.repeated += batch.rows.len() as u64;
                    return Ok(self.fence.look(self.store, &batch.shares).await?);
                }
                Ok(_) => {
                    self.fence.saved(&batch.shares);
                    return Ok(());
                }
                Err(AppendError::Unknown(_)) if attempts < LOST_REPLY_ATTEMPTS_MAX => attempts += 1,
                Err(error) => return Err(Setback::of(error)),
            }
        }
    }

    /// Asks the store for each row whether it stands there: what does is done, what stands there
    /// with other content is poison, the rest is to be appended.
    async fn sift(&mut self, rows: Vec<Ready>) -> Result<Vec<Ready>, RelayError> {
        let store = self.store;
        let found = stream::iter(rows)
            .map(async |row| {
                let found = store.find(row.stream.clone(), row.event.id).await;
                (row, found)
            })
            .buffered(LOOKUP_COUNT);
        let found: Vec<_> = found.collect().await;
        let mut rest = Vec::new();
        for (row, found) in found {
            match found? {
                None => rest.push(row),
                Some(recorded) if row.event.same_content(&recorded) => {
                    self.came_to.done.push(row.key);
                    self.came_to.repeated += 1;
                }
                Some(recorded) => {
                    let (id, revision) = (recorded.id, recorded.revision);
                    let why = format!("event {id} stands there at {revision} with other content");
                    self.hold_up(Some(&row), &why);
                }
            }
        }
        Ok(rest)
    }

    /// Parks a row, unless it stands behind one that is parked.
    fn hold_up(&mut self, row: Option<&Ready>, why: &str) {
        let Some(row) = row else { return };
        match self.held_up.insert(row.stream.to_string()) {
            true => self.came_to.aside.push(row.aside(why.to_owned())),
            false => self.came_to.behind.push(row.aside("a row before it is parked".to_owned())),
        }
    }
}

/// Why an append was not made.
enum Setback {
    /// Some of its rows stand in the store.
    Known(AppendError),
    /// A stream takes no events.
    Stream(StreamName, String),
    /// Too much at once, or a row that no check of ours found wrong.
    Size(String),
    /// No row's fault.
    Stop(RelayError),
}

impl Setback {
    fn of(error: AppendError) -> Self {
        match error {
            AppendError::PartlyRepeated { .. } | AppendError::IdReused { .. } => Self::Known(error),
            AppendError::Tombstoned { ref stream } => {
                Self::Stream(stream.clone(), error.to_string())
            }
            AppendError::TooLarge { .. } | AppendError::Invalid { .. } => {
                Self::Size(error.to_string())
            }
            AppendError::CheckpointMoved { ref name, .. } => {
                Self::Stop(RelayError::fenced(name, &error))
            }
            other => Self::Stop(RelayError::Append(other)),
        }
    }
}

impl From<RelayError> for Setback {
    fn from(error: RelayError) -> Self {
        Self::Stop(error)
    }
}

/// The rows' events, each stream's in order.
fn by_stream(rows: &[Ready]) -> Vec<StreamWrite> {
    let mut places: HashMap<&StreamName, usize> = HashMap::new();
    let mut writes: Vec<StreamWrite> = Vec::new();
    for row in rows {
        let place = *places.entry(&row.stream).or_insert_with(|| {
            let (stream, expected) = (row.stream.clone(), ExpectedRevision::Any);
            writes.push(StreamWrite { stream, expected, events: Vec::new() });
            writes.len() - 1
        });
        writes[place].events.push(row.event.clone());
    }
    writes
}

fn put_back(rows: &mut VecDeque<Ready>, front: Vec<Ready>) {
    for row in front.into_iter().rev() {
        rows.push_front(row);
    }
}

fn without(rows: Vec<Ready>, aside: &[Aside]) -> Vec<Ready> {
    let is_aside = |row: &Ready| aside.iter().any(|aside| aside.key == row.key);
    rows.into_iter().filter(|row| !is_aside(row)).collect()
}
