//! A crash at every append, before and after it took hold; every message twice; every order of turns.
//!
//! The story: a saga's process died behind the append of its step, read its input again, and charged the
//! wallet again. C4, C5: whatever is cut off, read twice or overtaken, the accounts end the same.

use super::town::Town;
use crate::domain::trips::LIMIT;

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// How badly it goes.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    order: [usize; 3],
    /// Every message is read again, at every standstill.
    twice: bool,
    /// The hotels answer after the time limit.
    late: bool,
}

/// Three trips, of which one is confirmed, one finds no room, one no money; returns whether the fault
/// that was armed has happened.
fn travel(trouble: Trouble, arm: impl FnOnce(&mut Town), about: &str) -> bool {
    let mut town = Town::open(trouble.order);
    arm(&mut town);
    town.wallet("ann", 500);
    town.hotel("grand", 1);
    if trouble.late {
        town.world.pause("hotels");
    }
    let trips = [("a", 100), ("b", 100), ("c", 1_000)]
        .map(|(name, price)| town.trip(name, "ann", "grand", price));
    let settle = |town: &mut Town| {
        town.world.settle();
        if trouble.twice {
            town.read_all_again();
            town.world.settle();
        }
    };
    settle(&mut town);
    town.world.advance(LIMIT);
    settle(&mut town);
    town.world.resume("hotels");
    settle(&mut town);
    town.world.advance(LIMIT * 2);
    settle(&mut town);
    town.audit(&trips, &["ann"], &["grand"], about);
    let confirmed = trips.iter().filter(|trip| town.became(trip).confirmed == 1).count();
    assert_eq!(confirmed, usize::from(!trouble.late), "{about}");
    town.world.crashed()
}

fn at_every_append(trouble: Trouble, arm: fn(&mut Town, u64, bool)) {
    for stored in [false, true] {
        let mut points = 0;
        let about = |n: u64| format!("{trouble:?}, append {n}, stored {stored}");
        while travel(trouble, |town| arm(town, points, stored), &about(points)) {
            points += 1;
        }
        assert!(points >= 12, "only {points} appends were made: {trouble:?}");
    }
}

fn crash(town: &mut Town, passing: u64, stored: bool) {
    town.world.crash(passing, stored);
}

#[test]
pub(crate) fn every_crash_ends_in_the_same_accounts() {
    for late in [false, true] {
        for twice in [false, true] {
            at_every_append(Trouble { order: ORDERS[0], twice, late }, crash);
        }
    }
}

#[test]
fn every_crash_ends_in_the_same_accounts_whoever_is_first() {
    for (n, order) in (0..).zip(ORDERS).skip(1) {
        at_every_append(Trouble { order, twice: n % 2 == 0, late: n % 3 == 0 }, crash);
    }
}

#[test]
fn a_lost_reply_to_any_append_changes_no_account() {
    for late in [false, true] {
        let trouble = Trouble { order: ORDERS[0], twice: false, late };
        at_every_append(trouble, |town, passing, stored| town.world.lose_reply(passing, stored));
    }
}
