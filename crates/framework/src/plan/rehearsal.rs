//! Rehearsals: one instance of a saga by plan, without a store.
//!
//! Why: a plan is tested by being told what its services answer. And a hundred thousand instances, each with its
//! own misfortune, fit into a test when nothing is stored.
//!
//! What it does as the store's reader does: all commands of a step hold together; a parked instance is told
//! nothing until a person has seen to it; an ended one is told nothing at all.

use super::by_plan::{ByPlan, StageTimer, UnderWay};
use super::{Course, Planned};
use crate::action::{Action, Parking};
use crate::saga::{ByHand, CarriedOut, End, Note, Refused, Route, Saga, Timer, Trigger, Verb};
use crate::{EncodeError, Recorded};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// An instance of `saga` to be told things, and asked what follows.
///
/// # Panics
/// If its plans cannot be gone by.
pub fn rehearse<P: Planned>(saga: P, id: P::Id) -> Rehearsal<P> {
    rehearse_by(&Arc::new(ByPlan::of(saga)), id)
}

/// As [`rehearse`], for many instances of one saga.
pub fn rehearse_by<P: Planned>(saga: &Arc<ByPlan<P>>, id: P::Id) -> Rehearsal<P> {
    Rehearsal {
        saga: Arc::clone(saga),
        id,
        state: UnderWay::default(),
        requested: Vec::new(),
        sent: Vec::new(),
        timers: Vec::new(),
        now: Duration::ZERO,
        said: Vec::new(),
        runs: Box::new(|_| Ok(())),
        parked: None,
        held: VecDeque::new(),
        ended: None,
    }
}

/// Carries out the own commands of one step: all of them, or none, and which was refused with what code.
type Runs = Box<dyn FnMut(&[Requested]) -> Result<(), (usize, String)> + Send>;

/// One instance of a saga by plan.
pub struct Rehearsal<P: Planned> {
    saga: Arc<ByPlan<P>>,
    id: P::Id,
    state: UnderWay<P::Memory>,
    requested: Vec<Requested>,
    /// Since it was asked last.
    sent: Vec<Requested>,
    timers: Vec<(Duration, StageTimer)>,
    now: Duration,
    said: Vec<String>,
    runs: Runs,
    parked: Option<Parked<P>>,
    held: VecDeque<Trigger<ByPlan<P>>>,
    ended: Option<End>,
}

/// What it was told first, and how it was before.
type First<P> = (Trigger<ByPlan<P>>, UnderWay<<P as Planned>::Memory>);

struct Parked<P: Planned> {
    on: Trigger<ByPlan<P>>,
    code: String,
    refused: Option<Refused>,
}

/// What an instance has asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Requested {
    /// Which try of which stage: `ship#2`, `undo room#1`; empty for what is not waited for.
    pub label: String,
    /// The service that is asked; `None`: an own decider.
    pub to: Option<&'static str>,
    /// The id of what it is about, there; the stream of an own one.
    pub target: String,
    /// The command's name.
    pub command: &'static str,
    /// What it says.
    pub payload: Bytes,
    /// Locks that it is carried out under.
    pub under: Vec<String>,
}

impl Requested {
    /// The stage, or `undo` and the stage; what it gives back if nobody waits for it.
    fn name(&self) -> String {
        match self.label.rsplit_once('#') {
            Some((name, _)) => name.to_owned(),
            None => format!("{} {}", self.command, self.target),
        }
    }
}

impl<P: Planned> Rehearsal<P> {
    /// Carries out commands to own deciders like this; unless said, none is refused.
    pub fn running(
        &mut self,
        runs: impl FnMut(&[Requested]) -> Result<(), (usize, String)> + Send + 'static,
    ) -> &mut Self {
        self.runs = Box::new(runs);
        self
    }

    /// Tells it an input.
    ///
    /// # Panics
    /// If the input is another instance's.
    #[track_caller]
    pub fn on(&mut self, input: P::Input) -> &mut Self {
        let input = Recorded::new(input, crate::testing::envelope("test-1", "Test", 0));
        match self.saga.route(&input) {
            Route::Starts(id) | Route::Continues(id) if id == self.id => {}
            _ => panic!("the input is not for {}", self.id),
        }
        self.tell(Trigger::Input(input.event));
        self
    }

    /// What was asked under this name, the latest, was carried out.
    ///
    /// # Panics
    /// If nothing is out of this name.
    #[track_caller]
    pub fn carried_out(&mut self, name: &str) -> &mut Self {
        let label = self.take(name);
        self.outcome(&label, None)
    }

    /// What was asked under this name, the latest, was refused with this code.
    ///
    /// # Panics
    /// If nothing is out of this name.
    #[track_caller]
    pub fn refused(&mut self, name: &str, code: &str) -> &mut Self {
        let label = self.take(name);
        self.outcome(&label, Some(code))
    }

    /// What came of a request, also of one that was answered before.
    pub fn outcome(&mut self, label: &str, refused: Option<&str>) -> &mut Self {
        self.requested.retain(|requested| requested.label != label);
        let (command, label) = (label.to_owned(), Some(label.to_owned()));
        self.tell(match refused {
            None => Trigger::Note(Note::CarriedOut(CarriedOut { command, label })),
            Some(code) => {
                let (code, why) = (code.to_owned(), format!("{command} was refused: {code}"));
                Trigger::Refused(Refused { command, code, why, label })
            }
        });
        self
    }

    /// Lets this much time pass; timers that are due within it wake it, in order.
    pub fn after(&mut self, span: Duration) -> &mut Self {
        let end = self.now + span;
        while let Some(due) = self.next_due().filter(|due| *due <= end) {
            self.now = due;
            let first = self.timers.iter().position(|(at, _)| *at == due);
            let (_, timer) = self.timers.remove(first.expect("it is due"));
            self.tell(Trigger::Timer(timer));
        }
        self.now = end;
        self
    }

    /// When the next timer is due, counted from the beginning.
    pub fn next_due(&self) -> Option<Duration> {
        self.timers.iter().map(|(due, _)| *due).min()
    }

    /// A person has it tried again.
    ///
    /// # Panics
    /// If it is not parked.
    #[track_caller]
    pub fn retried(&mut self) -> &mut Self {
        self.by_hand(Verb::Retry)
    }

    /// A person has seen to what parked it: it goes on without.
    ///
    /// # Panics
    /// If it is not parked.
    #[track_caller]
    pub fn skipped(&mut self) -> &mut Self {
        self.by_hand(Verb::Skip)
    }

    #[track_caller]
    fn by_hand(&mut self, verb: Verb) -> &mut Self {
        let Some(Parked { on, code, refused }) = self.parked.take() else {
            panic!("{} is not parked", self.id)
        };
        let on = match on {
            Trigger::Note(Note::ByHand(again)) => again.on,
            on => Box::new(on),
        };
        self.tell(Trigger::Note(Note::ByHand(ByHand { verb, on, code, refused })));
        while self.parked.is_none() {
            let Some(held) = self.held.pop_front() else { break };
            self.tell(held);
        }
        self
    }

    /// Its process dies; it is found again by what it has recorded.
    ///
    /// # Panics
    /// If a course does not read as it was written.
    #[track_caller]
    pub fn restarted(&mut self) -> &mut Self {
        let text = self.state.course.as_ref().map(serde_json::to_string);
        let read = |text: serde_json::Result<String>| serde_json::from_str(&text?);
        match text.map(read).transpose() {
            Ok(course) => self.state.course = course,
            Err(error) => panic!("a course does not read as it was written: {error}"),
        }
        self
    }

    /// The code is another now.
    ///
    /// # Panics
    /// If its plans cannot be gone by.
    pub fn deployed(&mut self, saga: P) -> &mut Self {
        self.saga = Arc::new(ByPlan::of(saga));
        self.restarted()
    }

    /// This followed, in this order, since it was asked last: names of stages that were asked for, `undo` and
    /// the name of one to be undone, `AcquireLock` and `ReleaseLock` as the stage and the key, `parked` and the
    /// code, `completed`, `compensated`.
    ///
    /// # Panics
    /// If something else followed.
    #[track_caller]
    pub fn then<'a>(&mut self, expected: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(std::mem::take(&mut self.said), expected, "of {}", self.id);
        self
    }

    /// Nothing followed.
    ///
    /// # Panics
    /// If something did.
    #[track_caller]
    pub fn then_nothing(&mut self) -> &mut Self {
        self.then([])
    }

    /// What it has asked of other services and nobody has answered, in order.
    pub fn requested(&self) -> &[Requested] {
        &self.requested
    }

    /// What it has asked of other services since this was called last, in order, waited for or not.
    pub fn sent(&mut self) -> Vec<Requested> {
        std::mem::take(&mut self.sent)
    }

    /// How far it is.
    pub fn course(&self) -> Option<&Course> {
        self.state.course.as_ref()
    }

    /// What it remembers.
    pub fn memory(&self) -> &P::Memory {
        &self.state.memory
    }

    /// How it has ended, if it has.
    pub fn ended(&self) -> Option<End> {
        self.ended
    }

    /// The code under which it is parked, if it is.
    pub fn parked(&self) -> Option<&str> {
        self.parked.as_ref().map(|parked| &*parked.code)
    }

    #[track_caller]
    fn take(&mut self, name: &str) -> String {
        let found = self.requested.iter().rposition(|requested| requested.name() == name);
        let names = || self.requested.iter().map(Requested::name).collect::<Vec<_>>();
        let n = found.unwrap_or_else(|| panic!("{name} is not out; out are {:?}", names()));
        self.requested.remove(n).label
    }

    fn tell(&mut self, trigger: Trigger<ByPlan<P>>) {
        match (&self.ended, &self.parked) {
            (Some(_), _) => {}
            (None, Some(_)) => self.held.push_back(trigger),
            (None, None) => self.step(trigger),
        }
    }

    fn step(&mut self, trigger: Trigger<ByPlan<P>>) {
        let (mut trigger, mut first) = (trigger, None);
        loop {
            let actions = self.saga.react(&self.id, &self.state, &trigger).into_list();
            let parks = actions.iter().find_map(|action| match action {
                Action::Park(parking) => Some(parking.clone()),
                _ => None,
            });
            if let Some(parking) = parks {
                return self.park(parking, trigger, first);
            }
            let runs: Vec<_> = actions.iter().filter_map(own).collect();
            let before = if runs.is_empty() { None } else { Some(self.state.clone()) };
            let refused = (self.runs)(&runs).err();
            self.state = ByPlan::evolve(std::mem::take(&mut self.state), &trigger);
            if let Some((n, code)) = refused {
                let (command, why) = (runs[n].command.to_owned(), format!("refused: {code}"));
                let label = Some(runs[n].label.clone());
                let next = Trigger::Refused(Refused { command, code, why, label });
                let told = std::mem::replace(&mut trigger, next);
                first = first.or_else(|| before.map(|before| (told, before)));
                continue;
            }
            if !actions.contains(&Action::Next) {
                return self.take_up(actions);
            }
            self.take_up(actions);
            (trigger, first) = (Trigger::Note(Note::Next), None);
        }
    }

    fn park(&mut self, parking: Parking, trigger: Trigger<ByPlan<P>>, first: Option<First<P>>) {
        let refused = match &trigger {
            Trigger::Refused(refused) => Some(refused.clone()),
            Trigger::Note(Note::ByHand(by_hand)) => by_hand.refused.clone(),
            _ => None,
        };
        let code = match (parking.code, &refused) {
            (Some(code), _) => code.to_owned(),
            (None, Some(refused)) => refused.code.clone(),
            (None, None) => "saga.parked".to_owned(),
        };
        self.said.push(format!("parked {code}"));
        let on = match first {
            Some((told, before)) => {
                self.state = before;
                told
            }
            None => trigger,
        };
        self.parked = Some(Parked { on, code, refused });
    }

    fn take_up(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.said.extend(asked(&action).map(|asked| asked.name()));
            match action {
                Action::Send(_) => {
                    let sent = asked(&action).expect("it asks");
                    self.sent.push(sent.clone());
                    if !sent.label.is_empty() {
                        self.requested.push(sent);
                    }
                }
                Action::Wake(after, timer) => {
                    let timer = read(timer.0);
                    self.timers.retain(|(_, set)| *set != timer);
                    self.timers.push((self.now + after, timer));
                }
                Action::Cancel(timer) => {
                    let timer = read(timer.0);
                    self.timers.retain(|(_, set)| *set != timer);
                }
                Action::Keep(course) => self.state.course = Some(*course),
                Action::End(end) => {
                    self.said.push(
                        if end == End::Completed { "completed" } else { "compensated" }.into(),
                    );
                    self.ended = Some(end);
                    self.timers.clear();
                }
                Action::Run(_) | Action::Park(_) | Action::Next | Action::Answer(_) => {}
            }
        }
    }
}

fn own(action: &Action) -> Option<Requested> {
    asked(action).filter(|asked| asked.to.is_none())
}

fn asked(action: &Action) -> Option<Requested> {
    let (to, target, said, label, under) = match action {
        Action::Run(run) => {
            let stream = run.stream.as_ref().map_or_else(ToString::to_string, ToString::to_string);
            (None, stream, &run.command, &run.label, &[][..])
        }
        Action::Send(ask) => {
            (Some(ask.to), ask.target.clone(), &ask.command, &ask.label, &*ask.under)
        }
        _ => return None,
    };
    let (command, payload) = written(said.clone());
    let (label, under) = (label.clone().unwrap_or_default(), under.to_vec());
    Some(Requested { label, to, target, command, payload, under })
}

#[track_caller]
fn written(said: Result<(&'static str, Bytes), EncodeError>) -> (&'static str, Bytes) {
    said.unwrap_or_else(|error| panic!("a command cannot be written: {error}"))
}

#[track_caller]
fn read(said: Result<(&'static str, Bytes), EncodeError>) -> StageTimer {
    let (name, payload) = written(said);
    StageTimer::decode(name, &payload)
        .unwrap_or_else(|error| panic!("a timer does not read as it was written: {error}"))
}
