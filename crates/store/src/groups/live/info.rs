//! How a group at work stands.

use super::{Lane, Live, Phase, Queued};
use crate::groups::held::LaneHeld;
use bytestring::ByteString;
use headwater_model::{
    Checkpoint, GroupInfo, GroupName, Incarnation, MemberInfo, Position, Timestamp,
};
use std::time::Duration;

impl Live {
    /// What an operator sees. `unread` tells when the first event was recorded that the group has
    /// not looked at, if there is one.
    pub(in crate::groups) fn info(
        &self,
        name: &GroupName,
        incarnation: Incarnation,
        head: Position,
        unread: Option<Timestamp>,
        now: Timestamp,
    ) -> GroupInfo {
        let open: Vec<_> = self.window.iter().filter(|(_, seen)| !seen.is_done).collect();
        let next = open.first().map_or(self.cursor, |(position, _)| **position);
        let lanes = self.keys.values().filter_map(|key| {
            let is_going_on = key.phase != Phase::Parked;
            key.lane.as_ref().filter(|_| is_going_on).map(|lane| (lane, &key.queue))
        });
        let mut lag_count = open.len() as u64 + (head.0.saturating_sub(self.cursor.0));
        let mut oldest = open.first().map(|(_, seen)| seen.recorded_at);
        for (lane, queue) in lanes {
            let unread = lane.read_until.map_or(0, |read| self.cursor.0.saturating_sub(read.0));
            let only_here = |queued: &&Queued| !self.window.contains_key(&queued.event.position);
            lag_count += queue.iter().filter(only_here).count() as u64 + unread;
            let first = queue.front().map(|queued| queued.event.recorded_at);
            oldest = [oldest, first].into_iter().flatten().min();
        }
        let oldest = [oldest, unread].into_iter().flatten().min();
        let members = self.members.iter().map(|(id, joined)| MemberInfo {
            id: *id,
            name: joined.name.clone(),
            joined_at: joined.joined_at,
            in_flight_count: u64::from(joined.held_count),
        });
        GroupInfo {
            name: name.clone(),
            settings: self.settings.clone(),
            checkpoint: next.previous().map(|position| Checkpoint { incarnation, position }),
            in_flight_count: self.out.len() as u64,
            parked_count: self.parked.len() as u64,
            lag_count,
            lag: oldest.map_or(Duration::ZERO, |oldest| now.since(oldest)),
            delivered_count: self.delivered_count,
            redelivered_count: self.redelivered_count,
            members: members.collect(),
        }
    }

    /// How far the group has read.
    pub(in crate::groups) fn cursor(&self) -> Position {
        self.cursor
    }

    /// Parked events behind `after`: where each stands, its key and its lane.
    pub(in crate::groups) fn parked(
        &self,
        after: Option<Position>,
        count_max: usize,
    ) -> Vec<(ByteString, LaneHeld)> {
        let behind = self.parked.iter().filter(|(position, _)| Some(**position) > after);
        let lane = |(_, name): (&Position, &ByteString)| {
            let Lane { next, attempts, parked, .. } = self.keys.get(name)?.lane.clone()?;
            Some((name.clone(), LaneHeld { next, attempts, parked }))
        };
        behind.filter_map(lane).take(count_max).collect()
    }
}
