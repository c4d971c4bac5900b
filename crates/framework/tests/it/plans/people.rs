//! What a person does with a plan that cannot go on: retry, skip; ending it is every saga's.
//!
//! The story: a refund was refused, the saga was marked as failed, and nobody was told (P3).

use super::crashes::Town;
use super::story::{asked, beds_asked, pay_asked};
use crate::domain::tours::TourId;
use crate::domain::tours::plan::{LEASE, LIMIT};
use headwater::lock::Lock;
use headwater::plan::StageState;
use headwater::prelude::*;
use headwater::{End, ParkedError, Standing};
use headwater_model::EventId;

#[test]
fn a_refused_undoing_waits_for_a_person_who_has_it_tried_again() {
    let mut tour = beds_asked();
    tour.refused("west", "vault.empty").carried_out("east").then(["undo east"]);
    tour.refused("undo east", "vault.closed").then(["parked vault.closed"]);
    tour.after(LIMIT * 1_000).then_nothing();
    tour.retried().then(["undo east"]).refused("undo east", "vault.closed");
    tour.then(["parked vault.closed"]).retried().then(["undo east"]);
    tour.carried_out("undo east").then(["ReleaseLock east", "ReleaseLock west", "undo credit"]);
    assert_eq!(tour.ended(), None);
}

#[test]
fn a_refused_undoing_that_somebody_has_seen_to_lets_the_next_one_go_on() {
    let mut tour = beds_asked();
    tour.refused("west", "vault.empty").carried_out("east").then(["undo east"]);
    tour.refused("undo east", "vault.closed").then(["parked vault.closed"]);
    tour.skipped().then(["ReleaseLock east", "ReleaseLock west", "undo credit"]);
    let east = tour.course().unwrap().stages().iter().find(|leg| leg.stage() == "east").unwrap();
    assert_eq!((east.state(), east.by_hand()), (StageState::Undone, true));
    tour.carried_out("undo credit").then(["undo wish", "compensated"]);
}

#[test]
fn an_own_command_that_is_refused_undoes_nothing_of_what_led_to_it() {
    let mut tour = pay_asked();
    tour.running(|runs| match runs.first() {
        Some(run) if run.command == "Confirm" => Err((0, "tour.over".into())),
        _ => Ok(()),
    });
    tour.carried_out("pay").carried_out("voucher").then(["voucher"]);
    assert_eq!(tour.course().unwrap().stage("voucher"), Some(StageState::Done));
    // It is retriable: twelve tries, then a person.
    tour.after(Duration::from_secs(3_600)).then(["parked tour.over"]);
    tour.retried().then(["parked tour.over"]);
    tour.skipped().then(["ReleaseLock east", "ReleaseLock west", "completed"]);
    assert_eq!(tour.ended(), Some(End::Completed));
}

#[test]
fn what_nobody_can_carry_out_waits_for_a_person() {
    let mut tour = pay_asked();
    tour.carried_out("pay").then(["voucher"]).refused("voucher", "vault.closed");
    tour.after(LIMIT).then(["voucher"]).refused("voucher", "vault.closed");
    tour.after(LIMIT).then(["voucher"]).refused("voucher", "vault.closed");
    tour.then(["parked vault.closed"]);
    tour.retried().then(["voucher"]).carried_out("voucher");
    tour.then(["confirm", "ReleaseLock east", "ReleaseLock west", "completed"]);
}

#[test]
pub(crate) fn a_payment_that_is_not_answered_is_never_asked_for_again() {
    let mut tour = pay_asked();
    // Nobody knows whether it was paid: neither another payment nor the way back is right.
    tour.after(LIMIT).then(["parked plan.unanswered"]);
    tour.retried().then_nothing().after(LIMIT).then(["parked plan.unanswered"]);
    // The answer comes while it is parked: it is heard when a person lets it.
    tour.carried_out("pay").then_nothing().retried().then(["voucher"]);
}

#[test]
fn a_silent_payment_that_somebody_has_seen_to_counts_as_paid() {
    let mut tour = pay_asked();
    tour.after(LIMIT).then(["parked plan.unanswered"]).skipped().then(["voucher"]);
    tour.outcome("pay#1", None).then_nothing();
}

#[test]
fn a_refused_lock_gives_back_those_that_were_had() {
    let mut tour = asked();
    tour.carried_out("credit").carried_out("hold").then(["hold", "hold"]);
    tour.refused("hold", "lock.taken");
    tour.then(["ReleaseLock east", "ReleaseLock west", "undo credit"]);
}

/// A tour that is paid, and for which there is no voucher: parked.
fn without_voucher() -> (Town, TourId, EventId) {
    let mut town = Town::open();
    town.fill(100, 1, 0);
    let tour = town.tour("a", 100);
    town.world.settle();
    town.world.advance(LIMIT);
    let parked = town.world.block_on(town.service().parked("agent")).unwrap();
    let [parked] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!(parked.code, "vault.closed");
    let event = parked.event;
    (town, tour, event)
}

fn deed(town: &Town, deed: &str, event: EventId) -> Result<(), ParkedError> {
    let service = town.service();
    town.world.block_on(async {
        match deed {
            "retry" => service.retry_parked("agent", event).await.map(drop),
            "skip" => service.discard_parked("agent", event, "handed out").await.map(drop),
            _ => service.end_parked("agent", event, End::Completed, "by hand").await.map(drop),
        }
    })
}

#[test]
fn what_a_person_does_with_a_plan_counts_once_whatever_append_fails() {
    for what in ["retry", "skip", "end"] {
        for (n, stored) in (0..4).flat_map(|n| [(n, false), (n, true)]) {
            let (mut town, tour, event) = without_voucher();
            if what == "retry" {
                town.add("post", "post", 1);
            }
            town.world.crash(n, stored);
            // As a person does: again, until it is done.
            let done = (0..4).any(|_| {
                matches!(deed(&town, what, event), Ok(()) | Err(ParkedError::NotParked { .. }))
            });
            town.world.settle();
            town.world.advance(LEASE);
            let about = format!("{what}, append {n}, stored {stored}");
            assert!(done, "{about}");
            assert_eq!(town.standing(&tour), Standing::Ended(End::Completed), "{about}");
            assert_eq!(town.became(&tour).confirmed, usize::from(what != "end"), "{about}");
            assert_eq!(town.taken("post", "post"), u64::from(what == "retry"), "{about}");
            // Who is ended by hand gives nothing back; its leases run out.
            assert_eq!(town.lock("east"), Lock::default(), "{about}");
            assert!(town.world.block_on(town.service().parked("agent")).unwrap().is_empty());
        }
    }
}
