//! Bugs on purpose, for the tests that must notice them.
//!
//! Why: a test of a promise is worth what it catches. Each bug here breaks one promise at the place
//! where code would break it by mistake; nothing of it is compiled without the feature `planted-bugs`.

/// A bug that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A reaction's checkpoint is saved in an append of its own, before the events.
    CheckpointBeforeEffect,
    /// A reaction's append does not demand its old checkpoint.
    Unfenced,
    /// Event ids are drawn anew each time.
    UnderivedIds,
    /// A projection's checkpoint is saved in a transaction of its own, behind the rows.
    CheckpointOutsideTransaction,
    /// An event that cannot be decoded is passed over.
    SkipUndecodable,
    /// An answer without events is given on a cached state.
    StaleAnswer,
    /// A parked input is released in an append of its own, before what follows from it.
    ReleasedBeforeEffect,
    /// A parked event is released in a transaction of its own, behind its rows.
    ReleasedOutsideTransaction,
    /// A saga takes what it has heard already for news, and ids of its entries are drawn anew.
    SagaStepTwice,
    /// A saga tells itself that it has sent a request, and does not record it.
    SagaRequestLost,
    /// A saga goes on behind its end.
    SagaAfterEnd,
    /// A timer fires although it is set no longer.
    SagaTimerUnset,
    /// A request is carried out anew each time it is read.
    RequestTwice,
    /// A plan undoes its stages in the order in which it did them.
    UndoneForwards,
    /// An answer that comes late makes a stage that was undone one that is to be undone.
    UndoneTwice,
    /// A plan goes on when one of several stages is still out.
    FanInEarly,
    /// A pivot that is not answered in time is asked for again.
    PivotTwice,
    /// An instance goes on by the newest plan, whatever it has begun by.
    PlanUnpinned,
    /// A lock is granted although somebody holds it.
    LockGrantedToTwo,
    /// Nobody asks whether a request's sender still holds its locks.
    LockUnfenced,
    /// A key counts as held up no longer when one of its parked events was released.
    FollowersOvertaken,
    /// A timer is handed out a microsecond before its time.
    TimerEarly,
    /// A timer that is due at the very beginning of a look ahead is not looked at.
    TimerLostAtBorder,
    /// The mark of what was handled passes timers that are due and were not.
    MarkTooFar,
    /// A tick is recorded under an id of its own each time, whatever stands in its stream.
    TickTwice,
}

#[cfg(feature = "planted-bugs")]
mod planting {
    use super::Bug;
    use std::cell::Cell;

    std::thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Removes the bug when dropped.
    #[derive(Debug)]
    pub struct Planted(());

    /// Plants a bug for this thread.
    #[must_use = "the bug is removed when this is dropped"]
    pub fn plant(bug: Bug) -> Planted {
        PLANTED.set(Some(bug));
        Planted(())
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            PLANTED.set(None);
        }
    }

    pub(crate) fn planted(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub use planting::{Planted, plant};

/// Whether this bug is planted here.
#[cfg(feature = "planted-bugs")]
pub(crate) use planting::planted;

/// Whether this bug is planted here: it never is.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn planted(_: Bug) -> bool {
    false
}
