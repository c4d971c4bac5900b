//! A saga that goes by a plan, as a saga.
//!
//! Why: exactly-once, crash safety, parking and timers are those of every saga; a plan adds none of its own.
//!
//! Invariant: P4 an instance's first step records the newest version, and every later one is computed with the
//! plan of the recorded version, of the recorded shape, or not at all.

use super::conduct::Conduct;
use super::definition::Checked;
use super::{Course, PlanError, Planned};
use crate::planted::{Bug, planted};
use crate::saga::{ByHand, Note, Verb};
use crate::{Actions, DecodeError, Poison, Recorded, Route, Saga, Timer, Trigger};
use std::collections::BTreeMap;

/// A saga by plan, ready to be wired.
#[derive(Debug)]
pub struct ByPlan<P: Planned> {
    saga: P,
    plans: BTreeMap<u32, Checked<P>>,
}

impl<P: Planned> ByPlan<P> {
    /// The saga with its plans.
    ///
    /// # Panics
    /// If the plans cannot be gone by: [`ByPlan::checked`] says why.
    pub fn of(saga: P) -> Self {
        match Self::checked(saga) {
            Ok(by_plan) => by_plan,
            Err(error) => panic!("{}: {error}", P::NAME),
        }
    }

    /// The saga with its plans, if they can be gone by.
    ///
    /// # Errors
    /// [`PlanError`] says what is wrong with which plan.
    pub fn checked(saga: P) -> Result<Self, PlanError> {
        let plans = saga.plans().checked()?;
        Ok(Self { saga, plans })
    }

    /// The plan that a course goes by; why there is none.
    fn plan_of(&self, course: &Course) -> Result<&Checked<P>, (&'static str, String)> {
        let version = match planted(Bug::PlanUnpinned) {
            true => self.plans.keys().next_back().copied().unwrap_or_default(),
            false => course.version,
        };
        let Some(plan) = self.plans.get(&version) else {
            let known: Vec<_> = self.plans.keys().map(ToString::to_string).collect();
            let known = known.join(", ");
            let why = format!("it goes by version {version} of its plan; known are {known}");
            return Err(("plan.unknown_version", why));
        };
        if plan.shape != course.shape && !planted(Bug::PlanUnpinned) {
            let why = format!(
                "the plan of version {version} has other stages than when this instance began: a plan \
                 that changes is a new version"
            );
            return Err(("plan.changed", why));
        }
        Ok(plan)
    }

    /// An instance on its way, after it has heard `on`.
    fn absorbed<'a>(&'a self, conduct: &mut Conduct<'a, P>, on: &Trigger<Self>) {
        match on {
            Trigger::Input(input) => conduct.heard(input),
            Trigger::Timer(timer) => conduct.woken(timer),
            Trigger::Refused(refused) => conduct.was_refused(refused),
            Trigger::Note(Note::CarriedOut(done)) => {
                done.label.iter().for_each(|label| conduct.carried_out(label));
            }
            Trigger::Note(Note::Next) => conduct.may_run = true,
            Trigger::Note(Note::ByHand(by_hand)) => self.by_hand(conduct, by_hand),
        }
    }

    fn by_hand<'a>(&'a self, conduct: &mut Conduct<'a, P>, by_hand: &ByHand<Self>) {
        let label = by_hand.refused.as_ref().and_then(|refused| refused.label.as_deref());
        match (&*by_hand.on, label, by_hand.verb) {
            // It could not be gone by, and now can: as if it were told for the first time.
            (on, _, _)
                if by_hand.code.starts_with("plan.") && by_hand.code != "plan.unanswered" =>
            {
                self.absorbed(conduct, on);
            }
            (Trigger::Timer(StageTimer::Late { stage, .. }), None, verb) => {
                conduct.silence_by_hand(stage, verb);
            }
            (Trigger::Refused(_), Some(label), verb) => conduct.refusal_by_hand(label, verb),
            (on, Some(label), Verb::Skip) => {
                conduct.refusal_by_hand(label, Verb::Skip);
                if !matches!(on, Trigger::Note(Note::Next)) {
                    self.absorbed(conduct, on);
                }
            }
            (on, _, _) => self.absorbed(conduct, on),
        }
    }
}

/// What an instance remembers, and how far it is.
#[derive(Clone, Debug, Default)]
pub struct UnderWay<M> {
    /// Of its inputs.
    pub memory: M,
    /// Of its plan; nothing before its first step.
    pub course: Option<Course>,
}

/// What wakes an instance.
#[derive(Timer, Debug, Clone, PartialEq)]
pub enum StageTimer {
    /// A stage is to be answered by now.
    Late {
        /// Which.
        stage: String,
        /// Which try.
        tries: u32,
    },
    /// A stage, or its undoing, is to be tried again.
    Again {
        /// Which.
        stage: String,
        /// Whether it is its undoing.
        undo: bool,
        /// The try that was refused.
        tries: u32,
    },
}

/// What it has heard for the first time, and is to remember.
fn news<P: Planned>(on: &Trigger<ByPlan<P>>) -> Option<&P::Input> {
    match on {
        Trigger::Input(input) => Some(input),
        Trigger::Note(Note::ByHand(by_hand)) => news(&by_hand.on),
        Trigger::Timer(_) | Trigger::Refused(_) | Trigger::Note(_) => None,
    }
}

impl<P: Planned> Saga for ByPlan<P> {
    const NAME: &'static str = P::NAME;
    const ASKS: &'static [&'static str] = P::ASKS;
    const NOTES: bool = true;
    type Id = P::Id;
    type Input = P::Input;
    type Timer = StageTimer;
    type State = UnderWay<P::Memory>;

    fn route(&self, input: &Recorded<P::Input>) -> Route<P::Id> {
        self.saga.route(input)
    }

    fn react(
        &self,
        id: &P::Id,
        state: &UnderWay<P::Memory>,
        on: &Trigger<Self>,
    ) -> Actions<StageTimer> {
        let memory = match news::<P>(on) {
            Some(input) => P::remember(state.memory.clone(), input),
            None => state.memory.clone(),
        };
        let course = match &state.course {
            Some(course) => course.clone(),
            None => match self.plans.last_key_value() {
                Some((version, plan)) => Course::begun(*version, plan),
                None => return Actions::new().park("no plan"),
            },
        };
        let plan = match self.plan_of(&course) {
            Ok(plan) => plan,
            Err((code, why)) => return Actions::new().park_as(code, why),
        };
        let mut conduct = Conduct::new(&self.saga, plan, id, &memory, course);
        self.absorbed(&mut conduct, on);
        conduct.answer(state.course.as_ref())
    }

    fn evolve(state: UnderWay<P::Memory>, on: &Trigger<Self>) -> UnderWay<P::Memory> {
        match news::<P>(on) {
            Some(input) => UnderWay { memory: P::remember(state.memory, input), ..state },
            None => state,
        }
    }

    fn kept(state: UnderWay<P::Memory>, course: &str) -> Result<UnderWay<P::Memory>, DecodeError> {
        match serde_json::from_str(course) {
            Ok(course) => Ok(UnderWay { course: Some(course), ..state }),
            Err(error) => Err(DecodeError::Malformed {
                name: format!("a course of {}", P::NAME),
                schema_version: 1,
                why: error.to_string(),
            }),
        }
    }

    fn undecodable(&self) -> Poison {
        self.saga.undecodable()
    }
}
