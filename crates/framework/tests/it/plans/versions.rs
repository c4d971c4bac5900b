//! A plan changes under running instances (P4).

use super::crashes::Town;
use super::story::pay_asked;
use crate::domain::tours::TourId;
use crate::domain::tours::plan::{Agent, Heard, NOW};
use headwater::plan::{ByPlan, PlanError, rehearse};
use headwater::testing::{TEST_BEGIN, World};
use headwater::{End, ParkedError, RetryOutcome, Standing};
use headwater_env::{Clock as _, VirtualClock};
use headwater_model::memory::MemoryContexts;
use std::sync::Arc;

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
    new.deployed(NOW);
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

#[test]
fn what_was_begun_by_the_code_before_is_carried_to_its_end_by_the_code_of_today() {
    let clock = VirtualClock::at(TEST_BEGIN);
    let told = clock.clone();
    let contexts = Arc::new(MemoryContexts::new(Arc::new(move || told.now())));
    let deploy = |agent| Town::of(World::over(contexts.clone(), clock.clone()), agent);

    let mut town = deploy(NOW);
    town.fill(100, 1, 1);
    let old = town.tour("old", 100);
    town.world.pause("till");
    town.world.settle();
    drop(town);
    // The old plan was taken out too early: its tour waits, a new one does not.
    let mut town = deploy(ONLY_NEW);
    let new = town.tour("new", 100);
    town.world.settle();
    assert_eq!(town.standing(&new), Standing::Ended(End::Completed));
    let Standing::Parked { event, code, .. } = town.standing(&old) else {
        panic!("{:?}", town.standing(&old))
    };
    assert_eq!(code, "plan.unknown_version");
    let service = town.service().clone();
    let skip = service.discard_parked("agent", event, "it does not matter");
    let refused = town.world.block_on(skip);
    assert!(matches!(refused, Err(ParkedError::Stopped { .. })), "{refused:?}");
    let retried = town.world.block_on(service.retry_parked("agent", event)).unwrap();
    assert!(matches!(retried[0].outcome, RetryOutcome::StillParked { .. }), "{retried:?}");
    drop(town);
    let mut town = deploy(BOTH);
    let retried = town.world.block_on(town.service().retry_parked("agent", event)).unwrap();
    assert_eq!(retried[0].outcome, RetryOutcome::Done);
    town.world.settle();
    assert_eq!(town.standing(&old), Standing::Ended(End::Completed));
    assert_eq!((town.version(&old), town.version(&new)), (1, 2));
    assert_eq!((town.taken("post", "post"), town.taken("till", "till")), (1, 200));
}
