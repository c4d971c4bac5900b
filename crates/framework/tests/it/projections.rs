//! Projections: rows and checkpoint together, whatever commit fails; poison stops the reader or is
//! parked with what comes behind it.

use crate::domain::orders::{Order, OrderCommand, OrderId};
use crate::domain::record;
use headwater::ReaderState;
use headwater::prelude::*;
use headwater::testing::{MemoryDatabase, MemoryTx, QueryRows, World, block_on};

/// Counts events per stream: applied twice, it shows.
struct Counts {
    policy: Policy,
    /// Amounts from here on fail for good; further ones, for now.
    poison: u64,
}

#[derive(Input, Debug)]
#[input(from = "payments")]
enum Payment {
    Paid { amount: u64 },
}

const BUSY: u64 = 1_000;

impl Projection for Counts {
    const NAME: &'static str = "counts";
    const SCHEMA: &'static str = "a number for each stream";
    type Input = Payment;
    type Database = MemoryDatabase;

    fn policy(&self) -> Policy {
        self.policy
    }

    async fn apply(&self, db: &mut MemoryTx, e: &Recorded<Payment>) -> Result<(), Failed> {
        let Payment::Paid { amount } = e.event;
        // Written before it fails: a part of the event that must not stay.
        db.add(e.stream.id(), i64::try_from(amount).unwrap_or_default())?;
        match amount {
            BUSY.. => Err(Failed::for_now("the database is busy")),
            amount if amount >= self.poison => Err(Failed::for_good("no such amount")),
            _ => Ok(()),
        }
    }
}

fn counting(then: Poison) -> (World, Service, MemoryDatabase) {
    let mut world = World::new();
    let database = MemoryDatabase::default();
    let policy = Policy { retries: 2, then, ..Policy::default() };
    let counts = Counts { policy, poison: 100 };
    let service = Service::new("counts", &world.store).projection(counts, database.clone());
    let service = world.start(service);
    (world, service, database)
}

fn pay(world: &World, stream: &str, payload: &'static str) {
    record(world, "payments", stream, "Paid", 1, payload);
}

fn rows(service: &Service) -> Vec<String> {
    let reader = block_on(service.read_model::<Counts>(&After::nothing())).unwrap();
    reader.query_rows("").unwrap()
}

#[test]
pub(crate) fn a_batch_is_applied_once_even_when_the_database_goes_away_at_its_commit() {
    for stored in [false, true] {
        for n in 0.. {
            let (mut world, service, database) = counting(Poison::Halt);
            database.fail_commit(n, stored);
            pay(&world, "payment-a", r#"{"amount":1}"#);
            pay(&world, "payment-b", r#"{"amount":2}"#);
            world.settle();
            pay(&world, "payment-a", r#"{"amount":4}"#);
            world.settle();
            assert_eq!(rows(&service), ["a|5", "b|2"], "commit {n}, stored {stored}");
            if database.is_armed() {
                break;
            }
        }
    }
}

#[test]
fn a_poisonous_event_halts_the_reader_and_what_came_before_it_stays() {
    let (mut world, service, _) = counting(Poison::Halt);
    for payload in [r#"{"amount":1}"#, r#"{"amount":2}"#, r#"{"amount":100}"#, r#"{"amount":3}"#] {
        pay(&world, "payment-a", payload);
    }
    world.settle();
    assert_eq!(rows(&service), ["a|3"]);
    let health = block_on(service.health()).unwrap();
    assert_eq!(health.readers[0].handled, Some(Position(1)));
    let ReaderState::Halted { why } = &health.readers[0].state else { panic!("{health:?}") };
    assert_eq!(why, "Paid at position 2: no such amount");
}

#[test]
fn a_parked_event_parks_its_followers_and_only_those() {
    let (mut world, service, database) = counting(Poison::Park);
    pay(&world, "payment-a", r#"{"amount":1}"#);
    pay(&world, "payment-a", r#"{"amount":100}"#);
    pay(&world, "payment-b", r#"{"amount":2}"#);
    pay(&world, "payment-a", r#"{"amount":3}"#);
    world.settle();
    pay(&world, "payment-a", r#"{"amount":4}"#);
    pay(&world, "payment-b", r#"{"amount":5}"#);
    world.settle();
    assert_eq!(rows(&service), ["a|1", "b|7"]);
    assert_eq!(
        database.parked("counts"),
        [
            "Paid at position 1: no such amount",
            "an earlier event of its key is parked",
            "an earlier event of its key is parked",
        ]
    );
    assert_eq!(block_on(service.health()).unwrap().readers[0].parked_count, 3);
}

#[test]
fn an_event_that_cannot_be_decoded_is_poison() {
    let (mut world, service, database) = counting(Poison::Park);
    pay(&world, "payment-a", r#"{"amount":"one"}"#);
    pay(&world, "payment-b", r#"{"amount":2}"#);
    world.settle();
    assert_eq!(rows(&service), ["b|2"]);
    assert!(database.parked("counts")[0].contains("does not fit"));
}

#[test]
fn a_failure_that_may_pass_is_tried_again_before_it_counts_as_poison() {
    let (mut world, service, database) = counting(Poison::Park);
    pay(&world, "payment-a", r#"{"amount":1000}"#);
    pay(&world, "payment-b", r#"{"amount":2}"#);
    for _ in 0..2 {
        assert!(world.step());
        let health = block_on(service.health()).unwrap();
        assert!(matches!(health.readers[0].state, ReaderState::Failing { .. }), "{health:?}");
        assert!(database.parked("counts").is_empty());
    }
    world.settle();
    assert_eq!(rows(&service), ["b|2"]);
    assert_eq!(database.parked("counts").len(), 1);
}

/// The same model with other rows: another version.
struct CountsV2;

impl Projection for CountsV2 {
    const NAME: &'static str = "counts";
    const VERSION: u32 = 2;
    const SCHEMA: &'static str = "the number of payments";
    type Input = Payment;
    type Database = MemoryDatabase;

    async fn apply(&self, db: &mut MemoryTx, _: &Recorded<Payment>) -> Result<(), Failed> {
        db.add("payments", 1)
    }
}

#[test]
fn another_version_is_built_from_the_first_event_beside_the_old_one() {
    let (mut world, service, database) = counting(Poison::Halt);
    pay(&world, "payment-a", r#"{"amount":1}"#);
    pay(&world, "payment-a", r#"{"amount":2}"#);
    world.settle();
    let newer = Service::new("counts2", &world.store).projection(CountsV2, database);
    let newer = world.start(newer);
    world.settle();
    let reader = block_on(newer.read_model::<CountsV2>(&After::nothing())).unwrap();
    assert_eq!(reader.get("payments"), Some("2"));
    assert_eq!(rows(&service), ["a|3"]);
}

#[test]
fn a_model_that_is_thrown_away_is_built_again() {
    let (mut world, service, _) = counting(Poison::Halt);
    pay(&world, "payment-a", r#"{"amount":1}"#);
    pay(&world, "payment-a", r#"{"amount":2}"#);
    world.settle();
    block_on(service.rebuild::<Counts>()).unwrap();
    assert!(rows(&service).is_empty());
    world.settle();
    assert_eq!(rows(&service), ["a|3"]);
}

/// Joins what two services publish.
#[derive(Input, Debug)]
enum Joined {
    #[input(from = "payments")]
    Paid { amount: u64 },
    #[input(from = "orders", id = "order")]
    OrderCreated { order: OrderId, total: u64 },
}

struct Join;

impl Projection for Join {
    const NAME: &'static str = "join";
    const SCHEMA: &'static str = "what was paid, what was ordered";
    type Input = Joined;
    type Database = MemoryDatabase;

    async fn apply(&self, db: &mut MemoryTx, e: &Recorded<Joined>) -> Result<(), Failed> {
        match &e.event {
            Joined::Paid { amount } => db.add("paid", i64::try_from(*amount).unwrap_or_default()),
            Joined::OrderCreated { order, total } => {
                db.put(format!("order {order}"), total);
                Ok(())
            }
        }
    }
}

#[test]
fn a_view_over_two_contexts_keeps_a_checkpoint_for_each() {
    for stored in [false, true] {
        for n in 0..4 {
            let mut world = World::new();
            let database = MemoryDatabase::default();
            let orders = world.start(Service::new("orders", &world.store).decider::<Order>());
            let join = Service::new("join", &world.store).projection(Join, database.clone());
            let join = world.start(join);
            database.fail_commit(n, stored);
            for key in ["a", "b"] {
                let create = OrderCommand::Create { customer: "ann".into(), total: 7 };
                let cause = Cause::keyed(key);
                block_on(orders.run::<Order>(&key.into(), create, &cause)).unwrap();
                let stream = if key == "a" { "payment-a" } else { "payment-b" };
                pay(&world, stream, r#"{"amount":1}"#);
                world.settle();
            }
            let reader = block_on(join.read_model::<Join>(&After::nothing())).unwrap();
            let rows = reader.query_rows("").unwrap();
            assert_eq!(rows, ["order a|7", "order b|7", "paid|2"], "commit {n}, stored {stored}");
        }
    }
}
