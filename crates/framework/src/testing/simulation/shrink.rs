//! Shrinking: a failure with fewer steps and fewer troubles.
//!
//! Picture: leave out half of the troubles, a quarter, …, one; then steps likewise; until nothing can be left out
//! ```text
//!   still the same kind of failure? ─ yes: go on with the smaller one, as it ran
//!                                   └ no:  steps shift the moments of troubles: a few other storms, then put back
//! ```
//! Invariant: what is answered has failed, exactly as written.

use super::audit::Violation;
use super::trouble::Script;

/// Storms that are tried for a set of steps, more of them the fewer there are.
const STORM_COUNT: usize = 48;

/// What a try came to: the failure, and what of the script made a difference.
pub(super) type Tried = Option<(Violation, Script)>;

/// A failure, made smaller.
pub(super) struct Shrunk {
    pub(super) script: Script,
    pub(super) violation: Violation,
    pub(super) run_count: u32,
}

/// Makes a failure smaller within so many runs. `play` runs a script as written; `storm` runs its steps with
/// the troubles of a seed.
pub(super) fn shrink(
    script: Script,
    violation: Violation,
    run_count_max: u32,
    play: impl FnMut(&Script) -> Tried,
    storm: impl FnMut(&Script, u64) -> Tried,
) -> Shrunk {
    let best = Shrunk { script, violation, run_count: 0 };
    let mut shrinking = Shrinking { best, run_count_max, play, storm };
    while shrinking.has_runs_left() {
        let before = shrinking.size();
        shrinking.leave_troubles_out();
        shrinking.leave_steps_out();
        if shrinking.size() >= before {
            break;
        }
    }
    shrinking.best
}

struct Shrinking<P, Q> {
    best: Shrunk,
    run_count_max: u32,
    play: P,
    storm: Q,
}

impl<P: FnMut(&Script) -> Tried, Q: FnMut(&Script, u64) -> Tried> Shrinking<P, Q> {
    fn has_runs_left(&self) -> bool {
        self.best.run_count < self.run_count_max
    }

    fn size(&self) -> usize {
        self.steps().len() * 4 + self.best.script.troubles.len()
    }

    fn steps(&self) -> &[usize] {
        self.best.script.steps.as_deref().unwrap_or_default()
    }

    fn leave_troubles_out(&mut self) {
        let mut size = self.best.script.troubles.len();
        while size > 0 {
            let mut from = 0;
            while from < self.best.script.troubles.len() && self.has_runs_left() {
                let mut script = self.best.script.clone();
                script.troubles.drain(from..script.troubles.len().min(from + size));
                if !self.try_out(&script) {
                    from += size;
                }
            }
            size = if size > 1 { size.div_ceil(2) } else { 0 };
        }
    }

    fn leave_steps_out(&mut self) {
        let mut size = self.steps().len();
        while size > 0 {
            let mut from = 0;
            while from < self.steps().len() && self.has_runs_left() {
                let mut script = self.best.script.clone();
                let steps = script.steps.get_or_insert_default();
                steps.drain(from..steps.len().min(from + size));
                if !self.try_out(&script) && !self.try_storms(&script) {
                    from += size;
                }
            }
            size = if size > 1 { size.div_ceil(2) } else { 0 };
        }
    }

    fn try_out(&mut self, script: &Script) -> bool {
        let tried = (self.play)(script);
        self.weigh(tried)
    }

    fn try_storms(&mut self, script: &Script) -> bool {
        let step_count = script.steps.as_ref().map_or(1, Vec::len).max(1);
        (0..(STORM_COUNT / step_count).max(4) as u64).any(|seed| {
            let tried = (self.storm)(script, seed);
            self.weigh(tried)
        })
    }

    fn weigh(&mut self, tried: Tried) -> bool {
        self.best.run_count += 1;
        match tried {
            Some((violation, script)) if violation.kind == self.best.violation.kind => {
                self.best.script = script;
                self.best.violation = violation;
                true
            }
            _ => false,
        }
    }
}
