//! A hundred thousand instances, each with its own misfortune; and a few with every misfortune there is.
//!
//! The pure part of a plan, driven without a store: what was recorded is exactly the course, so a process that
//! dies between two steps is an instance that is read again from it. Whatever happens, the same end: all or
//! nothing of a tour, everything with whom it belongs, each undoing once, and all locks free.

use super::desk::{Desk, Fate, Trouble};
use crate::domain::tours::plan::NOW;
use headwater::plan::ByPlan;
use std::sync::Arc;

/// Everything by a seed.
#[derive(Debug)]
struct Seeded(u64);

impl Seeded {
    /// One of so many.
    fn draw(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % count
    }
}

impl Fate for Seeded {
    fn next(&mut self, count: usize) -> usize {
        usize::try_from(self.draw(count as u64)).unwrap()
    }

    fn waits(&mut self) -> bool {
        self.draw(16) == 0
    }

    fn trouble(&mut self) -> Trouble {
        let drawn = self.draw(64);
        Trouble { again: drawn.is_multiple_of(4), dies: drawn % 8 == 1, closed: drawn == 2 }
    }
}

/// Tours of several instances at one desk, which share its vaults and its locks.
const AT_ONE_DESK: u64 = 4;

fn live(agent: &Arc<ByPlan<crate::domain::tours::plan::Agent>>, seed: u64) -> usize {
    let mut fate = Seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let beds = [fate.draw(AT_ONE_DESK + 1), AT_ONE_DESK - 1];
    let (credit, till) = (100 + fate.draw(200), 100 + fate.draw(200));
    let mut desk = Desk::open(credit, beds, till, 1);
    (0..AT_ONE_DESK).for_each(|_| desk.tour(agent, 40 + fate.draw(40)));
    desk.run(&mut fate);
    desk.audit(&("seed", seed))
}

#[test]
fn a_hundred_thousand_instances_end_with_all_or_nothing() {
    let agent = Arc::new(ByPlan::of(NOW));
    let count = 100_000 / AT_ONE_DESK;
    let confirmed: usize = (0..count).map(|seed| live(&agent, seed)).sum();
    let share = confirmed * 100 / (count * AT_ONE_DESK) as usize;
    assert!(
        (10..90).contains(&share),
        "{share} % are confirmed: one half of the plan is not tried"
    );
}

/// The first of what can happen happens, but for one choice; everything is heard twice, and around one
/// moment the process dies. The n-th of all that is carried out finds its vault closed.
#[derive(Clone, Copy, Debug)]
struct Planned {
    step: usize,
    /// At which step another choice is made, and which.
    swapped: (usize, usize),
    dies_at: usize,
    closed_at: Option<usize>,
}

impl Fate for Planned {
    fn next(&mut self, count: usize) -> usize {
        self.step += 1;
        if self.step == self.swapped.0 { self.swapped.1 % count } else { 0 }
    }

    fn waits(&mut self) -> bool {
        self.step + 1 == self.swapped.0
    }

    fn trouble(&mut self) -> Trouble {
        let closed = self.closed_at == Some(self.step);
        Trouble { again: true, dies: self.step.abs_diff(self.dies_at) < 2, closed }
    }
}

/// Steps of the longest way through the plan, and a few more.
const STEPS: usize = 26;

#[test]
fn whatever_is_refused_wherever_it_dies_and_whoever_overtakes_the_end_is_the_same() {
    let agent = Arc::new(ByPlan::of(NOW));
    for closed_at in std::iter::once(None).chain((0..STEPS).map(Some)) {
        for dies_at in (0..STEPS).step_by(2) {
            for swapped in (1..STEPS).flat_map(|at| [(at, 1), (at, 2)]) {
                let fate = Planned { step: 0, swapped, dies_at, closed_at };
                let mut desk = Desk::open(100, [1, 1], 100, 1);
                desk.tour(&agent, 100);
                desk.run(&mut { fate });
                desk.audit(&fate);
            }
        }
    }
}
