//! The groups of a context: made, changed, deleted, moved.
//!
//! Invariants: what is decided about a group as a whole is decided by one at a time. A reset waits for
//! the batch that is on its way, and refuses what waits behind it.

use super::held::GroupHeld;
use super::live::Live;
use super::open_group::OpenGroup;
use super::step::{GroupStep, LaneStep};
use crate::commit::Control;
use crate::context::Core;
use crate::read::{check_query, read_all};
use hashbrown::HashMap;
use headwater_model::{
    AsOf, Checkpoint, GroupError, GroupInfo, GroupName, GroupSettings, Position, Query, ReadAll,
    ReadError, Seek, Start, Timestamp, limits,
};
use parking_lot::Mutex;
use std::sync::Arc;

/// The groups of a context that somebody uses.
#[derive(Default)]
pub(crate) struct Groups {
    open: Mutex<HashMap<GroupName, Arc<OpenGroup>>>,
    /// Held by who makes, changes or deletes one.
    deciding: tokio::sync::Mutex<()>,
}

impl Core {
    fn held_group<T>(
        &self,
        name: &GroupName,
        look: impl FnOnce(&GroupHeld) -> T,
    ) -> Result<T, GroupError> {
        let held = self.state.held.read();
        let found = held.groups.get(name).map(look);
        found.ok_or_else(|| GroupError::NotFound { name: name.clone() })
    }

    /// The group at work; begins with what is durable if nobody used it yet.
    pub(super) fn open_group(&self, name: &GroupName) -> Result<Arc<OpenGroup>, GroupError> {
        let mut open = self.groups.open.lock();
        if let Some(group) = open.get(name) {
            return Ok(Arc::clone(group));
        }
        let live = self.held_group(name, Live::new)?;
        let group = Arc::new(OpenGroup::new(name.clone(), live));
        open.insert(name.clone(), Arc::clone(&group));
        Ok(group)
    }

    /// C2: a checkpoint is a place of this history, or of none.
    fn behind(&self, checkpoint: Checkpoint) -> Result<Position, GroupError> {
        let held = self.state.held.read();
        let is_ours = held.identity.as_ref().is_none_or(|identity| identity.knows(checkpoint));
        drop(held);
        if is_ours && checkpoint.position < self.state.head().next {
            return Ok(checkpoint.position.next());
        }
        Err(GroupError::Diverged { had: checkpoint, is: self.state.incarnation() })
    }

    pub(super) async fn create_group_of(
        &self,
        name: GroupName,
        settings: GroupSettings,
        start: Start,
    ) -> Result<(), GroupError> {
        settings.check()?;
        check_query(&settings.source)?;
        let _deciding = self.groups.deciding.lock().await;
        let next = match start {
            Start::Beginning => Position::ZERO,
            Start::Now => self.state.head().next,
            Start::After(checkpoint) => self.behind(checkpoint)?,
        };
        let same = |held: &GroupHeld| held.settings == settings;
        match self.held_group(&name, same) {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(GroupError::Exists { name }),
            Err(_) => {}
        }
        let count = self.state.held.read().groups.len();
        if count >= limits::GROUP_COUNT_MAX {
            let why = format!("there are {count} groups, no more are taken");
            return Err(GroupError::Invalid { why });
        }
        let incarnation = self.state.incarnation();
        self.forget_group(&name);
        let created = Control::GroupCreated { name, settings, incarnation, next };
        self.control(vec![created]).await
    }

    /// The group is not there any more: its members are told.
    fn forget_group(&self, name: &GroupName) {
        let gone = self.groups.open.lock().remove(name);
        if let Some(group) = gone {
            group.with(self, |live, _| live.close(GroupError::NotFound { name: name.clone() }));
            group.changed.notify_waiters();
        }
    }

    pub(super) async fn update_group_of(
        &self,
        name: GroupName,
        settings: GroupSettings,
    ) -> Result<(), GroupError> {
        let _deciding = self.groups.deciding.lock().await;
        self.held_group(&name, |held| held.settings.check_change(&settings))??;
        let changed = Control::GroupChanged { name: name.clone(), settings: settings.clone() };
        self.control(vec![changed]).await?;
        let group = self.open_group(&name)?;
        group.with(self, |live, _| live.settings = settings);
        Ok(())
    }

    pub(super) async fn delete_group_of(&self, name: GroupName) -> Result<(), GroupError> {
        let _deciding = self.groups.deciding.lock().await;
        let group = self.open_group(&name)?;
        self.held_group(&name, |_| ())?;
        let _turn = group.turn.lock().await;
        self.control(vec![Control::GroupDeleted { name: name.clone() }]).await?;
        self.forget_group(&name);
        Ok(())
    }

    pub(super) async fn seek_group_to(
        &self,
        name: GroupName,
        to: Seek,
    ) -> Result<Option<Checkpoint>, GroupError> {
        let _deciding = self.groups.deciding.lock().await;
        let next = match to {
            Seek::Beginning => Position::ZERO,
            Seek::Now => self.state.head().next,
            Seek::After(checkpoint) => self.behind(checkpoint)?,
            Seek::Time(instant) => self.behind_instant(instant)?,
        };
        let group = self.open_group(&name)?;
        let _turn = group.turn.lock().await;
        // What is on its way comes first, or its number would be taken twice.
        while group.with(self, |live, _| live.is_saving()) {
            group.save(self).await;
        }
        let step = self.held_group(&name, |held| self.reset(&name, held, next))?;
        let incarnation = step.incarnation;
        self.control(vec![Control::GroupStepped(step)]).await?;
        let held = self.held_group(&name, GroupHeld::clone)?;
        group.with(self, |live, now| live.reset(&held, now));
        group.changed.notify_waiters();
        Ok(next.previous().map(|position| Checkpoint { incarnation, position }))
    }

    /// Parked events before the place stay parked; every other lane ends.
    fn reset(&self, name: &GroupName, held: &GroupHeld, next: Position) -> GroupStep {
        let ends = held.lanes.iter().filter(|(_, lane)| lane.parked.is_none() || lane.next >= next);
        GroupStep {
            name: name.clone(),
            number: held.number + 1,
            is_reset: true,
            incarnation: self.state.incarnation(),
            next,
            done: Vec::new(),
            tried: Vec::new(),
            lanes: ends.map(|(key, _)| (key.clone(), LaneStep::Over)).collect(),
        }
    }

    /// The place behind what was recorded up to an instant.
    fn behind_instant(&self, instant: Timestamp) -> Result<Position, ReadError> {
        let as_of = AsOf::Time(instant);
        let read = ReadAll { as_of, count_max: 1, ..ReadAll::forwards(Query::all()) };
        let page = read_all(&self.state, &read, self.now())?;
        Ok(page.as_of.map_or(Position::ZERO, Position::next))
    }

    /// The group, with what nobody waits for saved if it can be: for those who look.
    pub(super) async fn settled_group(
        &self,
        name: &GroupName,
    ) -> Result<Arc<OpenGroup>, GroupError> {
        let group = self.open_group(name)?;
        // What cannot be saved now is shown as it was.
        drop(group.save_orphans(self).await);
        Ok(group)
    }

    pub(super) async fn group_info(&self, name: &GroupName) -> Result<GroupInfo, GroupError> {
        let group = self.settled_group(name).await?;
        let incarnation = self.state.incarnation();
        let cursor = group.with(self, |live, _| live.cursor());
        let source = group.with(self, |live, _| live.settings.source.clone());
        let first = ReadAll {
            from: headwater_model::From::At(cursor),
            count_max: 1,
            ..ReadAll::forwards(source)
        };
        let page = read_all(&self.state, &first, self.now())?;
        let unread = page.events.first().map(|event| event.recorded_at);
        let head = self.state.head().next;
        Ok(group.with(self, |live, now| live.info(name, incarnation, head, unread, now)))
    }

    pub(super) async fn group_infos(&self) -> Result<Vec<GroupInfo>, GroupError> {
        let mut names: Vec<_> = self.state.held.read().groups.keys().cloned().collect();
        names.sort();
        let mut infos = Vec::with_capacity(names.len());
        for name in &names {
            match self.group_info(name).await {
                // Deleted meanwhile.
                Err(GroupError::NotFound { .. }) => {}
                info => infos.push(info?),
            }
        }
        Ok(infos)
    }
}
