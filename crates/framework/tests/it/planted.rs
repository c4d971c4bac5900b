//! Bugs on purpose: a test that stays green with its bug planted proves nothing.

use headwater::planted::{Bug, plant};
use std::panic::catch_unwind;

fn is_caught_by(bug: Bug, test: fn()) {
    let planted = plant(bug);
    let red = catch_unwind(test).is_err();
    drop(planted);
    assert!(red, "{bug:?} went unnoticed");
    test();
}

#[test]
fn a_checkpoint_saved_before_its_effect_is_caught() {
    let test = crate::crashes::each_input_counts_once_whatever_append_fails;
    is_caught_by(Bug::CheckpointBeforeEffect, test);
}

#[test]
fn event_ids_that_are_not_derived_are_caught() {
    let test = crate::commands::a_decider_that_is_not_idempotent_counts_a_retried_command_once;
    is_caught_by(Bug::UnderivedIds, test);
}

#[test]
fn a_checkpoint_outside_its_transaction_is_caught() {
    let test =
        crate::projections::a_batch_is_applied_once_even_when_the_database_goes_away_at_its_commit;
    is_caught_by(Bug::CheckpointOutsideTransaction, test);
}

#[test]
fn an_event_that_is_skipped_because_it_cannot_be_decoded_is_caught() {
    let test = crate::reactions::an_event_that_cannot_be_decoded_halts_its_reader_in_front_of_it;
    is_caught_by(Bug::SkipUndecodable, test);
}

#[test]
fn an_answer_from_a_stale_state_is_caught() {
    let test = crate::commands::a_cached_state_that_others_have_changed_neither_decides_nor_refuses;
    is_caught_by(Bug::StaleAnswer, test);
}

#[test]
fn a_release_before_what_follows_from_the_input_is_caught() {
    let test = crate::parked_inputs::a_retried_input_counts_once_whatever_append_fails;
    is_caught_by(Bug::ReleasedBeforeEffect, test);
}

#[test]
fn a_release_outside_its_transaction_is_caught() {
    let test = crate::parked_events::a_retried_event_is_applied_once_whatever_commit_fails;
    is_caught_by(Bug::ReleasedOutsideTransaction, test);
}

#[test]
fn a_follower_that_overtakes_is_caught() {
    let test = crate::parked_events::what_fails_again_keeps_holding_up_its_key;
    is_caught_by(Bug::FollowersOvertaken, test);
}

#[test]
fn a_tick_that_is_made_again_by_another_instance_is_caught() {
    is_caught_by(Bug::TickTwice, crate::schedules::an_instance_that_is_behind_makes_no_tick_again);
}

#[test]
fn a_saga_that_takes_a_step_twice_is_caught() {
    is_caught_by(Bug::SagaStepTwice, crate::sagas::every_crash_ends_in_the_same_accounts);
}

#[test]
fn a_request_that_is_carried_out_twice_is_caught() {
    is_caught_by(Bug::RequestTwice, crate::sagas::every_crash_ends_in_the_same_accounts);
}

#[test]
fn a_request_that_is_lost_is_caught() {
    let test = crate::sagas::a_trip_is_paid_slept_and_confirmed_or_all_of_it_is_undone;
    is_caught_by(Bug::SagaRequestLost, test);
}

#[test]
fn a_saga_that_goes_on_behind_its_end_is_caught() {
    is_caught_by(Bug::SagaAfterEnd, crate::sagas::what_comes_behind_the_end_changes_nothing);
}

#[test]
fn a_timer_that_fires_although_it_was_cancelled_is_caught() {
    is_caught_by(Bug::SagaTimerUnset, crate::sagas::a_timer_that_was_cancelled_does_not_fire);
}

#[test]
fn a_plan_that_undoes_in_the_order_of_doing_is_caught() {
    is_caught_by(Bug::UndoneForwards, crate::plans::what_was_done_is_undone_in_reverse_order);
}

#[test]
fn a_plan_that_undoes_twice_is_caught() {
    let test = crate::plans::a_late_answer_to_what_is_undone_changes_nothing;
    is_caught_by(Bug::UndoneTwice, test);
}

#[test]
fn a_plan_that_does_not_wait_for_all_stages_in_parallel_is_caught() {
    is_caught_by(Bug::FanInEarly, crate::plans::stages_in_parallel_are_waited_for_all_of_them);
}

#[test]
fn a_pivot_that_is_passed_twice_is_caught() {
    let test = crate::plans::a_payment_that_is_not_answered_is_never_asked_for_again;
    is_caught_by(Bug::PivotTwice, test);
}

#[test]
fn an_instance_that_changes_its_plan_under_way_is_caught() {
    let test = crate::plans::instances_under_way_end_by_the_plan_that_they_began_by;
    is_caught_by(Bug::PlanUnpinned, test);
}

#[test]
fn a_lock_that_is_granted_to_two_is_caught() {
    is_caught_by(Bug::LockGrantedToTwo, crate::plans::a_lock_is_granted_in_the_order_of_asking);
}

#[test]
fn a_lease_that_is_not_fenced_is_caught() {
    is_caught_by(Bug::LockUnfenced, crate::plans::a_holder_whose_lease_is_over_is_refused);
}
