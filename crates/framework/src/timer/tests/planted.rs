//! Bugs on purpose: a test that stays green with its bug planted proves nothing.

use super::{borders, marks};
use crate::planted::{Bug, plant};
use std::panic::catch_unwind;

fn is_caught_by(bug: Bug, test: fn()) {
    let planted = plant(bug);
    let red = catch_unwind(test).is_err();
    drop(planted);
    assert!(red, "{bug:?} went unnoticed");
    test();
}

#[test]
fn a_timer_that_is_early_by_one_microsecond_is_caught() {
    is_caught_by(Bug::TimerEarly, borders::nothing_is_due_a_microsecond_before_its_time);
}

#[test]
fn a_timer_that_is_lost_at_the_border_of_a_bucket_is_caught() {
    is_caught_by(Bug::TimerLostAtBorder, borders::every_border_is_in_one_look);
}

#[test]
fn a_mark_that_passes_what_was_not_handled_is_caught() {
    is_caught_by(Bug::MarkTooFar, marks::a_mark_in_the_middle_of_what_is_due_loses_nothing);
}
