//! What a person does with a parked saga.
//!
//! The story: a price that nobody believes is not confirmed, and nobody has written down what is to
//! happen then. The saga is parked, what comes meanwhile is held, and a person decides.

use super::town::Town;
use crate::domain::trips::travel::Travel;
use crate::domain::trips::wallets::{Wallet, WalletId};
use crate::domain::trips::{SUSPICIOUS, TripId};
use headwater::prelude::*;
use headwater::{End, ParkedError, RetryOutcome, Standing};

/// A town in which a trip is parked: it is paid and slept, and its price is suspicious.
fn parked() -> (Town, TripId) {
    let mut town = Town::open([0, 1, 2]);
    town.wallet("ann", 100);
    town.hotel("grand", 1);
    let trip = town.trip("a", "ann", "grand", SUSPICIOUS);
    town.world.settle();
    (town, trip)
}

fn parked_id(town: &Town) -> headwater_model::EventId {
    let parked = town.world.block_on(town.trips.parked("travel-plan")).unwrap();
    let [parked] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!(parked.code, "trip.suspicious");
    assert_eq!(parked.source.as_str(), "hotels");
    assert_eq!(parked.event_type.as_str(), "RoomBooked");
    assert_eq!(parked.key.as_ref().map(|key| key.as_str()), Some("a"));
    parked.event
}

fn health_parked(town: &Town) -> u64 {
    let health = town.world.block_on(town.trips.health()).unwrap();
    health.readers.iter().map(|reader| reader.parked_count).sum()
}

#[test]
fn what_it_cannot_answer_parks_the_saga_with_the_reason_and_nothing_of_it_is_done() {
    let (town, trip) = parked();
    let event = parked_id(&town);
    let Standing::Parked { event: shown, code, why } = town.standing(&trip) else {
        panic!("{:?}", town.standing(&trip))
    };
    assert_eq!((shown, &*code), (event, "trip.suspicious"));
    assert_eq!(why, "trips for 13 are not confirmed");
    assert_eq!(town.types_of(&trip), ["TripAsked"]);
    assert_eq!(health_parked(&town), 1);
}

#[test]
fn a_retried_saga_that_fails_again_stays_parked_and_nothing_is_recorded() {
    let (mut town, trip) = parked();
    let event = parked_id(&town);
    let retried = town.world.block_on(town.trips.retry_parked("travel-plan", event)).unwrap();
    let code = "trip.suspicious".to_owned();
    let why = "trips for 13 are not confirmed".to_owned();
    assert_eq!(retried[0].outcome, RetryOutcome::StillParked { code, why });
    town.world.settle();
    assert_eq!(parked_id(&town), event);
    assert_eq!(town.types_of(&trip), ["TripAsked"]);
}

#[test]
fn a_retried_saga_goes_on_when_the_cause_is_mended() {
    let (mut town, trip) = parked();
    let event = parked_id(&town);
    // Somebody has corrected the price.
    crate::domain::record(
        &town.world,
        "trips",
        "trip-a",
        "TripAsked",
        1,
        r#"{"wallet":"ann","hotel":"grand","price":100}"#,
    );
    town.world.settle();
    let held = town.world.block_on(town.trips.load_saga::<Travel>(&trip)).unwrap();
    assert_eq!(held.held_count, 1, "what comes while it is parked is held");
    let retried = town.world.block_on(town.trips.retry_all_parked("travel-plan")).unwrap();
    assert_eq!(retried[0].outcome, RetryOutcome::Done);
    town.world.settle();
    assert_eq!(town.standing(&trip), Standing::Ended(End::Completed));
    assert_eq!(town.became(&trip).confirmed, 1);
    assert_eq!(health_parked(&town), 0);
    let again = town.world.block_on(town.trips.retry_parked("travel-plan", event));
    assert!(matches!(again, Err(ParkedError::NotParked { .. })), "{again:?}");
}

#[test]
fn a_skipped_input_is_passed_over_and_the_saga_goes_on() {
    let (mut town, trip) = parked();
    let event = parked_id(&town);
    let skip = town.trips.discard_parked("travel-plan", event, "confirmed by telephone");
    town.world.block_on(skip).unwrap();
    assert_eq!(town.standing(&trip), Standing::Running, "its timer is still set");
    town.world.advance(crate::domain::trips::LIMIT);
    assert_eq!(town.standing(&trip), Standing::Ended(End::Compensated));
    assert_eq!((town.left("ann"), town.guests("grand").len()), (100, 0));
    assert_eq!(health_parked(&town), 0);
}

#[test]
fn a_saga_that_a_person_ends_hears_nothing_more() {
    let (mut town, trip) = parked();
    let event = parked_id(&town);
    let no_reason = town.trips.end_parked("travel-plan", event, End::Completed, " ");
    assert_eq!(town.world.block_on(no_reason), Err(ParkedError::NoReason));
    let end = town.trips.end_parked("travel-plan", event, End::Completed, "settled in cash");
    town.world.block_on(end).unwrap();
    assert_eq!(town.standing(&trip), Standing::Ended(End::Completed));
    town.world.advance(crate::domain::trips::LIMIT * 2);
    assert_eq!(town.left("ann"), 100 - SUSPICIOUS, "the timer is set no longer");
    assert_eq!(health_parked(&town), 0);
    assert!(town.world.block_on(town.trips.parked("travel-plan")).unwrap().is_empty());
}

#[test]
fn a_deed_counts_once_whatever_append_fails() {
    for deed in ["retry", "skip", "end"] {
        for stored in [false, true] {
            for n in 0.. {
                let (mut town, trip) = parked();
                let event = parked_id(&town);
                town.world.crash(n, stored);
                for _ in 0..4 {
                    let answer = town.world.block_on(async {
                        match deed {
                            "retry" => {
                                town.trips.retry_parked("travel-plan", event).await.map(drop)
                            }
                            "skip" => town
                                .trips
                                .discard_parked("travel-plan", event, "no")
                                .await
                                .map(drop),
                            _ => {
                                let end = End::Completed;
                                town.trips
                                    .end_parked("travel-plan", event, end, "no")
                                    .await
                                    .map(drop)
                            }
                        }
                    });
                    if matches!(answer, Ok(()) | Err(ParkedError::NotParked { .. })) {
                        break;
                    }
                }
                town.world.advance(crate::domain::trips::LIMIT);
                let refunds = town.count("wallets", "WalletRefunded");
                let about = format!("{deed}, append {n}, stored {stored}");
                assert_eq!(refunds, usize::from(deed == "skip"), "{about}");
                assert_eq!(
                    matches!(town.standing(&trip), Standing::Parked { .. }),
                    deed == "retry"
                );
                if !town.world.crashed() {
                    break;
                }
            }
        }
    }
}

#[test]
fn a_request_that_is_refused_and_that_nobody_waits_for_is_parked_where_it_was_refused() {
    let mut town = Town::open([0, 1, 2]);
    let gift = Service::new("trips", &town.world.store).reaction(gifts::Gift, Start::Beginning);
    town.world.start(gift);
    town.trip("a", "bob", "grand", 5);
    town.world.settle();
    let parked = town.world.block_on(town.wallets.parked("requests")).unwrap();
    let [parked] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!((&*parked.code, parked.event_type.as_str()), ("wallet.too_poor", "Charge"));
    town.wallet("bob", 50);
    let retried = town.world.block_on(town.wallets.retry_all_parked("requests")).unwrap();
    assert_eq!(retried[0].outcome, RetryOutcome::Done);
    let bob = WalletId::from("bob");
    let left = town.world.block_on(town.wallets.load::<Wallet>(&bob, AsOf::Now)).unwrap().left;
    assert_eq!(left, 43);
}

/// A reaction that asks another service.
mod gifts {
    use crate::domain::trips::TripId;
    use crate::domain::trips::travel::Pay;
    use headwater::prelude::*;

    #[derive(Input, Debug)]
    #[input(id = "trip")]
    pub(super) enum Opened {
        TripAsked { trip: TripId, wallet: String },
    }

    pub(super) struct Gift;

    impl Reaction for Gift {
        const NAME: &'static str = "gift";
        type Input = Opened;

        fn react(&self, opened: &Recorded<Opened>) -> Actions {
            let Opened::TripAsked { trip, wallet } = &opened.event;
            let (wallet, trip) = (wallet.clone(), trip.clone());
            Actions::new().send(Pay::Charge { wallet, trip, amount: 7 })
        }
    }
}
