//! Going by a plan: what is heard changes the course, and the course says what is asked for next.
//!
//! Why: pure and in one place. Whether it is driven by a store, a test or a model of a town is all the same to it.
//!
//! Picture:
//! ```text
//!   heard ─▶ absorb: one stage's state ─▶ proceed: forwards ─▶ begin what is due ─▶ all done? next phase
//!                                                  backwards ─▶ undo, phase by phase
//! ```
//! Invariants: P1 only what was done, or may have been, is undone, and once; P2 nothing is begun beside a stage
//! that was refused, and the way back begins when no stage is out. A command to an own decider is run in a step
//! of its own, behind the step that recorded what led to it: if it is refused, only that step is undone.

mod absorb;

use super::by_plan::StageTimer;
use super::course::{Course, StageState as Is};
use super::definition::{Checked, Kind};
use super::label::Label;
use super::stage::{Ask, Does, Instance, Stage, What};
use super::{Planned, course::Leg};
use crate::action::{Action, Ask as Sending, Parking};
use crate::lock::{ACQUIRE, Acquire, RELEASE};
use crate::planted::{Bug, planted};
use crate::{Actions, EncodeError, Refused};
use bytes::Bytes;
use std::borrow::Cow;

/// An instance on its way.
pub(super) struct Conduct<'a, P: Planned> {
    pub(super) saga: &'a P,
    pub(super) plan: &'a Checked<P>,
    pub(super) id: &'a P::Id,
    /// With what it has just heard.
    pub(super) memory: &'a P::Memory,
    pub(super) course: Course,
    /// Commands to own deciders may be part of this step.
    pub(super) may_run: bool,
    actions: Actions<StageTimer>,
    goes_on: bool,
    parks: Option<Parking>,
}

impl Course {
    /// At the beginning of a plan.
    pub(super) fn begun<P: Planned>(version: u32, plan: &Checked<P>) -> Self {
        let leg = |stage: &Stage<P>| Leg {
            stage: Cow::Borrowed(stage.name),
            is: Is::Ahead,
            tries: 0,
            by_hand: false,
            locks: Vec::new(),
            held: 0,
        };
        let stages = plan.stages().map(leg).collect();
        Self { version, shape: plan.shape, phase: 0, refused: None, back: false, stages }
    }
}

impl<'a, P: Planned> Conduct<'a, P> {
    pub(super) fn new(
        saga: &'a P,
        plan: &'a Checked<P>,
        id: &'a P::Id,
        memory: &'a P::Memory,
        course: Course,
    ) -> Self {
        let (actions, may_run, goes_on, parks) = (Actions::new(), false, false, None);
        Self { saga, plan, id, memory, course, may_run, actions, goes_on, parks }
    }

    /// Goes on as far as it can; what is to be done, and recorded.
    pub(super) fn answer(mut self, before: Option<&Course>) -> Actions<StageTimer> {
        if self.parks.is_none() {
            self.proceed();
        }
        if let Some(parking) = self.parks {
            return Actions::new().and(Action::Park(parking));
        }
        if before != Some(&self.course) {
            self.actions = self.actions.and(Action::Keep(Box::new(self.course)));
        }
        if self.goes_on { self.actions.and(Action::Next) } else { self.actions }
    }

    fn proceed(&mut self) {
        while !self.course.back {
            let phase = self.course.phase;
            if phase == self.plan.phases.len() {
                return self.complete();
            }
            let stages = self.plan.of_phase(phase);
            if self.course.refused.is_none() {
                stages.clone().for_each(|n| self.begin(n));
            }
            let is = |wanted: &[Is]| {
                stages.clone().filter(|n| wanted.contains(&self.course.stages[*n].is)).count()
            };
            let out_max = usize::from(planted(Bug::FanInEarly) && stages.len() > 1);
            match self.course.refused {
                None if is(&[Is::Due, Is::Asked, Is::Waits]) > out_max => return,
                Some(_) if is(&[Is::Asked]) > 0 => return,
                None => self.course.phase += 1,
                Some(_) => self.course.back = true,
            }
        }
        self.go_back();
    }

    fn instance(&self) -> Instance<'_, P> {
        let refused = self.course.refused.as_ref();
        Instance { saga: self.saga, id: self.id, memory: self.memory, refused }
    }

    fn leg(&mut self, n: usize) -> &mut Leg {
        &mut self.course.stages[n]
    }

    /// Asks for a stage, if it is time for it.
    fn begin(&mut self, n: usize) {
        let (stage, _) = self.plan.stage(n);
        match self.course.stages[n].is {
            Is::Ahead => *self.leg(n) = Leg { is: Is::Due, tries: 1, ..self.leg(n).clone() },
            Is::Due => {}
            _ => return,
        }
        let asked = match &stage.does {
            Does::Ask(ask) => ask(&self.instance()),
            Does::Lock { keys, .. } => {
                self.leg(n).locks = keys(&self.instance());
                if self.leg(n).locks.is_empty() { Ask::nothing() } else { return self.lock(n) }
            }
        };
        self.leg(n).is = self.issue(n, asked, Is::Due, Is::Asked, Is::Done);
        if let (Is::Asked, Some(limit)) = (self.course.stages[n].is, stage.within) {
            let late = self.late(n);
            self.actions = std::mem::take(&mut self.actions).wake(limit, late);
        }
    }

    /// Hands out what is asked; how the stage is then, of these three.
    fn issue(&mut self, n: usize, ask: Ask, due: Is, asked: Is, done: Is) -> Is {
        let undo = done == Is::Undone;
        let leg = &self.course.stages[n];
        let label = Label { stage: &leg.stage, undo, tries: leg.tries }.to_string();
        match ask.0 {
            What::Nothing => done,
            What::Run(_) if !self.may_run => {
                self.goes_on = true;
                due
            }
            What::Run(mut run) => {
                run.label = Some(label);
                self.act(Action::Run(run));
                done
            }
            What::Send(mut send) => {
                send.label = Some(label);
                if !undo {
                    send.under = self.locks_of(send.to);
                }
                self.act(Action::Send(send));
                asked
            }
        }
    }

    fn act(&mut self, action: Action) {
        self.actions = std::mem::take(&mut self.actions).and(action);
    }

    fn late(&self, n: usize) -> StageTimer {
        let (leg, (_, kind)) = (&self.course.stages[n], self.plan.stage(n));
        // A lock's tries count its keys; its time is one for all of them.
        let tries = if kind == Kind::Retriable { leg.tries } else { 1 };
        StageTimer::Late { stage: leg.stage.to_string(), tries }
    }

    /// Asks for the next lock that it takes.
    fn lock(&mut self, n: usize) {
        let leg = &self.course.stages[n];
        let label = Label { stage: &leg.stage, undo: false, tries: leg.tries }.to_string();
        let key = leg.locks[leg.held].clone();
        let (stage, _) = self.plan.stage(n);
        let Does::Lock { of, lease, .. } = &stage.does else { return };
        let lease_ms = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        let command = json(ACQUIRE, &Acquire { lease_ms });
        let (target, label, under) = (key, Some(label), Vec::new());
        self.act(Action::Send(Sending { to: of, target, command, label, under }));
        if let (Is::Due, Some(limit)) = (self.course.stages[n].is, stage.within) {
            let late = self.late(n);
            self.actions = std::mem::take(&mut self.actions).wake(limit, late);
        }
        self.leg(n).is = Is::Asked;
    }

    /// Gives back the locks that it has, and the one that it waits for.
    fn unlock(&mut self, n: usize) {
        let (stage, _) = self.plan.stage(n);
        let Does::Lock { of, .. } = &stage.does else { return };
        let asked = self.course.stages[n].held + 1;
        let keys: Vec<_> = self.course.stages[n].locks.iter().take(asked).cloned().collect();
        for target in keys {
            let (command, under) = (json(RELEASE, &serde_json::Map::new()), Vec::new());
            self.act(Action::Send(Sending { to: of, target, command, label: None, under }));
        }
        self.leg(n).held = 0;
    }

    /// The locks of a service that it has.
    fn locks_of(&self, service: &str) -> Vec<String> {
        let of_it = |(stage, leg): (&Stage<P>, &Leg)| match &stage.does {
            Does::Lock { of, .. } if *of == service && leg.is == Is::Done => leg.locks.clone(),
            _ => Vec::new(),
        };
        self.plan.stages().zip(&self.course.stages).flat_map(of_it).collect()
    }

    /// Undoes what was done, phase by phase.
    fn go_back(&mut self) {
        let last = self.course.phase.min(self.plan.phases.len() - 1);
        let phases = 0..=last;
        let phases: Vec<_> = match planted(Bug::UndoneForwards) {
            true => phases.collect(),
            false => phases.rev().collect(),
        };
        for phase in phases {
            let stages = self.plan.of_phase(phase);
            stages.clone().rev().for_each(|n| self.undo(n));
            let out = [Is::UndoDue, Is::Undoing, Is::UndoWaits];
            if stages.clone().any(|n| out.contains(&self.course.stages[n].is)) {
                return;
            }
        }
        self.actions = std::mem::take(&mut self.actions).compensated();
    }

    /// Asks for the undoing of a stage, if there is anything to undo.
    fn undo(&mut self, n: usize) {
        let (stage, _) = self.plan.stage(n);
        match self.course.stages[n].is {
            Is::Done | Is::Late => {
                *self.leg(n) = Leg { is: Is::UndoDue, tries: 1, ..self.leg(n).clone() };
            }
            Is::UndoDue => {}
            _ => return,
        }
        let asked = match (&stage.does, &stage.undo) {
            (Does::Lock { .. }, _) => {
                self.unlock(n);
                Ask::nothing()
            }
            (Does::Ask(_), None) => Ask::nothing(),
            (Does::Ask(_), Some(undo)) => undo(&self.instance()),
        };
        self.leg(n).is = self.issue(n, asked, Is::UndoDue, Is::Undoing, Is::Undone);
    }

    fn complete(&mut self) {
        let held = |n: &usize| {
            let (stage, _) = self.plan.stage(*n);
            matches!(stage.does, Does::Lock { .. }) && self.course.stages[*n].is == Is::Done
        };
        let held: Vec<_> = (0..self.course.stages.len()).filter(held).collect();
        held.into_iter().for_each(|n| self.unlock(n));
        self.actions = std::mem::take(&mut self.actions).complete();
    }

    /// Waits for a person.
    fn park(&mut self, code: Option<&'static str>, why: String) {
        self.parks = Some(Parking { code, why });
    }

    /// What the instance cannot reach its goal for.
    fn give_up(&mut self, refused: Refused) {
        self.course.refused.get_or_insert(refused);
    }
}

fn json(
    name: &'static str,
    value: &impl serde::Serialize,
) -> Result<(&'static str, Bytes), EncodeError> {
    match serde_json::to_vec(value) {
        Ok(payload) => Ok((name, payload.into())),
        Err(error) => Err(EncodeError { name, why: error.to_string() }),
    }
}
