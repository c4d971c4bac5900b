//! A group while it works: which event of which key is next, who holds what, what is to be saved.
//!
//! Why: everything here can be found again from what is durable and the log, so it is a plain value
//! that a test drives without a disk: pages and times come in, deliveries and steps go out.
//!
//! Picture: a key's events wait in its queue; the phase is about the first of them
//! ```text
//!            ┌──────────── retry: Backoff ◀───────┐
//!   Idle ─▶ Ready ──take──▶ Out ──ack, park──▶ Saving ──durable──▶ Ready, Idle or Parked
//!            └── not acked in time, member lost ──┘
//! ```
//! A key that is parked gets a *lane*: a place of its own. Its events leave the window, so that the
//! group's place can pass them, and are read again from the lane's place once it goes on.
//!
//! Invariants: C3 a key is in `ready` exactly once while its phase is Ready, and only the first of its
//! queue is ever out. C2 every event of the source before `cursor` is in the window, in a lane,
//! before the durable place, or does not match. Each event costs a bounded number of steps,
//! whatever the number of members, keys or events.

mod deliver;
mod info;
mod members;
mod outbox;
mod saving;
mod timers;

#[cfg(test)]
mod tests;

pub(super) use deliver::WaitFor;
pub(super) use members::Wait;
pub(super) use outbox::{Settled, Ticket, Unpark};

use super::held::{GroupHeld, ParkedHeld};
use bytestring::ByteString;
use hashbrown::HashMap;
use headwater_model::{
    DeliveryId, GroupError, GroupSettings, MemberId, Position, RecordedEvent, Timestamp,
};
use members::Joined;
use outbox::Outbox;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use timers::{Timer, TimerKey, Timers};

/// Events that were looked at and are not behind the durable place: one slow key holds up reading
/// once so many others are finished ahead of it.
const WINDOW_COUNT_MAX: usize = 16_384;

/// Events in queues, and their payloads: what a group may hold in memory.
const QUEUED_COUNT_MAX: usize = 16_384;
const QUEUED_BYTES_MAX: usize = 32 * 1_024 * 1_024;

/// Events that were filtered out and are looked at again after an opening, at most: saving a place more
/// often would answer every append with a commit of our own.
const PLACE_LAG_MAX: u64 = 1_024;

/// Keys that can be delivered: with so many there is no hurry to read on.
const READY_COUNT_ENOUGH: usize = 512;

/// One group at work.
pub(super) struct Live {
    pub(super) settings: GroupSettings,
    /// Everything of the source before this was looked at.
    cursor: Position,
    /// The group's place, as saved.
    saved: Position,
    /// The number of the step that left it there.
    number: u64,
    /// Events that were looked at, from the durable place on; not those that only a lane reads.
    window: BTreeMap<Position, Seen>,
    keys: HashMap<ByteString, Key>,
    /// Keys whose first event can be delivered, the longest waiting first.
    ready: VecDeque<ByteString>,
    /// Lanes that have to be read on before they can be delivered.
    unread: VecDeque<ByteString>,
    /// Lanes without unfinished events, by their place: over once the group's place is there.
    resting: BTreeSet<(Position, ByteString)>,
    parked: BTreeMap<Position, ByteString>,
    /// Attempts of events that were not read yet, as saved.
    tried: BTreeMap<Position, u32>,
    out: HashMap<DeliveryId, Out>,
    members: BTreeMap<MemberId, Joined>,
    timers: Timers,
    outbox: Outbox,
    queued_count: usize,
    queued_bytes: usize,
    /// Calls of `next` that are under way.
    waiting_count: usize,
    last_id: u64,
    delivered_count: u64,
    redelivered_count: u64,
    /// A page is being read.
    is_reading: bool,
    /// Resets so far: a page that was read before one is of no use behind it.
    reset_count: u64,
    /// Why nothing works any more.
    pub(super) closed: Option<GroupError>,
    /// What all of it has cost so far, in elementary steps.
    steps: u64,
}

/// An event of the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Seen {
    is_done: bool,
    recorded_at: Timestamp,
}

/// A key with something unfinished.
#[derive(Debug, Default)]
struct Key {
    queue: VecDeque<Queued>,
    phase: Phase,
    lane: Option<Lane>,
}

#[derive(Debug)]
struct Queued {
    event: RecordedEvent,
    /// Attempts it has had.
    attempts: u32,
}

/// What is with the first event of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Phase {
    /// There is none.
    #[default]
    Idle,
    /// It can be delivered.
    Ready,
    /// A member holds it.
    Out,
    /// It waits for its next attempt.
    Backoff,
    /// It was settled, and that is being saved.
    Saving,
    /// It is set aside.
    Parked,
}

/// A key's own place.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Lane {
    /// Everything of the key before this is finished, nothing at or behind it.
    next: Position,
    /// Attempts that the event at `next` has had.
    attempts: u32,
    parked: Option<ParkedHeld>,
    /// How far its events are in its queue; `None`: as far as the group has read, and what the group
    /// reads comes here.
    read_until: Option<Position>,
}

/// A delivery that is not settled.
#[derive(Clone, Debug)]
struct Out {
    member: MemberId,
    key: ByteString,
    position: Position,
    attempt: u32,
    timer: TimerKey,
}

/// What is to be read next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Want {
    /// The source, from here.
    Source {
        /// From where.
        from: Position,
        /// See [`Live::offer_source`].
        resets: u64,
    },
    /// Events of one key.
    Lane {
        /// Whose.
        key: ByteString,
        /// From where.
        from: Position,
        /// Up to where, exclusive.
        until: Position,
        /// See [`Live::offer_lane`].
        resets: u64,
    },
}

impl Live {
    pub(super) fn new(held: &GroupHeld) -> Self {
        let mut live = Self {
            settings: held.settings.clone(),
            cursor: held.next,
            saved: held.next,
            number: held.number,
            window: BTreeMap::new(),
            keys: HashMap::new(),
            ready: VecDeque::new(),
            unread: VecDeque::new(),
            resting: BTreeSet::new(),
            parked: BTreeMap::new(),
            tried: BTreeMap::new(),
            out: HashMap::new(),
            members: BTreeMap::new(),
            timers: Timers::default(),
            outbox: Outbox::default(),
            queued_count: 0,
            queued_bytes: 0,
            waiting_count: 0,
            last_id: 0,
            delivered_count: 0,
            redelivered_count: 0,
            is_reading: false,
            reset_count: 0,
            closed: None,
            steps: 0,
        };
        live.load(held);
        live
    }

    /// Begins again from what is durable. Members stay, and hold nothing.
    pub(super) fn reset(&mut self, held: &GroupHeld, now: Timestamp) {
        self.outbox.refuse_all();
        let out: Vec<_> = self.out.drain().map(|(_, out)| out.member).collect();
        out.into_iter().for_each(|member| self.let_go(member));
        self.window.clear();
        self.keys.clear();
        self.ready.clear();
        self.unread.clear();
        self.resting.clear();
        self.parked.clear();
        self.timers.clear();
        (self.queued_count, self.queued_bytes) = (0, 0);
        self.reset_count += 1;
        self.load(held);
        self.watch_leases(now);
    }

    fn load(&mut self, held: &GroupHeld) {
        (self.cursor, self.saved, self.number) = (held.next, held.next, held.number);
        let done = Seen { is_done: true, recorded_at: Timestamp::ZERO };
        self.window.extend(held.done.iter().map(|position| (*position, done)));
        self.tried.clone_from(&held.tried);
        for (key, lane) in &held.lanes {
            let phase = if lane.parked.is_some() { Phase::Parked } else { Phase::Idle };
            match lane.parked {
                Some(_) => drop(self.parked.insert(lane.next, key.clone())),
                None => self.unread.push_back(key.clone()),
            }
            let lane = Lane {
                next: lane.next,
                attempts: lane.attempts,
                parked: lane.parked.clone(),
                read_until: Some(lane.next),
            };
            let key_of_lane = Key { queue: VecDeque::new(), phase, lane: Some(lane) };
            self.keys.insert(key.clone(), key_of_lane);
        }
    }

    /// What is to be read, if anything; who is told must offer it, or give it up.
    pub(super) fn want(&mut self, head: Position) -> Option<Want> {
        let want = self.wanted(head)?;
        self.is_reading = true;
        Some(want)
    }

    /// Whether there is something to read.
    pub(super) fn wants(&self, head: Position) -> bool {
        !self.is_reading && (self.wants_lane() || self.wants_source(head))
    }

    fn wants_source(&self, head: Position) -> bool {
        self.cursor < head
            && self.queued_count < QUEUED_COUNT_MAX
            && self.queued_bytes < QUEUED_BYTES_MAX
            && self.window.len() < WINDOW_COUNT_MAX
            && self.ready.len() < READY_COUNT_ENOUGH
    }

    /// Lanes may take as much again: what was parked does not wait for a slow key.
    fn wants_lane(&self) -> bool {
        !self.unread.is_empty()
            && self.queued_count < 2 * QUEUED_COUNT_MAX
            && self.queued_bytes < 2 * QUEUED_BYTES_MAX
    }

    fn wanted(&mut self, head: Position) -> Option<Want> {
        if !self.wants(head) {
            return None;
        }
        let resets = self.reset_count;
        while self.wants_lane()
            && let Some(key) = self.unread.pop_front()
        {
            self.steps += 1;
            let lane = self.keys.get(&key).and_then(|key| key.lane.as_ref());
            if let Some(Lane { parked: None, read_until: Some(from), .. }) = lane {
                return Some(Want::Lane { from: *from, key, until: self.cursor, resets });
            }
        }
        self.wants_source(head).then_some(Want::Source { from: self.cursor, resets })
    }

    /// The page could not be read.
    pub(super) fn give_up(&mut self, want: Want) {
        self.is_reading = false;
        if let Want::Lane { key, .. } = want {
            self.unread.push_back(key);
        }
    }

    /// Takes the next events of the source, up to `until`, exclusive.
    pub(super) fn offer_source(
        &mut self,
        events: Vec<RecordedEvent>,
        until: Position,
        resets: u64,
    ) {
        self.is_reading = false;
        if resets != self.reset_count {
            return;
        }
        assert!(until >= self.cursor, "C2: a group reads forwards");
        for event in events {
            self.steps += 1;
            let key = self.settings.key.of(&event);
            match self.keys.get(&key).and_then(|key| key.lane.as_ref()) {
                // Held behind a parked event, or read by the lane in its turn.
                Some(Lane { parked: Some(_), .. } | Lane { read_until: Some(_), .. }) => {}
                // Finished before the group's place came there: it was opened again since.
                Some(lane) if event.position < lane.next => {}
                Some(lane) => {
                    self.resting.remove(&(lane.next, key.clone()));
                    self.offer_one(key, event);
                }
                None => self.offer_one(key, event),
            }
        }
        self.cursor = until;
    }

    /// An event of a key that has no lane, or one that has caught up.
    fn offer_one(&mut self, key: ByteString, event: RecordedEvent) {
        let lane = self.keys.get(&key).and_then(|key| key.lane.as_ref());
        let of_lane = lane.filter(|lane| lane.next == event.position).map(|lane| lane.attempts);
        let attempts = self.tried.remove(&event.position).or(of_lane).unwrap_or(0);
        let seen = Seen { is_done: false, recorded_at: event.recorded_at };
        // Finished before the last opening.
        if self.window.contains_key(&event.position) {
            return;
        }
        self.window.insert(event.position, seen);
        self.push(key, event, attempts);
    }

    /// Takes the next events of a key, up to `until`, exclusive.
    pub(super) fn offer_lane(
        &mut self,
        key: ByteString,
        events: Vec<RecordedEvent>,
        until: Position,
        resets: u64,
    ) {
        self.is_reading = false;
        let cursor = self.cursor;
        let lane = self.keys.get_mut(&key).and_then(|key| key.lane.as_mut());
        let Some(lane) = lane.filter(|_| resets == self.reset_count) else { return };
        lane.read_until = Some(until).filter(|until| *until < cursor);
        let (next, attempts) = (lane.next, lane.attempts);
        for event in events {
            self.steps += 1;
            let attempts = if event.position == next { attempts } else { 0 };
            self.push(key.clone(), event, attempts);
        }
        self.settle_down(&key);
    }

    fn push(&mut self, name: ByteString, event: RecordedEvent, attempts: u32) {
        self.queued_count += 1;
        self.queued_bytes += event.payload.len();
        let key = self.keys.entry(name.clone()).or_default();
        let last = key.queue.back().map(|last| last.event.position);
        assert!(last < Some(event.position), "C3: a key's events come in order");
        key.queue.push_back(Queued { event, attempts });
        if key.phase == Phase::Idle {
            key.phase = Phase::Ready;
            self.ready.push_back(name);
        }
    }

    /// A key whose first event is finished, or that was read on: what is with it now.
    fn settle_down(&mut self, name: &ByteString) {
        let Some(key) = self.keys.get_mut(name) else { return };
        if matches!(key.phase, Phase::Out | Phase::Backoff | Phase::Ready) {
            return;
        }
        if !key.queue.is_empty() {
            key.phase = Phase::Ready;
            self.ready.push_back(name.clone());
            return;
        }
        key.phase = Phase::Idle;
        match &key.lane {
            None => drop(self.keys.remove(name)),
            Some(Lane { read_until: Some(_), .. }) => self.unread.push_back(name.clone()),
            Some(lane) => drop(self.resting.insert((lane.next, name.clone()))),
        }
    }

    /// Whether there is something to deliver.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Everything is over: the group was deleted.
    pub(super) fn close(&mut self, why: GroupError) {
        self.outbox.refuse_all();
        self.members.values().for_each(Joined::freed);
        self.closed = Some(why);
    }
}
