//! At rest: what holds when nothing moves any more.

use super::super::Scenario;
use super::super::audit::{Audit, Kind, Violation};
use super::super::cast::Does;
use super::{Run, verdict};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl<S: Scenario> Run<'_, S> {
    /// What holds when nothing moves any more.
    pub(super) fn rest(&mut self) -> Result<(), Violation> {
        for running in &self.processes {
            for post in &running.posts {
                if let Does::Halted(why) = &post.does {
                    let text = format!("{} has halted: {why}", post.reader.status());
                    return Err(Violation::new(Kind::Reader, text));
                }
            }
        }
        self.count_sagas()?;
        let asked: Vec<_> = self.steps.iter().map(|asked| asked.step.clone()).collect();
        self.tally.step_count = asked.len() as u64;
        let mut audit = Audit::default();
        let at_rest = || self.scenario.at_rest(&self.world, &asked, &mut audit);
        verdict(Kind::AtRest, catch_unwind(AssertUnwindSafe(at_rest)), audit)
    }

    fn count_sagas(&mut self) -> Result<(), Violation> {
        let mut counted = Vec::new();
        for running in &self.processes {
            if counted.contains(&running.name()) {
                continue;
            }
            counted.push(running.name());
            for post in &running.posts {
                let census = self.world.block_on(post.reader.census(&running.service));
                let census =
                    census.map_err(|error| Violation::new(Kind::OpenSaga, error.to_string()))?;
                self.tally.ended_count += census.ended_count;
                self.tally.parked_count += census.parked_count;
                if let Some(open) = census.open.first() {
                    let text = format!("{open} has neither ended nor is it parked");
                    return Err(Violation::new(Kind::OpenSaga, text));
                }
            }
        }
        Ok(())
    }
}
