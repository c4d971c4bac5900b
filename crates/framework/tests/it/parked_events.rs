//! What a projection has set aside is applied once when it is retried, with what was parked behind
//! it, in order (C1, C3).

use crate::domain::record;
use headwater::prelude::*;
use headwater::testing::{MemoryDatabase, MemoryTx, QueryRows, World, block_on};
use headwater::{Decoded, InputType, ParkedError, RetryOutcome, Source};
use headwater_model::EventId;

#[derive(Input, Debug)]
#[input(from = "payments")]
enum Payment {
    Paid { amount: u64 },
}

/// Writes the amounts of each stream down, in the order in which they are applied.
struct Amounts {
    /// Amounts from here on fail: what a later version of the code may know better.
    poison: u64,
}

impl Projection for Amounts {
    const NAME: &'static str = "amounts";
    const SCHEMA: &'static str = "the amounts of each stream";
    type Input = Payment;
    type Database = MemoryDatabase;

    fn policy(&self) -> Policy {
        Policy { then: Poison::Park, ..Policy::default() }
    }

    async fn apply(&self, db: &mut MemoryTx, e: &Recorded<Payment>) -> Result<(), Failed> {
        let Payment::Paid { amount } = e.event;
        let so_far = db.get(e.stream.id()).map_or(String::new(), |row| format!("{row},"));
        db.put(e.stream.id(), format!("{so_far}{amount}"));
        match amount >= self.poison {
            true => Err(Failed::for_good("no such amount")),
            false => Ok(()),
        }
    }
}

const READER: &str = "amounts";

fn pay(world: &World, stream: &str, payload: &'static str) {
    record(world, "payments", stream, "Paid", 1, payload);
}

fn rows(service: &Service) -> Vec<String> {
    let reader = block_on(service.read_model::<Amounts>(&After::nothing())).unwrap();
    reader.query_rows("").unwrap()
}

fn parked(service: &Service) -> Vec<(String, EventId)> {
    let parked = block_on(service.parked(READER)).unwrap();
    parked.into_iter().map(|input| (input.key.unwrap().as_str().to_owned(), input.event)).collect()
}

/// Of stream `a` 100, 2 and 200 are parked, of `b` 300; then code comes that takes less than `poison`.
fn mended(poison: u64) -> (World, Service, MemoryDatabase) {
    let (mut world, database) = (World::new(), MemoryDatabase::default());
    let old =
        Service::new("old", &world.store).projection(Amounts { poison: 100 }, database.clone());
    world.start(old);
    pay(&world, "payment-a", r#"{"amount":1}"#);
    pay(&world, "payment-a", r#"{"amount":100}"#);
    pay(&world, "payment-b", r#"{"amount":300}"#);
    pay(&world, "payment-a", r#"{"amount":2}"#);
    pay(&world, "payment-a", r#"{"amount":200}"#);
    world.settle();
    world.pause("old");
    let new = Service::new("new", &world.store).projection(Amounts { poison }, database.clone());
    let new = world.start(new);
    world.settle();
    assert_eq!(rows(&new), ["a|1"]);
    (world, new, database)
}

#[test]
fn a_retried_event_releases_those_behind_it_in_order_and_no_others() {
    let (mut world, service, _) = mended(1_000);
    let before = parked(&service);
    let keys: Vec<_> = before.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["payment-a", "payment-b", "payment-a", "payment-a"]);
    let retried = block_on(service.retry_parked(READER, before[0].1)).unwrap();
    assert!(retried.iter().all(|one| one.outcome == RetryOutcome::Done), "{retried:?}");
    assert_eq!(rows(&service), ["a|1,100,2,200"]);
    assert_eq!(parked(&service), [before[1].clone()]);
    pay(&world, "payment-a", r#"{"amount":3}"#);
    pay(&world, "payment-b", r#"{"amount":4}"#);
    world.settle();
    assert_eq!(rows(&service), ["a|1,100,2,200,3"], "b is held up still");
    assert_eq!(block_on(service.health()).unwrap().readers[0].parked_count, 2);
    block_on(service.retry_all_parked(READER)).unwrap();
    assert_eq!(rows(&service), ["a|1,100,2,200,3", "b|300,4"]);
    assert_eq!(block_on(service.health()).unwrap().readers[0].parked_count, 0);
}

#[test]
pub(crate) fn what_fails_again_keeps_holding_up_its_key() {
    let (mut world, service, database) = mended(200);
    let retried = block_on(service.retry_all_parked(READER)).unwrap();
    let outcomes: Vec<_> = retried.iter().map(|one| one.outcome == RetryOutcome::Done).collect();
    assert_eq!(outcomes, [true, false, true, false], "a: 100, 2, not 200; b: not 300");
    assert_eq!(
        database.parked(READER),
        ["Paid at position 2: no such amount", "Paid at position 4: no such amount"],
        "the reason is that of now, also of one that was parked as a follower"
    );
    pay(&world, "payment-a", r#"{"amount":5}"#);
    world.settle();
    assert_eq!(rows(&service), ["a|1,100,2"], "C3");
    assert_eq!(parked(&service).len(), 3);
}

#[test]
fn a_follower_is_not_retried_before_the_first_of_its_key() {
    let (_world, service, _) = mended(1_000);
    let parked = parked(&service);
    let error = block_on(service.retry_parked(READER, parked[2].1)).unwrap_err();
    assert_eq!(error, ParkedError::Behind { event: parked[2].1, first: parked[0].1 });
    assert_eq!(rows(&service), ["a|1"]);
}

/// C1: rows and release are one transaction.
#[test]
pub(crate) fn a_retried_event_is_applied_once_whatever_commit_fails() {
    for stored in [false, true] {
        for n in 0..4 {
            let (mut world, service, database) = mended(1_000);
            database.fail_commit(n, stored);
            for _ in 0..3 {
                // Asked again until there is an answer; what was released stays released.
                if block_on(service.retry_all_parked(READER)).is_ok() {
                    break;
                }
            }
            world.settle();
            pay(&world, "payment-b", r#"{"amount":6}"#);
            world.settle();
            let expected = ["a|1,100,2,200", "b|300,6"];
            assert_eq!(rows(&service), expected, "commit {n}, stored {stored}");
            assert!(parked(&service).is_empty(), "commit {n}, stored {stored}");
        }
    }
}

#[test]
fn a_discarded_event_leaves_its_followers_to_be_retried() {
    let (mut world, service, database) = mended(100);
    let first = parked(&service)[0].1;
    let discarded = block_on(service.discard_parked(READER, first, "a typing error")).unwrap();
    assert_eq!((discarded.input.event, discarded.behind_count), (first, 2));
    assert_eq!(database.discarded(READER), ["a typing error"]);
    pay(&world, "payment-a", r#"{"amount":3}"#);
    world.settle();
    assert_eq!(rows(&service), ["a|1"], "what is behind is not applied by surprise");
    let next = parked(&service)[1].1;
    let retried = block_on(service.retry_parked(READER, next)).unwrap();
    assert_eq!(retried.len(), 2, "2 is done, 200 is not, 3 waits behind it");
    assert_eq!(rows(&service), ["a|1,2"]);
}

/// Two inputs of one event: the shape that an upcaster gives to an old one.
#[derive(Debug)]
struct Leg {
    to: &'static str,
}

impl Input for Leg {
    const TYPES: &'static [InputType] = <Payment as Input>::TYPES;

    fn decode(
        _: Source<'_>,
        _: &headwater_model::RecordedEvent,
    ) -> Result<Decoded<Self>, DecodeError> {
        Ok(Decoded::Many(vec![Leg { to: "from" }, Leg { to: "to" }]))
    }
}

struct Legs {
    broken: bool,
}

impl Projection for Legs {
    const NAME: &'static str = "legs";
    const SCHEMA: &'static str = "how often each end was seen";
    type Input = Leg;
    type Database = MemoryDatabase;

    fn key(&self, leg: &Recorded<Leg>) -> Key {
        leg.event.to.into()
    }

    fn policy(&self) -> Policy {
        Policy { then: Poison::Park, ..Policy::default() }
    }

    async fn apply(&self, db: &mut MemoryTx, leg: &Recorded<Leg>) -> Result<(), Failed> {
        db.add(leg.event.to, 1)?;
        if self.broken && leg.event.to == "to" { Err(Failed::for_good("broken")) } else { Ok(()) }
    }
}

/// The first half of a follower was applied when it was parked, and would have been again here.
#[test]
fn an_event_that_is_several_inputs_is_parked_and_retried_as_a_whole() {
    let (mut world, database) = (World::new(), MemoryDatabase::default());
    let old = Service::new("old", &world.store).projection(Legs { broken: true }, database.clone());
    world.start(old);
    pay(&world, "payment-a", r#"{"amount":1}"#);
    pay(&world, "payment-a", r#"{"amount":2}"#);
    world.settle();
    world.pause("old");
    let new = Service::new("new", &world.store).projection(Legs { broken: false }, database);
    let new = world.start(new);
    block_on(new.retry_all_parked("legs")).unwrap();
    let reader = block_on(new.read_model::<Legs>(&After::nothing())).unwrap();
    assert_eq!(reader.query_rows("").unwrap(), ["from|2", "to|2"]);
}
