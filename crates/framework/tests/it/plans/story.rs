//! A plan told what its services answer, stage by stage.

use crate::domain::tours::TourId;
use crate::domain::tours::plan::{Agent, Heard, LIMIT, NOW};
use headwater::plan::{Rehearsal, StageState, rehearse};
use headwater::prelude::*;

pub(crate) fn asked() -> Rehearsal<Agent> {
    let tour = TourId::from("t1");
    let mut rehearsal = rehearse(NOW, tour.clone());
    rehearsal.on(Heard::TourAsked { tour, guest: "ann".into(), price: 100 }).then(["credit"]);
    rehearsal
}

/// Credit is there, both inns are held, and a bed is asked for in each.
pub(crate) fn beds_asked() -> Rehearsal<Agent> {
    let mut rehearsal = asked();
    rehearsal.carried_out("credit").then(["hold"]); // the east inn first, whatever the plan says
    rehearsal.carried_out("hold").then(["hold"]);
    rehearsal.carried_out("hold").then(["east", "west"]);
    rehearsal
}

pub(crate) fn pay_asked() -> Rehearsal<Agent> {
    let mut rehearsal = beds_asked();
    rehearsal.carried_out("west").then_nothing().carried_out("east").then(["pay"]);
    rehearsal
}

#[test]
fn a_tour_is_gone_through_stage_by_stage() {
    pay_asked().carried_out("pay").then(["voucher"]).carried_out("voucher").then([
        "confirm",
        "ReleaseLock east",
        "ReleaseLock west",
        "completed",
    ]);
}

#[test]
pub(crate) fn what_was_done_is_undone_in_reverse_order() {
    let mut tour = pay_asked();
    tour.refused("pay", "vault.empty").then(["undo west", "undo east"]);
    tour.carried_out("undo east").then_nothing();
    tour.carried_out("undo west").then(["ReleaseLock east", "ReleaseLock west", "undo credit"]);
    tour.carried_out("undo credit").then(["undo wish", "compensated"]);
    let course = tour.course().unwrap();
    assert!(course.turns_back());
    assert_eq!(course.refused().unwrap().code, "vault.empty");
    assert_eq!(course.stage("pay"), Some(StageState::Refused));
    assert_eq!(course.stage("credit"), Some(StageState::Undone));
    assert_eq!(course.stage("voucher"), Some(StageState::Ahead));
}

#[test]
pub(crate) fn stages_in_parallel_are_waited_for_all_of_them() {
    beds_asked().carried_out("east").then_nothing().carried_out("west").then(["pay"]);
    // One is refused: the other is out still, and only then known to be undone.
    let mut tour = beds_asked();
    tour.refused("west", "vault.empty").then_nothing();
    tour.carried_out("east").then(["undo east"]);
    // Both are refused: there is no bed to give back.
    let mut tour = beds_asked();
    tour.refused("west", "vault.empty").then_nothing().refused("east", "vault.empty");
    tour.then(["ReleaseLock east", "ReleaseLock west", "undo credit"]);
}

#[test]
pub(crate) fn a_late_answer_to_what_is_undone_changes_nothing() {
    let mut tour = asked();
    // Its undoing goes behind it, to the same service, which carries out in order.
    tour.after(LIMIT).then(["undo credit"]);
    assert_eq!(tour.course().unwrap().refused().unwrap().code, "plan.late");
    tour.outcome("credit#1", None).then_nothing();
    tour.carried_out("undo credit").then(["undo wish", "compensated"]);
}

#[test]
fn an_answer_in_time_unsets_its_deadline() {
    let mut tour = asked();
    tour.carried_out("credit").then(["hold"]);
    assert_eq!(tour.next_due(), None);
    tour.after(LIMIT * 2).then_nothing();
}

#[test]
fn behind_the_pivot_it_tries_again_and_longer_each_time() {
    let mut tour = pay_asked();
    tour.carried_out("pay").then(["voucher"]);
    tour.refused("voucher", "vault.closed").then_nothing();
    tour.after(Duration::from_millis(999)).then_nothing();
    tour.after(Duration::from_millis(1)).then(["voucher"]);
    tour.refused("voucher", "vault.closed").after(Duration::from_secs(1)).then_nothing();
    tour.after(Duration::from_secs(1)).then(["voucher"]);
    tour.outcome("voucher#1", None).then_nothing(); // of another try
    tour.carried_out("voucher");
    tour.then(["confirm", "ReleaseLock east", "ReleaseLock west", "completed"]);
}

#[test]
fn requests_to_whom_keeps_its_locks_are_carried_out_under_them() {
    let tour = beds_asked();
    for requested in tour.requested() {
        assert_eq!(requested.under, ["east", "west"], "{}", requested.label);
    }
    let tour = pay_asked();
    assert!(tour.requested()[0].under.is_empty(), "the till keeps none");
}

#[test]
fn a_repeated_answer_changes_nothing() {
    let mut tour = asked();
    tour.carried_out("credit").then(["hold"]);
    tour.outcome("credit#1", None).outcome("credit#1", Some("vault.empty")).then_nothing();
    tour.carried_out("hold").outcome("hold#1", None).then(["hold"]);
}
