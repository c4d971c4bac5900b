//! Reactions: each input once, in order, in as few appends as possible; what cannot be done is set
//! aside where it can be found.

use crate::domain::orders::*;
use crate::domain::tally::{CountOrders, Tally, TallyCommand, TallyId};
use crate::domain::{Shop, record};
use headwater::prelude::*;
use headwater::testing::{World, block_on};
use headwater::{ReaderState, Store};
use headwater_model::{CheckpointName, ContextName};

/// Approves every order that it hears of, also those that nobody created.
#[derive(Input, Debug)]
#[input(from = "elsewhere")]
enum Heard {
    Praised { order: OrderId },
}

struct ApprovePraised {
    undecodable: Poison,
}

impl Reaction for ApprovePraised {
    const NAME: &'static str = "approve-praised";
    type Input = Heard;

    fn react(&self, heard: &Recorded<Heard>) -> Actions {
        let Heard::Praised { order } = &heard.event;
        match order.as_str() {
            "taboo" => Actions::new().run::<Order>(order, OrderCommand::Approve).park("never"),
            // The second command of an input sees the events of the first.
            "new" => Actions::new()
                .run::<Order>(order, OrderCommand::Create { customer: "ann".into(), total: 1 })
                .run::<Order>(order, OrderCommand::Approve),
            "half" => Actions::new()
                .run::<Order>(order, OrderCommand::Create { customer: "ann".into(), total: 1 })
                .run::<Order>(order, OrderCommand::Cancel),
            _ => Actions::new().run::<Order>(order, OrderCommand::Approve),
        }
    }

    fn undecodable(&self) -> Poison {
        self.undecodable
    }
}

fn praising(undecodable: Poison) -> (World, Service) {
    let mut world = World::new();
    let service = Service::new("orders", &world.store)
        .decider::<Order>()
        .reaction(ApprovePraised { undecodable }, Start::Beginning);
    let service = world.start(service);
    (world, service)
}

fn praise(world: &World, payload: &'static str) {
    record(world, "elsewhere", "praise-1", "Praised", 1, payload);
}

fn checkpoint(store: &Store, context: &str, name: &str) -> Option<Position> {
    block_on(async {
        let context = store.context(ContextName::new(context).unwrap()).await.unwrap();
        let name = CheckpointName::new(name.to_owned()).unwrap();
        context.checkpoint(name).await.unwrap().map(|checkpoint| checkpoint.position)
    })
}

#[test]
fn a_refused_input_is_parked_with_its_reason_and_the_reader_goes_on() {
    let (mut world, orders) = praising(Poison::Halt);
    praise(&world, r#"{"order":"unknown"}"#);
    praise(&world, r#"{"order":"new"}"#);
    world.settle();
    assert_eq!(world.types("orders"), ["OrderCreated", "OrderApproved"]);
    let parked = block_on(orders.parked("approve-praised")).unwrap();
    let [parked] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!((parked.code.as_str(), parked.position), ("order.unknown", Position(0)));
    assert_eq!(parked.why, "there is no such order");
    let health = block_on(orders.health()).unwrap();
    assert_eq!((health.readers[0].parked_count, health.readers[0].lag), (1, 0));
    assert!(health.is_ready());
}

#[test]
fn nothing_is_left_of_an_input_that_is_parked_half_way() {
    let (mut world, orders) = praising(Poison::Halt);
    for payload in [r#"{"order":"half"}"#, r#"{"order":"taboo"}"#, r#"{"order":"new"}"#] {
        praise(&world, payload);
    }
    world.settle();
    let streams = world.events("orders").into_iter().map(|event| event.stream.to_string());
    assert_eq!(streams.collect::<Vec<_>>(), ["order-new", "order-new"]);
    let codes = block_on(orders.parked("approve-praised")).unwrap();
    let codes: Vec<_> = codes.iter().map(|parked| parked.code.as_str()).collect();
    assert_eq!(codes, ["order.not_approved", "order.unknown"]);
}

#[test]
fn an_input_is_parked_once_whatever_append_fails() {
    for stored in [false, true] {
        for n in 0..2 {
            let (mut world, orders) = praising(Poison::Halt);
            praise(&world, r#"{"order":"unknown"}"#);
            world.crash(n, stored);
            world.settle();
            praise(&world, r#"{"order":"also unknown"}"#);
            world.settle();
            let parked = block_on(orders.parked("approve-praised")).unwrap();
            assert_eq!(parked.len(), 2, "append {n}, stored {stored}");
        }
    }
}

#[test]
pub(crate) fn an_event_that_cannot_be_decoded_halts_its_reader_in_front_of_it() {
    let (mut world, orders) = praising(Poison::Halt);
    praise(&world, r#"{"order":"new"}"#);
    praise(&world, r#"{"order":17}"#);
    praise(&world, r#"{"order":"unknown"}"#);
    world.settle();
    assert_eq!(
        world.types("orders"),
        ["OrderCreated", "OrderApproved"],
        "what came before is done"
    );
    assert!(block_on(orders.parked("approve-praised")).unwrap().is_empty());
    let health = block_on(orders.health()).unwrap();
    let ReaderState::Halted { why } = &health.readers[0].state else { panic!("{health:?}") };
    assert!(why.contains("Praised at position 1"), "{why}");
    assert!(!health.is_ready());
}

#[test]
fn an_event_that_cannot_be_decoded_is_parked_if_the_reaction_says_so() {
    let (mut world, orders) = praising(Poison::Park);
    praise(&world, r#"{"order":17}"#);
    praise(&world, r#"{"order":"new"}"#);
    world.settle();
    assert_eq!(world.types("orders").len(), 2);
    let parked = block_on(orders.parked("approve-praised")).unwrap();
    assert_eq!(parked[0].code, "decode.malformed");
}

#[test]
fn many_inputs_are_one_append_and_later_ones_see_the_events_of_earlier_ones() {
    let mut shop = Shop::open();
    for n in 0..100 {
        shop.order(&n.to_string(), "nobody", 1);
    }
    shop.world.pause("orders");
    shop.world.pause("customers");
    shop.world.settle();
    assert_eq!(shop.counted(), 100);
    let events = shop.world.events("tally");
    assert!(events.iter().zip(0..).all(|(event, n)| event.revision == Revision(n)));
    assert_eq!(
        events.first().map(|event| event.recorded_at),
        events.last().map(|event| event.recorded_at)
    );
    assert_eq!(checkpoint(&shop.world.store, "tally", "count-orders/orders"), Some(Position(99)));
}

#[test]
fn a_batch_that_meets_direct_commands_is_done_again_on_what_is_there() {
    let mut shop = Shop::open();
    for n in 0..10 {
        shop.order(&n.to_string(), "nobody", 1);
    }
    // The reaction has a state of the tally in memory that another process makes old.
    shop.world.step();
    let elsewhere = Service::new("tally", &shop.world.store).decider::<Tally>();
    let all = TallyId::from("all");
    for n in 0..3 {
        let cause = Cause::keyed(format!("direct {n}"));
        block_on(elsewhere.run::<Tally>(&all, TallyCommand::Count, &cause)).unwrap();
        shop.order(&format!("more {n}"), "nobody", 1);
        shop.world.step();
    }
    shop.world.settle();
    assert_eq!(shop.counted(), 16);
}

#[test]
fn now_is_the_moment_of_the_first_start_and_no_later_one() {
    let mut world = World::new();
    let store = world.store.clone();
    let orders = world.start(Service::new("orders", &store).decider::<Order>());
    let order = |key: &str| {
        let create = OrderCommand::Create { customer: "ann".into(), total: 1 };
        block_on(orders.run::<Order>(&key.into(), create, &Cause::keyed(key))).unwrap();
    };
    order("before");
    let tally =
        || Service::new("tally", &store).decider::<Tally>().reaction(CountOrders, Start::Now);
    world.start(tally());
    world.settle();
    world.pause("tally");
    order("while it was down");
    let restarted = tally();
    world.start(restarted.clone());
    world.settle();
    let counted = block_on(restarted.load::<Tally>(&"all".into(), AsOf::Now)).unwrap();
    assert_eq!(counted.count, 1);
}

#[test]
fn now_may_be_before_the_first_event_and_stays_there() {
    let mut world = World::new();
    let store = world.store.clone();
    let tally =
        || Service::new("tally", &store).decider::<Tally>().reaction(CountOrders, Start::Now);
    world.start(tally());
    world.settle();
    world.pause("tally");
    let orders = world.start(Service::new("orders", &store).decider::<Order>());
    let create = OrderCommand::Create { customer: "ann".into(), total: 1 };
    block_on(orders.run::<Order>(&"while".into(), create, &Cause::keyed("k"))).unwrap();
    let restarted = world.start(tally());
    world.settle();
    let counted = block_on(restarted.load::<Tally>(&"all".into(), AsOf::Now)).unwrap();
    assert_eq!(counted.count, 1, "it came behind the first start");
}

/// The story: a machine's clock was an hour ahead and was set right. What is recorded from then on carries
/// the last instant there was (A6), an hour ahead of the clock, and reactions waited for it to be old enough.
#[test]
fn a_reaction_does_not_wait_for_a_clock_that_was_set_back() {
    let (mut world, _) = praising(Poison::Halt);
    world.clock().advance(Duration::from_secs(3_600));
    praise(&world, r#"{"order":"new"}"#);
    world.clock().set(headwater::testing::TEST_BEGIN);
    world.settle();
    assert_eq!(world.types("orders"), ["OrderCreated", "OrderApproved"]);
}
