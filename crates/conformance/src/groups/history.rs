//! Judging a run of a group: what its members were told, against what the log holds.
//!
//! Why: a simulation makes its own choices; whether the group kept its word must be said by somebody
//! who knows nothing of how it works. Everything is said in the order in which it happened.
//!
//! Picture:
//! ```text
//!   said: delivered … acked … opened again … delivered …  ─┐
//!   source: (position, key) of every event of the group     ┴─▶ violations of C2, C3, A2
//! ```
//! What counts: what was answered `Ok` is so for ever. What was asked and not answered may be so or
//! not; the first delivery that shows which decides.

use bytestring::ByteString;
use headwater_model::{DeliveryId, Position};
use std::collections::{BTreeMap, BTreeSet};

/// How a delivery was to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Handled.
    Acked,
    /// Set aside.
    Parked,
    /// To be tried again; parked instead if that was its last attempt.
    Retried,
    /// Not settled: the member left, or its time ran out. As `Retried`.
    GivenBack,
}

/// What happened, as members and operators were told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// The store was opened again: nothing is out.
    Opened,
    /// A delivery.
    Delivered {
        /// Its id.
        id: DeliveryId,
        /// What keeps it in order.
        key: ByteString,
        /// Which event.
        position: Position,
        /// Which attempt it says it is.
        attempt: u32,
    },
    /// A delivery ended.
    Ended {
        /// Which.
        id: DeliveryId,
        /// How.
        ending: Ending,
        /// Whether the answer was `Ok`; else nobody knows.
        answered: bool,
    },
    /// A parked event was replayed or skipped.
    Unparked {
        /// Which.
        position: Position,
        /// For good.
        skipped: bool,
        /// The last event of the log then: what is of its key up to there was held behind it.
        head: Position,
        /// Whether the answer was `Ok`.
        answered: bool,
    },
    /// The group said where it stands.
    Come {
        /// Its checkpoint.
        checkpoint: Option<Position>,
        /// Events it says are parked.
        parked: Vec<Position>,
    },
}

/// What an event of the source has come to, as far as it was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    Out(DeliveryId),
    Done,
    Parked,
    /// The answer was lost: open, done or parked.
    Doubtful(Ending),
    /// The answer of a skip was lost: done or parked.
    PerhapsSkipped,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// Promises that were broken, in the order of the run.
    pub violations: Vec<String>,
    /// Deliveries.
    pub delivered_count: usize,
    /// Deliveries of events that had been delivered before.
    pub redelivered_count: usize,
    /// Events that are done.
    pub done_count: usize,
    /// Events that are parked at the end.
    pub parked_count: usize,
}

/// Who judges.
struct Judge {
    keys: BTreeMap<ByteString, Vec<Position>>,
    states: BTreeMap<Position, (ByteString, State)>,
    out: BTreeMap<DeliveryId, Position>,
    delivered: BTreeSet<Position>,
    /// Events that were parked, or held behind one: what the checkpoint has passed it passes for ever.
    aside: BTreeSet<Position>,
    attempts_max: u32,
    come: Option<Position>,
    findings: Findings,
}

/// Judges a run over a source of `events`, from the first on. `is_drained`: members took and acked
/// until nothing was left.
pub fn check(
    events: &[(Position, ByteString)],
    said: &[Said],
    attempts_max: u32,
    is_drained: bool,
) -> Findings {
    let mut judge = Judge {
        keys: BTreeMap::new(),
        states: BTreeMap::new(),
        out: BTreeMap::new(),
        delivered: BTreeSet::new(),
        aside: BTreeSet::new(),
        attempts_max,
        come: None,
        findings: Findings::default(),
    };
    for (position, key) in events {
        judge.keys.entry(key.clone()).or_default().push(*position);
        judge.states.insert(*position, (key.clone(), State::Open));
    }
    said.iter().for_each(|said| judge.hear(said));
    if is_drained {
        judge.all_is_over();
    }
    let count = |wanted| judge.states.values().filter(|(_, state)| *state == wanted).count();
    let (done_count, parked_count) = (count(State::Done), count(State::Parked));
    Findings { done_count, parked_count, ..judge.findings }
}

impl Judge {
    fn broken(&mut self, what: String) {
        self.findings.violations.push(what);
    }

    fn state(&self, position: Position) -> State {
        self.states.get(&position).map_or(State::Done, |(_, state)| *state)
    }

    fn set(&mut self, position: Position, state: State) {
        if let Some((_, held)) = self.states.get_mut(&position) {
            *held = state;
        }
    }

    fn hear(&mut self, said: &Said) {
        match said {
            Said::Opened => {
                for (_, position) in std::mem::take(&mut self.out) {
                    self.set(position, State::Open);
                }
                self.come = None;
            }
            Said::Delivered { id, key, position, attempt } => {
                self.delivered(*id, key, *position, *attempt);
            }
            Said::Ended { id, ending, answered } => self.ended(*id, *ending, *answered),
            Said::Unparked { position, skipped, head, answered } => {
                let key = self.states.get(position).and_then(|(key, _)| self.keys.get(key));
                let held =
                    key.into_iter().flatten().filter(|held| (position..=head).contains(held));
                self.aside.extend(held);
                let state = match (skipped, answered) {
                    (false, true) => State::Open,
                    (true, true) => State::Done,
                    (false, false) => State::Doubtful(Ending::Parked),
                    (true, false) => State::PerhapsSkipped,
                };
                self.set(*position, state);
            }
            Said::Come { checkpoint, parked } => self.come(*checkpoint, parked),
        }
    }

    fn delivered(&mut self, id: DeliveryId, key: &ByteString, position: Position, attempt: u32) {
        self.findings.delivered_count += 1;
        if !self.delivered.insert(position) {
            self.findings.redelivered_count += 1;
        }
        match self.states.get(&position) {
            Some((own, _)) if own == key => {}
            _ => self.broken(format!("event {position} is not one of key {key}")),
        }
        if attempt == 0 || attempt > self.attempts_max {
            self.broken(format!("event {position} says it is attempt {attempt}"));
        }
        match self.state(position) {
            State::Open | State::Doubtful(_) => {}
            state => self.broken(format!("C3: event {position} is delivered while {state:?}")),
        }
        for earlier in self.keys.get(key).cloned().unwrap_or_default() {
            if earlier >= position {
                break;
            }
            match self.state(earlier) {
                State::Done => {}
                // This one shows that the one before it was finished.
                State::Doubtful(Ending::Acked) | State::PerhapsSkipped => {
                    self.set(earlier, State::Done);
                }
                state => self.broken(format!(
                    "C3: event {position} of key {key} is delivered while {earlier} is {state:?}"
                )),
            }
        }
        self.set(position, State::Out(id));
        self.out.insert(id, position);
    }

    fn ended(&mut self, id: DeliveryId, ending: Ending, answered: bool) {
        let Some(position) = self.out.remove(&id) else {
            return self.broken(format!("delivery {id} ended, and was not out"));
        };
        let state = match (ending, answered) {
            (Ending::Acked, true) => State::Done,
            (Ending::Parked, true) => State::Parked,
            // Whether it was the last attempt is the group's business.
            (Ending::Retried | Ending::GivenBack, _) => State::Doubtful(Ending::Retried),
            (ending, false) => State::Doubtful(ending),
        };
        self.set(position, state);
    }

    /// C2: nothing unfinished is passed; what is parked is listed, and nothing else.
    fn come(&mut self, checkpoint: Option<Position>, parked: &[Position]) {
        if checkpoint < self.come {
            let before = self.come;
            self.broken(format!("C2: the checkpoint went back from {before:?} to {checkpoint:?}"));
        }
        self.come = checkpoint;
        for position in parked {
            match self.state(*position) {
                State::Parked => {}
                State::Doubtful(Ending::Acked) | State::Open | State::Out(_) | State::Done => {
                    let state = self.state(*position);
                    self.broken(format!("C3: event {position} is parked, and is {state:?}"));
                }
                State::Doubtful(_) | State::PerhapsSkipped => self.set(*position, State::Parked),
            }
        }
        let positions: Vec<_> = self.states.keys().copied().collect();
        for position in positions.into_iter().filter(|position| !parked.contains(position)) {
            match self.state(position) {
                State::Parked => {
                    self.broken(format!("A2: event {position} was parked, and is not any more"));
                }
                State::PerhapsSkipped => self.set(position, State::Done),
                // Not listed: it was not parked, or not any more.
                State::Doubtful(Ending::Parked | Ending::Retried | Ending::GivenBack) => {
                    self.set(position, State::Open);
                }
                _ => {}
            }
        }
        let states: Vec<_> = self.states.iter().map(|(p, (k, s))| (*p, k.clone(), *s)).collect();
        let mut holding = BTreeSet::new();
        for (position, key, state) in states {
            if state == State::Parked {
                holding.insert(key.clone());
            }
            let is_open = matches!(state, State::Open | State::Out(_));
            let is_aside = holding.contains(&key) || self.aside.contains(&position);
            if is_open && Some(position) <= checkpoint && !is_aside {
                self.broken(format!("C2: the checkpoint {checkpoint:?} passes event {position}"));
            }
        }
    }

    /// C3: nothing is lost.
    fn all_is_over(&mut self) {
        let mut holding = BTreeSet::new();
        for (position, (key, state)) in self.states.clone() {
            match state {
                State::Done => {}
                State::Parked => {
                    holding.insert(key);
                }
                // Finished before it was asked about again: the answer alone was lost.
                State::Doubtful(Ending::Acked) | State::PerhapsSkipped => {}
                _ if holding.contains(&key) => {}
                state => self.broken(format!("C3: event {position} is lost: {state:?}")),
            }
        }
    }
}
