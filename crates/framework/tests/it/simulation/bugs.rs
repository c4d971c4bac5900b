//! Bugs of users, on purpose: found, and made small enough to read.

use headwater::prelude::*;
use headwater::testing::simulation::{Audit, Call, Dice, Process, Reply, Scenario, Simulation};
use headwater::testing::{MemoryDatabase, MemoryTx, World};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[derive(StreamId)]
#[stream("jar")]
pub(crate) struct JarId(String);

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Jar")]
pub(crate) enum JarEvent {
    Filled { coins: i64 },
}

#[derive(Command, Debug, Clone)]
pub(crate) enum JarCommand {
    Fill { coins: i64 },
}

#[derive(Refusal, Debug, PartialEq)]
pub(crate) enum JarRefusal {
    #[refusal(conflict, "the jar is full")]
    Full,
}

/// Not idempotent: who is told twice adds twice.
#[derive(Default, Debug)]
pub(crate) struct Jar {
    coins: i64,
}

impl Decider for Jar {
    type Id = JarId;
    type Command = JarCommand;
    type Event = JarEvent;
    type Refusal = JarRefusal;

    fn decide(&self, command: JarCommand, _: &Cause) -> Result<Vec<JarEvent>, JarRefusal> {
        let JarCommand::Fill { coins } = command;
        match self.coins + coins > 1_000 {
            true => Err(JarRefusal::Full),
            false => Ok(vec![JarEvent::Filled { coins }]),
        }
    }

    fn evolve(self, event: &JarEvent) -> Jar {
        let JarEvent::Filled { coins } = event;
        Jar { coins: self.coins + coins }
    }
}

/// Where the sums of a table are that is none of its database's.
type Beside = Arc<Mutex<BTreeMap<String, i64>>>;

/// The sum of each jar: a projection that adds.
struct Sums {
    beside: Option<Beside>,
}

impl Projection for Sums {
    const NAME: &'static str = "sums";
    const SCHEMA: &'static str = "";
    type Input = JarEvent;
    type Database = MemoryDatabase;

    async fn apply(&self, db: &mut MemoryTx, e: &Recorded<JarEvent>) -> Result<(), Failed> {
        let JarEvent::Filled { coins } = &e.event;
        match &self.beside {
            None => db.add(e.stream.id(), *coins)?,
            Some(beside) => {
                let mut sums = beside.lock().unwrap();
                let sum = sums.entry(e.stream.id().to_owned()).or_default();
                *sum += coins;
                db.put(e.stream.id(), *sum);
            }
        }
        Ok(())
    }
}

/// Which bug.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bug {
    None,
    /// A command is sent under a new key each time it is sent.
    FreshKeys,
    /// A projection adds up outside of its transaction.
    BesideTheTransaction,
}

pub(crate) struct Jars(pub(crate) Bug);

impl Scenario for Jars {
    type Step = (String, i64);

    fn processes(&self) -> Vec<Process> {
        let database = MemoryDatabase::default();
        let beside = (self.0 == Bug::BesideTheTransaction).then(Beside::default);
        vec![Process::new(move |store| {
            let sums = Sums { beside: beside.clone() };
            Service::new("jars", store).decider::<Jar>().projection(sums, database.clone())
        })]
    }

    fn plan(&self, dice: &mut Dice) -> Vec<Self::Step> {
        let step = |_| ((*dice.pick(&["a", "b", "c"])).to_owned(), 1 + dice.below(9) as i64);
        (0..10).map(step).collect()
    }

    fn call(&self, (jar, coins): &Self::Step) -> Call {
        let (jar, coins, fresh) = (JarId::from(jar.as_str()), *coins, self.0 == Bug::FreshKeys);
        if !fresh {
            return Call::run::<Jar>("jars", &jar, JarCommand::Fill { coins });
        }
        let sent = Arc::new(Mutex::new(0));
        Call::with("jars", move |service, cause| {
            let (jar, sent) = (jar.clone(), Arc::clone(&sent));
            async move {
                *sent.lock().unwrap() += 1;
                let key = format!("{} {}", cause.id(), sent.lock().unwrap());
                let fill = JarCommand::Fill { coins };
                match service.run::<Jar>(&jar, fill, &Cause::keyed(key)).await {
                    Ok(_) => Reply::Answered("done".to_owned()),
                    Err(error) => Reply::Unanswered(error.to_string()),
                }
            }
        })
    }

    fn at_rest(&self, world: &World, asked: &[Self::Step], audit: &mut Audit) {
        let mut should = BTreeMap::<&str, i64>::new();
        asked.iter().for_each(|(jar, coins)| *should.entry(jar).or_default() += coins);
        let view = world.view::<Sums>("jars");
        for (jar, coins) in should {
            audit.equal(jar, world.load::<Jar>("jars", &JarId::from(jar)).coins, coins);
            let shown = view.get(jar).and_then(|sum| sum.parse().ok()).unwrap_or_default();
            audit.equal(&format!("the sum of {jar}"), shown, coins);
        }
    }
}

#[test]
fn jars_without_a_bug_hold_what_was_put_in() {
    let tally = Simulation::of(Jars(Bug::None)).seeds(0..300).check();
    assert!(tally.killed_count > 100 && tally.lost_count > 100, "too calm: {tally:?}");
}

#[test]
fn a_command_under_a_new_key_each_time_is_found_with_one_step_and_one_trouble() {
    let failure = Simulation::of(Jars(Bug::FreshKeys)).run().expect_err("it went unnoticed");
    assert_eq!((failure.steps.0, failure.troubles.0), (1, 1), "{failure}");
}

#[test]
fn a_projection_that_adds_beside_its_transaction_is_found_with_one_step_and_one_trouble() {
    let jars = Simulation::of(Jars(Bug::BesideTheTransaction));
    let failure = jars.run().expect_err("it went unnoticed");
    assert_eq!((failure.steps.0, failure.troubles.0), (1, 1), "{failure}");
    assert!(failure.what.starts_with("the sum of "), "{failure}");
    assert!(failure.to_string().ends_with(&format!("again: .replay(\"{}\")", failure.script)));
    let again = std::panic::catch_unwind(|| jars.replay(&failure.script));
    assert!(again.is_err(), "{failure}");
}
