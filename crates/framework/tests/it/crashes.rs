//! Crashes and lost replies, at every append of a flow, before and after it took hold.
//!
//! The deciders of a shop are idempotent and would hide a broken layer below, so a tally that is not
//! counts along: C1, C2, A4, A5.

use crate::domain::orders::Order;
use crate::domain::{LIMIT, Shop};

/// The whole flow: two orders of which the credit allows one, a cancellation, the time limit.
/// Returns whether the fault happened.
fn flow(arm: impl FnOnce(&mut Shop), late: bool, about: &str) -> bool {
    let mut shop = Shop::open();
    arm(&mut shop);
    shop.customer("ann", 1_500);
    if late {
        shop.world.pause("customers");
    }
    let first = shop.order("a", "ann", 1_000);
    let second = shop.order("b", "ann", 1_000);
    shop.world.settle();
    if late {
        shop.world.advance(LIMIT);
        shop.world.resume("customers");
        shop.world.settle();
    } else {
        shop.cancel("cancel a", &first);
        shop.world.settle();
        shop.world.advance(LIMIT);
    }
    for order in [&first, &second] {
        assert_eq!(shop.state(order), Order::Cancelled, "{about}");
    }
    let reserved = shop.count("customers", "CreditReserved");
    assert_eq!(reserved, shop.count("customers", "CreditReleased"), "all credit is back: {about}");
    assert_eq!(shop.count("orders", "OrderCreated"), 2, "{about}");
    assert_eq!(shop.count("orders", "OrderCancelled"), 2, "{about}");
    assert_eq!(shop.counted(), 2, "each order counts once: {about}");
    shop.world.crashed()
}

#[test]
fn a_crash_at_any_append_changes_no_outcome() {
    for (late, stored) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut points = 0;
        let about = |n| format!("late {late}, append {n}, stored {stored}");
        while flow(|shop| shop.world.crash(points, stored), late, &about(points)) {
            points += 1;
        }
        assert!(points >= 7, "only {points} appends were made");
    }
}

#[test]
fn a_lost_reply_to_any_append_changes_no_outcome() {
    for stored in [false, true] {
        let mut points = 0;
        let about = |n| format!("append {n}, stored {stored}");
        while flow(|shop| shop.world.lose_reply(points, stored), false, &about(points)) {
            points += 1;
        }
        assert!(points >= 7, "only {points} appends were made");
    }
}

#[test]
pub(crate) fn each_input_counts_once_whatever_append_fails() {
    for stored in [false, true] {
        for n in 0.. {
            let mut shop = Shop::open();
            shop.world.crash(n, stored);
            for key in ["a", "b", "c"] {
                shop.order(key, "nobody", 100);
                shop.world.settle();
            }
            assert_eq!(shop.counted(), 3, "append {n}, stored {stored}");
            if !shop.world.crashed() {
                break;
            }
        }
    }
}
