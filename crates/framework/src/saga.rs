//! Sagas: input, timer or refusal in, actions out; they remember, and they end.
//!
//! Why: what takes several services and some time has one place where it is known how far it is, what
//! comes next and how it is undone.
//!
//! Picture: one instance, a stream of its own in the service's context
//! ```text
//!   input ──┐                              ┌─▶ run      own events, same append
//!   timer ──┼─▶ react(state) ─▶ Actions ───┼─▶ send     a request, recorded; pulled by its receiver
//!   refusal ┘        ▲                     ├─▶ wake     a timer, recorded
//!                    │ evolve              └─▶ complete · compensated · park
//!              recorded steps
//! ```
//! Invariants: C4 a step is one append: what it was told, what it answered, all that follows; each
//! input is a step once, ids derive from what is recorded, and an instance ends or is parked. C5 a
//! timer is a step once, not before its time.

mod carry;
pub(crate) mod census;
mod instance;
mod look;
mod note;
pub(crate) mod past;
mod person;
pub(crate) mod reader;
mod record;
mod stepping;
mod telling;
mod timer;

pub use look::{LoadedSaga, Standing};
pub use note::{ByHand, CarriedOut, Note, Verb};
pub use timer::{NoTimer, Timer};

use crate::{Actions, DecodeError, Input, Poison, Recorded, StreamId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What follows from an input, given what was heard before. Pure, like a decider.
///
/// What was decided is recorded, not recomputed: a step holds what it was told and what it answered,
/// so the code may change under running instances. The state is folded from what was told.
pub trait Saga: Sized + Send + Sync + 'static {
    /// The reader's name: its checkpoints and its instances' streams are kept under it.
    const NAME: &'static str;
    /// Which definition this is: recorded with each step, for the people who read them.
    const VERSION: u32 = 1;
    /// Services that it sends requests to and does not hear as inputs. Those that it hears need no
    /// mention.
    const ASKS: &'static [&'static str] = &[];
    /// Whether it is told [`Trigger::Note`]s as well: that a request was carried out, and what a person
    /// did about it. A saga by plan is.
    const NOTES: bool = false;
    /// What an instance is about: one instance for each id.
    type Id: StreamId;
    /// What it reads.
    type Input: Input;
    /// What it wakes itself with; [`NoTimer`] if it never does.
    type Timer: Timer;
    /// What it remembers.
    type State: Default + Send + Sync + 'static;

    /// Whose input this is.
    fn route(&self, input: &Recorded<Self::Input>) -> Route<Self::Id>;

    /// The actions that follow. `state` is as it was before `on`.
    fn react(&self, id: &Self::Id, state: &Self::State, on: &Trigger<Self>)
    -> Actions<Self::Timer>;

    /// The state after `on`. Total: what was told cannot be refused.
    #[must_use]
    fn evolve(state: Self::State, on: &Trigger<Self>) -> Self::State;

    /// The state with what a plan has recorded of its course.
    ///
    /// # Errors
    /// If that cannot be read.
    #[doc(hidden)]
    fn kept(state: Self::State, _course: &str) -> Result<Self::State, DecodeError> {
        Ok(state)
    }

    /// What happens to an instance that has not ended and waits for nothing: no timer is set, no
    /// request is unanswered, and no event of its own steps comes back to it.
    fn when_stuck(&self) -> WhenStuck {
        WhenStuck::Park
    }

    /// What happens to an event that cannot be decoded (R4).
    fn undecodable(&self) -> Poison {
        Poison::Halt
    }
}

/// Whose an input is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<I> {
    /// This instance's, which begins with it unless it has begun.
    Starts(I),
    /// This instance's. If it comes before the one that starts it, it waits for that one: services are
    /// read side by side, and there is no order between them.
    Continues(I),
    /// Nobody's.
    Ignore,
}

impl<I: Clone> Route<I> {
    /// [`Route::Starts`] of a borrowed id.
    pub fn starts(id: &I) -> Self {
        Self::Starts(id.clone())
    }

    /// [`Route::Continues`] of a borrowed id.
    pub fn continues(id: &I) -> Self {
        Self::Continues(id.clone())
    }
}

/// What a saga is told.
pub enum Trigger<S: Saga> {
    /// An event.
    Input(S::Input),
    /// A timer that it has set, at its time.
    Timer(S::Timer),
    /// A command that it has run, or a request that it has sent, was refused. Nothing else came of the
    /// step that ran the command.
    Refused(Refused),
    /// What only a saga is told that says so ([`Saga::NOTES`]).
    Note(Note<S>),
}

impl<S: Saga> fmt::Debug for Trigger<S>
where
    S::Input: fmt::Debug,
    S::Timer: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(input) => write!(f, "{input:?}"),
            Self::Timer(timer) => write!(f, "{timer:?}"),
            Self::Refused(refused) => write!(f, "{} refused: {refused}", refused.command),
            Self::Note(note) => write!(f, "{note:?}"),
        }
    }
}

/// A refusal, as it comes across a log: its code survives, its type does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The name of the command that was refused.
    pub command: String,
    /// The refusal's code, `customer.unknown`, or that of the error that stands for one.
    pub code: String,
    /// In words.
    pub why: String,
    /// What a plan knows it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// How an instance has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// It has reached its goal.
    Completed,
    /// It has undone what it did.
    Compensated,
}

/// What happens to an instance that waits for nothing and has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenStuck {
    /// It is parked for a person; an input that comes after all sets it going again.
    #[default]
    Park,
    /// It waits for inputs that may never come: somebody else sees to it.
    Wait,
}
