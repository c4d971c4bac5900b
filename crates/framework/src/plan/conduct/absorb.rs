//! Absorbing: what an instance hears becomes the state of one of its stages.
//!
//! Invariant: P1 an answer counts for the try that it answers, and for none before or after; whatever else is
//! heard of a stage, heard twice, or heard too late, changes nothing.

use super::super::by_plan::StageTimer;
use super::super::course::StageState as Is;
use super::super::definition::Kind;
use super::super::label::Label;
use super::super::stage::{Answer, Does};
use super::{Conduct, Planned};
use crate::Refused;
use crate::planted::{Bug, planted};
use crate::saga::Verb;

impl<P: Planned> Conduct<'_, P> {
    fn place(&self, stage: &str) -> Option<usize> {
        self.course.stages.iter().position(|leg| leg.stage == stage)
    }

    /// The stage that a label is of, if the label is of its latest try.
    fn labelled(&self, label: &Label<'_>) -> Option<usize> {
        self.place(label.stage).filter(|n| self.course.stages[*n].tries == label.tries)
    }

    /// An event: it may answer any stage that is out.
    pub(in super::super) fn heard(&mut self, input: &P::Input) {
        for n in 0..self.course.stages.len() {
            let (stage, _) = self.plan.stage(n);
            let is_out = matches!(self.course.stages[n].is, Is::Asked | Is::Late);
            let Some(answer) = stage.answer.as_ref().filter(|_| is_out) else { continue };
            match answer(&self.instance(), input) {
                None => {}
                Some(Answer::Done) => self.done(n),
                Some(Answer::Refused { code, why }) => {
                    let command = stage.name.to_owned();
                    self.refused(n, Refused { command, code, why, label: None });
                }
            }
        }
    }

    /// A request was carried out.
    pub(in super::super) fn carried_out(&mut self, label: &str) {
        let Some(label) = Label::read(label) else { return };
        let Some(n) = self.labelled(&label) else { return };
        let by_event = self.plan.stage(n).0.answer.is_some();
        match (label.undo, self.course.stages[n].is) {
            (false, Is::Asked | Is::Late) if !by_event => self.done(n),
            (false, Is::Undoing | Is::Undone) if planted(Bug::UndoneTwice) => {
                self.leg(n).is = Is::Done;
            }
            (true, Is::Undoing) => self.leg(n).is = Is::Undone,
            _ => {}
        }
    }

    /// A request, or a command of the step before, was refused.
    pub(in super::super) fn was_refused(&mut self, refused: &Refused) {
        let Some(label) = refused.label.as_deref().and_then(Label::read) else {
            return self.park(None, refused.why.clone());
        };
        // The step that ran a command is gone, with all that it said of its stages.
        let first = Label { tries: 0, ..label };
        let Some(n) = self.labelled(&label).or_else(|| self.labelled_run(&first)) else { return };
        let refused = refused.clone();
        match (label.undo, self.course.stages[n].is) {
            (false, Is::Asked | Is::Late | Is::Due | Is::Ahead) => self.refused(n, refused),
            (true, Is::Undoing | Is::UndoDue | Is::Done) => self.undo_refused(n, refused),
            _ => {}
        }
    }

    /// A stage whose command to an own decider was tried in a step that is gone.
    fn labelled_run(&self, label: &Label<'_>) -> Option<usize> {
        let n = self.place(label.stage)?;
        let leg = &self.course.stages[n];
        let is_new = if label.undo { leg.is == Is::Done } else { leg.is == Is::Ahead };
        is_new.then_some(n)
    }

    fn done(&mut self, n: usize) {
        let (stage, _) = self.plan.stage(n);
        if matches!(stage.does, Does::Lock { .. }) {
            let leg = self.leg(n);
            leg.held += 1;
            if leg.held < leg.locks.len() {
                leg.tries += 1;
                // One that is late takes no more of them.
                return if self.course.stages[n].is == Is::Asked {
                    self.lock(n)
                };
            }
        }
        self.settle(n, Is::Done);
    }

    fn refused(&mut self, n: usize, refused: Refused) {
        let (stage, kind) = self.plan.stage(n);
        if kind == Kind::Retriable {
            return self.again(n, refused, false);
        }
        let holds = matches!(stage.does, Does::Lock { .. }) && self.course.stages[n].held > 0;
        self.settle(n, if holds { Is::Late } else { Is::Refused });
        self.give_up(refused);
    }

    fn undo_refused(&mut self, n: usize, refused: Refused) {
        if self.course.stages[n].is == Is::Done {
            self.leg(n).tries = 1;
        }
        self.again(n, refused, true);
    }

    /// Tries again in a while, or asks a person.
    fn again(&mut self, n: usize, refused: Refused, undo: bool) {
        let (stage, _) = self.plan.stage(n);
        let tries = self.course.stages[n].tries.max(1);
        if tries >= stage.backoff.tries_max {
            let what = if undo { "undoing " } else { "" };
            let (name, why) = (stage.name, refused.why);
            return self.park(None, format!("{what}{name}, tried {tries} times: {why}"));
        }
        let wait = stage.backoff.wait(tries);
        self.settle(n, if undo { Is::UndoWaits } else { Is::Waits });
        self.leg(n).tries = tries;
        let timer = StageTimer::Again { stage: stage.name.to_owned(), undo, tries };
        self.actions = std::mem::take(&mut self.actions).wake(wait, timer);
    }

    /// The stage is out no longer.
    fn settle(&mut self, n: usize, is: Is) {
        let (stage, _) = self.plan.stage(n);
        let timed = self.course.stages[n].is == Is::Asked && stage.within.is_some();
        if timed {
            let late = self.late(n);
            self.actions = std::mem::take(&mut self.actions).cancel(late);
        }
        self.leg(n).is = is;
    }

    /// A timer of a stage.
    pub(in super::super) fn woken(&mut self, timer: &StageTimer) {
        match timer {
            StageTimer::Late { stage, tries } => {
                let Some(n) = self.place(stage) else { return };
                let (stage, kind) = self.plan.stage(n);
                let leg = &self.course.stages[n];
                let is_it = kind != Kind::Retriable || leg.tries == *tries;
                if leg.is != Is::Asked || !is_it {
                    return;
                }
                let limit = stage.within.unwrap_or_default();
                let why = format!("{} was not answered within {limit:?}", stage.name);
                if kind == Kind::Pivot && planted(Bug::PivotTwice) {
                    self.leg(n).is = Is::Due;
                    self.leg(n).tries += 1;
                } else if kind == Kind::Compensatable {
                    self.leg(n).is = Is::Late;
                    let (command, code) = (stage.name.to_owned(), "plan.late".to_owned());
                    self.give_up(Refused { command, code, why, label: None });
                } else {
                    self.park(Some("plan.unanswered"), why);
                }
            }
            StageTimer::Again { stage, undo, tries } => {
                let label = Label { stage, undo: *undo, tries: *tries };
                let Some(n) = self.labelled(&label) else { return };
                let (waits, due) =
                    if *undo { (Is::UndoWaits, Is::UndoDue) } else { (Is::Waits, Is::Due) };
                if self.course.stages[n].is == waits {
                    self.leg(n).is = due;
                    self.leg(n).tries += 1;
                }
            }
        }
    }

    /// A person has seen to a refusal: one more try, or it counts as done.
    pub(in super::super) fn refusal_by_hand(&mut self, label: &str, verb: Verb) {
        let Some(label) = Label::read(label) else { return };
        let Some(n) = self.place(label.stage) else { return };
        let leg = self.leg(n);
        match verb {
            Verb::Retry => {
                leg.is = if label.undo { Is::UndoDue } else { Is::Due };
                leg.tries = leg.tries.max(1) + u32::from(leg.tries == label.tries);
            }
            Verb::Skip => {
                leg.by_hand = true;
                leg.tries = leg.tries.max(1);
                self.settle(n, if label.undo { Is::Undone } else { Is::Done });
            }
        }
    }

    /// A person has seen to a stage that is not answered: it is waited for again, or it counts as done.
    pub(in super::super) fn silence_by_hand(&mut self, stage: &str, verb: Verb) {
        let Some(n) = self.place(stage) else { return };
        match verb {
            Verb::Retry => {
                let (late, limit) = (self.late(n), self.plan.stage(n).0.within);
                let limit = limit.unwrap_or_default();
                self.actions = std::mem::take(&mut self.actions).wake(limit, late);
            }
            Verb::Skip => {
                self.leg(n).by_hand = true;
                self.leg(n).is = Is::Done;
            }
        }
    }
}
