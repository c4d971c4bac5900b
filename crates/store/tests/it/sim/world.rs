//! One store, its disk, and all that its callers were told.

use headwater_conformance::history::{Operation, Outcome, Reader, Report, Seen, check};
use headwater_env::{SeededEntropy, SimDisk, VirtualClock};
use headwater_model::{
    Append, AppendError, Appended, Checkpoint, ContextName, Delivery, Direction, EventStore, From,
    Incarnation, Position, Query, QueryItem, ReadAll, ReadError, ReadStream, RecordedEvent, Start,
    StreamName, Subscribe, Subscription, Timestamp, Unavailable,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Small, so that a run of a few dozen appends seals several.
const SEGMENT_BYTES: u32 = 16_384;

/// Everything of a store that runs on its callers' thread is there at once, or waits.
pub(crate) fn ready<T>(answer: impl Future<Output = T>) -> Option<T> {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// Every event, the system's too.
pub(crate) fn everything() -> Query {
    let system = QueryItem { stream_prefixes: vec!["$".into()], ..QueryItem::default() };
    Query { items: vec![QueryItem::default(), system] }
}

pub(crate) struct World {
    pub(crate) disk: SimDisk,
    pub(crate) clock: VirtualClock,
    pub(crate) store: Option<EmbeddedContext>,
    pub(crate) operations: Vec<Operation>,
    seed: u64,
    openings: u64,
    instant: u64,
    follower: Option<Box<dyn Subscription>>,
    followed: Reader,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self::on(SimDisk::new(seed), seed)
    }

    pub(crate) fn on(disk: SimDisk, seed: u64) -> Self {
        let followed = Reader { query: everything(), after: None, come: None, seen: Vec::new() };
        Self {
            disk,
            clock: VirtualClock::at(Timestamp::from_micros(1_000_000)),
            store: None,
            operations: Vec::new(),
            seed,
            openings: 0,
            instant: 0,
            follower: None,
            followed,
        }
    }

    /// Opens the store, and follows it from where its follower has come to.
    pub(crate) fn open(&mut self) -> Result<(), ReadError> {
        self.openings += 1;
        let entropy = SeededEntropy::new(self.seed.wrapping_mul(1_000) + self.openings);
        let environment = Environment {
            disk: Arc::new(self.disk.clone()),
            clock: Arc::new(self.clock.clone()),
            entropy: Arc::new(entropy),
        };
        let name = ContextName::new("exam").expect("a name");
        let options = Options::inline(SEGMENT_BYTES);
        let store = EmbeddedContext::open(&environment, name, Path::new("/exam"), &options)?;
        let start = match self.followed.come {
            None => Start::Beginning,
            Some(position) => Start::After(Checkpoint { incarnation: Incarnation(0), position }),
        };
        let subscribe = Subscribe { query: everything(), start };
        let follower = ready(store.subscribe(subscribe)).expect("nothing to wait for");
        self.follower = Some(follower?);
        self.store = Some(store);
        Ok(())
    }

    pub(crate) fn close(&mut self) {
        self.follower = None;
        self.store = None;
    }

    /// The power goes, comes back, and the store is opened: that must always work.
    pub(crate) fn lose_power(&mut self, survival: u64) {
        self.disk.power_off();
        self.close();
        self.disk.heal();
        self.disk.power_on(survival);
        self.open().unwrap_or_else(|why| panic!("seed {}: after a power cut: {why}", self.seed));
    }

    /// Appends, and writes down what the caller is told.
    pub(crate) fn append(&mut self, append: Append) -> Outcome {
        self.append_together(vec![append]).pop().expect("one was asked, one is answered")
    }

    /// Appends of callers that ask at the same time, committed as one group.
    pub(crate) fn append_together(&mut self, appends: Vec<Append>) -> Vec<Outcome> {
        let invoked = self.tick();
        let answers = self.store().append_all_blocking(appends.clone());
        let outcomes: Vec<_> = answers.into_iter().map(outcome).collect();
        let answered = self.tick();
        for (append, outcome) in appends.into_iter().zip(&outcomes) {
            let outcome = outcome.clone();
            let returned = if outcome == Outcome::Unknown { u64::MAX } else { answered };
            self.operations.push(Operation { append, invoked, returned, outcome });
        }
        self.follow();
        outcomes
    }

    fn tick(&mut self) -> u64 {
        self.instant += 1;
        self.instant
    }

    /// R1, R3: takes what the subscription delivers; what it delivers must be in the log for ever.
    pub(crate) fn follow(&mut self) {
        while let Some(follower) = &mut self.follower {
            match ready(follower.next()) {
                None => return,
                Some(Ok(Delivery::Events { events, checkpoint })) => {
                    self.followed.seen.extend(events);
                    self.followed.come = Some(checkpoint.position);
                }
                Some(Ok(Delivery::CaughtUp { checkpoint })) => {
                    self.followed.come = checkpoint.map(|checkpoint| checkpoint.position);
                }
                Some(Err(ReadError::Unavailable(_))) => self.follower = None,
                Some(Err(why)) => panic!("seed {}: the follower reads {why}", self.seed),
            }
        }
    }

    /// Where a stream, a reader and the context stand, for requests that mean to be right.
    pub(crate) fn store(&self) -> &EmbeddedContext {
        self.store.as_ref().expect("it is open")
    }

    /// Everything there is, by every path.
    pub(crate) fn seen(&self) -> Result<Seen, ReadError> {
        let store = self.store();
        let forwards = all(store, Direction::Forwards)?;
        let mut seen = Seen { backwards: all(store, Direction::Backwards)?, ..Seen::default() };
        for prefix in ["", "$"] {
            let listed = ready(store.streams(prefix.to_owned(), None, 1_000));
            for state in listed.expect("nothing to wait for")? {
                let events = stream(store, &state.stream)?;
                seen.streams.insert(state.stream, events);
            }
        }
        for save in self.operations.iter().flat_map(|operation| &operation.append.checkpoints) {
            let stands =
                ready(store.checkpoint(save.name.clone())).expect("nothing to wait for")?;
            seen.checkpoints.insert(save.name.clone(), stands);
        }
        let mut scanned = Vec::new();
        for event in &forwards {
            let found = ready(store.find(event.stream.clone(), event.id));
            scanned.extend(found.expect("nothing to wait for")?);
        }
        let come = forwards.last().map(|event| event.position);
        let found = Reader { query: everything(), after: None, come, seen: scanned };
        seen.readers = vec![self.followed.clone(), found];
        seen.forwards = forwards;
        Ok(seen)
    }

    /// Lets the disk be well, opens again, and checks what was told against what is there.
    pub(crate) fn judge(&mut self) -> Report {
        self.close();
        self.disk.heal();
        self.disk.set_capacity(None);
        if !self.disk.is_powered() {
            self.disk.power_on(self.seed);
        }
        self.open().unwrap_or_else(|why| panic!("seed {}: at the end: {why}", self.seed));
        self.follow();
        let seen = self.seen().unwrap_or_else(|why| panic!("seed {}: {why}", self.seed));
        let report = check(&self.operations, &seen);
        let shown: Vec<_> = report.violations.iter().take(5).map(ToString::to_string).collect();
        assert!(shown.is_empty(), "seed {}:\n{}", self.seed, shown.join("\n"));
        report
    }

    /// The clock moves on, or back a little.
    pub(crate) fn move_clock(&self, micros: i64) {
        let now = headwater_env::Clock::now(&self.clock).as_micros();
        self.clock.set(Timestamp::from_micros(now.saturating_add_signed(micros)));
    }
}

fn outcome(answer: Result<Appended, AppendError>) -> Outcome {
    match answer {
        Ok(answer) => Outcome::Done(answer),
        Err(AppendError::Unknown(_)) => Outcome::Unknown,
        Err(refusal) => Outcome::Refused(refusal),
    }
}

/// Whether an append was refused because the store must be opened again.
pub(crate) fn is_poisoned(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(AppendError::Unavailable(Unavailable::Poisoned { .. })))
}

pub(crate) fn is_full(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(AppendError::Unavailable(Unavailable::Full { .. })))
}

fn all(store: &EmbeddedContext, direction: Direction) -> Result<Vec<RecordedEvent>, ReadError> {
    let mut read = ReadAll { direction, count_max: 97, ..ReadAll::forwards(everything()) };
    let mut events = Vec::new();
    loop {
        let page = store.read_all_blocking(&read)?;
        events.extend(page.events);
        match page.next {
            Some(next) => read.from = From::<Position>::At(next),
            None => return Ok(events),
        }
    }
}

fn stream(store: &EmbeddedContext, name: &StreamName) -> Result<Vec<RecordedEvent>, ReadError> {
    let mut read = ReadStream { count_max: 13, ..ReadStream::forwards(name.clone()) };
    let mut events = Vec::new();
    loop {
        let page = store.read_stream_blocking(&read)?;
        events.extend(page.events);
        match page.next {
            Some(next) => read.from = From::At(next),
            None => return Ok(events),
        }
    }
}
