//! Actions: what a reaction or a saga wants done, as data.
//!
//! Why: a test compares actions without a store, and the reader carries out all actions of many
//! inputs in one append.

mod erased;

pub(crate) use erased::{Ask, Run, Waking};

use crate::plan::Course;
use crate::saga::{End, NoTimer, Timer};
use crate::{Decider, Request};
use headwater_model::EventId;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// What follows from an input: commands to own deciders and requests to other services, in order;
/// for a saga also timers and its end; or a reason to park it.
///
/// ```
/// # extern crate headwater_framework as headwater;
/// use headwater::prelude::*;
/// let unknown: Actions = Actions::new().park("who is that?");
/// assert_eq!(unknown, Actions::new().park("who is that?"));
/// assert_ne!(unknown, Actions::new());
/// ```
pub struct Actions<T = NoTimer> {
    list: Vec<Action>,
    timer: PhantomData<fn() -> T>,
}

impl<T: Timer> Actions<T> {
    /// Nothing to do.
    pub fn new() -> Self {
        Self { list: Vec::new(), timer: PhantomData }
    }

    /// Runs a command on an own decider, in the same append.
    #[must_use]
    pub fn run<D: Decider>(self, id: &D::Id, command: D::Command) -> Self {
        self.and(Action::Run(Run::new::<D>(id, command)))
    }

    /// Asks something of another service: recorded in the same append, and pulled by the service that
    /// it is for, which carries it out once. What comes of it is heard as that service's events; a
    /// refusal comes back to a saga as [`Trigger::Refused`](crate::Trigger::Refused).
    #[must_use]
    pub fn send<R: Request>(self, request: R) -> Self {
        self.and(Action::Send(Ask::new(&request)))
    }

    /// Wakes the saga with `timer` when this much time has passed since the step was recorded. A timer
    /// that is set already is set anew.
    #[must_use]
    pub fn wake(self, after: Duration, timer: T) -> Self {
        self.and(Action::Wake(after, Waking::new(&timer)))
    }

    /// The timer is set no longer. Nothing happens if it was not.
    #[must_use]
    pub fn cancel(self, timer: T) -> Self {
        self.and(Action::Cancel(Waking::new(&timer)))
    }

    /// The saga has reached its goal, and ends: its timers are set no longer.
    #[must_use]
    pub fn complete(self) -> Self {
        self.and(Action::End(End::Completed))
    }

    /// The saga has undone what it did, and ends: its timers are set no longer.
    #[must_use]
    pub fn compensated(self) -> Self {
        self.and(Action::End(End::Compensated))
    }

    /// Sets the input aside for a person, with this reason. Nothing else of these actions is done.
    #[must_use]
    pub fn park(self, why: impl fmt::Display) -> Self {
        self.and(Action::Park(Parking { code: None, why: why.to_string() }))
    }

    /// [`park`](Self::park) under a code of its own.
    #[must_use]
    pub(crate) fn park_as(self, code: &'static str, why: String) -> Self {
        self.and(Action::Park(Parking { code: Some(code), why }))
    }

    pub(crate) fn and(mut self, action: Action) -> Self {
        self.list.push(action);
        self
    }
}

impl<T> Actions<T> {
    /// The actions, in order.
    pub(crate) fn into_list(self) -> Vec<Action> {
        self.list
    }
}

/// One action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// A command to an own decider.
    Run(Run),
    /// A command to another service's decider.
    Send(Ask),
    /// A timer is set.
    Wake(Duration, Waking),
    /// A timer is set no longer.
    Cancel(Waking),
    /// The saga ends.
    End(End),
    /// A reason to set the input aside.
    Park(Parking),
    /// What a plan is to be found by again: recorded with the step, if nothing of it is refused.
    Keep(Box<Course>),
    /// The saga is told at once that this step is taken.
    Next,
    /// A request that was put off is answered.
    Answer(Reply),
}

/// Why something is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parking {
    /// A stable code, if it is not that of what was told.
    pub(crate) code: Option<&'static str>,
    pub(crate) why: String,
}

/// What came of a request that was put off, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The context of the saga that has asked.
    pub(crate) to: String,
    pub(crate) saga: String,
    pub(crate) instance: String,
    pub(crate) request: EventId,
    pub(crate) command: &'static str,
    /// Code and reason.
    pub(crate) refused: Option<(&'static str, String)>,
}

// By hand: derived, these would ask the same of `T`, which is never there.
impl<T> Clone for Actions<T> {
    fn clone(&self) -> Self {
        Self { list: self.list.clone(), timer: PhantomData }
    }
}

impl<T> fmt::Debug for Actions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

impl<T> Default for Actions<T> {
    fn default() -> Self {
        Self { list: Vec::new(), timer: PhantomData }
    }
}

impl<T> PartialEq for Actions<T> {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}
