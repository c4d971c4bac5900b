//! Never silently stuck: an instance for which nothing will come is parked, and says so.
//!
//! The story: a lamp's saga waited for an answer that another service had stopped giving; it was found
//! by a customer, months later.

use headwater::prelude::*;
use headwater::testing::World;
use headwater::{End, RetryOutcome, Standing};

#[derive(StreamId)]
#[stream("lamp")]
struct LampId(String);

#[derive(Input, Debug)]
enum Heard {
    #[input(from = "shop")]
    LampOrdered { lamp: LampId },
    #[input(from = "house")]
    LampLit { lamp: LampId },
}

struct Light {
    when_stuck: WhenStuck,
}

impl Saga for Light {
    const NAME: &'static str = "light";
    type Id = LampId;
    type Input = Heard;
    type Timer = NoTimer;
    type State = ();

    fn route(&self, input: &Recorded<Heard>) -> Route<LampId> {
        match &input.event {
            Heard::LampOrdered { lamp } => Route::starts(lamp),
            Heard::LampLit { lamp } => Route::continues(lamp),
        }
    }

    fn react(&self, _: &LampId, (): &(), on: &Trigger<Self>) -> Actions {
        match on {
            Trigger::Input(Heard::LampLit { .. }) => Actions::new().complete(),
            _ => Actions::new(),
        }
    }

    fn evolve((): (), _: &Trigger<Self>) {}

    fn when_stuck(&self) -> WhenStuck {
        self.when_stuck
    }
}

fn house(when_stuck: WhenStuck) -> (World, Service) {
    let mut world = World::new();
    let lamps = Service::new("lamps", &world.store).saga(Light { when_stuck }, Start::Beginning);
    let lamps = world.start(lamps);
    crate::domain::record(&world, "shop", "lamp-1", "LampOrdered", 1, r#"{"lamp":"1"}"#);
    world.settle();
    (world, lamps)
}

fn standing(world: &World, lamps: &Service) -> Standing {
    world.block_on(lamps.load_saga::<Light>(&"1".into())).unwrap().standing
}

#[test]
fn an_instance_that_waits_for_nothing_is_parked_and_what_comes_after_all_sets_it_going() {
    let (mut world, lamps) = house(WhenStuck::Park);
    let Standing::Parked { event, code, .. } = standing(&world, &lamps) else {
        panic!("{:?}", standing(&world, &lamps))
    };
    assert_eq!(code, "saga.stuck");
    let listed = world.block_on(lamps.parked("light")).unwrap();
    assert_eq!(listed.iter().map(|parked| parked.event).collect::<Vec<_>>(), [event]);
    let retried = world.block_on(lamps.retry_all_parked("light")).unwrap();
    assert!(matches!(retried[0].outcome, RetryOutcome::StillParked { .. }), "{retried:?}");

    crate::domain::record(&world, "house", "lamp-1", "LampLit", 1, r#"{"lamp":"1"}"#);
    world.settle();
    assert_eq!(standing(&world, &lamps), Standing::Ended(End::Completed));
    assert!(world.block_on(lamps.parked("light")).unwrap().is_empty());
    let health = world.block_on(lamps.health()).unwrap();
    assert_eq!(health.readers.iter().map(|reader| reader.parked_count).sum::<u64>(), 0);
}

#[test]
fn who_says_so_may_wait() {
    let (world, lamps) = house(WhenStuck::Wait);
    assert_eq!(standing(&world, &lamps), Standing::Running);
}

#[test]
fn who_knows_better_lets_it_wait() {
    let (world, lamps) = house(WhenStuck::Park);
    let listed = world.block_on(lamps.parked("light")).unwrap();
    let skip = lamps.discard_parked("light", listed[0].event, "the electrician comes on Monday");
    world.block_on(skip).unwrap();
    assert_eq!(standing(&world, &lamps), Standing::Running);
}

#[test]
fn what_comes_before_the_beginning_waits_for_it() {
    let mut world = World::new();
    let when_stuck = WhenStuck::Park;
    let lamps = Service::new("lamps", &world.store).saga(Light { when_stuck }, Start::Beginning);
    let lamps = world.start(lamps);
    // Services are read side by side: the house may be heard before the shop.
    crate::domain::record(&world, "house", "lamp-1", "LampLit", 1, r#"{"lamp":"1"}"#);
    world.settle();
    let light = world.block_on(lamps.load_saga::<Light>(&"1".into())).unwrap();
    assert_eq!((light.standing, light.held_count), (Standing::NotBegun, 1));
    crate::domain::record(&world, "shop", "lamp-1", "LampOrdered", 1, r#"{"lamp":"1"}"#);
    world.settle();
    assert_eq!(standing(&world, &lamps), Standing::Ended(End::Completed));
}

#[test]
fn requests_that_nobody_accepts_are_shown() {
    use super::town::Town;
    let mut town = Town::open([0, 1, 2]);
    town.hotel("grand", 1);
    // The wallets' service of another version: it does not accept commands from trips.
    town.world.pause("wallets");
    town.trip("a", "ann", "grand", 100);
    town.world.settle();
    let health = town.world.block_on(town.trips.health()).unwrap();
    assert_eq!(health.unaccepted().map(|requests| &*requests.to).collect::<Vec<_>>(), ["wallets"]);
    town.world.resume("wallets");
    town.world.settle();
    let health = town.world.block_on(town.trips.health()).unwrap();
    assert_eq!(health.unaccepted().count(), 0);
    assert!(health.requests.iter().all(|requests| requests.is_accepted && !requests.is_waiting()));
}
