//! A plan changes under running instances (P4).

use super::story::pay_asked;
use crate::domain::tours::TourId;
use crate::domain::tours::plan::{Agent, Heard};
use headwater::plan::{ByPlan, PlanError, rehearse};

const BOTH: Agent = Agent { versions: &[1, 2] };
const ONLY_NEW: Agent = Agent { versions: &[2] };

fn heard(tour: &TourId) -> Heard {
    Heard::TourAsked { tour: tour.clone(), guest: "ann".into(), price: 100 }
}

#[test]
pub(crate) fn instances_under_way_end_by_the_plan_that_they_began_by() {
    let mut old = pay_asked();
    old.deployed(BOTH).refused("pay", "vault.empty").then(["undo west", "undo east"]);
    assert_eq!(old.course().unwrap().version(), 1);
    let tour = TourId::from("t2");
    let mut new = rehearse(BOTH, tour.clone());
    new.on(heard(&tour)).then(["pay"]);
    assert_eq!(new.course().unwrap().version(), 2);
    new.carried_out("pay").then(["confirm", "completed"]);
}

#[test]
fn an_instance_whose_plan_is_not_known_waits_for_a_person_and_for_the_plan() {
    let mut old = pay_asked();
    old.deployed(ONLY_NEW).carried_out("pay").then(["parked plan.unknown_version"]);
    old.retried().then(["parked plan.unknown_version"]);
    // To pass over what it was told does not help: nobody knows what comes next.
    old.skipped().then(["parked plan.unknown_version"]);
    old.deployed(BOTH).retried().then(["voucher"]);
}

#[test]
fn code_that_is_rolled_back_knows_no_later_plan() {
    let tour = TourId::from("t1");
    let mut new = rehearse(BOTH, tour.clone());
    new.on(heard(&tour)).then(["pay"]);
    new.deployed(super::super::domain::tours::plan::NOW);
    new.refused("pay", "vault.empty").then(["parked plan.unknown_version"]);
    new.deployed(BOTH).retried().then(["compensated"]);
}

#[test]
fn plans_that_cannot_be_gone_by_are_refused_when_they_are_wired() {
    let wrong = |versions| ByPlan::checked(Agent { versions }).unwrap_err();
    assert_eq!(wrong(&[]), PlanError::NoPlan);
    assert_eq!(wrong(&[2, 2]), PlanError::VersionTwice { version: 2 });
    assert_eq!(wrong(&[2, 2]).code(), "plan.version_twice");
}
