//! Planted bugs: switches that break a promise on purpose, to prove that a test would notice.
//!
//! Why: a test that cannot fail proves nothing. Each bug here is one that a store of this kind
//! has shipped with; a named test plants it and must go red.
//!
//! Without the feature `planted-bugs` the switch is a constant `false` and nothing is compiled in.
//! With it, a bug lives in a whole process, the one whose `HEADWATER_PLANT` names it: a test that
//! must go red is run in a process of its own, and no other test meets the bug.

/// A promise broken at one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// A2: the append is answered although the journal refused the commit.
    AckBeforeSync,
    /// D1: a record's checksum does not cover its position.
    SkipPositionInChecksum,
    /// R3: the first event behind the end of what was stored is not delivered.
    DropEventAtLiveSwitch,
    /// A1: the conditions of an append are not looked at.
    IgnoreCondition,
    /// A1: a condition sees what is sealed in the index but not what came last.
    ConditionMissesGroup,
    /// A4: the index does not remember event ids.
    ForgetIds,
    /// R1: readers see events before the journal holds them durably.
    VisibleBeforeDurable,
    /// A3: within one group, an append is planned on the stream as it was before the group.
    RevisionFromStaleHead,
    /// C1: the checkpoint of an append is kept although the append was refused.
    SaveCheckpointAlone,
    /// C2: a checkpoint is moved whatever it was expected to be.
    CheckpointWithoutCompare,
    /// A6: recorded-at follows the clock back.
    RecordedAtFollowsClock,
    /// R2: the wake-up of waiting readers comes before the new head.
    WakeBeforeHead,
    /// R4: a record that cannot be read is left out of a page.
    SkipUndecodable,
    /// A5: an append that is refused half-way leaves its first events in the group.
    KeepRefusedEvents,
    /// A5: the index keeps what it was told of a commit that the journal then refused.
    KeepRefusedPostings,
    /// C3: the events behind a parked one of their key are delivered.
    GroupReleasesFollowers,
    /// C2: the durable place of a group passes what is not finished.
    GroupPassesUnfinished,
    /// C3: what was acked beyond a group's place is forgotten, and delivered again.
    GroupForgetsDone,
    /// C3: a delivery is settled by a member that does not hold it.
    GroupAcksForOthers,
    /// A3: a scavenge removes the first event that still shows, too.
    RemoveOneMore,
    /// A3: a scavenge leaves nothing that says where a stream ends.
    ForgetLastRevision,
    /// A stream is given up as it was hidden a while ago, though it shows more again.
    ReleaseWhatShowsAgain,
    /// A4: the ids of events that were given up still answer, as long as their bytes are there.
    KeepReleasedIds,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::AckBeforeSync,
        Self::SkipPositionInChecksum,
        Self::DropEventAtLiveSwitch,
        Self::IgnoreCondition,
        Self::ConditionMissesGroup,
        Self::ForgetIds,
        Self::VisibleBeforeDurable,
        Self::RevisionFromStaleHead,
        Self::SaveCheckpointAlone,
        Self::CheckpointWithoutCompare,
        Self::RecordedAtFollowsClock,
        Self::WakeBeforeHead,
        Self::SkipUndecodable,
        Self::KeepRefusedEvents,
        Self::KeepRefusedPostings,
        Self::GroupReleasesFollowers,
        Self::GroupPassesUnfinished,
        Self::GroupForgetsDone,
        Self::GroupAcksForOthers,
        Self::RemoveOneMore,
        Self::ForgetLastRevision,
        Self::ReleaseWhatShowsAgain,
        Self::KeepReleasedIds,
    ];
}

#[cfg(not(feature = "planted-bugs"))]
mod switch {
    /// Never, in a build without the feature.
    #[inline(always)]
    pub(crate) const fn planted(_: super::Bug) -> bool {
        false
    }
}

#[cfg(feature = "planted-bugs")]
mod switch {
    use super::Bug;
    use std::sync::OnceLock;

    /// Names the bug that lives in this process.
    const PLANT: &str = "HEADWATER_PLANT";

    static LIVE: OnceLock<Option<Bug>> = OnceLock::new();

    /// Whether this bug lives in this process.
    pub(crate) fn planted(bug: Bug) -> bool {
        *LIVE.get_or_init(|| std::env::var(PLANT).ok().map(|name| named(&name))) == Some(bug)
    }

    fn named(name: &str) -> Bug {
        let named = Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == name);
        named.expect("a test that plants a bug names one that there is")
    }
}

pub(crate) use switch::planted;
