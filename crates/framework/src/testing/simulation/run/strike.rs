//! Strikes: what a trouble does to a run.
//!
//! Invariant: what changed nothing is not counted as trouble, so that a script says only what made a difference.

use super::super::Scenario;
use super::super::cast::Role;
use super::super::gate::Gate;
use super::super::trouble::Trouble;
use super::{Asked, Run, StepState, index};
use crate::reader::ReaderKind;
use headwater_env::Clock as _;
use headwater_model::{Append, Checkpoint, Position, SaveCheckpoint};
use std::time::Duration;

impl<S: Scenario> Run<'_, S> {
    /// Lets happen what is to go wrong at this moment; answers whether another one goes on, and whether a
    /// call is lost.
    pub(super) fn strike(&mut self) -> (Option<u64>, bool) {
        let (mut switch, mut loses) = (None, false);
        let processes = self.processes.len() as u64;
        for trouble in self.troubles.at(self.moment, processes, self.steps.len() as u64) {
            let took = match trouble {
                Trouble::Switch(n) => {
                    switch = Some(n);
                    false
                }
                Trouble::Lose => {
                    loses = true;
                    false
                }
                Trouble::Kill(process, away) => self.kill(index(process, processes), away),
                Trouble::Repeat(step) => self.repeat(step),
                Trouble::Reread(reader, back) => self.reread(reader, back),
                Trouble::Hold(process, moments) => self.hold(index(process, processes), moments),
                Trouble::Pass(millis) => {
                    self.tell("clock", || format!("{millis} ms pass"));
                    let to = self.clock.now().after(Duration::from_millis(millis));
                    self.clock.advance_to(to);
                    true
                }
                Trouble::Eager => {
                    self.is_eager = true;
                    true
                }
            };
            if took {
                self.took.push((self.moment, trouble));
            }
        }
        (switch, loses)
    }

    fn kill(&mut self, process: usize, away: u64) -> bool {
        let stood: Vec<_> = self.acting.iter().filter(|actor| actor.process == process).collect();
        let text = || match stood.last().and_then(|actor| actor.gate) {
            Some(gate) => format!("is killed {}", behind_what(gate)),
            None => "is killed".to_owned(),
        };
        let text = text();
        let name = self.processes[process].name().to_owned();
        self.tell(&name, || text);
        for actor in self.acting.extract_if(.., |actor| actor.process == process) {
            if let Role::Step { step, repeats: false } = actor.role {
                self.steps[step].state = StepState::Waits;
            }
        }
        self.last = None;
        let running = &mut self.processes[process];
        running.start_again(&self.world.store, &mut self.heads);
        running.away_until = self.moment + away;
        self.world.replace(process, running.service.clone());
        self.tally.killed_count += 1;
        true
    }

    fn hold(&mut self, process: usize, moments: u64) -> bool {
        let running = &mut self.processes[process];
        running.away_until = running.away_until.max(self.moment + moments);
        moments > 0
    }

    fn repeat(&mut self, step: u64) -> bool {
        let Ok(step) = usize::try_from(step) else { return false };
        let is_asked = |asked: &Asked<S::Step>| asked.state != StepState::Waits;
        let asked = self.steps.get(step).filter(|asked| is_asked(asked));
        let Some(process) = asked.and_then(|asked| self.present(&asked.call)) else {
            return false;
        };
        let key = self.steps[step].key.clone();
        self.tell("caller", || format!("{key} once more"));
        self.acting.push(self.calling(process, step, true));
        self.tally.repeated_count += 1;
        true
    }

    fn reread(&mut self, reader: u64, back: u64) -> bool {
        let readers: Vec<_> = (0..self.processes.len())
            .flat_map(|process| {
                let count = self.processes[process].posts.len();
                (0..count).map(move |reader| (process, reader))
            })
            .filter(|(process, reader)| {
                let status = self.processes[*process].posts[*reader].reader.status();
                status.kind != ReaderKind::Projection
            })
            .collect();
        if readers.is_empty() {
            return false;
        }
        let (process, reader) = readers[index(reader, readers.len() as u64)];
        let Some(text) = self.set_back(process, reader, back) else { return false };
        let name = self.processes[process].name().to_owned();
        self.tell(&name, || text);
        self.tally.reread_count += 1;
        self.kill(process, 0)
    }

    /// Sets a reader's checkpoint back; nothing if it has none, or it is at the beginning.
    fn set_back(&self, process: usize, reader: usize, back: u64) -> Option<String> {
        let running = &self.processes[process];
        let status = running.posts[reader].reader.status();
        let name = status.checkpoint_name().ok()?;
        let set = async {
            let own = running.service.own().await.ok()?;
            let at = own.checkpoint(name.clone()).await.ok()??;
            let to = Position(at.position.0.checked_sub(back.min(at.position.0).max(1))?);
            let to = Checkpoint { position: to, ..at };
            let save = SaveCheckpoint { name, expected: Some(at), to };
            own.append(Append::default().saving(save)).await.ok()?;
            Some(format!("{status} forgets what it did behind {}", to.position))
        };
        self.world.block_on(set)
    }
}

fn behind_what(gate: Gate) -> &'static str {
    match gate {
        Gate::BeforeRead => "before a read",
        Gate::BeforeAppend => "before its append",
        Gate::BehindAppend => "behind its append, before it was told",
        Gate::BeforeCommit => "before its commit",
        Gate::BehindCommit => "behind its commit, before it was told",
    }
}
