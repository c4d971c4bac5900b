//! Saving: what waits becomes a step, and once the step is durable, what it means for the keys.
//!
//! Picture:
//! ```text
//!   outbox ──batch──▶ step ──commit──▶ finish: released, parked, going on
//!      ▲                        └────▶ failed: out again, with the members that held them
//! ```
//! Invariants: C2 the step's place is before the first event of the window that is not finished.
//! C3 nothing is released before its step is durable.

use super::outbox::{Batch, Change, Entry, Settled, Ticket, Unpark};
use super::{Lane, Live, Out, PLACE_LAG_MAX, Phase, Timer};
use crate::groups::held::{LaneHeld, ParkedHeld, Place};
use crate::groups::step::{GroupStep, LaneStep};
use crate::planted::{Bug, planted};
use bytestring::ByteString;
use headwater_model::{GroupError, GroupName, ParkedPart, Position, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Live {
    /// Whether something must be saved, or found out about, that perhaps nobody waits for.
    pub(in crate::groups) fn must_save(&self) -> bool {
        self.outbox.has_orphans() || self.is_saving() || self.place_lags()
    }

    /// Whether nothing is unfinished, and much was filtered out since a place was saved.
    fn place_lags(&self) -> bool {
        self.window.is_empty() && self.cursor.0 >= self.saved.0.saturating_add(PLACE_LAG_MAX)
    }

    /// Whether something waits to be saved that nobody waits for.
    pub(in crate::groups) fn has_orphans(&self) -> bool {
        self.outbox.has_orphans()
    }

    /// Whether somebody reset the group and went away before it was known here.
    pub(in crate::groups) fn is_behind(&self, place: Place) -> bool {
        !self.is_saving() && self.number < place.number
    }

    /// Whether a batch is on its way.
    pub(in crate::groups) fn is_saving(&self) -> bool {
        self.outbox.on_its_way.is_some()
    }

    /// Takes parked events out of their rest; answers with how many.
    pub(in crate::groups) fn unpark(
        &mut self,
        part: ParkedPart,
        how: Unpark,
    ) -> (Arc<Ticket>, u64) {
        let ticket = Arc::new(Ticket::default());
        let chosen: Vec<_> = self.parked.keys().filter(|p| part.contains(**p)).copied().collect();
        for position in &chosen {
            let Some(key) = self.parked.remove(position) else { continue };
            self.phase_of(&key, Phase::Saving);
            self.outbox.push(Change::Unparked { key, position: *position, how }, Some(&ticket));
        }
        (ticket, chosen.len() as u64)
    }

    /// The step to be written next; the same one again until its end is known.
    pub(in crate::groups) fn batch(&mut self, name: &GroupName, held: Place) -> Option<GroupStep> {
        if let Some(batch) = &self.outbox.on_its_way {
            return Some(batch.step.clone());
        }
        let entries = self.outbox.take();
        if entries.is_empty() && !self.place_lags() {
            return None;
        }
        let (mut lanes, mut done, mut tried) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for entry in &entries {
            self.steps += 1;
            match &entry.change {
                Change::Settled { out, settled, at, .. } => {
                    self.settled(out, settled, *at, &mut lanes, &mut done);
                }
                Change::Tried { key, position, attempts } => match self.lane(key) {
                    None => drop(tried.insert(*position, *attempts)),
                    Some(_) => {
                        let lane = LaneHeld { next: *position, attempts: *attempts, parked: None };
                        lanes.insert(key.clone(), LaneStep::Held(lane));
                    }
                },
                Change::Unparked { key, position, how } => {
                    let next = unparked(*position, *how);
                    let lane = LaneHeld { next, attempts: 0, parked: None };
                    lanes.insert(key.clone(), LaneStep::Held(lane));
                }
            }
        }
        let next = self.place().max(held.next);
        let over = self.lanes_over(next, &mut lanes);
        done.retain(|position| *position >= next);
        done.sort_unstable();
        let is_open = |position: &Position| self.window.get(position).is_some_and(|s| !s.is_done);
        tried.retain(|position, _| *position >= next && is_open(position));
        let step = GroupStep {
            name: name.clone(),
            number: held.number + 1,
            is_reset: false,
            incarnation: held.incarnation,
            next,
            done,
            tried: tried.into_iter().collect(),
            lanes: lanes.into_iter().collect(),
        };
        self.outbox.on_its_way = Some(Batch { entries, over, step: step.clone() });
        Some(step)
    }

    fn lane(&self, key: &ByteString) -> Option<&Lane> {
        self.keys.get(key).and_then(|key| key.lane.as_ref())
    }

    fn settled(
        &mut self,
        out: &Out,
        settled: &Settled,
        at: Timestamp,
        lanes: &mut BTreeMap<ByteString, LaneStep>,
        done: &mut Vec<Position>,
    ) {
        let has_lane = self.lane(&out.key).is_some();
        let Settled::Parked { reason } = settled else {
            self.mark(out.position, true);
            if has_lane {
                let next = out.position.next();
                let lane = LaneHeld { next, attempts: 0, parked: None };
                lanes.insert(out.key.clone(), LaneStep::Held(lane));
            } else {
                done.push(out.position);
            }
            return;
        };
        let parked = ParkedHeld { reason: reason.clone(), at_micros: at.as_micros() };
        let lane = LaneHeld { next: out.position, attempts: out.attempt, parked: Some(parked) };
        lanes.insert(out.key.clone(), LaneStep::Held(lane));
        // They are the lane's from here on: the group's place may pass them.
        self.mark_queue(&out.key, true);
    }

    fn mark(&mut self, position: Position, is_done: bool) {
        if let Some(seen) = self.window.get_mut(&position) {
            seen.is_done = is_done;
        }
    }

    fn mark_queue(&mut self, key: &ByteString, is_done: bool) {
        let queue = self.keys.get(key).map(|key| &key.queue);
        let queued: Vec<_> = queue.into_iter().flatten().map(|q| q.event.position).collect();
        queued.into_iter().for_each(|position| self.mark(position, is_done));
    }

    /// C2: the place before which everything is finished or in a lane.
    fn place(&mut self) -> Position {
        if planted(Bug::GroupPassesUnfinished) {
            return self.cursor;
        }
        let mut walked = 0;
        let open = self.window.iter().inspect(|_| walked += 1).find(|(_, seen)| !seen.is_done);
        let place = open.map_or(self.cursor, |(position, _)| *position);
        self.steps += walked;
        place
    }

    /// Lanes that lag no longer once the group's place is `next`.
    fn lanes_over(
        &mut self,
        next: Position,
        lanes: &mut BTreeMap<ByteString, LaneStep>,
    ) -> Vec<(Position, ByteString)> {
        let mut over = Vec::new();
        while let Some(first) = self.resting.first()
            && first.0 <= next
            && let Some((place, key)) = self.resting.pop_first()
        {
            self.steps += 1;
            lanes.insert(key.clone(), LaneStep::Over);
            over.push((place, key));
        }
        over
    }

    /// The batch that was on its way is durable.
    pub(in crate::groups) fn finish(&mut self) {
        let Some(Batch { entries, over, step }) = self.outbox.on_its_way.take() else { return };
        (self.saved, self.number) = (step.next, step.number);
        while let Some(first) = self.window.first_entry()
            && *first.key() < step.next
        {
            first.remove();
            self.steps += 1;
        }
        for entry in entries {
            self.steps += 1;
            match &entry.change {
                Change::Settled { out, settled: Settled::Parked { reason }, at, .. } => {
                    self.finish_park(out, reason, *at);
                }
                Change::Settled { out, .. } => self.finish_ack(out),
                Change::Unparked { key, position, how } => {
                    self.finish_unpark(key, unparked(*position, *how));
                }
                Change::Tried { .. } => {}
            }
            entry.tell(&Ok(()));
        }
        over.into_iter().for_each(|(_, key)| self.finish_lane(&key));
    }

    fn finish_ack(&mut self, out: &Out) {
        let key = self.keys.get_mut(&out.key).expect("C3: what is saved has a key");
        let first = key.queue.pop_front().expect("C3: what is saved is the first of its key");
        assert_eq!(first.event.position, out.position, "C3: what is saved is the first of its key");
        self.queued_count -= 1;
        self.queued_bytes -= first.event.payload.len();
        if let Some(lane) = &mut key.lane {
            (lane.next, lane.attempts) = (out.position.next(), 0);
        }
        self.settle_down(&out.key);
    }

    fn finish_park(&mut self, out: &Out, reason: &ByteString, at: Timestamp) {
        if planted(Bug::GroupReleasesFollowers) {
            return self.finish_ack(out);
        }
        let key = self.keys.get_mut(&out.key).expect("C3: what is saved has a key");
        for queued in key.queue.drain(..) {
            self.queued_count -= 1;
            self.queued_bytes -= queued.event.payload.len();
            self.window.remove(&queued.event.position);
        }
        let parked = ParkedHeld { reason: reason.clone(), at_micros: at.as_micros() };
        key.lane = Some(Lane {
            next: out.position,
            attempts: out.attempt,
            parked: Some(parked),
            read_until: Some(out.position),
        });
        key.phase = Phase::Parked;
        self.parked.insert(out.position, out.key.clone());
    }

    fn finish_unpark(&mut self, name: &ByteString, next: Position) {
        let key = self.keys.get_mut(name).expect("C3: what was parked has a key");
        key.lane = Some(Lane { next, attempts: 0, parked: None, read_until: Some(next) });
        self.settle_down(name);
    }

    /// A key lags no longer; what came for it meanwhile is in the window like any other's.
    fn finish_lane(&mut self, name: &ByteString) {
        let Some(key) = self.keys.get_mut(name) else { return };
        key.lane = None;
        if key.queue.is_empty() && key.phase == Phase::Idle {
            self.keys.remove(name);
        }
    }

    /// The batch that was on its way was not written.
    pub(in crate::groups) fn failed(&mut self, why: &GroupError, now: Timestamp) {
        let Some(Batch { entries, over, .. }) = self.outbox.on_its_way.take() else { return };
        for (_, key) in over {
            let is_idle = self.keys.get(&key).is_some_and(|key| key.phase == Phase::Idle);
            let next = self.lane(&key).map(|lane| lane.next);
            self.resting.extend(next.filter(|_| is_idle).map(|next| (next, key)));
        }
        for entry in entries {
            entry.tell(&Err(why.clone()));
            self.undo(entry, now);
        }
    }

    fn undo(&mut self, entry: Entry, now: Timestamp) {
        match &entry.change {
            Change::Settled { id, out, .. } => {
                self.mark_queue(&out.key, false);
                let (id, mut out) = (*id, out.clone());
                let holder = self.members.get_mut(&out.member).filter(|_| entry.ticket.is_some());
                let Some(holder) = holder else {
                    return self.outbox.push_again(Entry { ticket: None, ..entry });
                };
                holder.held_count += 1;
                out.timer = self.timers.add(now.after(self.settings.ack_wait()), Timer::Ack(id));
                self.phase_of(&out.key, Phase::Out);
                self.out.insert(id, out);
            }
            Change::Tried { .. } => self.outbox.push_again(Entry { ticket: None, ..entry }),
            Change::Unparked { key, position, .. } => {
                self.phase_of(key, Phase::Parked);
                self.parked.insert(*position, key.clone());
            }
        }
    }
}

/// The place of a lane whose parked event is replayed or given up.
fn unparked(parked: Position, how: Unpark) -> Position {
    match how {
        Unpark::Replay => parked,
        Unpark::Skip => parked.next(),
    }
}
