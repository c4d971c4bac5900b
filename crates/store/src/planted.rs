//! Planted bugs: switches that break a promise on purpose, to prove that a test would notice.
//!
//! Why: a test that cannot fail proves nothing. Each bug here is one that a store of this kind
//! has shipped with; a named test plants it and must go red.
//!
//! Without the feature `planted-bugs` the switch is a constant `false` and nothing is compiled in.
//! With it, the switches belong to the process: [`plant`] lets one bug live at a time, until its
//! guard is dropped.

/// A promise broken at one place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Bug {
    /// A2: the append is answered although the journal refused the commit.
    AckBeforeSync = 1,
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
    use parking_lot::{Mutex, MutexGuard};
    use std::sync::atomic::{AtomicU8, Ordering};

    static LIVE: AtomicU8 = AtomicU8::new(0);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    /// Whether this bug lives now.
    pub(crate) fn planted(bug: Bug) -> bool {
        LIVE.load(Ordering::SeqCst) == bug as u8
    }

    /// Keeps a bug alive; dropping it cures it.
    #[derive(Debug)]
    pub struct Planted(#[expect(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

    /// Plants `bug`, alone, until the guard is dropped. `None` plants nothing: the same test without it.
    pub fn plant(bug: Option<Bug>) -> Planted {
        let alone = ONE_AT_A_TIME.lock();
        LIVE.store(bug.map_or(0, |bug| bug as u8), Ordering::SeqCst);
        Planted(alone)
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            LIVE.store(0, Ordering::SeqCst);
        }
    }
}

pub(crate) use switch::planted;
#[cfg(feature = "planted-bugs")]
pub use switch::{Planted, plant};
