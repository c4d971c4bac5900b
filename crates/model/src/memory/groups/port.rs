//! The groups of a context in memory, behind the port.

use super::member::MemoryMember;
use super::{Group, Joined};
use crate::memory::MemoryStore;
use crate::memory::history::History;
use crate::{
    Answer, AsOf, Checkpoint, ConsumerGroups, EventStore, GroupError, GroupInfo, GroupName,
    GroupSettings, Incarnation, Member, MemberId, ParkedEvent, ParkedPart, Position, Seek, Start,
    Timestamp, limits,
};
use bytestring::ByteString;

impl MemoryStore {
    /// Does `work` on a group as it stands now, and wakes who waits.
    fn on_group<T>(
        &self,
        name: &GroupName,
        work: impl FnOnce(&mut Group, &mut History, Timestamp) -> Result<T, GroupError>,
    ) -> Result<T, GroupError> {
        let shared = self.shared();
        let answer = {
            let (mut history, now) = (shared.history(), self.now());
            let mut groups = shared.groups();
            let group = groups.get(name, &history, now)?;
            work(group, &mut history, now)
        };
        shared.wake();
        answer
    }

    fn create(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Result<(), GroupError> {
        settings.check()?;
        let history = self.shared().history();
        let head = history.head();
        let begin = match start {
            Start::Beginning => Position::ZERO,
            Start::Now => behind(head),
            Start::After(checkpoint) => known(checkpoint, head)?.next(),
        };
        let mut groups = self.shared().groups();
        match groups.0.get(&name) {
            Some(group) if group.settings == settings => Ok(()),
            Some(_) => Err(GroupError::Exists { name }),
            None if groups.0.len() >= limits::GROUP_COUNT_MAX => {
                let why = format!("there are {} groups, no more are taken", groups.0.len());
                Err(GroupError::Invalid { why })
            }
            None => {
                groups.0.insert(name, Group::new(settings, begin));
                Ok(())
            }
        }
    }

    fn delete(&self, name: &GroupName) -> Result<(), GroupError> {
        let gone = self.shared().groups().0.remove(name);
        self.shared().wake();
        gone.map(|_| ()).ok_or_else(|| GroupError::NotFound { name: name.clone() })
    }

    fn join(&self, name: GroupName, called: ByteString) -> Result<Box<dyn Member>, GroupError> {
        let id = self.on_group(&name, |group, _, now| {
            let count_max = group.settings.member_count_max;
            if group.members.len() >= count_max as usize {
                return Err(GroupError::TooManyMembers { name: name.clone(), count_max });
            }
            group.last_id += 1;
            let id = MemberId(group.last_id);
            let joined = Joined {
                name: called,
                joined_at: now,
                heard_at: now,
                waiting_count: 0,
                hold_count_max: u32::MAX,
            };
            group.members.insert(id, joined);
            Ok(id)
        })?;
        Ok(Box::new(MemoryMember::new(self, name, id)))
    }
}

/// C2: a checkpoint means something only in the history it was saved in.
fn known(checkpoint: Checkpoint, head: Option<Position>) -> Result<Position, GroupError> {
    let Checkpoint { incarnation, position } = checkpoint;
    match incarnation == Incarnation(0) && Some(position) <= head {
        true => Ok(position),
        false => Err(GroupError::Diverged { had: checkpoint, is: Incarnation(0) }),
    }
}

fn behind(last: Option<Position>) -> Position {
    last.map_or(Position::ZERO, Position::next)
}

impl ConsumerGroups for MemoryStore {
    fn create_group(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Answer<'_, (), GroupError> {
        Box::pin(async move { self.create(name, settings, start) })
    }

    fn update_group(&self, name: GroupName, settings: GroupSettings) -> Answer<'_, (), GroupError> {
        Box::pin(async move {
            self.on_group(&name, |group, _, _| {
                group.settings.check_change(&settings)?;
                group.settings = settings;
                Ok(())
            })
        })
    }

    fn delete_group(&self, name: GroupName) -> Answer<'_, (), GroupError> {
        Box::pin(async move { self.delete(&name) })
    }

    fn group(&self, name: GroupName) -> Answer<'_, GroupInfo, GroupError> {
        Box::pin(async move {
            self.on_group(&name, |group, history, now| Ok(group.info(&name, history, now)))
        })
    }

    fn groups(&self) -> Answer<'_, Vec<GroupInfo>, GroupError> {
        Box::pin(async move {
            let names: Vec<_> = self.shared().groups().0.keys().cloned().collect();
            let info = |name: &GroupName| {
                self.on_group(name, |group, history, now| Ok(group.info(name, history, now)))
            };
            names.iter().map(info).collect()
        })
    }

    fn join_group(
        &self,
        name: GroupName,
        member: ByteString,
    ) -> Answer<'_, Box<dyn Member>, GroupError> {
        Box::pin(async move { self.join(name, member) })
    }

    fn parked(
        &self,
        name: GroupName,
        after: Option<Position>,
        count_max: usize,
    ) -> Answer<'_, Vec<ParkedEvent>, GroupError> {
        Box::pin(async move {
            self.on_group(&name, |group, history, now| {
                Ok(group.parked(after, count_max, history, now))
            })
        })
    }

    fn replay_parked(&self, name: GroupName, part: ParkedPart) -> Answer<'_, u64, GroupError> {
        Box::pin(async move { self.on_group(&name, |group, _, _| Ok(group.unpark(part, false))) })
    }

    fn skip_parked(
        &self,
        name: GroupName,
        part: ParkedPart,
        _reason: ByteString,
    ) -> Answer<'_, u64, GroupError> {
        Box::pin(async move { self.on_group(&name, |group, _, _| Ok(group.unpark(part, true))) })
    }

    fn seek_group(&self, name: GroupName, to: Seek) -> Answer<'_, Option<Checkpoint>, GroupError> {
        Box::pin(async move {
            self.on_group(&name, |group, history, now| {
                let head = history.head();
                let to = match to {
                    Seek::Beginning => Position::ZERO,
                    Seek::Now => behind(head),
                    Seek::After(checkpoint) => known(checkpoint, head)?.next(),
                    Seek::Time(instant) => behind(history.resolve(AsOf::Time(instant), now)),
                };
                group.seek(to, history, now);
                let incarnation = Incarnation(0);
                Ok(to.previous().map(|position| Checkpoint { incarnation, position }))
            })
        })
    }
}
