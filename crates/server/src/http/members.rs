//! Members of groups whose callers come and go: by the name that each gives itself.
//!
//! Why: over HTTP nothing stays open between a fetch and its ack. The member is kept here; whoever
//! says its name is it.
//!
//! Invariants: a member that nobody spoke for longer than its group's lease is not kept (the group itself
//! has let it go by then). Whom one caller made, no other can speak for. Their number is bounded.

use super::bounds::MEMBER_COUNT_MAX;
use super::problem::Problem;
use super::refused::Refused;
use crate::Identity;
use headwater_model::{ConsumerGroups, ContextName, GroupError, GroupName, Member};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Which member: of which group, and as it calls itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct MemberKey {
    pub(super) context: ContextName,
    pub(super) group: GroupName,
    pub(super) name: String,
}

struct Kept {
    member: Arc<dyn Member>,
    /// Whose it is.
    identity: Identity,
    lease: Duration,
    spoken_at: Instant,
}

impl Kept {
    /// Whether it is at work, or was heard of within its lease.
    fn is_alive(&self, now: Instant) -> bool {
        Arc::strong_count(&self.member) > 1 || self.spoken_at + self.lease > now
    }
}

/// All members that are kept.
#[derive(Default)]
pub(super) struct Members {
    kept: Mutex<HashMap<MemberKey, Kept>>,
}

impl Members {
    /// The member of this name, which speaks now.
    pub(super) fn get(
        &self,
        key: &MemberKey,
        identity: &Identity,
    ) -> Result<Option<Arc<dyn Member>>, Problem> {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        kept.retain(|_, member| member.is_alive(now));
        let Some(member) = kept.get_mut(key) else { return Ok(None) };
        if member.identity != *identity {
            return Err(GroupError::NotAMember { name: key.group.clone() }.into());
        }
        member.spoken_at = now;
        Ok(Some(Arc::clone(&member.member)))
    }

    /// The member of this name; joins if it is not there.
    pub(super) async fn get_or_join(
        &self,
        key: &MemberKey,
        identity: &Identity,
        groups: &dyn ConsumerGroups,
    ) -> Result<Arc<dyn Member>, Problem> {
        if let Some(member) = self.get(key, identity)? {
            return Ok(member);
        }
        if self.kept.lock().len() >= MEMBER_COUNT_MAX {
            return Err(Refused::TooManyMembers { count_max: MEMBER_COUNT_MAX }.into());
        }
        let lease = groups.group(key.group.clone()).await?.settings.lease();
        let joined = groups.join_group(key.group.clone(), key.name.clone().into()).await?;
        let kept = Kept {
            member: Arc::from(joined),
            identity: identity.clone(),
            lease,
            spoken_at: Instant::now(),
        };
        // Two first fetches at the same moment: the second takes the place of its own twin.
        let member = Arc::clone(&kept.member);
        self.kept.lock().insert(key.clone(), kept);
        Ok(member)
    }

    /// It is none any more.
    pub(super) fn forget(&self, key: &MemberKey) {
        let gone = self.kept.lock().remove(key);
        // Outside of the lock: it gives back what it held.
        drop(gone);
    }
}
