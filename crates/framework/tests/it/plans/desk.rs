//! A desk: instances of the tours' plan with all that they ask, in memory, in an order that a test chooses.
//!
//! What it keeps of the real thing: requests to one service are carried out in the order in which they were
//! asked; what came of them is heard in that order; between services there is none. Timers come at their time.
//! What it does worse than the real thing: answers are heard again whenever it likes.

use crate::domain::tours::plan::{ASKED, Agent, Heard};
use crate::domain::tours::vaults::{Vault, VaultCommand, VaultEvent};
use crate::domain::tours::{Tour, TourCommand, TourId};
use headwater::End;
use headwater::lock::{Holder, Lock, LockCommand, LockEvent};
use headwater::plan::{ByPlan, Rehearsal, Requested, rehearse_by};
use headwater::prelude::*;
use headwater::testing::TEST_BEGIN;
use headwater_model::EventId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// What happens besides, each time something is heard or carried out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    /// Something that was heard is heard again.
    pub(crate) again: bool,
    /// The process of the saga dies before.
    pub(crate) dies: bool,
    /// The vault is closed.
    pub(crate) closed: bool,
}

/// In what order things happen, and what happens besides.
pub(crate) trait Fate {
    /// Which of so many things is next.
    fn next(&mut self, count: usize) -> usize;
    /// Whether time passes although something else could happen.
    fn waits(&mut self) -> bool;
    fn trouble(&mut self) -> Trouble;
}

pub(crate) struct Desk {
    pub(crate) tours: Vec<(Rehearsal<Agent>, Arc<Mutex<Tour>>)>,
    vaults: BTreeMap<(usize, &'static str), Vault>,
    locks: BTreeMap<String, Lock>,
    leases: Vec<(Duration, String, EventId)>,
    /// Of each service: what is to be carried out, and what came of it, in order.
    asked: [VecDeque<(usize, Requested)>; 4],
    came: [VecDeque<Came>; 4],
    /// Who waits for a lock.
    waiting: BTreeMap<EventId, (usize, String)>,
    now: Duration,
    filled: u64,
}

#[derive(Clone)]
struct Came {
    tour: usize,
    label: String,
    refused: Option<&'static str>,
}

/// What can happen next.
#[derive(Clone, Copy, Debug)]
enum Next {
    CarryOut(usize),
    Hear(usize),
    Pass(Duration),
}

const INNS: usize = 1;
const POST: usize = 3;

impl Desk {
    /// With this much of ann's credit, a bed or more in each inn, room in the till, and vouchers.
    pub(crate) fn open(credit: u64, beds: [u64; 2], till: u64, vouchers: u64) -> Self {
        let vaults = [
            ((0, "ann"), credit),
            ((INNS, "east"), beds[0]),
            ((INNS, "west"), beds[1]),
            ((2, "till"), till),
            ((POST, "post"), vouchers),
        ];
        let vault = |amount| Vault::default().evolve(&VaultEvent::Filled { amount });
        Self {
            tours: Vec::new(),
            vaults: vaults.map(|(name, amount)| (name, vault(amount))).into(),
            locks: BTreeMap::new(),
            leases: Vec::new(),
            asked: Default::default(),
            came: Default::default(),
            waiting: BTreeMap::new(),
            now: Duration::ZERO,
            filled: vaults.iter().map(|(_, amount)| amount).sum(),
        }
    }

    pub(crate) fn tour(&mut self, agent: &Arc<ByPlan<Agent>>, price: u64) {
        let (n, tour) = (self.tours.len(), TourId::from(format!("t{}", self.tours.len())));
        let own = Arc::new(Mutex::new(Tour { price, ..Tour::default() }));
        let run = Arc::clone(&own);
        let mut rehearsal = rehearse_by(agent, tour.clone());
        rehearsal.running(move |runs| carry_out_all(&mut run.lock().unwrap(), runs));
        rehearsal.on(Heard::TourAsked { tour, guest: "ann".into(), price });
        self.tours.push((rehearsal, own));
        self.post(n);
    }

    /// What an instance has asked for since goes on its way.
    fn post(&mut self, n: usize) {
        for requested in self.tours[n].0.sent() {
            let service = ASKED.iter().position(|name| requested.to == Some(name)).unwrap();
            self.asked[service].push_back((n, requested));
        }
    }

    /// Lets everything happen until nothing is left to happen.
    pub(crate) fn run(&mut self, fate: &mut impl Fate) {
        let (mut heard, mut nexts) = (Vec::<Came>::new(), Vec::with_capacity(12));
        loop {
            nexts.clear();
            let open = (0..4).filter(|service| !self.asked[*service].is_empty());
            nexts.extend(open.map(Next::CarryOut));
            let told = (0..4).filter(|service| !self.came[*service].is_empty());
            nexts.extend(told.map(Next::Hear));
            if nexts.is_empty() || fate.waits() {
                nexts.extend(self.next_due().map(Next::Pass));
            }
            if nexts.is_empty() {
                if self.see_to_parked() {
                    continue;
                }
                return;
            }
            match nexts[fate.next(nexts.len())] {
                Next::CarryOut(service) => self.carry_out(service, fate.trouble()),
                Next::Pass(until) => self.pass(until),
                Next::Hear(service) => {
                    let (came, trouble) = (self.came[service].pop_front().unwrap(), fate.trouble());
                    self.hear(&came, trouble);
                    heard.push(came);
                    if trouble.again {
                        let again = heard[fate.next(heard.len())].clone();
                        self.hear(&again, trouble);
                    }
                }
            }
        }
    }

    fn hear(&mut self, came: &Came, trouble: Trouble) {
        let tour = &mut self.tours[came.tour].0;
        if trouble.dies {
            tour.restarted();
        }
        tour.outcome(&came.label, came.refused);
        self.post(came.tour);
    }

    fn next_due(&self) -> Option<Duration> {
        let timers = self.tours.iter().filter_map(|(tour, _)| tour.next_due());
        timers.chain(self.leases.iter().map(|(due, ..)| *due)).min()
    }

    fn pass(&mut self, until: Duration) {
        let span = until.saturating_sub(self.now);
        self.now += span;
        for n in 0..self.tours.len() {
            self.tours[n].0.after(span);
            self.post(n);
        }
        let is_over = |lease: &(Duration, String, EventId)| lease.0 <= self.now;
        let (over, going): (Vec<_>, Vec<_>) = self.leases.drain(..).partition(is_over);
        self.leases = going;
        for (_, key, request) in over {
            self.on_lock(&key, LockCommand::Lapse { request }).unwrap();
        }
    }

    fn carry_out(&mut self, service: usize, trouble: Trouble) {
        let (n, requested) = self.asked[service].pop_front().unwrap();
        let holder = |request| Holder {
            context: "tours".into(),
            saga: "agent".into(),
            instance: n.to_string(),
            request,
        };
        let label = requested.label.clone();
        let refused = match requested.command {
            "AcquireLock" => {
                let id = Cause::keyed(format!("{n} {label}")).id();
                let says: serde_json::Value = serde_json::from_slice(&requested.payload).unwrap();
                let lease_ms = says["lease_ms"].as_u64().unwrap();
                self.waiting.insert(id, (n, label));
                let acquire = LockCommand::Acquire { holder: holder(id), lease_ms };
                return self.on_lock(&requested.target, acquire).unwrap();
            }
            "ReleaseLock" => {
                let release = LockCommand::Release { holder: holder(Cause::keyed("").id()) };
                return self.on_lock(&requested.target, release).unwrap();
            }
            _ if trouble.closed => Some("vault.closed"),
            _ => {
                let prove = || LockCommand::Prove { holder: holder(Cause::keyed("").id()) };
                let held = requested.under.iter().try_for_each(|key| self.on_lock(key, prove()));
                held.and_then(|()| self.on_vault(service, &requested)).err()
            }
        };
        self.came[service].push_back(Came { tour: n, label, refused });
    }

    fn on_vault(&mut self, service: usize, requested: &Requested) -> Result<(), &'static str> {
        let command = VaultCommand::decode(requested.command, &requested.payload).unwrap();
        let found = self
            .vaults
            .iter_mut()
            .find(|((of, name), _)| *of == service && *name == requested.target);
        let (_, vault) = found.unwrap();
        let events = vault.decide(command, &Cause::keyed("")).map_err(|refusal| refusal.code())?;
        *vault = events.iter().fold(std::mem::take(vault), Vault::evolve);
        Ok(())
    }

    fn on_lock(&mut self, key: &str, command: LockCommand) -> Result<(), &'static str> {
        let cause = Cause::keyed("").at(TEST_BEGIN.after(self.now));
        let mut lock = self.locks.remove(key).unwrap_or_default();
        let decided = lock.decide(command, &cause).map_err(|refusal| refusal.code());
        for event in decided.iter().flatten() {
            let had = lock.holder().cloned();
            lock = lock.evolve(event);
            if let LockEvent::Granted { holder, lease_ms, .. } = event {
                assert_eq!(had, None, "K1: {key} was granted to {holder:?} as well");
                let due = self.now + Duration::from_millis(*lease_ms);
                self.leases.push((due, key.to_owned(), holder.request));
                self.answer(holder.request, None);
            }
            if let LockEvent::Forgone { holder } = event {
                self.answer(holder.request, Some("lock.forgone"));
            }
            if let LockEvent::Released { holder } | LockEvent::Lapsed { holder } = event {
                self.leases.retain(|(_, _, request)| *request != holder.request);
            }
        }
        self.locks.insert(key.to_owned(), lock);
        decided.map(drop)
    }

    fn answer(&mut self, request: EventId, refused: Option<&'static str>) {
        let (tour, label) = self.waiting.remove(&request).expect("K1: it is granted once");
        self.came[INNS].push_back(Came { tour, label, refused });
    }

    /// A person mends what is wrong and has it tried again; whether anything was parked.
    fn see_to_parked(&mut self) -> bool {
        let parked = |tour: &(Rehearsal<Agent>, _)| tour.0.parked().is_some();
        let Some(n) = self.tours.iter().position(parked) else { return false };
        let vouchers = VaultEvent::Filled { amount: 1 };
        let post = self.vaults.remove(&(POST, "post")).unwrap();
        self.vaults.insert((POST, "post"), post.evolve(&vouchers));
        self.filled += 1;
        self.tours[n].0.retried();
        self.post(n);
        true
    }

    /// Every instance has ended, and everything is with whom it belongs; returns how many are confirmed.
    pub(crate) fn audit(&self, about: &dyn std::fmt::Debug) -> usize {
        let mut confirmed = 0;
        for (tour, own) in &self.tours {
            let own = own.lock().unwrap();
            match (tour.ended(), own.confirmed, own.failed.len()) {
                (Some(End::Completed), 1, 0) => confirmed += 1,
                (Some(End::Compensated), 0, 1) => {}
                what => {
                    panic!("{what:?}, parked {:?}, {:?}: {about:?}", tour.parked(), tour.course())
                }
            }
        }
        let (mut left, mut taken) = (0, 0);
        for (name, vault) in &self.vaults {
            left += vault.left;
            for (n, (tour, own)) in self.tours.iter().enumerate() {
                let id = TourId::from(format!("t{n}"));
                let has = vault.taken.get(&id).copied().unwrap_or_default();
                let gives = vault.gives.get(&id).copied().unwrap_or_default();
                let worth = match (tour.ended(), name.0) {
                    (Some(End::Completed), 0 | 2) => own.lock().unwrap().price,
                    (Some(End::Completed), _) => 1,
                    _ => 0,
                };
                assert_eq!(has, worth, "{id} has this of {name:?}: {about:?}");
                let gives_max = usize::from(worth == 0 && name.0 < 2);
                assert!(gives <= gives_max, "{id} gave back {gives} times to {name:?}: {about:?}");
                taken += has;
            }
        }
        assert_eq!(left + taken, self.filled, "something was lost or made: {about:?}");
        for (key, lock) in &self.locks {
            let held = (lock.holder(), lock.waiting().count());
            assert_eq!(held, (None, 0), "{key} is not free: {about:?}");
        }
        confirmed
    }
}

fn carry_out_all(own: &mut Tour, runs: &[Requested]) -> Result<(), (usize, String)> {
    let mut after = own.clone();
    for (n, run) in runs.iter().enumerate() {
        let command = TourCommand::decode(run.command, &run.payload).unwrap();
        let decided = after.decide(command, &Cause::keyed(""));
        let events = decided.map_err(|refusal| (n, refusal.code().to_owned()))?;
        after = events.iter().fold(after, Tour::evolve);
    }
    *own = after;
    Ok(())
}
