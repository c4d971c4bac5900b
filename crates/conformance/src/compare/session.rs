//! One run: a candidate and the reference side by side.

mod asking;
mod following;

use super::operation::{MomentSpec, Operation, Twist};
use super::spec::{Stand, reader_of, stream_of};
use crate::candidate::{Candidate, context_name, exam_context};
use crate::sample::{event, id};
use following::Follower;
use headwater_model::memory::MemoryStore;
use headwater_model::{
    Append, AsOf, Checkpoint, EventStore, Position, Revision, StreamLife, StreamName, Timestamp,
};
use proptest::test_runner::TestCaseError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The clock begins here, so that it can go back.
const START_MICROS: u64 = 1_000_000;

/// Equal, or the run has failed.
fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    candidate: &T,
    reference: &T,
) -> Result<(), TestCaseError> {
    if candidate == reference {
        return Ok(());
    }
    let why = format!(
        "{what}: it answers\n  {candidate:?}\nwhere the reference answers\n  {reference:?}"
    );
    Err(TestCaseError::fail(why))
}

pub(super) struct Session<C> {
    candidate: C,
    store: Arc<dyn EventStore>,
    reference: Arc<MemoryStore>,
    clock: Arc<AtomicU64>,
    latest_micros: u64,
    /// When the candidate was opened last. A store forgets with its process which instants it was
    /// asked about, so the clock does not go back behind that.
    opened_micros: u64,
    sent: Vec<Append>,
    next_id: u128,
    followers: Vec<Follower>,
}

impl<C: Candidate> Session<C> {
    pub(super) async fn new(mut candidate: C) -> Self {
        candidate.set_clock(Timestamp::ZERO);
        let store = exam_context(&mut candidate).await;
        candidate.set_clock(Timestamp::from_micros(START_MICROS));
        let clock = Arc::new(AtomicU64::new(START_MICROS));
        let told = Arc::clone(&clock);
        let now = move || Timestamp::from_micros(told.load(Ordering::SeqCst));
        let reference = MemoryStore::new(context_name("exam"), Arc::new(now));
        Self {
            store,
            candidate,
            reference: Arc::new(reference),
            clock,
            latest_micros: START_MICROS,
            opened_micros: 0,
            sent: Vec::new(),
            next_id: 0,
            followers: Vec::new(),
        }
    }

    pub(super) async fn step(&mut self, operation: Operation) -> Result<(), TestCaseError> {
        match operation {
            Operation::Append(spec) => {
                let stand = self.stand().await;
                let append = spec.append(&stand, &mut self.next_id);
                self.sent.push(append.clone());
                self.append(append).await
            }
            Operation::Repeat { which, twist } => match self.sent.len() {
                0 => Ok(()),
                count => {
                    let append = self.twisted(which.index(count), twist);
                    self.append(append).await
                }
            },
            Operation::Find { which, stream } => {
                let n = which.index(usize::try_from(self.next_id).unwrap_or(0) + 1);
                self.find(stream_of(stream), id(n as u128)).await
            }
            Operation::Tick(micros) => {
                let now = self.clock.load(Ordering::SeqCst).saturating_add_signed(micros.into());
                self.set_clock(now.max(self.opened_micros));
                Ok(())
            }
            Operation::Reopen => self.reopen().await,
            Operation::Subscribe { query, start } => self.subscribe(&query, start).await,
            Operation::Follow => self.follow().await,
            other => self.ask(other).await,
        }
    }

    /// Everything, once more, after opening again.
    pub(super) async fn finish(&mut self) -> Result<(), TestCaseError> {
        self.follow().await?;
        self.compare_all().await?;
        self.reopen().await?;
        self.compare_all().await?;
        self.follow().await
    }

    fn set_clock(&mut self, micros: u64) {
        self.latest_micros = self.latest_micros.max(micros);
        self.clock.store(micros, Ordering::SeqCst);
        self.candidate.set_clock(Timestamp::from_micros(micros));
    }

    /// A process takes longer to start than a clock's tick, so time has passed.
    async fn reopen(&mut self) -> Result<(), TestCaseError> {
        for follower in &mut self.followers {
            follower.pause();
        }
        self.set_clock(self.latest_micros + 1_000);
        self.opened_micros = self.latest_micros;
        // The last handle goes before the next is asked for.
        self.store = Arc::clone(&self.reference) as Arc<dyn EventStore>;
        self.store = exam_context(&mut self.candidate).await;
        Ok(())
    }

    fn twisted(&self, which: usize, twist: Twist) -> Append {
        let mut append = self.sent[which].clone();
        let with_events = append.writes.iter_mut().find(|write| !write.events.is_empty());
        let Some(write) = with_events else { return append };
        match twist {
            Twist::Exact => {}
            Twist::OtherContent => write.events[0].schema_version += 1,
            Twist::WithoutLast => drop(write.events.pop()),
            Twist::WithOneMore => write.events.push(event(u128::MAX - self.next_id)),
            Twist::Reversed => write.events.reverse(),
            Twist::InAnotherStream => write.stream = stream_of(4),
        }
        append
    }

    fn moment(&self, moment: MomentSpec, head: Option<Position>) -> AsOf {
        match moment {
            MomentSpec::Now => AsOf::Now,
            MomentSpec::Position(place) => place
                .of(head.map(|head| head.0))
                .map_or(AsOf::Now, |at| AsOf::Position(Position(at))),
            MomentSpec::Time(by) => {
                let now = self.clock.load(Ordering::SeqCst);
                AsOf::Time(Timestamp::from_micros(now.saturating_add_signed(by.into())))
            }
        }
    }

    async fn stand(&self) -> Stands {
        let mut streams = Vec::new();
        for n in 0..6 {
            let state = self.reference.stream(stream_of(n)).await.expect("memory answers");
            let has_events = state.last.is_some() && state.life == StreamLife::Alive;
            streams.push((state.stream, (state.last, has_events)));
        }
        let mut checkpoints = Vec::new();
        for n in 0..3 {
            checkpoints
                .push(self.reference.checkpoint(reader_of(n)).await.expect("memory answers"));
        }
        let head = self.reference.head().await.expect("memory answers").1;
        Stands { streams, checkpoints, head }
    }
}

/// How things stand, by the reference.
struct Stands {
    streams: Vec<(StreamName, (Option<Revision>, bool))>,
    checkpoints: Vec<Option<Checkpoint>>,
    head: Option<Position>,
}

impl Stand for Stands {
    fn stream(&self, name: &StreamName) -> (Option<Revision>, bool) {
        let own = self.streams.iter().find(|(own, _)| own == name);
        own.map_or((None, false), |(_, stands)| *stands)
    }

    fn checkpoint(&self, reader: u8) -> Option<Checkpoint> {
        self.checkpoints.get(usize::from(reader)).copied().flatten()
    }

    fn head(&self) -> Option<Position> {
        self.head
    }
}
