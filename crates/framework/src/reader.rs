//! Readers: what a service does of its own accord, one turn at a time.
//!
//! Why: a reaction and a projection differ in what they do with a page of events; when they are
//! asked to, how they are watched, restarted and waited for is the same for both. A turn is the unit
//! of work: the supervisor takes turns until it is told to stop, a test takes them by hand.
//!
//! Picture:
//! ```text
//!   turn ─▶ Moved ─▶ turn …          Idle ─▶ wait for the source to grow ─▶ turn
//!           Waits until ─▶ sleep     Failed ─▶ back off ─▶ turn     Halted ─▶ a person
//! ```

use crate::parked::{Discarded, ParkedError, ParkedInput, Pick, Retried};
use crate::projection::Skipped;
use crate::react::session::Stop;
use crate::saga::End;
use crate::saga::census::Census;
use crate::view::{SeekTo, ViewError};
use crate::{LoadError, Service};
use bytestring::ByteString;
use futures_util::future::BoxFuture;
use headwater_model::{CheckpointName, ContextName, EventId, InvalidName, Position, Timestamp};
use parking_lot::Mutex;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// Reads one context for one reaction or projection.
pub(crate) trait Reader: Send + Sync + 'static {
    /// Who it is, how it is, how far it has come.
    fn status(&self) -> &Status;

    /// Does a bounded amount of work.
    fn turn<'a>(&'a self, service: &'a Service) -> BoxFuture<'a, Turn>;

    /// What it has set aside, in order.
    fn parked<'a>(&'a self, service: &'a Service) -> ParkedAnswer<'a, Vec<ParkedInput>>;

    /// Tries what it has set aside again, between two turns.
    fn retry<'a>(&'a self, service: &'a Service, pick: Pick) -> ParkedAnswer<'a, Vec<Retried>>;

    /// Gives an input up that it has set aside.
    fn discard<'a>(
        &'a self,
        service: &'a Service,
        event: EventId,
        why: &'a str,
    ) -> ParkedAnswer<'a, Discarded>;

    /// Ends a saga that it has set aside.
    fn end<'a>(
        &'a self,
        _service: &'a Service,
        event: EventId,
        _end: End,
        _why: &'a str,
    ) -> ParkedAnswer<'a, ParkedInput> {
        let reader = self.status().to_string();
        Box::pin(std::future::ready(Err(ParkedError::NoSaga { reader, event })))
    }

    /// Puts it behind events that it never applies; only a projection's reader can be.
    fn seek<'a>(
        &'a self,
        _service: &'a Service,
        _to: SeekTo,
        _why: &'a str,
    ) -> BoxFuture<'a, Result<Skipped, ViewError>> {
        let (view, source_name) = (self.status().name.to_owned(), self.status().source.to_string());
        Box::pin(std::future::ready(Err(ViewError::NoSource { view, source_name })))
    }

    /// How the instances of its saga stand; of none if it is no saga's.
    fn census<'a>(&'a self, _service: &'a Service) -> BoxFuture<'a, Result<Census, LoadError>> {
        Box::pin(std::future::ready(Ok(Census::default())))
    }
}

/// What a reader answers about parked inputs.
pub(crate) type ParkedAnswer<'a, T> = BoxFuture<'a, Result<T, ParkedError>>;

/// What a turn came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There may be more to do at once.
    Moved,
    /// Everything up to here is handled.
    Idle(Option<Position>),
    /// The next input is not old enough.
    Waits(Timestamp),
    /// Everything up to here is handled, and nothing is due before this time.
    IdleUntil {
        /// Up to here.
        position: Option<Position>,
        /// This time.
        until: Timestamp,
    },
    /// Something is away; try again later.
    Failed {
        /// What.
        why: String,
        /// How long to wait first, if the reader has an opinion.
        wait: Option<Duration>,
    },
    /// There is nothing to do until it is told something, or for some time.
    Rests,
    /// A person must see to it.
    Halted(String),
}

/// Which kind of reader: they are waited for differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReaderKind {
    /// Hands its inputs over at once.
    Reaction,
    /// Lags by design.
    DelayedReaction,
    /// Fills a read model.
    Projection,
    /// Fills a read model anew, beside the one that queries go to.
    Builder,
}

/// Who a reader is, how it is, how far it has come.
#[derive(Debug)]
pub(crate) struct Status {
    /// The reaction's or projection's name.
    pub(crate) name: &'static str,
    /// The context it reads.
    pub(crate) source: ContextName,
    /// Which kind.
    pub(crate) kind: ReaderKind,
    reached: watch::Sender<Reached>,
    state: Mutex<ReaderState>,
    parked_count: AtomicU64,
    restart_count: AtomicU64,
    stale: AtomicBool,
    told: Notify,
    /// Since when it is at work, and how many positions were handled then.
    pace: Mutex<Option<(Instant, u64)>>,
}

/// How far a reader has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The last position of its source that is handled, with all before it.
    pub(crate) handled: Option<Position>,
    /// The last position that it appended to its own context.
    pub(crate) appended: Option<Position>,
}

/// How a reader is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderState {
    /// It has not done anything yet.
    Starting,
    /// It is catching up with what was there when it started.
    Rebuilding,
    /// It keeps up, or is about to.
    Running,
    /// Somebody lets it stand still.
    Paused {
        /// Why.
        why: String,
    },
    /// Something it needs is away; it keeps trying.
    Failing {
        /// What.
        why: String,
    },
    /// It stands in front of something that a person must see to.
    Halted {
        /// What.
        why: String,
    },
}

impl Status {
    pub(crate) fn new(name: &'static str, source: ContextName, kind: ReaderKind) -> Self {
        Self {
            name,
            source,
            kind,
            reached: watch::Sender::new(Reached::default()),
            state: Mutex::new(ReaderState::Starting),
            parked_count: AtomicU64::new(0),
            restart_count: AtomicU64::new(0),
            stale: AtomicBool::new(false),
            told: Notify::new(),
            pace: Mutex::new(None),
        }
    }

    /// The name its checkpoint is kept under: `settle-order/customers`.
    pub(crate) fn checkpoint_name(&self) -> Result<CheckpointName, InvalidName> {
        CheckpointName::new(ByteString::from(self.to_string()))
    }

    pub(crate) fn state(&self) -> ReaderState {
        self.state.lock().clone()
    }

    pub(crate) fn set_state(&self, state: ReaderState) {
        *self.state.lock() = state;
    }

    pub(crate) fn reached(&self) -> Reached {
        *self.reached.borrow()
    }

    /// What a turn came to, which is shown from here on.
    pub(crate) fn after(&self, turn: Result<Turn, Stop>) -> Turn {
        let turn = turn.unwrap_or_else(Stop::into_turn);
        self.show(&turn);
        turn
    }

    fn show(&self, turn: &Turn) {
        self.set_state(match turn {
            Turn::Rests => return,
            // It stays what it was: it may be catching up.
            Turn::Moved => match self.state() {
                ReaderState::Rebuilding => return,
                _ => ReaderState::Running,
            },
            Turn::Idle(_) | Turn::IdleUntil { .. } | Turn::Waits(_) => ReaderState::Running,
            Turn::Failed { why, .. } => ReaderState::Failing { why: why.clone() },
            Turn::Halted(why) => ReaderState::Halted { why: why.clone() },
        });
    }

    /// To wait for it to come further.
    pub(crate) fn follow(&self) -> watch::Receiver<Reached> {
        self.reached.subscribe()
    }

    /// Everything up to `handled` is done, and led to `appended` in the own context.
    pub(crate) fn advance(&self, handled: Option<Position>, appended: Option<Position>) {
        self.reached.send_modify(|reached| {
            reached.appended = reached.appended.max(appended);
            reached.handled = handled;
        });
    }

    pub(crate) fn parked_count(&self) -> u64 {
        self.parked_count.load(Ordering::Relaxed)
    }

    pub(crate) fn set_parked_count(&self, count: u64) {
        self.parked_count.store(count, Ordering::Relaxed);
    }

    pub(crate) fn add_parked(&self, count: u64) {
        self.parked_count.fetch_add(count, Ordering::Relaxed);
        metrics::counter!("headwater_inputs_parked_total", "reader" => self.to_string())
            .increment(count);
    }

    /// One of them was carried out after all.
    pub(crate) fn count_retried(&self) {
        self.parked_count.fetch_sub(1, Ordering::Relaxed);
        metrics::counter!("headwater_inputs_retried_total", "reader" => self.to_string())
            .increment(1);
    }

    /// One of them was given up.
    pub(crate) fn count_discarded(&self) {
        self.parked_count.fetch_sub(1, Ordering::Relaxed);
        metrics::counter!("headwater_inputs_discarded_total", "reader" => self.to_string())
            .increment(1);
    }

    pub(crate) fn restart_count(&self) -> u64 {
        self.restart_count.load(Ordering::Relaxed)
    }

    pub(crate) fn add_restart(&self) {
        self.restart_count.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("headwater_reader_restarts_total", "reader" => self.to_string())
            .increment(1);
    }

    /// Wakes it: there is something new for it that is no event.
    pub(crate) fn tell(&self) {
        self.told.notify_one();
    }

    /// Resolves when it is [told](Self::tell) something, or was since it last looked.
    pub(crate) async fn told(&self) {
        self.told.notified().await;
    }

    /// It goes to work here.
    pub(crate) fn begin_pace(&self, at: Option<Position>) {
        let handled = at.map_or(0, |at| at.next().0);
        *self.pace.lock() = Some((Instant::now(), handled));
    }

    /// Positions a second since then.
    pub(crate) fn pace(&self) -> u64 {
        let Some((since, begun)) = *self.pace.lock() else { return 0 };
        let handled = self.reached().handled.map_or(0, |at| at.next().0);
        let span_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        handled.saturating_sub(begun).saturating_mul(1_000) / span_ms
    }

    /// What the reader holds in memory is not to be trusted any more: it begins again from what is
    /// stored.
    pub(crate) fn forget(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// Whether it was told to [`forget`](Self::forget), once.
    pub(crate) fn take_stale(&self) -> bool {
        self.stale.swap(false, Ordering::AcqRel)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let anew = if self.kind == ReaderKind::Builder { " (anew)" } else { "" };
        write!(f, "{}/{}{anew}", self.name, self.source)
    }
}
