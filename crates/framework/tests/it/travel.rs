//! Time travel: states, instances and views as they were; history through other code.
//!
//! The story: a customer asked why an order was declined on Tuesday; on Friday nobody could say.

use crate::domain::customers::{self, Customer, CustomerCommand, CustomerEvent, CustomerId};
use crate::domain::orders::{self, Order, OrderCommand, OrderId};
use crate::domain::trips::travel::Travel;
use crate::domain::trips::{self, LIMIT, Trip, TripCommand, TripId};
use headwater::Standing;
use headwater::prelude::*;
use headwater::testing::{MemoryDatabase, MemoryTx, World, what_if};
use headwater::travel::{ViewAtError, difference};
use serde_json::json;

fn customer(world: &World, service: &Service) {
    let create = CustomerCommand::Create { limit: 1_000 };
    let ann = CustomerId::from("ann");
    world.block_on(service.run::<Customer>(&ann, create, &Cause::keyed("ann"))).unwrap();
}

fn order(world: &World, service: &Service, name: &str, total: u64) {
    let create = OrderCommand::Create { customer: "ann".into(), total };
    let id = OrderId::from(name);
    world.block_on(service.run::<Order>(&id, create, &Cause::keyed(name))).unwrap();
}

/// Reserved credit, as a table.
struct Reserved;

impl Projection for Reserved {
    const NAME: &'static str = "reserved";
    const SCHEMA: &'static str = "";
    type Input = CustomerEvent;
    type Database = MemoryDatabase;

    async fn apply(&self, db: &mut MemoryTx, e: &Recorded<CustomerEvent>) -> Result<(), Failed> {
        match &e.event {
            CustomerEvent::CreditReserved { amount, .. } => db.add("sum", *amount as i64),
            _ => Ok(()),
        }
    }
}

#[test]
fn a_view_is_filled_up_to_a_moment_beside_the_live_one() {
    let mut world = World::new();
    let customers = world.start(customers::service(&world.store.clone()));
    let orders = world.start(orders::service(&world.store.clone()));
    customer(&world, &customers);
    order(&world, &orders, "a", 100);
    world.settle();
    let tuesday = world.now();
    world.advance(Duration::from_secs(60));
    order(&world, &orders, "b", 200);
    world.settle();
    let at = |at| {
        let view = customers.view_at(Reserved, MemoryDatabase::default(), at);
        world.block_on(view).unwrap().get("sum").map(str::to_owned)
    };
    assert_eq!(at(AsOf::Time(tuesday)).as_deref(), Some("100"));
    assert_eq!(at(AsOf::Now).as_deref(), Some("300"));
    assert_eq!(at(AsOf::Position(Position(0))), None, "before any order");
}

#[test]
fn an_instance_of_a_saga_is_seen_as_it_was() {
    let mut world = World::new();
    let store = world.store.clone();
    for service in [trips::service(&store), trips::wallets::service(&store)] {
        world.start(service);
    }
    let trip = TripId::from("t");
    let ask = TripCommand::Ask { wallet: "ann".into(), hotel: "grand".into(), price: 50 };
    let trips = world.service("trips").clone();
    world.block_on(trips.run::<Trip>(&trip, ask, &Cause::keyed("t"))).unwrap();
    world.step();
    let early = world.now();
    world.advance(LIMIT);
    let at = |at| world.block_on(trips.load_saga_at::<Travel>(&trip, at)).unwrap();
    assert_eq!(at(AsOf::Position(Position(0))).standing, Standing::NotBegun);
    assert_eq!(at(AsOf::Time(early)).state.price, 50);
    let now = at(AsOf::Now);
    assert_eq!(now.standing, world.load_saga::<Travel>("trips", &trip).standing);
    assert!(matches!(now.standing, Standing::Ended(_)), "an empty wallet: {now:?}");
}

#[test]
fn a_difference_names_what_was_and_what_is() {
    let was = json!({ "a": 1, "list": [1, 2], "gone": null, "same": { "x": 1 } });
    let is = json!({ "a": 2, "list": [1], "new/one": true, "same": { "x": 1 } });
    let changed = difference(&was, &is).unwrap();
    let said: Vec<_> = changed.iter().map(ToString::to_string).collect();
    let expected = [
        "/a: 1 -> 2",
        "/gone: null -> nothing",
        "/list/1: 2 -> nothing",
        "/new~1one: nothing -> true",
    ];
    assert_eq!(said, expected);
    assert!(difference(&was, &was).unwrap().is_empty());
}

/// History with two orders, of which the second is for more than the credit.
fn history() -> World {
    let mut world = World::new();
    let customers = world.start(customers::service(&world.store.clone()));
    let orders = world.start(orders::service(&world.store.clone()));
    customer(&world, &customers);
    order(&world, &orders, "a", 600);
    world.settle();
    world.advance(Duration::from_secs(5));
    order(&world, &orders, "b", 600);
    world.settle();
    world.advance(Duration::from_secs(3_600));
    world
}

#[test]
fn the_same_code_makes_the_same_of_history() {
    let world = history();
    let report =
        what_if(&world.store, |store| vec![customers::service(store), orders::service(store)]);
    let report = report.unwrap();
    assert_eq!(report.first_differences, [], "{report:?}");
    assert_eq!((report.replayed_count, report.same_count), (3, 3));
}

#[test]
fn other_code_is_compared_with_what_has_happened() {
    let world = history();
    // Orders that never hear of customers stay open until they are too late.
    let deaf = |store: &Store| {
        let service = Service::new("orders", store).decider::<Order>();
        vec![service.reaction(orders::ExpireOrder, Start::Beginning)]
    };
    let report = what_if(&world.store, deaf).unwrap();
    let streams: Vec<_> = report.first_differences.iter().map(|it| it.stream.as_str()).collect();
    assert_eq!(streams, ["order-a", "order-b"]);
    let first = &report.first_differences[0];
    assert_eq!(first.index, 1, "both begin with the order itself");
    assert_eq!(first.was.as_ref().unwrap().event_type.as_str(), "OrderApproved");
}

#[test]
fn a_position_is_no_moment_of_several_contexts() {
    #[derive(Input, Debug)]
    enum Both {
        CreditReserved {},
        #[input(from = "orders")]
        OrderCreated {},
    }
    struct Joined;
    impl Projection for Joined {
        const NAME: &'static str = "joined";
        const SCHEMA: &'static str = "";
        type Input = Both;
        type Database = MemoryDatabase;
        async fn apply(&self, _: &mut MemoryTx, _: &Recorded<Both>) -> Result<(), Failed> {
            Ok(())
        }
    }
    let world = history();
    let at = AsOf::Position(Position(1));
    let customers = world.service("customers");
    let view = world.block_on(customers.view_at(Joined, MemoryDatabase::default(), at));
    assert_eq!(view, Err(ViewAtError::SeveralContexts { projection: "joined", count: 2 }));
}
