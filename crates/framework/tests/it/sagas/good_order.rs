//! What a saga does when nothing goes wrong, and when what goes wrong is the domain's.

use super::town::Town;
use crate::domain::trips::travel::{Heard, Late, Pay, Room, Travel};
use crate::domain::trips::{LIMIT, Trip, TripCommand, TripId};
use headwater::prelude::*;
use headwater::testing::saga;
use headwater::{End, Standing};
use std::time::Duration;

const IN_ORDER: [usize; 3] = [0, 1, 2];

fn asked(trip: &TripId) -> Heard {
    let (wallet, hotel) = ("ann".to_owned(), "grand".to_owned());
    Heard::TripAsked { trip: trip.clone(), wallet, hotel, price: 100 }
}

#[test]
fn a_saga_is_told_step_by_step_what_it_answers_is_data() {
    let trip = TripId::from("t1");
    let (wallet, hotel) = ("ann".to_owned(), "grand".to_owned());
    let charge = Pay::Charge { wallet: wallet.clone(), trip: trip.clone(), amount: 100 };
    let book = Room::Book { hotel: hotel.clone(), trip: trip.clone() };
    let charged = || {
        saga(Travel { limit: LIMIT }, trip.clone())
            .on(asked(&trip))
            .then(Actions::new().send(charge.clone()))
            .on(Heard::WalletCharged { trip: trip.clone() })
            .then(Actions::new().send(book.clone()).wake(LIMIT, Late::NoRoom))
    };
    charged()
        .on(Heard::RoomBooked { trip: trip.clone() })
        .then(Actions::new().run::<Trip>(&trip, TripCommand::Confirm).complete())
        .then_no_timer();
    let undo = Actions::new()
        .cancel(Late::NoRoom)
        .send(Room::Free { hotel, trip: trip.clone() })
        .send(Pay::Refund { wallet, trip: trip.clone(), amount: 100 });
    charged().after(LIMIT).then(undo.clone()).refused("Book", "hotel.full").then_nothing();
    charged()
        .refused("Book", "hotel.full")
        .then(undo)
        .then_no_timer()
        .on(Heard::WalletRefunded { trip: trip.clone() })
        .then(
            Actions::new()
                .run::<Trip>(&trip, TripCommand::Fail { why: "hotel.full".into() })
                .compensated(),
        );
}

#[test]
pub(crate) fn a_trip_is_paid_slept_and_confirmed_or_all_of_it_is_undone() {
    let mut town = Town::open(IN_ORDER);
    town.wallet("ann", 250);
    town.hotel("grand", 1);
    let slept = town.trip("a", "ann", "grand", 100);
    town.world.settle();
    let full = town.trip("b", "ann", "grand", 100);
    let poor = town.trip("c", "ann", "grand", 1_000);
    town.world.settle();
    assert_eq!(town.became(&slept), Trip { price: 100, confirmed: 1, failed: vec![] });
    assert_eq!(town.became(&full).failed, ["hotel.full"], "a refusal comes back with its code");
    assert_eq!(town.became(&poor).failed, ["wallet.too_poor"]);
    assert_eq!(town.left("ann"), 150);
    town.audit(&[slept, full, poor], &["ann"], &["grand"], "good order");
}

#[test]
fn a_timer_fires_at_its_time_and_not_before_and_what_comes_late_is_undone() {
    let mut town = Town::open(IN_ORDER);
    town.wallet("ann", 100);
    town.hotel("grand", 1);
    town.world.pause("hotels");
    let trip = town.trip("a", "ann", "grand", 100);
    town.world.settle();
    assert_eq!(town.left("ann"), 0);
    town.world.advance(LIMIT - Duration::from_millis(1));
    assert_eq!(town.left("ann"), 0, "not before its time");
    town.world.advance(Duration::from_millis(1));
    assert_eq!(town.left("ann"), 100, "at its time");
    town.world.resume("hotels");
    town.world.settle();
    assert_eq!(town.count("hotels", "RoomBooked"), 1, "requests are carried out in order");
    assert_eq!(town.count("hotels", "RoomFreed"), 1);
    assert_eq!(town.became(&trip).failed, ["too late"]);
    town.audit(&[trip], &["ann"], &["grand"], "late");
}

#[test]
pub(crate) fn a_timer_that_was_cancelled_does_not_fire() {
    let mut town = Town::open(IN_ORDER);
    town.wallet("ann", 100);
    town.hotel("grand", 0);
    // The room is refused, and the wallets' service is away: the saga runs on, its timer cancelled.
    let trip = town.trip("a", "ann", "grand", 100);
    while town.count("wallets", "WalletCharged") == 0 {
        town.world.step();
    }
    town.world.pause("wallets");
    town.world.settle();
    assert_eq!(town.standing(&trip), Standing::Running);
    town.world.advance(LIMIT * 2);
    town.world.resume("wallets");
    town.world.settle();
    assert_eq!(town.became(&trip).failed, ["hotel.full"]);
    town.audit(&[trip], &["ann"], &["grand"], "cancelled timer");
}

#[test]
pub(crate) fn what_comes_behind_the_end_changes_nothing() {
    let mut town = Town::open(IN_ORDER);
    town.wallet("ann", 100);
    town.hotel("grand", 1);
    let trip = town.trip("a", "ann", "grand", 100);
    town.world.settle();
    let before = town.world.events("trips").len();
    town.world.advance(LIMIT * 2);
    crate::domain::record(&town.world, "hotels", "hotel-x", "RoomBooked", 1, r#"{"trip":"a"}"#);
    town.world.settle();
    assert_eq!(town.world.events("trips").len(), before);
    assert_eq!(town.standing(&trip), Standing::Ended(End::Completed));
    assert_eq!((town.left("ann"), town.guests("grand").len()), (0, 1));
}

#[test]
fn every_event_tells_what_it_was_part_of() {
    let mut town = Town::open(IN_ORDER);
    town.wallet("ann", 100);
    town.hotel("grand", 1);
    town.trip("a", "ann", "grand", 100);
    town.world.settle();
    let correlation = Some(Cause::keyed("a").id().to_string().into());
    let of_the_trip =
        |name: &str| name.starts_with("Trip") || name.ends_with("Charged") || name == "RoomBooked";
    let mut seen = 0;
    for context in ["trips", "wallets", "hotels"] {
        let events = town.world.events(context);
        for event in events.iter().filter(|event| of_the_trip(event.event_type.as_str())) {
            assert_eq!(event.metadata.correlation, correlation, "{}", event.event_type);
            seen += 1;
        }
    }
    assert_eq!(seen, 4);
}
