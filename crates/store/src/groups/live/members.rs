//! Who is in a group, and who was heard of last when.

use super::{Live, Timer};
use bytestring::ByteString;
use headwater_model::{GroupError, GroupName, GroupSharing, MemberId, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

pub(super) struct Joined {
    pub(super) name: ByteString,
    pub(super) joined_at: Timestamp,
    pub(super) heard_at: Timestamp,
    /// Calls that are under way: whoever waits is not silent.
    pub(super) call_count: u32,
    /// Deliveries that it holds.
    pub(super) held_count: u32,
    /// Deliveries that it binds itself to hold at most.
    hold_count_max: u32,
    /// Told when it holds one less.
    freed: Arc<Notify>,
}

impl Joined {
    pub(super) fn freed(&self) {
        self.freed.notify_one();
    }
}

impl Live {
    /// Lets a member in.
    pub(in crate::groups) fn join(
        &mut self,
        group: &GroupName,
        name: ByteString,
        now: Timestamp,
    ) -> Result<(MemberId, Arc<Notify>), GroupError> {
        let count_max = self.settings.member_count_max;
        if self.members.len() >= count_max as usize {
            return Err(GroupError::TooManyMembers { name: group.clone(), count_max });
        }
        self.last_id += 1;
        let (id, freed) = (MemberId(self.last_id), Arc::new(Notify::new()));
        let joined = Joined {
            name,
            joined_at: now,
            heard_at: now,
            call_count: 0,
            held_count: 0,
            hold_count_max: u32::MAX,
            freed: Arc::clone(&freed),
        };
        self.members.insert(id, joined);
        self.timers.add(now.after(self.settings.lease()), Timer::Lease(id));
        Ok((id, freed))
    }

    /// A member is gone: others get what it held.
    pub(in crate::groups) fn leave(&mut self, member: MemberId, now: Timestamp) {
        let held = self.out.iter().filter(|(_, out)| out.member == member);
        let mut held: Vec<_> = held.map(|(id, _)| *id).collect();
        held.sort_unstable();
        for id in held {
            self.give_back(id, Duration::ZERO, "its member was lost", now);
        }
        if let Some(gone) = self.members.remove(&member) {
            gone.freed();
        }
    }

    /// A member was heard of.
    pub(in crate::groups) fn heard(
        &mut self,
        group: &GroupName,
        member: MemberId,
        now: Timestamp,
    ) -> Result<(), GroupError> {
        if let Some(why) = &self.closed {
            return Err(why.clone());
        }
        match self.members.get_mut(&member) {
            Some(joined) => joined.heard_at = now,
            None => return Err(GroupError::NotAMember { name: group.clone() }),
        }
        Ok(())
    }

    /// How many more a member may hold.
    pub(super) fn room(&self, joined: &Joined) -> u32 {
        let may = self.settings.in_flight_count_max.min(joined.hold_count_max);
        may.saturating_sub(joined.held_count)
    }

    /// Binds a member to hold no more than so many.
    pub(in crate::groups) fn hold_at_most(&mut self, member: MemberId, count_max: u32) {
        if let Some(joined) = self.members.get_mut(&member) {
            joined.hold_count_max = count_max;
            joined.freed();
        }
    }

    /// Whether it is this member's turn to be given what can be delivered.
    pub(super) fn is_in_line(&self, member: MemberId) -> bool {
        match self.settings.sharing {
            GroupSharing::Evenly => true,
            GroupSharing::First => {
                self.members.range(..member).all(|(_, joined)| self.room(joined) == 0)
            }
        }
    }

    /// Calls the member whose turn it is; answers whether turns matter.
    pub(in crate::groups) fn call_in_turn(&self) -> bool {
        if self.settings.sharing == GroupSharing::Evenly {
            return false;
        }
        if let Some(first) = self.members.values().find(|joined| self.room(joined) > 0) {
            first.freed();
        }
        true
    }

    /// A member begins to wait, or ceases to.
    pub(in crate::groups) fn waits(&mut self, member: MemberId, begins: Wait, now: Timestamp) {
        let joined = self.members.get_mut(&member);
        match begins {
            Wait::Begins => {
                self.waiting_count += 1;
                if let Some(joined) = joined {
                    joined.call_count += 1;
                }
            }
            Wait::Ends => {
                self.waiting_count -= 1;
                if let Some(joined) = joined {
                    joined.call_count -= 1;
                    joined.heard_at = now;
                }
            }
        }
    }

    /// Its lease may have run out; if not, it is looked at again later.
    pub(super) fn check_lease(&mut self, member: MemberId, now: Timestamp) {
        let lease = self.settings.lease();
        let Some(joined) = self.members.get_mut(&member) else { return };
        if joined.call_count > 0 {
            joined.heard_at = now;
        }
        let until = joined.heard_at.after(lease);
        if until <= now {
            self.leave(member, now);
        } else {
            self.timers.add(until, Timer::Lease(member));
        }
    }

    /// All timers were withdrawn: leases run from now.
    pub(super) fn watch_leases(&mut self, now: Timestamp) {
        let until = now.after(self.settings.lease());
        for member in self.members.keys() {
            self.timers.add(until, Timer::Lease(*member));
        }
    }

    /// A member holds one less.
    pub(super) fn let_go(&mut self, member: MemberId) {
        if let Some(joined) = self.members.get_mut(&member) {
            joined.held_count -= 1;
            joined.freed();
        }
    }
}

/// Whether a call that waits begins or ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::groups) enum Wait {
    Begins,
    Ends,
}
