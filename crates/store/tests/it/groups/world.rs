//! A group on a disk that has bad days, its members, and all that they were told.

use headwater_conformance::groups::history::{Ending, Findings, Said, check};
use headwater_conformance::sample::to;
use headwater_env::{Clock, SeededEntropy, SimDisk, VirtualClock};
use headwater_model::{
    Answer, Backoff, Category, ConsumerGroups, ContextName, DeliveryId, EventStore, GroupDelivery,
    GroupError, GroupKey, GroupName, GroupSettings, Member, ParkedEvent, ParkedPart, Position,
    Query, ReadAll, RecordedEvent, Start, Timestamp,
};
use headwater_store::{EmbeddedContext, Environment, Options};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Small, so that a run seals several.
const SEGMENT_BYTES: u32 = 8_192;

pub(crate) const ATTEMPTS_MAX: u32 = 4;
pub(crate) const IN_FLIGHT_COUNT_MAX: u32 = 3;

pub(crate) struct World {
    pub(crate) disk: SimDisk,
    pub(crate) clock: VirtualClock,
    pub(crate) said: Vec<Said>,
    /// What members hold: which member, and what.
    pub(crate) held: Vec<(usize, GroupDelivery)>,
    pub(crate) members: Vec<Option<Box<dyn Member>>>,
    store: Option<EmbeddedContext>,
    seed: u64,
    openings: u64,
    appended: u128,
}

/// Everything of a store that runs on its callers' thread is there at once, or waits.
fn ready<T>(answer: impl Future<Output = T>) -> Option<T> {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

fn now<T>(answer: Answer<'_, T, GroupError>) -> Result<T, GroupError> {
    ready(answer).expect("on one thread nothing is waited for")
}

fn group() -> GroupName {
    GroupName::new("work").expect("a name")
}

fn source() -> Query {
    Query::categories([Category::new("order").expect("a name")])
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            disk: SimDisk::new(seed),
            clock: VirtualClock::at(Timestamp::from_micros(1_000_000)),
            said: Vec::new(),
            held: Vec::new(),
            members: Vec::new(),
            store: None,
            seed,
            openings: 0,
            appended: 0,
        }
    }

    pub(crate) fn store(&self) -> &EmbeddedContext {
        self.store.as_ref().expect("it is open")
    }

    /// Opens the store on whatever disk there is; the group is made if it is not there. If the power
    /// goes meanwhile, again.
    pub(crate) fn open(&mut self) {
        self.close();
        while let Err(why) = self.open_once() {
            assert!(!self.disk.is_powered(), "seed {}: {why}", self.seed);
        }
        self.said.push(Said::Opened);
    }

    fn open_once(&mut self) -> Result<(), GroupError> {
        self.store = None;
        if !self.disk.is_powered() {
            self.disk.heal();
            self.disk.power_on(self.seed ^ self.openings);
        }
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
        let settings = GroupSettings {
            ack_wait_ms: 10_000,
            lease_ms: 1_000_000,
            attempts_max: ATTEMPTS_MAX,
            in_flight_count_max: IN_FLIGHT_COUNT_MAX,
            backoff: Backoff::List { waits_ms: vec![0, 2_000] },
            key: if self.seed.is_multiple_of(3) { GroupKey::Correlation } else { GroupKey::Stream },
            ..GroupSettings::over(source())
        };
        let store = self.store.insert(store);
        now(store.create_group(group(), settings, Start::Beginning))
    }

    pub(crate) fn close(&mut self) {
        // Whatever was held is held no more; the judge knows it by the opening.
        self.held.clear();
        self.members.clear();
        self.store = None;
    }

    /// Opens again if the store cannot go on: after this, things work.
    fn after(&mut self, is_ok: bool) {
        if !is_ok || !self.disk.is_powered() {
            self.disk.heal();
            self.open();
        }
    }

    pub(crate) fn append(&mut self, stream: &str, count: u64) {
        let first = self.appended;
        self.appended += u128::from(count);
        let answer = self.store().append_blocking(to(stream, first..self.appended));
        self.after(answer.is_ok());
    }

    pub(crate) fn join(&mut self) {
        let joined = now(self.store().join_group(group(), "runner".into()));
        self.members.push(Some(joined.expect("there is room")));
    }

    pub(crate) fn leave(&mut self, member: usize) {
        let (theirs, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|(holder, _)| *holder == member);
        self.held = others;
        for (_, delivery) in theirs {
            self.said.push(ended(delivery.id, Ending::GivenBack, true));
        }
        self.members[member] = None;
    }

    /// Whether there was something to deliver.
    pub(crate) fn take(&mut self, member: usize, count_max: usize) -> bool {
        let Some(handle) = &self.members[member] else { return false };
        let taken = match ready(handle.next(count_max)) {
            None => return false,
            Some(taken) => taken,
        };
        if let Ok(taken) = &taken {
            for delivery in taken {
                self.said.push(Said::Delivered {
                    id: delivery.id,
                    key: delivery.key.clone(),
                    position: delivery.event.position,
                    attempt: delivery.attempt,
                });
                self.held.push((member, delivery.clone()));
            }
        }
        let is_ok = taken.is_ok();
        self.after(is_ok);
        is_ok
    }

    /// Ends some of what a member holds, all in the same way.
    pub(crate) fn settle(&mut self, member: usize, held: &[DeliveryId], ending: Ending) {
        let Some(handle) = &self.members[member] else { return };
        let answers: Vec<_> = match ending {
            Ending::Acked => {
                let answer = now(handle.ack(held.to_vec()));
                held.iter().map(|id| (*id, answer.clone())).collect()
            }
            Ending::Parked => {
                held.iter().map(|id| (*id, now(handle.park(*id, "why".into())))).collect()
            }
            Ending::Retried | Ending::GivenBack => {
                held.iter().map(|id| (*id, now(handle.retry(*id, None, "again".into())))).collect()
            }
        };
        self.held.retain(|(_, delivery)| !held.contains(&delivery.id));
        let is_ok = answers.iter().all(|(_, answer)| answer.is_ok());
        for (id, answer) in answers {
            self.said.push(ended(id, ending, answer.is_ok()));
        }
        self.after(is_ok);
    }

    /// Time goes by; what was not acked in time is nobody's.
    pub(crate) fn wait(&mut self, span: Duration) {
        self.clock.advance(span);
        let now = self.clock.now();
        let (late, held): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|(_, delivery)| delivery.until <= now);
        self.held = held;
        for (_, delivery) in late {
            self.said.push(ended(delivery.id, Ending::GivenBack, true));
        }
    }

    pub(crate) fn parked(&self) -> Result<Vec<ParkedEvent>, GroupError> {
        now(self.store().parked(group(), None, 1_000))
    }

    pub(crate) fn unpark(&mut self, position: Position, skipped: bool) {
        let part = ParkedPart::One(position);
        let head = ready(self.store().head()).and_then(|head| head.ok()?.1);
        let head = head.expect("what is parked is in the log");
        let answer = match skipped {
            false => now(self.store().replay_parked(group(), part)),
            true => now(self.store().skip_parked(group(), part, "obsolete".into())),
        };
        let answered = answer.is_ok();
        assert!(answer.is_err() || answer == Ok(1), "seed {}: {answer:?}", self.seed);
        self.said.push(Said::Unparked { position, skipped, head, answered });
        self.after(answered);
    }

    /// Asks the group where it stands.
    pub(crate) fn come(&mut self) {
        let info = now(self.store().group(group()));
        // What could not be saved while it was looked at is not known to be so.
        self.after(info.is_ok());
        let (Ok(info), Ok(parked)) = (now(self.store().group(group())), self.parked()) else {
            return self.after(false);
        };
        let checkpoint = info.checkpoint.map(|checkpoint| checkpoint.position);
        let parked = parked.iter().map(|parked| parked.position).collect();
        self.said.push(Said::Come { checkpoint, parked });
    }

    /// Lets the disk be well, works off all there is, and has the run judged.
    pub(crate) fn judge(&mut self) -> Findings {
        self.disk.heal();
        self.open();
        self.join();
        self.come();
        for _ in 0..2 * ATTEMPTS_MAX {
            while self.take(0, 100) {
                let held: Vec<_> = self.held.iter().map(|(_, delivery)| delivery.id).collect();
                self.settle(0, &held, Ending::Acked);
            }
            self.wait(Duration::from_secs(11));
        }
        self.come();
        let findings = check(&self.events(), &self.said, ATTEMPTS_MAX, true);
        let shown: Vec<_> = findings.violations.iter().take(5).cloned().collect();
        let said = || self.said.iter().map(|said| format!("{said:?}\n")).collect::<String>();
        assert!(shown.is_empty(), "seed {}:\n{}\n{}", self.seed, said(), shown.join("\n"));
        findings
    }

    /// What the log holds of the group's source.
    fn events(&self) -> Vec<(Position, bytestring::ByteString)> {
        let page = self.store().read_all_blocking(&ReadAll::forwards(source()));
        let events: Vec<RecordedEvent> = page.expect("the log is read").events;
        // No event of these runs has a correlation: both keys are the stream.
        events.into_iter().map(|event| (event.position, event.stream.as_shared().clone())).collect()
    }
}

fn ended(id: DeliveryId, ending: Ending, answered: bool) -> Said {
    Said::Ended { id, ending, answered }
}
