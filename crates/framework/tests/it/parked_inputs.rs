//! What a reaction has set aside is carried out once when it is retried (C1), or given up for a
//! reason; and neither happens by itself.
//!
//! The reaction counts with a decider that is not idempotent, so that twice would show.

use crate::domain::orders::{Order, OrderCommand, OrderId};
use crate::domain::record;
use crate::domain::tally::{Tally, TallyCommand, TallyId};
use headwater::prelude::*;
use headwater::testing::{World, block_on};
use headwater::{ParkedError, RetryOutcome, Store};
use headwater_model::{ContextName, EventId, ReadStream};

#[derive(Input, Debug)]
#[input(from = "elsewhere")]
enum Paid {
    Paid { order: OrderId },
}

/// Counts a payment and approves its order: both, or neither.
struct ApprovePaid;

impl Reaction for ApprovePaid {
    const NAME: &'static str = "approve-paid";
    type Input = Paid;

    fn react(&self, paid: &Recorded<Paid>) -> Actions {
        let Paid::Paid { order } = &paid.event;
        Actions::new()
            .run::<Tally>(&"all".into(), TallyCommand::Count)
            .run::<Order>(order, OrderCommand::Approve)
    }

    fn undecodable(&self) -> Poison {
        Poison::Park
    }
}

const READER: &str = "approve-paid";

fn orders(store: &Store) -> Service {
    Service::new("orders", store)
        .decider::<Order>()
        .decider::<Tally>()
        .reaction(ApprovePaid, Start::Beginning)
}

/// A payment for order `a` came before the order, and waits on the shelf.
fn paid_too_early() -> (World, Service, EventId) {
    let mut world = World::new();
    let service = orders(&world.store);
    let service = world.start(service);
    record(&world, "elsewhere", "payment-1", "Paid", 1, r#"{"order":"a"}"#);
    world.settle();
    let parked = block_on(service.parked(READER)).unwrap();
    (world, service, parked[0].event)
}

fn create(service: &Service, order: &str) {
    let create = OrderCommand::Create { customer: "ann".into(), total: 1 };
    block_on(service.run::<Order>(&order.into(), create, &Cause::keyed(order))).unwrap();
}

fn counted(service: &Service) -> u32 {
    block_on(service.load::<Tally>(&TallyId::from("all"), AsOf::Now)).unwrap().state.count
}

fn parked_count(service: &Service) -> u64 {
    block_on(service.health()).unwrap().readers[0].parked_count
}

#[test]
fn a_retried_input_is_carried_out_once_its_cause_is_mended() {
    let (mut world, service, event) = paid_too_early();
    let retried = block_on(service.retry_parked(READER, event)).unwrap();
    let RetryOutcome::StillParked { code, why } = &retried[0].outcome else {
        panic!("{retried:?}");
    };
    assert_eq!((code.as_str(), why.as_str()), ("order.unknown", "there is no such order"));
    assert_eq!((counted(&service), parked_count(&service)), (0, 1), "nothing of it is stored");

    create(&service, "a");
    world.settle();
    assert_eq!(world.types("orders"), ["OrderCreated"], "it does not happen by itself");
    let retried = block_on(service.retry_parked(READER, event)).unwrap();
    assert_eq!(retried[0].outcome, RetryOutcome::Done);
    assert_eq!(world.types("orders"), ["OrderCreated", "Counted", "OrderApproved"]);
    assert_eq!((counted(&service), parked_count(&service)), (1, 0));
    assert!(block_on(service.parked(READER)).unwrap().is_empty());

    let again = block_on(service.retry_parked(READER, event)).unwrap_err();
    assert_eq!(again.code(), "parked.not_parked");
    let restarted = world.start(orders(&world.store.clone()));
    world.settle();
    assert_eq!((counted(&restarted), parked_count(&restarted)), (1, 0), "also after a restart");
}

/// Whoever asks again until there is an answer is answered with one effect (C1, A4).
#[test]
pub(crate) fn a_retried_input_counts_once_whatever_append_fails() {
    for stored in [false, true] {
        for n in 0..3 {
            let (mut world, service, event) = paid_too_early();
            create(&service, "a");
            world.crash(n, stored);
            let about = format!("append {n}, stored {stored}");
            let done = (0..4).any(|_| match block_on(service.retry_parked(READER, event)) {
                Ok(retried) => retried[0].outcome == RetryOutcome::Done,
                Err(ParkedError::NotParked { .. }) => true, // the reply of the try before was lost
                Err(_) => false,
            });
            assert!(done, "{about}");
            world.settle();
            assert_eq!((counted(&service), parked_count(&service)), (1, 0), "{about}");
        }
    }
}

#[test]
fn all_parked_inputs_are_retried_in_order_and_those_that_fail_still_stay() {
    let (mut world, service, _) = paid_too_early();
    for payload in [r#"{"order":"b"}"#, r#"{"order":"c"}"#, r#"{"order":17}"#] {
        record(&world, "elsewhere", "payment-1", "Paid", 1, payload);
    }
    world.settle();
    create(&service, "c");
    create(&service, "a");
    let retried = block_on(service.retry_all_parked(READER)).unwrap();
    let done: Vec<_> = retried.iter().map(|one| one.outcome == RetryOutcome::Done).collect();
    assert_eq!(done, [true, false, true, false], "a and c, in the order of their payments");
    let parked = block_on(service.parked(READER)).unwrap();
    let codes: Vec<_> = parked.iter().map(|input| input.code.as_str()).collect();
    assert_eq!(codes, ["order.unknown", "decode.malformed"]);
    assert_eq!((counted(&service), parked_count(&service)), (2, 2));
}

/// The story: two people see to the same input at once, and the reply of the first is late.
fn while_the_first_retry_waits(second: impl FnOnce(&Service, EventId)) -> (Service, String) {
    use futures_util::FutureExt as _;
    let (mut world, service, event) = paid_too_early();
    create(&service, "a");
    let other = orders(&world.store);
    world.lose_reply(0, false);
    let mut first = Box::pin(service.retry_parked(READER, event));
    assert!((&mut first).now_or_never().is_none(), "it is about to ask again");
    second(&other, event);
    let first = match block_on(first) {
        Ok(retried) => format!("{:?}", retried[0].outcome),
        Err(error) => error.code().to_owned(),
    };
    (other, first)
}

#[test]
fn two_who_retry_the_same_input_carry_it_out_once() {
    let retry = |other: &Service, event| {
        block_on(other.retry_parked(READER, event)).unwrap();
    };
    let (other, first) = while_the_first_retry_waits(retry);
    assert_eq!((first.as_str(), counted(&other)), ("Done", 1), "it is done, whoever did it");
}

#[test]
fn what_was_discarded_meanwhile_is_not_carried_out() {
    let discard = |other: &Service, event| {
        block_on(other.discard_parked(READER, event, "paid back by hand")).unwrap();
    };
    let (other, first) = while_the_first_retry_waits(discard);
    assert_eq!((first.as_str(), counted(&other)), ("parked.not_parked", 0));
}

#[test]
fn a_discarded_input_is_given_up_for_a_reason_that_is_recorded() {
    let (mut world, service, event) = paid_too_early();
    let refused = block_on(service.discard_parked(READER, event, " ")).unwrap_err();
    assert_eq!((refused.code(), parked_count(&service)), ("parked.no_reason", 1));
    let discarded = block_on(service.discard_parked(READER, event, "paid back by hand")).unwrap();
    assert_eq!((discarded.input.event, discarded.behind_count), (event, 0));
    create(&service, "a");
    assert!(block_on(service.retry_all_parked(READER)).unwrap().is_empty());
    world.settle();
    assert_eq!((counted(&service), parked_count(&service)), (0, 0));
    let told = block_on(async {
        let own = world.store.context(ContextName::new("orders").unwrap()).await.unwrap();
        let shelf = StreamName::system("$parked-approve-paid").unwrap();
        own.read_stream(ReadStream::forwards(shelf)).await.unwrap().events
    });
    assert_eq!(told[1].event_type.as_str(), "$InputDiscarded");
    let told: serde_json::Value = serde_json::from_slice(&told[1].payload).unwrap();
    assert_eq!(told["why"], "paid back by hand");
}

#[test]
fn a_reader_that_is_not_there_is_told_from_one_that_parked_nothing() {
    let (_, service, event) = paid_too_early();
    let error = block_on(service.parked("aprove-paid")).unwrap_err();
    let told = "service orders has no reader aprove-paid; it has approve-paid";
    assert_eq!((error.code(), error.to_string().as_str()), ("parked.no_reader", told));
    let other = Cause::keyed("another").id();
    assert_ne!(event, other);
    let error = block_on(service.retry_parked(READER, other)).unwrap_err();
    assert_eq!(error.code(), "parked.not_parked");
}
