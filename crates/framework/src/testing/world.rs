//! Worlds: several services over one store, on a virtual clock, in one thread.
//!
//! Why: what goes wrong between services goes wrong by order and by crash. Here both are chosen, so
//! a test of three services over thirty seconds runs in a millisecond, the same every time.
//!
//! Picture:
//! ```text
//!   settle:  every reader of every service that is not paused takes turns, until none moves
//!   advance: settle ─ jump to the next due input ─ settle ─ … ─ jump to the end ─ settle
//! ```

use super::TEST_BEGIN;
use super::faults::{Fault, Faults, FaultyContexts};
use crate::reader::Turn;
use crate::{After, Database, Decider, LoadedSaga, Projection, Saga, Service, Store};
use headwater_env::{Clock as _, VirtualClock};
use headwater_model::memory::MemoryContexts;
use headwater_model::{AsOf, Contexts, Query, ReadAll, RecordedEvent, Timestamp};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Rounds in which readers only fail, after which a world is left as it is.
const FAILING_ROUND_COUNT_MAX: u32 = 64;

/// Services, a store and a clock.
pub struct World {
    /// The store that the services are to be wired to.
    pub store: Store,
    clock: VirtualClock,
    faults: Arc<Faults>,
    services: Vec<Member>,
    runtime: tokio::runtime::Runtime,
}

struct Member {
    service: Service,
    paused: bool,
}

/// What a round of turns came to.
#[derive(Default)]
struct Round {
    moved: bool,
    failed: bool,
    next_due: Option<Timestamp>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty store in memory; it is the first of January 2026.
    pub fn new() -> Self {
        Self::at(TEST_BEGIN)
    }

    /// An empty store in memory, at this time.
    pub(super) fn at(begin: Timestamp) -> Self {
        let clock = VirtualClock::at(begin);
        let told = clock.clone();
        let contexts = MemoryContexts::new(Arc::new(move || told.now()));
        Self::over(Arc::new(contexts), clock)
    }

    /// Any store that takes its time from `clock`.
    pub fn over(contexts: Arc<dyn Contexts>, clock: VirtualClock) -> Self {
        let faults = Arc::new(Faults::default());
        let contexts = FaultyContexts { inner: contexts, faults: Arc::clone(&faults) };
        let (store, runtime) = (Store::new(Arc::new(contexts)), super::runtime());
        Self { store, clock, faults, services: Vec::new(), runtime }
    }

    /// Runs a future to its end on this thread.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Lets the service's readers take turns from now on.
    pub fn start(&mut self, service: Service) -> Service {
        self.faults.forgets(service.forgetting());
        self.services.push(Member { service: service.clone(), paused: false });
        service
    }

    /// The readers of this service do nothing until it is resumed; commands are still answered.
    ///
    /// # Panics
    /// If no service has this name.
    pub fn pause(&mut self, service: &str) {
        self.member(service).paused = true;
    }

    /// The readers of this service go on.
    ///
    /// # Panics
    /// If no service has this name.
    pub fn resume(&mut self, service: &str) {
        self.member(service).paused = false;
    }

    /// A service by its name.
    ///
    /// # Panics
    /// If no service has this name.
    pub fn service(&self, name: &str) -> &Service {
        let mut members = self.services.iter().map(|member| &member.service);
        let found = members.find(|service| service.name().as_str() == name);
        found.unwrap_or_else(|| panic!("no service {name} was started in this world"))
    }

    /// A decider of this service as it is now.
    ///
    /// # Panics
    /// If its past cannot be read.
    pub fn load<D: Decider>(&self, service: &str, id: &D::Id) -> D {
        let loaded = self.block_on(self.service(service).load::<D>(id, AsOf::Now));
        loaded.unwrap_or_else(|error| panic!("a state of {service} cannot be read: {error}")).state
    }

    /// An instance of a saga of this service as it is now.
    ///
    /// # Panics
    /// If its past cannot be read.
    pub fn load_saga<S: Saga>(&self, service: &str, id: &S::Id) -> LoadedSaga<S::State> {
        let loaded = self.block_on(self.service(service).load_saga::<S>(id));
        loaded.unwrap_or_else(|error| panic!("{} {id} cannot be read: {error}", S::NAME))
    }

    /// A reader of what a projection of this service has filled so far.
    ///
    /// # Panics
    /// If the database does not answer, or the service has no such projection.
    pub fn view<P: Projection>(&self, service: &str) -> <P::Database as Database>::Reader {
        let view = self.block_on(self.service(service).read_model::<P>(&After::default()));
        view.unwrap_or_else(|error| panic!("{} cannot be read: {error}", P::NAME))
    }

    /// The nth service that was started is this one from now on.
    pub(super) fn replace(&mut self, n: usize, service: Service) {
        self.services[n].service = service;
    }

    fn member(&mut self, service: &str) -> &mut Member {
        let found =
            self.services.iter_mut().find(|member| member.service.name().as_str() == service);
        found.unwrap_or_else(|| panic!("no service {service} was started in this world"))
    }

    /// Each reader takes one turn. Tells whether any of them moved or failed, so that another round
    /// may lead further.
    pub fn step(&mut self) -> bool {
        let round = self.round();
        round.moved || round.failed
    }

    /// Lets all readers take turns until none has anything to do now. A reader that fails for ever,
    /// or has halted, is left as it is; [`Service::health`] shows it.
    pub fn settle(&mut self) {
        self.settled();
    }

    /// Moves the clock on, stopping at every moment at which an input is due.
    pub fn advance(&mut self, span: Duration) {
        let end = self.clock.now().after(span);
        while let Some(due) = self.settled().filter(|due| *due <= end) {
            self.clock.advance_to(due);
        }
        self.clock.advance_to(end);
        self.settle();
    }

    /// Settles; tells when the next input is due.
    fn settled(&mut self) -> Option<Timestamp> {
        let mut failing = 0;
        loop {
            let round = self.round();
            failing = if round.moved { 0 } else { failing + 1 };
            if !round.moved && (!round.failed || failing == FAILING_ROUND_COUNT_MAX) {
                return round.next_due;
            }
        }
    }

    fn round(&mut self) -> Round {
        let mut round = Round::default();
        for member in self.services.iter().filter(|member| !member.paused) {
            for reader in member.service.readers() {
                match self.runtime.block_on(reader.turn(&member.service)) {
                    Turn::Moved => round.moved = true,
                    Turn::Failed { .. } => round.failed = true,
                    Turn::Waits(due) | Turn::IdleUntil { until: due, .. } => {
                        let sooner = round.next_due.is_none_or(|known| due < known);
                        round.next_due = if sooner { Some(due) } else { round.next_due };
                    }
                    Turn::Idle(_) | Turn::Rests | Turn::Halted(_) => {}
                }
            }
        }
        round
    }

    /// The process dies at an append: `passing` more of them pass, in whichever context, then one
    /// fails, after it took hold if `stored`. The services begin again from what is stored; who had
    /// asked for the append gets an error, as a client would.
    pub fn crash(&mut self, passing: u64, stored: bool) {
        self.faults.arm(Fault::Crash, passing, stored);
    }

    /// All services begin again from what is stored.
    pub fn restart(&mut self) {
        self.services.iter().for_each(|member| member.service.lose_memory());
    }

    /// Only the answer of an append is lost, and all live on.
    pub fn lose_reply(&mut self, passing: u64, stored: bool) {
        self.faults.arm(Fault::LostReply, passing, stored);
    }

    /// Whether the crash, or the loss, that was asked for last has happened.
    pub fn crashed(&self) -> bool {
        self.faults.happened()
    }

    /// The clock, to be shared with another world.
    pub fn clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    /// What the clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// All events of a context, in order, the system's left out.
    ///
    /// # Panics
    /// If the store does not answer.
    pub fn events(&self, context: &str) -> Vec<RecordedEvent> {
        let name = crate::service::context_name(context);
        let read = async {
            let store = self.store.context(name).await?;
            let (mut events, mut read) = (Vec::new(), ReadAll::forwards(Query::all()));
            loop {
                let page = store.read_all(read.clone()).await?;
                events.extend(page.events);
                match page.next {
                    Some(next) => read.from = headwater_model::From::At(next),
                    None => return Ok::<_, headwater_model::ReadError>(events),
                }
            }
        };
        let events = self.runtime.block_on(read);
        events.unwrap_or_else(|error| panic!("context {context} cannot be read: {error}"))
    }

    /// The types of all events of a context, in order.
    ///
    /// # Panics
    /// If the store does not answer.
    pub fn types(&self, context: &str) -> Vec<String> {
        self.events(context).iter().map(|event| event.event_type.to_string()).collect()
    }
}
