//! Locks: one holder at a time, in the order of asking; who comes back too late is refused.
//!
//! The story: a saga slept through its lease, woke up, and booked the room that was another's by then (K2).

use super::crashes::Town;
use crate::domain::tours::plan::{LEASE, LIMIT};
use headwater::lock::{Holder, Lock, LockCommand, LockEvent, LockRefusal};
use headwater::prelude::*;
use headwater::testing::{TEST_BEGIN, given};

const MINUTE: u64 = 60_000;

fn holder(name: &str) -> Holder {
    Holder {
        context: "tours".into(),
        saga: "agent".into(),
        instance: name.into(),
        request: Cause::keyed(name).id(),
    }
}

fn granted(name: &str) -> LockEvent {
    let until = TEST_BEGIN.after(Duration::from_millis(MINUTE));
    LockEvent::Granted { holder: holder(name), lease_ms: MINUTE, until }
}

fn queued(name: &str) -> LockEvent {
    LockEvent::Queued { holder: holder(name), lease_ms: MINUTE }
}

fn acquire(name: &str) -> LockCommand {
    LockCommand::Acquire { holder: holder(name), lease_ms: MINUTE }
}

#[test]
pub(crate) fn a_lock_is_granted_in_the_order_of_asking() {
    let release = |name| LockCommand::Release { holder: holder(name) };
    given::<Lock>([]).when(acquire("a")).then([granted("a")]);
    given::<Lock>([granted("a")]).when(acquire("b")).then([queued("b")]);
    let three = || given::<Lock>([granted("a"), queued("b"), queued("c")]);
    let released = LockEvent::Released { holder: holder("a") };
    three().when(release("a")).then([released.clone(), granted("b")]);
    three().when(release("b")).then([LockEvent::Forgone { holder: holder("b") }]);
    three().when(release("d")).then_nothing();
    let lapse = LockCommand::Lapse { request: holder("a").request };
    let lapsed = LockEvent::Lapsed { holder: holder("a") };
    three().when(lapse.clone()).then([lapsed, granted("b")]);
    // A timer that is late frees nobody else's lease.
    given::<Lock>([granted("a"), queued("b"), released, granted("b")]).when(lapse).then_nothing();
    // The same request again is nothing new; another one of the same instance would wait for itself.
    three().when(acquire("b")).then_nothing();
    let again = Holder { request: holder("e").request, ..holder("b") };
    let again = LockCommand::Acquire { holder: again, lease_ms: MINUTE };
    let (saga, instance) = ("agent".into(), "b".into());
    three().when(again).then_refused(LockRefusal::Taken { saga, instance });
}

#[test]
fn a_lock_is_proved_only_by_its_holder() {
    let prove = |name: &str| LockCommand::Prove { holder: holder(name) };
    let lost = |name: &str| LockRefusal::Lost { saga: "agent".into(), instance: name.into() };
    given::<Lock>([granted("a"), queued("b")]).when(prove("a")).then_nothing();
    given::<Lock>([granted("a"), queued("b")]).when(prove("b")).then_refused(lost("b"));
    given::<Lock>([]).when(prove("a")).then_refused(lost("a"));
}

#[test]
fn two_tours_at_once_have_the_inns_one_after_the_other() {
    let mut town = Town::open();
    town.fill(1_000, 2, 2);
    let tours = ["a", "b"].map(|name| town.tour(name, 100));
    town.world.settle();
    town.audit(&tours, "one after the other");
    let types = town.world.types("inns");
    let of_east = types.iter().filter(|name| **name == "LockGranted").count();
    assert_eq!(of_east, 4, "two tours, two inns: {types:?}");
    assert_eq!(town.lock("east"), Lock::default());
}

#[test]
pub(crate) fn a_holder_whose_lease_is_over_is_refused() {
    let mut town = Town::open();
    town.fill(1_000, 1, 1);
    // The saga sleeps with the lock of the first inn, and asks for beds when another has them.
    let late = town.tour("late", 100);
    while town.lock("west").holder().is_none() {
        town.world.step();
    }
    town.world.pause("tours");
    town.world.settle();
    town.world.advance(LEASE - LIMIT);
    town.world.resume("tours");
    town.world.pause("inns");
    town.world.settle();
    town.world.advance(LIMIT * 2);
    town.world.resume("inns");
    town.world.settle();
    town.world.advance(LEASE * 2);
    town.audit(std::slice::from_ref(&late), "late");
    assert_eq!(town.became(&late).failed, ["lock.lost"]);
    assert_eq!(town.lock("east"), Lock::default());
}
