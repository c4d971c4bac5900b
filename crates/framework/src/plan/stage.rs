//! Stages: what is asked, how it is answered, how it is undone, for how long it may take.

use super::Planned;
use crate::action::{Ask as Sending, Run};
use crate::{Decider, Refused, Request};
use std::fmt;
use std::time::Duration;

/// What a stage asks for, or its undoing.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask(pub(super) What);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    Nothing,
    Run(Run),
    Send(Sending),
}

impl Ask {
    /// Nothing: it is done at once.
    pub fn nothing() -> Self {
        Self(What::Nothing)
    }

    /// A command to an own decider: done at once, unless it is refused.
    pub fn run<D: Decider>(id: &D::Id, command: D::Command) -> Self {
        Self(What::Run(Run::new::<D>(id, command)))
    }

    /// A request to another service: done when that has carried it out.
    pub fn send<R: Request>(request: R) -> Self {
        Self(What::Send(Sending::new(&request)))
    }
}

/// What an event says of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// It is not, for this reason: a stable code, and words.
    Refused {
        /// The code.
        code: String,
        /// In words.
        why: String,
    },
}

impl Answer {
    /// It is not done, for this reason.
    pub fn refused(code: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Refused { code: code.into(), why: why.into() }
    }
}

/// An instance, as a stage sees it.
pub struct Instance<'a, P: Planned> {
    /// The saga.
    pub saga: &'a P,
    /// What it is about.
    pub id: &'a P::Id,
    /// What it remembers.
    pub memory: &'a P::Memory,
    /// Why it cannot reach its goal, once it cannot.
    pub refused: Option<&'a Refused>,
}

/// Tries of a stage: how many, and how long between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait behind the first try; it doubles with each.
    pub wait_min: Duration,
    /// The longest wait.
    pub wait_max: Duration,
    /// Tries before a person is asked.
    pub tries_max: u32,
}

impl Backoff {
    /// One try: whatever is refused is a person's matter.
    pub const NONE: Self =
        Self { wait_min: Duration::ZERO, wait_max: Duration::ZERO, tries_max: 1 };

    /// The wait behind this many tries.
    pub(super) fn wait(&self, tries: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
        self.wait_min.saturating_mul(doubled).min(self.wait_max)
    }
}

impl Default for Backoff {
    /// A second, doubled up to five minutes; twelve tries, which is about half an hour.
    fn default() -> Self {
        let (wait_min, wait_max) = (Duration::from_secs(1), Duration::from_secs(300));
        Self { wait_min, wait_max, tries_max: 12 }
    }
}

type AskOf<P> = Box<dyn Fn(&Instance<'_, P>) -> Ask + Send + Sync>;
type LocksOf<P> = Box<dyn Fn(&Instance<'_, P>) -> Vec<String> + Send + Sync>;
type AnswerOf<P> =
    Box<dyn Fn(&Instance<'_, P>, &<P as Planned>::Input) -> Option<Answer> + Send + Sync>;

/// A stage, whatever a refusal of it means.
pub(super) struct Stage<P: Planned> {
    pub(super) name: &'static str,
    pub(super) does: Does<P>,
    /// How it is undone; `None`: there is nothing to undo.
    pub(super) undo: Option<AskOf<P>>,
    /// Which events answer it; `None`: it is answered when it is carried out.
    pub(super) answer: Option<AnswerOf<P>>,
    pub(super) within: Option<Duration>,
    /// Of it, if it is retriable, or of its undoing.
    pub(super) backoff: Backoff,
}

/// What a stage does.
pub(super) enum Does<P: Planned> {
    Ask(AskOf<P>),
    /// Takes locks of another service, in their order.
    Lock {
        of: &'static str,
        keys: LocksOf<P>,
        lease: Duration,
    },
}

impl<P: Planned> fmt::Debug for Stage<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// [`Planned::ask`].
pub(super) fn ask<P: Planned>(
    name: &'static str,
    ask: impl Fn(&Instance<'_, P>) -> Ask + Send + Sync + 'static,
) -> Asked<P> {
    Asked(Stage {
        name,
        does: Does::Ask(Box::new(ask)),
        undo: None,
        answer: None,
        within: None,
        backoff: Backoff::default(),
    })
}

/// [`Planned::lock`].
pub(super) fn lock<P: Planned, K: ToString>(
    name: &'static str,
    of: &'static str,
    keys: impl Fn(&Instance<'_, P>) -> Vec<K> + Send + Sync + 'static,
    lease: Duration,
) -> Compensatable<P> {
    let keys: LocksOf<P> = Box::new(move |instance| {
        let mut keys: Vec<_> = keys(instance).iter().map(ToString::to_string).collect();
        keys.sort();
        keys.dedup();
        keys
    });
    let Asked(stage) = ask(name, |_| Ask::nothing());
    let backoff = Backoff::NONE;
    Compensatable(Stage { does: Does::Lock { of, keys, lease }, backoff, ..stage })
}

/// A stage that is asked for.
#[derive(Debug)]
pub struct Asked<P: Planned>(pub(super) Stage<P>);

impl<P: Planned> Asked<P> {
    /// It is answered by an event, and not when its request is carried out: `None` if the event is none of its
    /// answers. A refused request is an answer all the same.
    #[must_use]
    pub fn answered_by(
        mut self,
        answer: impl Fn(&Instance<'_, P>, &P::Input) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        self.0.answer = Some(Box::new(answer));
        self
    }

    /// It is to be answered in so long. A compensatable stage that is not counts as refused: its undoing goes
    /// behind it, and may find nothing to undo. A pivot or a retriable one that is not parks the instance.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.0.within = Some(limit);
        self
    }

    /// It is compensatable: this undoes it.
    #[must_use]
    pub fn undone_by(
        mut self,
        undo: impl Fn(&Instance<'_, P>) -> Ask + Send + Sync + 'static,
    ) -> Compensatable<P> {
        self.0.undo = Some(Box::new(undo));
        self.harmless()
    }

    /// It leaves nothing behind that would have to be undone.
    #[must_use]
    pub fn harmless(mut self) -> Compensatable<P> {
        self.0.backoff = Backoff::NONE;
        Compensatable(self.0)
    }

    /// It is retriable, and tried like this.
    #[must_use]
    pub fn again(mut self, backoff: Backoff) -> Retriable<P> {
        self.0.backoff = backoff;
        Retriable(self.0)
    }
}

/// A stage that is undone if a later one is refused.
#[derive(Debug)]
pub struct Compensatable<P: Planned>(pub(super) Stage<P>);

impl<P: Planned> Compensatable<P> {
    /// As [`Asked::within`].
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.0.within = Some(limit);
        self
    }

    /// A refused undoing is tried like this before a person is asked; unless said, one is asked at once.
    #[must_use]
    pub fn undone_again(mut self, backoff: Backoff) -> Self {
        self.0.backoff = backoff;
        self
    }
}

/// A stage that is tried until it is done.
#[derive(Debug)]
pub struct Retriable<P: Planned>(pub(super) Stage<P>);

impl<P: Planned> From<Asked<P>> for Retriable<P> {
    fn from(stage: Asked<P>) -> Self {
        Self(stage.0)
    }
}
