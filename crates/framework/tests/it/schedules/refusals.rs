//! A tick whose actions are refused is set aside with its reason, holds up no other, and is carried out
//! once when it is retried.

use super::{MINUTE, NAME, SECOND, book, every};
use crate::domain::orders::{Order, OrderCommand, OrderId};
use crate::domain::tally::{Tally, TallyCommand, TallyId};
use headwater::RetryOutcome;
use headwater::prelude::*;
use headwater::schedule::Missed;
use headwater::testing::World;

/// Counts, and approves an order that is not there yet: both, or neither.
fn approving(world: &World) -> Service {
    let service = Service::new("tally", &world.store).decider::<Tally>().decider::<Order>();
    service.schedule(NAME, every(MINUTE), Missed::All, |_| {
        Actions::new()
            .run::<Tally>(&"all".into(), TallyCommand::Count)
            .run::<Order>(&"a".into(), OrderCommand::Approve)
    })
}

fn counted(world: &World, service: &Service) -> u32 {
    world.block_on(service.load::<Tally>(&TallyId::from("all"), AsOf::Now)).unwrap().state.count
}

fn create(world: &World, service: &Service) {
    let create = OrderCommand::Create { customer: "ann".into(), total: 1 };
    let (order, cause) = (OrderId::from("a"), Cause::keyed("create"));
    let run = || world.block_on(service.run::<Order>(&order, create.clone(), &cause));
    // A crash that was asked for may strike here: who asked asks again.
    run().or_else(|_| run()).unwrap();
}

#[test]
fn a_refused_tick_is_parked_and_the_next_one_is_made() {
    let mut world = World::new();
    let service = approving(&world);
    let service = world.start(service);
    world.advance(SECOND * 90);
    let parked = world.block_on(service.parked(NAME)).unwrap();
    assert_eq!((parked.len(), parked[0].code.as_str()), (1, "order.unknown"));
    assert_eq!(counted(&world, &service), 0, "nothing of it is stored");

    create(&world, &service);
    world.advance(MINUTE);
    let kinds: Vec<_> = book(&world).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["$ScheduleStarted", "$ScheduleTickRefused", "$ScheduleTicked"]);
    assert_eq!(counted(&world, &service), 1);

    let retried = world.block_on(service.retry_parked(NAME, parked[0].event)).unwrap();
    assert_eq!(retried[0].outcome, RetryOutcome::Done);
    assert_eq!(counted(&world, &service), 2);
    assert_eq!(world.block_on(service.parked(NAME)).unwrap(), []);
}

#[test]
fn a_refused_tick_is_parked_once_whatever_append_fails() {
    for stored in [false, true] {
        for n in 0.. {
            let mut world = World::new();
            let service = approving(&world);
            let service = world.start(service);
            world.crash(n, stored);
            world.advance(MINUTE);
            let parked = world.block_on(service.parked(NAME)).unwrap();
            assert_eq!(parked.len(), 1, "append {n}, stored {stored}");
            let event = parked[0].event;
            let discard = || world.block_on(service.discard_parked(NAME, event, "no such order"));
            if discard().is_err() && !world.block_on(service.parked(NAME)).unwrap().is_empty() {
                discard().unwrap();
            }
            create(&world, &service);
            world.advance(MINUTE);
            assert_eq!(counted(&world, &service), 1, "append {n}, stored {stored}");
            if !world.crashed() {
                break;
            }
        }
    }
}
