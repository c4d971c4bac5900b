//! Consumer groups in memory: what may be delivered, said by looking at every event each time.
//!
//! Why: the specification in executable form. A group here keeps no queues: what stands where
//! follows from one walk over its source, and every rule is one line of that walk.
//!
//! Picture: the walk gives each matching event its standing, by the first unfinished of its key
//! ```text
//!   done? ─yes▶ Done          parked? ─yes▶ Parked, and those of its key behind it: Held
//!   first unfinished of its key? ─no▶ Behind       out? ▶ Out   waits? ▶ Waits   else ▶ Ready
//! ```
//! Invariants: C3 at most one event of a key is Ready or Out, and it is the first unfinished one.
//! C2 the checkpoint comes to the place before the first event that is Out, Waits, Behind or Ready, and
//! goes back only by a seek: what was parked and is replayed stays behind it.

mod member;
mod port;

use super::history::History;
use crate::group::cut_reason;
use crate::{
    Checkpoint, DeliveryId, GroupDelivery, GroupError, GroupInfo, GroupName, GroupSettings,
    GroupSharing, Incarnation, MemberId, MemberInfo, ParkedEvent, ParkedPart, Position,
    RecordedEvent, Timestamp, limits,
};
use bytestring::ByteString;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// The groups of a context.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<GroupName, Group>);

#[derive(Debug)]
struct Group {
    settings: GroupSettings,
    /// Events before this were never the group's.
    begin: Position,
    /// C2: the furthest place that the checkpoint was ever at; a replay does not take it back.
    come: Position,
    done: BTreeSet<Position>,
    parked: BTreeMap<Position, Parked>,
    /// Attempts that an unfinished event has had, and when the next may be.
    tried: BTreeMap<Position, (u32, Timestamp)>,
    out: BTreeMap<DeliveryId, Out>,
    members: BTreeMap<MemberId, Joined>,
    last_id: u64,
    delivered_count: u64,
    redelivered_count: u64,
}

#[derive(Debug)]
struct Parked {
    attempts: u32,
    reason: ByteString,
    at: Timestamp,
}

#[derive(Debug)]
struct Out {
    member: MemberId,
    position: Position,
    attempt: u32,
    until: Timestamp,
}

#[derive(Debug)]
struct Joined {
    name: ByteString,
    joined_at: Timestamp,
    heard_at: Timestamp,
    /// Calls that wait: whoever waits is not silent.
    waiting_count: u32,
    /// Deliveries that it binds itself to hold at most.
    hold_count_max: u32,
}

/// Where an event stands in its group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    Done,
    Parked,
    /// Behind a parked event of its key.
    Held,
    /// Behind an unfinished event of its key.
    Behind,
    Out,
    /// To be tried again, later.
    Waits,
    Ready,
}

impl Standing {
    /// Whether the checkpoint may pass it.
    fn lets_pass(self) -> bool {
        matches!(self, Self::Done | Self::Parked | Self::Held)
    }
}

impl Group {
    fn new(settings: GroupSettings, begin: Position) -> Self {
        Self {
            settings,
            begin,
            come: begin,
            done: BTreeSet::new(),
            parked: BTreeMap::new(),
            tried: BTreeMap::new(),
            out: BTreeMap::new(),
            members: BTreeMap::new(),
            last_id: 0,
            delivered_count: 0,
            redelivered_count: 0,
        }
    }

    /// Every event of the source and its standing, in order. The whole specification of order.
    fn walk<'h>(
        &'h self,
        history: &'h History,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'h RecordedEvent, Standing)> {
        let mut first = HashMap::<ByteString, Standing>::new();
        let events = history.events.iter().filter(move |event| {
            event.position >= self.begin
                && self.settings.source.matches(*event)
                && !history.hides(event)
        });
        events.map(move |event| {
            if self.done.contains(&event.position) {
                return (event, Standing::Done);
            }
            let key = self.settings.key.of(event);
            let standing = match first.get(&key) {
                Some(Standing::Parked) => Standing::Held,
                Some(_) => Standing::Behind,
                None => *first.entry(key).or_insert(self.standing(event.position, now)),
            };
            (event, standing)
        })
    }

    /// The standing of the first unfinished event of a key.
    fn standing(&self, position: Position, now: Timestamp) -> Standing {
        let waits = self.tried.get(&position).is_some_and(|(_, not_before)| *not_before > now);
        if self.parked.contains_key(&position) {
            Standing::Parked
        } else if self.out.values().any(|out| out.position == position) {
            Standing::Out
        } else if waits {
            Standing::Waits
        } else {
            Standing::Ready
        }
    }

    /// Takes back what was not acked in time, and what silent members held.
    fn pass_time(&mut self, now: Timestamp) {
        let lease = self.settings.lease();
        for member in self.members.values_mut().filter(|member| member.waiting_count > 0) {
            member.heard_at = now;
        }
        let silent = |member: &Joined| now >= member.heard_at.after(lease);
        let gone: Vec<_> =
            self.members.iter().filter(|(_, m)| silent(m)).map(|(id, _)| *id).collect();
        for member in gone {
            self.leave(member, now);
        }
        let late: Vec<_> =
            self.out.iter().filter(|(_, out)| out.until <= now).map(|(id, _)| *id).collect();
        for id in late {
            self.give_back(id, Duration::ZERO, "it was not acked in time", now);
        }
    }

    fn leave(&mut self, member: MemberId, now: Timestamp) {
        let held: Vec<_> =
            self.out.iter().filter(|(_, out)| out.member == member).map(|(id, _)| *id).collect();
        for id in held {
            self.give_back(id, Duration::ZERO, "its member was lost", now);
        }
        self.members.remove(&member);
    }

    /// A delivery that did not end well: again after `wait`, or parked if that was the last attempt.
    fn give_back(&mut self, id: DeliveryId, wait: Duration, why: &str, now: Timestamp) {
        let Some(out) = self.out.remove(&id) else { return };
        if out.attempt >= self.settings.attempts_max {
            let reason = ByteString::from(cut_reason(why));
            self.tried.remove(&out.position);
            self.parked.insert(out.position, Parked { attempts: out.attempt, reason, at: now });
        } else {
            self.tried.insert(out.position, (out.attempt, now.after(wait)));
        }
    }

    fn take(
        &mut self,
        member: MemberId,
        count_max: usize,
        history: &History,
        now: Timestamp,
    ) -> Vec<GroupDelivery> {
        let room = if self.is_in_line(member) { self.room(member) } else { 0 };
        let ready = self.walk(history, now).filter(|(_, standing)| *standing == Standing::Ready);
        let events: Vec<_> =
            ready.take(room.min(count_max)).map(|(event, _)| event.clone()).collect();
        events.into_iter().map(|event| self.deliver(member, event, now)).collect()
    }

    /// How many more a member may hold.
    fn room(&self, member: MemberId) -> usize {
        let own = self.members.get(&member).map_or(0, |joined| joined.hold_count_max);
        let held = self.out.values().filter(|out| out.member == member).count();
        (self.settings.in_flight_count_max.min(own) as usize).saturating_sub(held)
    }

    /// Whether it is this member's turn.
    fn is_in_line(&self, member: MemberId) -> bool {
        match self.settings.sharing {
            GroupSharing::Evenly => true,
            GroupSharing::First => self.members.range(..member).all(|(id, _)| self.room(*id) == 0),
        }
    }

    fn deliver(&mut self, member: MemberId, event: RecordedEvent, now: Timestamp) -> GroupDelivery {
        self.last_id += 1;
        let (id, position) = (DeliveryId(self.last_id), event.position);
        let attempt = self.tried.get(&position).map_or(0, |(attempts, _)| *attempts) + 1;
        let until = now.after(self.settings.ack_wait());
        self.out.insert(id, Out { member, position, attempt, until });
        self.delivered_count += 1;
        self.redelivered_count += u64::from(attempt > 1);
        GroupDelivery { id, key: self.settings.key.of(&event), event, attempt, until }
    }

    /// C2: the checkpoint comes to the place before the first event that must not be passed.
    fn come(&mut self, history: &History, now: Timestamp) {
        let open = self.walk(history, now).find(|(_, standing)| !standing.lets_pass());
        let next = match open {
            Some((event, _)) => event.position,
            None => history.head().map_or(Position::ZERO, Position::next),
        };
        self.come = self.come.max(next);
    }

    fn checkpoint(&self) -> Option<Checkpoint> {
        let position = self.come.previous()?;
        Some(Checkpoint { incarnation: Incarnation(0), position })
    }

    fn seek(&mut self, to: Position, history: &History, now: Timestamp) {
        self.out.clear();
        let stays: Vec<_> = self
            .walk(history, now)
            .filter(|(event, standing)| {
                event.position < to && matches!(standing, Standing::Parked | Standing::Held)
            })
            .map(|(event, _)| event.position)
            .collect();
        let skipped: Vec<_> = self
            .walk(history, now)
            .map(|(event, _)| event.position)
            .filter(|position| *position < to && !stays.contains(position))
            .collect();
        self.begin = self.begin.min(to);
        self.come = to;
        self.done.split_off(&to);
        self.done.extend(skipped);
        self.parked.split_off(&to);
        self.tried.clear();
    }

    fn info(&self, name: &GroupName, history: &History, now: Timestamp) -> GroupInfo {
        let open: Vec<_> =
            self.walk(history, now).filter(|(_, standing)| !standing.lets_pass()).collect();
        let members = self.members.iter().map(|(id, member)| MemberInfo {
            id: *id,
            name: member.name.clone(),
            joined_at: member.joined_at,
            in_flight_count: self.out.values().filter(|out| out.member == *id).count() as u64,
        });
        GroupInfo {
            name: name.clone(),
            settings: self.settings.clone(),
            checkpoint: self.checkpoint(),
            in_flight_count: self.out.len() as u64,
            parked_count: self.parked.len() as u64,
            lag_count: open.len() as u64,
            lag: open.first().map_or(Duration::ZERO, |(event, _)| now.since(event.recorded_at)),
            delivered_count: self.delivered_count,
            redelivered_count: self.redelivered_count,
            members: members.collect(),
        }
    }

    fn parked(
        &self,
        after: Option<Position>,
        count_max: usize,
        history: &History,
        now: Timestamp,
    ) -> Vec<ParkedEvent> {
        let behind = self.parked.iter().filter(|(position, _)| Some(**position) > after);
        let count_max = count_max.min(limits::GROUP_PARKED_PAGE_COUNT_MAX);
        let parked = behind.take(count_max).filter_map(|(position, parked)| {
            let event = history.event(*position)?;
            let key = self.settings.key.of(event);
            let held = self.walk(history, now).filter(|(other, standing)| {
                *standing == Standing::Held && self.settings.key.of(other) == key
            });
            Some(ParkedEvent {
                position: *position,
                held_count: held.count() as u64,
                event: Some(event.clone()).filter(|event| !history.hides(event)),
                key,
                attempts: parked.attempts,
                reason: parked.reason.clone(),
                parked_at: parked.at,
            })
        });
        parked.collect()
    }

    /// Takes parked events out; `finished` says whether for good.
    fn unpark(&mut self, part: ParkedPart, finished: bool) -> u64 {
        let part: Vec<_> = self.parked.keys().filter(|p| part.contains(**p)).copied().collect();
        for position in &part {
            self.parked.remove(position);
            self.tried.remove(position);
            if finished {
                self.done.insert(*position);
            }
        }
        part.len() as u64
    }
}

impl Groups {
    fn get(
        &mut self,
        name: &GroupName,
        history: &History,
        now: Timestamp,
    ) -> Result<&mut Group, GroupError> {
        let group = self.0.get_mut(name);
        let group = group.ok_or_else(|| GroupError::NotFound { name: name.clone() })?;
        group.pass_time(now);
        group.come(history, now);
        Ok(group)
    }
}
