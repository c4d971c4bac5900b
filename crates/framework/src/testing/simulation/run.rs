//! A run: moment by moment, until nothing moves any more.
//!
//! Picture: at each moment
//! ```text
//!   troubles of this moment ─▶ who could go on? ─▶ one of them, up to its next gate ─▶ audit, if it has appended
//!                                   │ nobody
//!                                   ├─ somebody is away: they come back
//!                                   ├─ something is due: the clock shows its time
//!                                   └─ nothing: at rest
//! ```
//! Who goes on unless something else is said: who was at it; then whoever is at something; then the readers in
//! turn; then the next step of the plan.

mod rest;
mod strike;

use super::audit::{Audit, Kind, Violation};
use super::cast::{Actor, Came, Does, Heads, Role, Running};
use super::gate::{self, Fate, Gate};
use super::scenario::{Call, Process, Reply, Scenario};
use super::trouble::{Script, Trouble, Troubles};
use super::{Dice, Tally};
use crate::Cause;
use crate::reader::Turn;
use crate::testing::{TEST_BEGIN, World};
use headwater_env::{Clock as _, VirtualClock};
use headwater_model::Timestamp;
use headwater_model::memory::MemoryContexts;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

/// Failures of a reader in a row behind which it fails for good.
const FAILURE_COUNT_MAX: u32 = 64;

/// Moments of a run without steps, and for each step, behind which it does not come to rest.
const MOMENT_COUNT_MAX: u64 = 200_000;

/// One run of a scenario.
pub(super) struct Run<'a, S: Scenario> {
    scenario: &'a S,
    pub(super) world: World,
    clock: VirtualClock,
    heads: Heads,
    processes: Vec<Running>,
    acting: Vec<Actor>,
    /// Who went on last.
    last: Option<usize>,
    /// The reader whose turn was last.
    last_reader: (usize, usize),
    steps: Vec<Asked<S::Step>>,
    is_eager: bool,
    troubles: Troubles,
    moment: u64,
    candidates: Vec<Who>,
    /// What went wrong, and made a difference.
    took: Vec<(u64, Trouble)>,
    tally: Tally,
    has_appended: bool,
    last_answer: Timestamp,
    is_told: bool,
    told: Vec<String>,
}

/// A step, and how far it is.
struct Asked<T> {
    step: T,
    key: String,
    call: Call,
    state: StepState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepState {
    Waits,
    Asked,
    Answered,
}

/// Who could go on.
#[derive(Clone, Copy, Debug)]
enum Who {
    Actor(usize),
    Reader(usize, usize),
    Step(usize),
}

/// Where the troubles of a run come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weather {
    /// The seed of the plan draws them.
    Drawn,
    /// Another seed draws them, and many.
    Storm(u64),
    /// They are those of the script.
    Written,
}

/// What a run came to.
pub(super) struct Ran {
    pub(super) violation: Option<Violation>,
    pub(super) took: Vec<(u64, Trouble)>,
    pub(super) tally: Tally,
    pub(super) told: Vec<String>,
    pub(super) step_count: usize,
}

impl<'a, S: Scenario> Run<'a, S> {
    pub(super) fn new(scenario: &'a S, is_told: bool) -> Self {
        let clock = VirtualClock::at(TEST_BEGIN);
        let shown = clock.clone();
        let memory = MemoryContexts::new(Arc::new(move || shown.now()));
        let gated = gate::GatedContexts { inner: Arc::new(memory) };
        let mut run = Self {
            scenario,
            world: World::over(Arc::new(gated), clock.clone()),
            clock,
            heads: Heads::default(),
            processes: Vec::new(),
            acting: Vec::new(),
            last: None,
            last_reader: (0, 0),
            steps: Vec::new(),
            is_eager: false,
            troubles: Troubles::none(),
            moment: 0,
            candidates: Vec::new(),
            took: Vec::new(),
            tally: Tally::default(),
            has_appended: false,
            last_answer: TEST_BEGIN,
            is_told,
            told: Vec::new(),
        };
        for process in scenario.processes() {
            let twin = process.is_twin.then(|| process.clone());
            run.start(process);
            twin.into_iter().for_each(|twin| run.start(twin));
        }
        run
    }

    fn start(&mut self, process: Process) {
        let running = Running::start(process, &self.world.store, &mut self.heads);
        self.world.start(running.service.clone());
        self.processes.push(running);
    }

    /// Runs a plan or a part of it: with the troubles that a seed draws, or with those of the script.
    pub(super) fn play(mut self, script: &Script, weather: Weather) -> Ran {
        let plan = self.scenario.plan(&mut Dice::new(script.seed));
        let step_count = plan.len();
        let opening = self.scenario.opening();
        let opening = (0..).zip(opening).map(|(n, step)| (format!("opening {n}"), step));
        let violation = self.open(opening.collect()).and_then(|()| {
            let is_in = |n: &usize| script.steps.as_ref().is_none_or(|steps| steps.contains(n));
            let plan = (0_usize..).zip(plan).filter(|(n, _)| is_in(n));
            plan.for_each(|(n, step)| self.ask(format!("step {n}"), step));
            self.moment = 0;
            self.troubles = match weather {
                Weather::Drawn => Troubles::drawn(script.seed, self.steps.len()),
                Weather::Storm(seed) => Troubles::storm(seed, self.steps.len()),
                Weather::Written => Troubles::Written(script.troubles.clone(), 0),
            };
            self.go_on(true).and_then(|()| self.rest())
        });
        self.tally.run_count = 1;
        self.tally.moment_count = self.moment;
        let (took, tally, told) = (self.took, self.tally, self.told);
        Ran { violation: violation.err(), took, tally, told, step_count }
    }

    fn open(&mut self, opening: Vec<(String, S::Step)>) -> Result<(), Violation> {
        opening.into_iter().for_each(|(key, step)| self.ask(key, step));
        self.go_on(false)
    }

    fn ask(&mut self, key: String, step: S::Step) {
        let call = self.scenario.call(&step);
        self.steps.push(Asked { step, key, call, state: StepState::Waits });
    }

    fn go_on(&mut self, to_the_end: bool) -> Result<(), Violation> {
        let moment_max = MOMENT_COUNT_MAX + 2_000 * self.steps.len() as u64;
        loop {
            let (switch, loses) = self.strike();
            self.find_candidates();
            if self.candidates.is_empty() {
                if self.come_back() || to_the_end && self.await_due() {
                    continue;
                }
                return self.stands_still();
            }
            let chosen = switch.map_or(0, |n| n % self.candidates.len() as u64);
            if chosen != 0 {
                self.took.push((self.moment, Trouble::Switch(chosen)));
            }
            let who = self.candidates[usize::try_from(chosen).expect("an index")];
            self.act(who, loses)?;
            self.moment += 1;
            if self.moment > moment_max {
                let text = format!("it did not come to rest within {moment_max} moments");
                return Err(Violation::new(Kind::Restless, text));
            }
        }
    }

    fn find_candidates(&mut self) {
        let mut found = std::mem::take(&mut self.candidates);
        found.clear();
        let present = |process: usize| self.processes[process].away_until <= self.moment;
        let awake = |n: &usize| self.acting[*n].is_awake() && present(self.acting[*n].process);
        found.extend(self.last.filter(&awake).map(Who::Actor));
        let others = (0..self.acting.len()).filter(|n| Some(*n) != self.last && awake(n));
        found.extend(others.map(Who::Actor));
        let step = self.next_step().map(Who::Step);
        found.extend(step.filter(|_| self.is_eager));
        let now = self.clock.now();
        let (mut before, mut behind) = (Vec::new(), Vec::new());
        for (n, running) in self.processes.iter().enumerate().filter(|(n, _)| present(*n)) {
            for (m, post) in running.posts.iter().enumerate() {
                if post.is_ready(now, &self.heads) {
                    let list = if (n, m) > self.last_reader { &mut behind } else { &mut before };
                    list.push(Who::Reader(n, m));
                }
            }
        }
        found.extend(behind.into_iter().chain(before));
        found.extend(step.filter(|_| !self.is_eager));
        self.candidates = found;
    }

    /// The next step that somebody could be asked for.
    fn next_step(&self) -> Option<usize> {
        let waits = |asked: &Asked<S::Step>| asked.state == StepState::Waits;
        self.steps.iter().position(|asked| waits(asked) && self.present(&asked.call).is_some())
    }

    /// A process that answers this call.
    fn present(&self, call: &Call) -> Option<usize> {
        let answers =
            |running: &Running| running.name() == call.service && running.away_until <= self.moment;
        self.processes.iter().position(answers)
    }

    fn act(&mut self, who: Who, loses: bool) -> Result<(), Violation> {
        let n = match who {
            Who::Actor(n) => n,
            Who::Reader(process, reader) => {
                self.last_reader = (process, reader);
                self.processes[process].posts[reader].does = Does::Works;
                let actor = Actor::turn(process, reader, &self.processes[process]);
                self.enter(actor)
            }
            Who::Step(step) => {
                self.steps[step].state = StepState::Asked;
                let told = format!("{:?}", self.steps[step].step);
                self.tell("caller", || told);
                let process = self.present(&self.steps[step].call);
                let process = process.expect("somebody who answers was found");
                self.enter(self.calling(process, step, false))
            }
        };
        self.last = Some(n);
        let actor = &mut self.acting[n];
        let loses = loses && actor.can_lose();
        let (process, role, stood) = (actor.process, actor.role, actor.gate);
        gate::enter(if loses { Fate::Fails } else { Fate::Passes }, self.is_told);
        let polled = catch_unwind(AssertUnwindSafe(|| actor.go_on()));
        let stage = gate::leave();
        actor.gate = stage.gate;
        if loses {
            self.took.push((self.moment, Trouble::Lose));
            self.tally.lost_count += 1;
            self.tell_of(process, role, || lost(stood));
        }
        stage.told.into_iter().for_each(|told| self.tell_of(process, role, || told));
        for (context, position) in stage.appended {
            self.heads.grow(&context, position);
            self.has_appended = true;
        }
        match polled {
            Err(panic) => Err(Violation::new(Kind::Panic, panic_text(&*panic))),
            Ok(Poll::Pending) => Ok(()),
            Ok(Poll::Ready(came)) => {
                self.acting.remove(n);
                self.last = None;
                self.came(process, role, came)?;
                self.audit()
            }
        }
    }

    fn enter(&mut self, actor: Actor) -> usize {
        self.acting.push(actor);
        self.acting.len() - 1
    }

    fn calling(&self, process: usize, step: usize, repeats: bool) -> Actor {
        let asked = &self.steps[step];
        let service = self.processes[process].service.clone();
        let reply = asked.call.of(service, Cause::keyed(&asked.key));
        let future = Box::pin(async move { Came::Reply(reply.await) });
        Actor::new(process, Role::Step { step, repeats }, future)
    }

    fn came(&mut self, process: usize, role: Role, came: Came) -> Result<(), Violation> {
        match (role, came) {
            (Role::Reader(reader), Came::Turn(turn)) => {
                self.tally.turn_count += 1;
                if let Turn::Failed { why, .. } | Turn::Halted(why) = &turn {
                    let why = why.clone();
                    self.tell_of(process, role, || format!("failed: {why}"));
                }
                let post = &mut self.processes[process].posts[reader];
                post.after(turn, self.clock.now());
                if post.failure_count > FAILURE_COUNT_MAX {
                    let state = post.reader.status().state();
                    let text = format!("{} fails for good: {state:?}", post.reader.status());
                    return Err(Violation::new(Kind::Reader, text));
                }
            }
            (Role::Step { step, repeats }, Came::Reply(reply)) => {
                let state = match &reply {
                    Reply::Answered(_) => StepState::Answered,
                    Reply::Unanswered(_) => StepState::Waits,
                };
                let key = self.steps[step].key.clone();
                self.tell("caller", || match reply {
                    Reply::Answered(how) => format!("{key}: {how}"),
                    Reply::Unanswered(why) => format!("{key}: no answer ({why})"),
                });
                if !repeats {
                    self.steps[step].state = state;
                    self.last_answer = self.clock.now();
                }
            }
            (Role::Reader(_), Came::Reply(_)) | (Role::Step { .. }, Came::Turn(_)) => {
                unreachable!("an actor comes to what it was at")
            }
        }
        Ok(())
    }

    fn audit(&mut self) -> Result<(), Violation> {
        if !std::mem::take(&mut self.has_appended) {
            return Ok(());
        }
        let mut audit = Audit::default();
        let always = || self.scenario.always(&self.world, &mut audit);
        verdict(Kind::Always, catch_unwind(AssertUnwindSafe(always)), audit)
    }

    /// Whoever is away or held is there again, because there is nobody else.
    fn come_back(&mut self) -> bool {
        let away = self.processes.iter_mut().filter(|running| running.away_until > self.moment);
        away.map(|running| running.away_until = 0).count() > 0
    }

    /// The clock shows the time of what is due next, if that is near enough.
    fn await_due(&mut self) -> bool {
        let end = self.last_answer.after(self.scenario.horizon());
        let posts = self.processes.iter().flat_map(|running| &running.posts);
        let due = posts.filter_map(super::cast::Post::due).min().filter(|due| *due <= end);
        due.into_iter().for_each(|due| self.clock.advance_to(due));
        due.is_some()
    }

    fn stands_still(&self) -> Result<(), Violation> {
        let open = self.steps.iter().find(|asked| asked.state != StepState::Answered);
        match (self.acting.first(), open) {
            (Some(actor), _) => {
                let who = self.name_of(actor.process, actor.role);
                let text = format!("{who} waits for what is outside of the simulation");
                Err(Violation::new(Kind::Outside, text))
            }
            (None, Some(asked)) => {
                let text = format!("no process runs {}, which is called", asked.call.service);
                Err(Violation::new(Kind::Outside, text))
            }
            (None, None) => Ok(()),
        }
    }

    fn name_of(&self, process: usize, role: Role) -> String {
        match role {
            Role::Reader(reader) => {
                let status = self.processes[process].posts[reader].reader.status();
                format!("{} ({status})", self.processes[process].name())
            }
            Role::Step { step, .. } => {
                format!("{} ({})", self.processes[process].name(), self.steps[step].key)
            }
        }
    }

    fn tell_of(&mut self, process: usize, role: Role, what: impl FnOnce() -> String) {
        if self.is_told {
            let who = self.name_of(process, role);
            self.tell(&who, what);
        }
    }

    fn tell(&mut self, who: &str, what: impl FnOnce() -> String) {
        if self.is_told {
            let millis = self.clock.now().since(TEST_BEGIN).as_millis();
            self.told.push(format!("{:>6} {millis:>9} ms  {who}: {}", self.moment, what()));
        }
    }
}

fn index(n: u64, count: u64) -> usize {
    usize::try_from(n.checked_rem(count).unwrap_or(0)).expect("an index")
}

fn verdict(kind: Kind, looked: std::thread::Result<()>, audit: Audit) -> Result<(), Violation> {
    match looked {
        Err(panic) => Err(Violation::new(kind, panic_text(&*panic))),
        Ok(()) if audit.is_clean() => Ok(()),
        Ok(()) => Err(Violation::new(kind, audit.findings.join("\n  "))),
    }
}

fn lost(gate: Option<Gate>) -> String {
    let text = match gate {
        Some(Gate::BeforeRead) => "a read is not answered",
        Some(Gate::BeforeAppend) => "the append is lost on its way",
        Some(Gate::BehindAppend) => "the append's reply is lost",
        Some(Gate::BeforeCommit) => "the transaction cannot be committed",
        Some(Gate::BehindCommit) => "the reply to the commit is lost",
        None => "nothing is lost",
    };
    text.to_owned()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("a panic: {}", text.unwrap_or_else(|| "without a word".to_owned()))
}
