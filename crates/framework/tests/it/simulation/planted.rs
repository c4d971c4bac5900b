//! Bugs in the framework, on purpose: a simulation that does not find them proves nothing.

use super::towns::Towns;
use headwater::planted::{Bug, plant};
use headwater::testing::simulation::Simulation;

/// The bug is found and made small; what is printed then is enough to run it again, and without the bug nothing is found.
fn is_found(bug: Bug, step_count_max: usize) {
    let towns = Simulation::of(Towns { trip_count_max: 8, twice: false }).seeds(0..200);
    let planted = plant(bug);
    let failure = towns.run().expect_err("the bug went unnoticed");
    let again = std::panic::catch_unwind(|| towns.replay(&failure.script));
    drop(planted);
    assert!(again.is_err(), "{bug:?} is not there again: {failure}");
    assert!(failure.steps.0 <= step_count_max, "{bug:?} is not small: {failure}");
    towns.replay(&failure.script);
}

#[test]
fn sagas_that_take_old_news_for_new_are_found() {
    is_found(Bug::SagaStepTwice, 2);
}

#[test]
fn requests_that_are_lost_are_found_as_sagas_that_never_end() {
    is_found(Bug::SagaRequestLost, 1);
}

#[test]
fn requests_that_are_carried_out_twice_are_found() {
    is_found(Bug::RequestTwice, 2);
}

#[test]
fn event_ids_that_are_drawn_anew_are_found() {
    is_found(Bug::UnderivedIds, 2);
}
