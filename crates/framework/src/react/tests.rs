//! The story: a reader was paused by its machine in the middle of an append; its successor went on;
//! the ghost woke up, and saved its old checkpoint over the new one. C2: an append is fenced by the
//! checkpoint that its reader began with.

use crate::prelude::*;
use crate::reader::{Reader, Turn};
use crate::testing::World;
use futures_util::FutureExt as _;
use headwater_model::{Append, ContextName, EventType, ExpectedRevision, NewEvent};
use std::sync::Arc;

#[derive(StreamId)]
#[stream("tally")]
struct TallyId(String);

#[derive(Event, Debug)]
enum TallyEvent {
    Counted,
}

#[derive(Command, Debug, Clone)]
enum TallyCommand {
    /// Nothing comes of it: the reader's append holds a checkpoint, and no ids that would betray it.
    Look,
    Count,
}

#[derive(Refusal, Debug)]
enum TallyRefusal {
    #[refusal(conflict, "the tally is full")]
    Full,
}

#[derive(Default)]
struct Tally(u32);

impl Decider for Tally {
    type Id = TallyId;
    type Command = TallyCommand;
    type Event = TallyEvent;
    type Refusal = TallyRefusal;

    fn decide(&self, command: TallyCommand, _: &Cause) -> Result<Vec<TallyEvent>, TallyRefusal> {
        match command {
            TallyCommand::Look => Ok(vec![]),
            TallyCommand::Count if self.0 == u32::MAX => Err(TallyRefusal::Full),
            TallyCommand::Count => Ok(vec![TallyEvent::Counted]),
        }
    }

    fn evolve(self, _: &TallyEvent) -> Self {
        Tally(self.0 + 1)
    }
}

#[derive(Input, Debug)]
#[input(from = "elsewhere")]
enum Heard {
    Seen,
    Happened,
}

struct Count;

impl Reaction for Count {
    const NAME: &'static str = "count";
    type Input = Heard;

    fn react(&self, heard: &Recorded<Heard>) -> Actions {
        let command = match heard.event {
            Heard::Seen => TallyCommand::Look,
            Heard::Happened => TallyCommand::Count,
        };
        Actions::new().run::<Tally>(&"all".into(), command)
    }
}

fn record(world: &World, name: &str, n: u32) {
    let id = Cause::keyed(name).id().derive(n);
    let event = NewEvent::json(id, EventType::new(name).unwrap(), "{}");
    let stream = StreamName::new("heard-1").unwrap();
    let append = Append::to(stream, ExpectedRevision::Any, vec![event]);
    let context = world.store.context(ContextName::new("elsewhere").unwrap());
    world.block_on(async { context.await.unwrap().append(append).await }).unwrap();
}

fn saved(world: &World, service: &Service) -> Option<Position> {
    let name = service.readers()[0].status().checkpoint_name().unwrap();
    let own = world.block_on(service.own()).unwrap();
    world.block_on(own.checkpoint(name)).unwrap().map(|checkpoint| checkpoint.position)
}

fn the_ghost_is_fenced_off() {
    let mut world = World::new();
    let make = || Service::new("tally", &world.store).reaction(Count, Start::Beginning);
    let (ghost, heir) = (make(), make());
    record(&world, "Seen", 0);
    let reader: Arc<dyn Reader> = Arc::clone(&ghost.readers()[0]);
    world.lose_reply(0, false);
    let mut paused = reader.turn(&ghost);
    assert!((&mut paused).now_or_never().is_none(), "it is about to ask again");

    record(&world, "Happened", 1);
    assert_eq!(world.block_on(heir.readers()[0].turn(&heir)), Turn::Moved);
    assert_eq!(saved(&world, &heir), Some(Position(1)));

    let turn = world.block_on(paused);
    assert_eq!(saved(&world, &heir), Some(Position(1)), "the checkpoint went back");
    assert!(matches!(turn, Turn::Failed { .. }), "{turn:?}");
    assert_eq!(world.block_on(reader.turn(&ghost)), Turn::Idle(Some(Position(1))));
    assert_eq!(world.types("tally"), ["Counted"]);
}

#[test]
fn a_second_instance_of_a_reader_is_fenced_off_and_its_checkpoint_never_goes_back() {
    the_ghost_is_fenced_off();
}

#[cfg(feature = "planted-bugs")]
#[test]
fn a_reader_without_its_fence_is_caught() {
    let planted = crate::planted::plant(crate::planted::Bug::Unfenced);
    let red = std::panic::catch_unwind(the_ghost_is_fenced_off).is_err();
    drop(planted);
    assert!(red, "the missing fence went unnoticed");
}
