//! The sink: transactions in, appends out, each with the place in the log up to which it goes.
//!
//! Picture:
//! ```text
//!   begin ─ change … change ─ commit ─▶ batch ─▶ append n ─▶ append n+1 ─▶ …    durable ─▶ the server
//!              │ too large for one append         each expects the checkpoint    is told, and lets go
//!              └▶ part 0, part 1 … the rest       of the one before it           of its log
//! ```
//! Invariants: the events and the place are one append, so a change is in the store once or not yet.
//! Appends are under way one behind the other, and one that does not hold refuses all behind it.

use crate::batch::Batch;
use crate::bound::Halves;
use crate::change::{Change, Moment};
use crate::error::MineError;
use crate::limits::{
    BATCH_BYTES_MAX, BATCH_EVENT_COUNT_MAX, EAGER_EVENT_COUNT, EAGER_IN_FLIGHT_COUNT,
    IN_FLIGHT_COUNT_MAX, PART_BYTES_MAX, PART_EVENT_COUNT_MAX, UNSAVED_LOG_BYTES_MAX,
};
use crate::notes::{Names, Saved, checkpoint, save};
use crate::place::LogPlace;
use crate::rule::{Addressed, Rule};
use bytestring::ByteString;
use futures_util::future::BoxFuture;
use headwater_model::{
    Append, AppendError, Appended, Checkpoint, EventStore, StreamName, Timestamp,
};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

/// Takes transactions, and appends them.
pub(crate) struct Sink {
    store: Arc<dyn EventStore>,
    names: Names,
    generation: u32,
    /// What the checkpoints are once all appends under way are done.
    saved: Saved,
    durable: LogPlace,
    upto: LogPlace,
    batch: Batch,
    open: Option<Open>,
    in_flight: VecDeque<InFlight>,
    /// Which file of the log is read, if it is one of files.
    mark: Option<Checkpoint>,
}

/// The transaction that is being read.
struct Open {
    moment: Moment,
    events: Vec<Addressed>,
    bytes: usize,
    /// Changes of it that are in the store already.
    skip: u64,
    /// All of it is in the store already.
    is_known: bool,
}

impl Open {
    fn take(
        &mut self,
        rule: &Rule,
        change: &Change,
        moved: Option<StreamName>,
    ) -> Result<(), MineError> {
        self.moment.moved = moved;
        if let Some(event) = rule.event(change, &self.moment)? {
            self.bytes += event.1.bytes() + event.0.as_str().len();
            self.events.push(event);
        }
        Ok(())
    }
}

struct InFlight {
    append: BoxFuture<'static, Result<Appended, AppendError>>,
    upto: LogPlace,
    event_count: usize,
}

/// An append that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) upto: LogPlace,
    pub(crate) event_count: usize,
}

impl Sink {
    pub(crate) fn new(
        store: Arc<dyn EventStore>,
        names: Names,
        generation: u32,
        saved: Saved,
    ) -> Self {
        let at = saved.log_place();
        let (batch, in_flight) = (Batch::default(), VecDeque::new());
        Self {
            store,
            names,
            generation,
            saved,
            durable: at,
            upto: at,
            batch,
            open: None,
            in_flight,
            mark: None,
        }
    }

    /// Everything before this place is in the store.
    pub(crate) fn durable(&self) -> LogPlace {
        self.durable
    }

    /// Whether nothing more should be read before an append is done.
    pub(crate) fn is_full(&self) -> bool {
        self.in_flight.len() >= IN_FLIGHT_COUNT_MAX
    }

    /// Whether whole transactions should be appended as they are, instead of waiting for more.
    pub(crate) fn is_eager(&self) -> bool {
        let worth_it = self.batch.event_count() >= EAGER_EVENT_COUNT;
        self.in_flight.len() < EAGER_IN_FLIGHT_COUNT || (worth_it && !self.is_full())
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.in_flight.is_empty()
    }

    pub(crate) fn begin(&mut self, moment: Moment) {
        let at = self.saved.log_place().max(self.upto);
        let part = if self.saved.log_place() == at { self.saved.part_count() } else { 0 };
        // A place without a part is behind the commits up to it; with one, it is that commit itself.
        let is_known = moment.commit_at < at;
        let skip = if moment.commit_at == at { part } else { 0 };
        let part = (skip > 0).then_some(skip);
        let moment = Moment { part, ..moment };
        self.open = Some(Open { moment, events: Vec::new(), bytes: 0, skip, is_known });
    }

    /// Which file of a log is read, and the second in which it was made. A file of the same number
    /// that was made in another second is not the one that we have read.
    pub(crate) fn in_file(&mut self, file: u32, made_at: u32) -> Result<(), MineError> {
        let mark = u64::from(file) << 32 | u64::from(made_at);
        let known = self.saved.mark.filter(|known| known.incarnation.0 == self.generation);
        let known = known.map(|known| known.position.0).filter(|known| known >> 32 == mark >> 32);
        if let Some(known) = known.filter(|known| *known != mark) {
            let made = |mark: u64| Timestamp::from_micros((mark & 0xFFFF_FFFF) * 1_000_000);
            let (known, found) = (made(known), made(mark));
            let why = format!("its file was made at {found}, and the one that was read at {known}");
            return Err(MineError::LogReset { mined: self.durable, why });
        }
        self.mark = Some(checkpoint(self.generation, mark));
        Ok(())
    }

    /// Whether all of the transaction that is being read is in the store already.
    pub(crate) fn is_known(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.is_known)
    }

    /// Nothing of the transaction that is being read happened; `false` if a part of it is in the store.
    pub(crate) fn rollback(&mut self, end_at: LogPlace) -> bool {
        let is_whole = self.open.as_ref().is_none_or(|open| open.moment.part.is_none());
        if let Some(open) = self.open.take().filter(|open| is_whole && !open.is_known) {
            self.upto = self.upto.max(end_at);
            drop(open);
        }
        is_whole
    }

    /// When the transaction that is being read committed.
    pub(crate) fn commit_at(&self) -> Option<LogPlace> {
        self.open.as_ref().map(|open| open.moment.commit_at)
    }

    /// The next change of the transaction.
    pub(crate) fn change(&mut self, rule: &Rule, halves: &Halves) -> Result<(), MineError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let at = open.moment.change;
        if !open.is_known && at >= open.skip {
            match halves {
                Halves::None => {}
                Halves::One(change) => open.take(rule, change, None)?,
                Halves::Two(from, to) => {
                    let (old, new) = (rule.stream(from)?, rule.stream(to)?);
                    open.take(rule, from, new)?;
                    open.take(rule, to, old)?;
                }
            }
        }
        open.moment.change = at + 1;
        if open.events.len() >= PART_EVENT_COUNT_MAX || open.bytes >= PART_BYTES_MAX {
            self.part();
        }
        Ok(())
    }

    /// A change that is left out, and still counts.
    pub(crate) fn pass(&mut self) {
        if let Some(open) = &mut self.open {
            open.moment.change += 1;
        }
    }

    /// Appends what there is of a transaction that is too large for one append.
    fn part(&mut self) {
        self.flush();
        let Some(open) = &mut self.open else { return };
        let (upto, done) = (open.moment.commit_at, open.moment.change);
        if open.moment.part.is_none() {
            let first = || (ByteString::from_static("cdc.part"), ByteString::from_static("0"));
            open.events.iter_mut().for_each(|(_, event)| event.metadata.free.push(first()));
        }
        self.batch.add(&mut open.events, open.bytes);
        open.bytes = 0;
        open.moment.part = Some(done);
        self.upto = upto;
        self.append(done);
    }

    pub(crate) fn commit(&mut self, end_at: LogPlace) {
        let Some(mut open) = self.open.take() else { return };
        if open.is_known {
            return;
        }
        if !self.batch.takes(&open.events, open.bytes) {
            self.flush();
        }
        self.batch.add(&mut open.events, open.bytes);
        self.upto = self.upto.max(end_at);
        let is_large = self.batch.event_count() >= BATCH_EVENT_COUNT_MAX
            || open.bytes >= BATCH_BYTES_MAX
            || self.saved.part_count() > 0;
        if is_large {
            self.flush();
        }
    }

    /// The log is read up to here, and nothing of it concerned us.
    pub(crate) fn idle(&mut self, end_at: LogPlace) {
        if self.open.is_none() && end_at > self.upto {
            self.upto = end_at;
        }
    }

    /// Appends the whole transactions that there are; without any, saves the place when it is far ahead.
    pub(crate) fn flush(&mut self) {
        let unsaved = self.upto.since(self.saved.log_place());
        if !self.batch.is_empty() || unsaved > UNSAVED_LOG_BYTES_MAX {
            self.append(0);
        }
    }

    fn append(&mut self, part: u64) {
        let place = checkpoint(self.generation, self.upto.0);
        let mut append = Append { writes: self.batch.take(), ..Append::default() };
        append.checkpoints.extend(save(&self.names.place, self.saved.place, place));
        self.saved.place = Some(place);
        if part > 0 || self.saved.part.is_some_and(|saved| saved.position.0 > 0) {
            let to = checkpoint(self.generation, part);
            append.checkpoints.extend(save(&self.names.part, self.saved.part, to));
            self.saved.part = Some(to);
        }
        if let Some(mark) = self.mark {
            append.checkpoints.extend(save(&self.names.mark, self.saved.mark, mark));
            self.saved.mark = Some(mark);
        }
        let event_count = append.event_count();
        let store = Arc::clone(&self.store);
        let append = Box::pin(async move { store.append(append).await });
        // Up to the commit of a transaction that is not whole: that commit must be sent again.
        let upto = self.upto;
        self.in_flight.push_back(InFlight { append, upto, event_count });
    }

    /// The next append that is durable. Dropping the future loses nothing.
    pub(crate) async fn done(&mut self) -> Result<Option<Done>, MineError> {
        let in_flight = &mut self.in_flight;
        let first = poll_fn(|context| {
            // In order: each enters the store's queue when it is first looked at.
            let mut first = None;
            for (n, one) in in_flight.iter_mut().enumerate() {
                if n > 0 && first.is_some() {
                    break;
                }
                if let Poll::Ready(answer) = one.append.as_mut().poll(context) {
                    if n > 0 {
                        // Its place in the queue is kept until it is its turn to be told.
                        one.append = Box::pin(std::future::ready(answer));
                    } else {
                        first = Some(answer);
                    }
                }
            }
            match (first, in_flight.is_empty()) {
                (Some(answer), _) => Poll::Ready(Some(answer)),
                (None, true) => Poll::Ready(None),
                (None, false) => Poll::Pending,
            }
        })
        .await;
        let (Some(answer), Some(done)) = (first, self.in_flight.pop_front()) else {
            return Ok(None);
        };
        answer?;
        self.durable = done.upto;
        Ok(Some(Done { upto: done.upto, event_count: done.event_count }))
    }

    /// Waits until all that was appended is durable.
    pub(crate) async fn settle(&mut self) -> Result<(), MineError> {
        while self.done().await?.is_some() {}
        Ok(())
    }
}
