//! Older shapes of events: read for ever, refused when they are from the future, never guessed at.

use crate::domain::record;
use headwater::prelude::*;
use headwater::testing::World;

#[derive(Deserialize)]
struct PaidV1 {
    amount: u64,
}

#[derive(Deserialize)]
struct PaidV2 {
    amount: u64,
    currency: String,
}

#[derive(Deserialize)]
struct SettledV1 {
    amount: u64,
}

#[derive(Event, Debug, PartialEq)]
#[event(prefix = "Bill", retired("BillFlagged"))]
enum BillEvent {
    #[event(version = 3, was(PaidV1, PaidV2))]
    Paid { amount: u64, currency: String, by: Option<String> },
    #[event(version = 2, was(SettledV1), upcast = paid_and_settled)]
    Settled,
}

impl From<PaidV1> for BillEvent {
    fn from(old: PaidV1) -> Self {
        PaidV2 { amount: old.amount, currency: "GBP".into() }.into()
    }
}

impl From<PaidV2> for BillEvent {
    fn from(old: PaidV2) -> Self {
        BillEvent::Paid { amount: old.amount, currency: old.currency, by: None }
    }
}

/// A settlement used to say what was paid with it.
fn paid_and_settled(old: SettledV1) -> [BillEvent; 2] {
    [PaidV1 { amount: old.amount }.into(), BillEvent::Settled]
}

#[derive(StreamId)]
#[stream("bill")]
struct BillId(String);

#[derive(Command, Debug, Clone)]
enum BillCommand {
    Settle,
}

#[derive(Refusal, Debug, PartialEq)]
enum BillRefusal {
    #[refusal(conflict, "it is settled")]
    Settled,
}

#[derive(Default, Debug, PartialEq)]
struct Bill {
    paid: Vec<(u64, String)>,
    settled: bool,
}

impl Decider for Bill {
    type Id = BillId;
    type Command = BillCommand;
    type Event = BillEvent;
    type Refusal = BillRefusal;

    fn decide(&self, _: BillCommand, _: &Cause) -> Result<Vec<BillEvent>, BillRefusal> {
        if self.settled { Err(BillRefusal::Settled) } else { Ok(vec![BillEvent::Settled]) }
    }

    fn evolve(mut self, event: &BillEvent) -> Self {
        match event {
            BillEvent::Paid { amount, currency, .. } => {
                self.paid.push((*amount, currency.clone()));
            }
            BillEvent::Settled => self.settled = true,
        }
        self
    }
}

fn load(world: &World) -> Result<Loaded<Bill>, LoadError> {
    let service = Service::new("bills", &world.store).decider::<Bill>();
    world.block_on(service.load::<Bill>(&"b".into(), AsOf::Now))
}

fn settle(world: &World) -> Result<Receipt<BillEvent>, CommandError<BillRefusal>> {
    let service = Service::new("bills", &world.store).decider::<Bill>();
    world.block_on(service.run::<Bill>(&"b".into(), BillCommand::Settle, &Cause::keyed("k")))
}

#[test]
fn every_older_shape_is_read_as_todays() {
    let world = World::new();
    record(&world, "bills", "bill-b", "BillPaid", 1, r#"{"amount":1}"#);
    record(&world, "bills", "bill-b", "BillPaid", 2, r#"{"amount":2,"currency":"EUR"}"#);
    record(&world, "bills", "bill-b", "BillPaid", 3, r#"{"amount":3,"currency":"USD","new":0}"#);
    record(&world, "bills", "bill-b", "BillFlagged", 1, r#"{"by":"nobody remembers"}"#);
    let loaded = load(&world).unwrap();
    let paid = [(1, "GBP"), (2, "EUR"), (3, "USD")].map(|(n, name)| (n, name.to_owned()));
    assert_eq!(loaded.paid, paid);
    assert_eq!(loaded.revision, Some(Revision(3)));
    assert!(settle(&world).is_ok());
}

#[test]
fn one_old_event_may_be_several_of_today() {
    let world = World::new();
    record(&world, "bills", "bill-b", "BillSettled", 1, r#"{"amount":5}"#);
    assert_eq!(load(&world).unwrap().state, Bill { paid: vec![(5, "GBP".into())], settled: true });
    assert_eq!(settle(&world).unwrap_err(), CommandError::Refused(BillRefusal::Settled));
}

#[test]
fn what_is_written_carries_the_version_of_today() {
    let event = BillEvent::Paid { amount: 1, currency: "EUR".into(), by: None };
    let stored = event.encode(Cause::keyed("k").id()).unwrap();
    assert_eq!((stored.event_type.as_str(), stored.schema_version), ("BillPaid", 3));
    assert_eq!(stored.payload, r#"{"amount":1,"currency":"EUR","by":null}"#);
}

#[test]
fn no_decision_is_made_on_a_past_that_cannot_be_read() {
    for (name, version, payload, code) in [
        ("BillPaid", 4, r#"{"amount":1}"#, "decode.newer_version"),
        ("BillShredded", 1, "{}", "decode.unknown_type"),
        ("BillPaid", 1, r#"{"amount":"one"}"#, "decode.malformed"),
        ("BillPaid", 1, "not json", "decode.malformed"),
    ] {
        let world = World::new();
        record(&world, "bills", "bill-b", name, version, payload);
        assert_eq!(settle(&world).unwrap_err().code(), code);
        assert_eq!(world.types("bills").len(), 1, "nothing was recorded");
    }
}
