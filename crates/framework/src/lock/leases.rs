//! Leases: who was granted a lock is told, and has it for so long.
//!
//! Why: a lock is granted at once or much later, on somebody else's account. Whoever waits is told in one
//! way, by the answer to their request; and a holder that is gone is gone for everybody when its time is over.
//!
//! Invariant: K3 the timer is durable, and frees the lock of the request that it was set for, no other's.

use super::{ACQUIRE, Holder, Lock, LockCommand, LockKey};
use crate::action::{Action, Reply};
use crate::saga::{Route, Saga, Trigger, WhenStuck};
use crate::{Actions, Input, Recorded, StreamId, Timer};
use std::time::Duration;

/// One lease: the request that it was granted to.
#[derive(StreamId)]
#[stream("lease")]
pub struct LeaseKey(String);

/// What is heard of locks.
#[derive(Input, Debug)]
#[input(id = "lock")]
pub enum LeaseInput {
    /// A lease begins.
    LockGranted {
        /// Which lock.
        lock: LockKey,
        /// Whose.
        holder: Holder,
        /// For how long, in milliseconds.
        lease_ms: u64,
    },
    /// It was given back.
    LockReleased {
        /// Which lock.
        lock: LockKey,
        /// Whose.
        holder: Holder,
    },
    /// It is over.
    LockLapsed {
        /// Which lock.
        lock: LockKey,
        /// Whose.
        holder: Holder,
    },
    /// It never began.
    LockForgone {
        /// Which lock.
        lock: LockKey,
        /// Whose.
        holder: Holder,
    },
}

/// When a lease is over.
#[derive(Timer, Debug, PartialEq)]
pub enum LeaseTimer {
    /// Of this lock, held by the request that the lease is named by.
    Over {
        /// Which lock.
        lock: LockKey,
    },
}

/// Tells who is granted a lock, and frees it when their time is over.
#[derive(Debug)]
pub struct Leases;

impl Saga for Leases {
    const NAME: &'static str = "leases";
    type Id = LeaseKey;
    type Input = LeaseInput;
    type Timer = LeaseTimer;
    type State = Option<Holder>;

    fn route(&self, input: &Recorded<LeaseInput>) -> Route<LeaseKey> {
        use LeaseInput::*;
        let id = |holder: &Holder| LeaseKey::from(holder.request.to_string());
        match &input.event {
            LockGranted { holder, .. } | LockForgone { holder, .. } => Route::Starts(id(holder)),
            LockReleased { holder, .. } | LockLapsed { holder, .. } => Route::Continues(id(holder)),
        }
    }

    fn react(
        &self,
        _: &LeaseKey,
        holder: &Option<Holder>,
        on: &Trigger<Self>,
    ) -> Actions<LeaseTimer> {
        use LeaseInput::*;
        match on {
            Trigger::Input(LockGranted { lock, holder, lease_ms }) => answer(holder, None)
                .wake(Duration::from_millis(*lease_ms), LeaseTimer::Over { lock: lock.clone() }),
            Trigger::Input(LockForgone { holder, .. }) => {
                let why = "who asked for it waits for it no longer".to_owned();
                answer(holder, Some(("lock.forgone", why))).complete()
            }
            Trigger::Input(LockReleased { .. } | LockLapsed { .. }) => Actions::new().complete(),
            Trigger::Timer(LeaseTimer::Over { lock }) => match holder {
                Some(holder) => {
                    Actions::new().run::<Lock>(lock, LockCommand::Lapse { request: holder.request })
                }
                None => Actions::new().park("a lease of nobody"),
            },
            Trigger::Refused(refused) => Actions::new().park(refused),
            Trigger::Note(_) => Actions::new(),
        }
    }

    fn evolve(holder: Option<Holder>, on: &Trigger<Self>) -> Option<Holder> {
        match on {
            Trigger::Input(LeaseInput::LockGranted { holder, .. }) => Some(holder.clone()),
            _ => holder,
        }
    }

    /// A timer that finds the lock given back waits for the news of it.
    fn when_stuck(&self) -> WhenStuck {
        WhenStuck::Wait
    }
}

fn answer(holder: &Holder, refused: Option<(&'static str, String)>) -> Actions<LeaseTimer> {
    let Holder { context, saga, instance, request } = holder.clone();
    let reply = Reply { to: context, saga, instance, request, command: ACQUIRE, refused };
    Actions::new().and(Action::Answer(reply))
}
