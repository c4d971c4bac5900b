//! Simulations: a user's services in one thread, on a virtual clock, with everything going wrong that can.
//!
//! Why: what goes wrong between services goes wrong by order, by crash and by time, and nobody thinks of all of
//! it. Here a seed decides who goes on at each call of the store, which process is killed there, which reply is
//! lost, what is asked or read twice, and when the clock moves; what must hold is looked at all the time. A seed
//! that fails is made smaller until a person can read it.
//!
//! Picture:
//! ```text
//!   seed ─▶ plan of steps, troubles ─▶ run ─▶ audit: at all times, at rest ─ fails ─▶ shrink ─▶ trace, replay line
//! ```
//! Invariants: the same seed is the same run. Troubles end, so that what is never finished is a failure.
//!
//! Read first: [`Scenario`], then `docs/simulation.md`.

mod audit;
mod cast;
mod dice;
pub(crate) mod gate;
mod run;
mod scenario;
mod shrink;
mod trouble;

pub use audit::Audit;
pub use dice::Dice;
pub use scenario::{Call, Process, Reply, Scenario};

use audit::Violation;
use run::{Ran, Run, Weather};
use std::fmt;
use std::ops::Range;
use trouble::Script;

/// The variable that says how many seeds are run instead.
const SEEDS: &str = "HEADWATER_SEEDS";

/// Runs that a failure is made smaller in, at most.
const SHRINKING_COUNT_MAX: u32 = 2_000;

/// Many runs of a scenario, each by another seed.
#[derive(Clone, Debug)]
pub struct Simulation<S> {
    scenario: S,
    seeds: Range<u64>,
}

/// What happened in all runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs.
    pub run_count: u64,
    /// Moments at which something could go wrong.
    pub moment_count: u64,
    /// Steps that were asked, those of openings included.
    pub step_count: u64,
    /// Turns of readers.
    pub turn_count: u64,
    /// Processes that were killed.
    pub killed_count: u64,
    /// Calls that failed: requests and replies that were lost, reads that were not answered.
    pub lost_count: u64,
    /// Steps that were asked once more.
    pub repeated_count: u64,
    /// Readers that had forgotten how far they were.
    pub reread_count: u64,
    /// Sagas that have ended.
    pub ended_count: u64,
    /// Sagas that wait for a person.
    pub parked_count: u64,
}

/// A run that failed, as small as it could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What did not hold.
    pub what: String,
    /// What [`Simulation::replay`] runs again.
    pub script: String,
    /// Steps that are left, and those that there were.
    pub steps: (usize, usize),
    /// Troubles that are left, and those that there were.
    pub troubles: (usize, usize),
    /// Runs that it took to make it so small.
    pub shrinking_count: u32,
    /// What happened, line by line.
    pub trace: Vec<String>,
}

impl<S: Scenario> Simulation<S> {
    /// A hundred runs of a scenario.
    pub fn of(scenario: S) -> Self {
        Self { scenario, seeds: 0..100 }
    }

    /// The runs of these seeds. The variable `HEADWATER_SEEDS=5000` makes it so many.
    #[must_use]
    pub fn seeds(self, seeds: Range<u64>) -> Self {
        Self { seeds, ..self }
    }

    /// Runs all seeds.
    ///
    /// # Panics
    /// With the failure, made small, of the first seed that fails.
    #[track_caller]
    pub fn check(&self) -> Tally {
        self.run().unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Runs all seeds, up to the first that fails.
    ///
    /// # Errors
    /// The failure, made small.
    pub fn run(&self) -> Result<Tally, Box<Failure>> {
        let mut tally = Tally::default();
        for seed in self.wanted() {
            let script = Script { seed, steps: None, troubles: Vec::new() };
            let ran = Run::new(&self.scenario, false).play(&script, Weather::Drawn);
            match ran.violation {
                None => tally.add(&ran.tally),
                Some(_) => return Err(Box::new(self.shrunk(seed, ran))),
            }
        }
        Ok(tally)
    }

    fn wanted(&self) -> Range<u64> {
        let count = std::env::var(SEEDS).ok().and_then(|count| count.parse::<u64>().ok());
        count.map_or(self.seeds.clone(), |count| self.seeds.start..self.seeds.start + count)
    }

    /// Runs what a failure has said, and answers with what happened.
    ///
    /// # Panics
    /// If it fails again, with what happened; or if the text is no script.
    #[track_caller]
    pub fn replay(&self, script: &str) -> Vec<String> {
        let Some(parsed) = Script::parse(script) else { panic!("{script} is no script") };
        let ran = Run::new(&self.scenario, true).play(&parsed, Weather::Written);
        match &ran.violation {
            None => ran.told,
            Some(violation) => panic!("{}\n{}", violation.text, ran.told.join("\n")),
        }
    }

    /// What happens in the run of a seed, line by line.
    pub fn trace(&self, seed: u64) -> Vec<String> {
        let script = Script { seed, steps: None, troubles: Vec::new() };
        Run::new(&self.scenario, true).play(&script, Weather::Drawn).told
    }

    fn shrunk(&self, seed: u64, ran: Ran) -> Failure {
        let Ran { violation, took, step_count, .. } = ran;
        let violation =
            violation.unwrap_or_else(|| unreachable!("what is made smaller has failed"));
        let steps = Some((0..step_count).collect());
        let troubles = took.len();
        let script = Script { seed, steps, troubles: took };
        let tried = |script: &Script, weather| {
            let ran = Run::new(&self.scenario, false).play(script, weather);
            let script = Script { troubles: ran.took, ..script.clone() };
            ran.violation.map(|violation: Violation| (violation, script))
        };
        let shrunk = shrink::shrink(
            script,
            violation,
            SHRINKING_COUNT_MAX,
            |script| tried(script, Weather::Written),
            |script, seed| tried(script, Weather::Storm(seed)),
        );
        let told = Run::new(&self.scenario, true).play(&shrunk.script, Weather::Written).told;
        Failure {
            what: shrunk.violation.text,
            steps: (shrunk.script.steps.as_ref().map_or(0, Vec::len), step_count),
            troubles: (shrunk.script.troubles.len(), troubles),
            script: shrunk.script.to_string(),
            shrinking_count: shrunk.run_count,
            trace: told,
        }
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.run_count += other.run_count;
        self.moment_count += other.moment_count;
        self.step_count += other.step_count;
        self.turn_count += other.turn_count;
        self.killed_count += other.killed_count;
        self.lost_count += other.lost_count;
        self.repeated_count += other.repeated_count;
        self.reread_count += other.reread_count;
        self.ended_count += other.ended_count;
        self.parked_count += other.parked_count;
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((steps, of_steps), (troubles, of_troubles)) = (self.steps, self.troubles);
        writeln!(f, "what should hold does not:\n  {}\n", self.what)?;
        writeln!(
            f,
            "{steps} of {of_steps} steps and {troubles} of {of_troubles} troubles are enough for it ({} runs):",
            self.shrinking_count
        )?;
        writeln!(f, "moment      clock      who: what")?;
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        write!(f, "\nagain: .replay(\"{}\")", self.script)
    }
}
