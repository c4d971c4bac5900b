//! The exam of an event store: every case a claim, each citing its promise.
//!
//! Why: the ports say what is promised; the cases say what that means where it can be mistaken.
//! A crate that has a store writes [`exam_store!`](crate::exam_store) in a test, and every case
//! shows there as a test of its own.

pub mod appends;
pub mod changes;
pub mod checkpoints;
pub mod conditions;
pub mod contexts;
pub mod expectations;
pub mod identity;
pub mod limits;
pub mod moments;
pub mod pages;
pub mod queries;
pub mod retention;
pub mod subscriptions;

/// Makes a test of each case of a group; `$make` is an expression for a fresh candidate.
#[doc(hidden)]
#[macro_export]
macro_rules! exam_group {
    ($make:expr, $group:ident { $($case:ident)* }) => {
        $(
            #[test]
            fn $case() {
                $crate::run(async { $crate::store::$group::$case(&mut $make).await });
            }
        )*
    };
}

/// The whole exam of an event store, as tests in the module where it is written. `$make` is an
/// expression for a fresh [`Candidate`](crate::Candidate).
#[macro_export]
macro_rules! exam_store {
    ($make:expr) => {
        $crate::exam_group!($make, appends {
            events_stand_densely_in_their_streams_and_in_the_context
            events_of_several_streams_stand_in_their_turns
            one_refused_write_refuses_all_of_them
            everything_an_event_says_is_read_back
            an_append_without_events_answers_where_things_stand
            racing_writers_of_one_revision_have_one_winner
            racing_writers_of_many_streams_leave_no_holes
            recorded_at_never_goes_back
            what_was_appended_is_there_after_opening_again
        });
        $crate::exam_group!($make, expectations {
            expectations_hold_as_the_stream_stands
            a_refusal_says_what_was_expected_and_what_is
            a_write_without_events_only_checks
            hidden_events_still_count_for_expectations
        });
        $crate::exam_group!($make, identity {
            the_same_ids_again_answer_as_the_first_time
            a_replay_is_recognised_after_opening_again
            a_replay_does_not_look_at_what_has_moved_since
            a_replay_tells_where_untouched_streams_stood_then
            the_trace_is_not_the_content
            an_id_with_other_content_is_refused
            some_of_the_ids_again_are_refused_by_name
            ids_again_in_another_order_or_with_a_gap_are_refused
            a_known_write_beside_a_new_one_is_refused
            one_id_in_two_streams_is_two_events
        });
        $crate::exam_group!($make, limits {
            a_stream_may_be_written_once_in_an_append
            turns_name_each_event_once
            an_id_may_stand_once_in_a_write
            a_checkpoint_may_be_saved_once_in_an_append
            settings_streams_take_changes_only
            too_large_is_refused_with_both_figures
            the_largest_allowed_is_taken
        });
        $crate::exam_group!($make, conditions {
            an_unseen_match_refuses_the_append
            what_was_seen_does_not_refuse
            every_part_of_a_condition_must_match
            each_condition_must_hold
            hidden_events_still_count_for_conditions
            the_systems_events_count_only_when_named
            racing_decisions_over_one_tag_have_one_winner
            a_condition_holds_after_opening_again
        });
        $crate::exam_group!($make, checkpoints {
            a_checkpoint_moves_only_from_where_it_is
            a_checkpoint_moves_with_its_events_or_not_at_all
            a_checkpoint_takes_no_position
            who_knows_where_a_checkpoint_is_may_set_it_back
            a_saved_checkpoint_is_there_after_opening_again
            racing_readers_of_one_name_have_one_winner
        });
        $crate::exam_group!($make, changes {
            a_change_is_an_event_of_the_settings_stream
            a_change_checks_its_expectation
            a_deleted_stream_shows_nothing_and_revives_behind_its_end
            a_tombstone_is_for_ever
            what_nobody_wrote_to_can_be_changed
            settings_streams_have_no_settings
            an_appended_change_takes_effect_like_any_other
            a_change_and_events_of_its_stream_are_one_append
            a_tombstone_outlives_appended_changes
            life_and_settings_are_there_after_opening_again
        });
        $crate::exam_group!($make, retention {
            the_newest_events_are_kept_by_count
            events_are_hidden_before_a_revision
            events_are_hidden_by_age_against_the_newest
            settings_are_replaced_not_merged
            hiding_hides_from_every_reader
            hidden_events_are_found_by_id
        });
        $crate::exam_group!($make, pages {
            a_stream_is_read_by_pages_in_both_directions
            a_page_begins_where_it_is_told
            the_context_is_read_by_pages_in_both_directions
            a_page_ends_at_its_bound_of_bytes
            a_page_of_nothing_is_refused_and_a_huge_one_is_cut
            an_unknown_stream_is_an_empty_page
            a_page_tells_how_far_its_reader_has_come
            streams_are_listed_in_order_of_name
        });
        $crate::exam_group!($make, queries {
            a_filter_gives_what_filtering_everything_gives
            a_filter_holds_across_pages_in_both_directions
            a_query_that_is_too_large_is_refused
        });
        $crate::exam_group!($make, moments {
            a_stream_is_read_as_of_a_position
            the_context_is_read_as_of_a_position
            a_moment_that_was_asked_about_never_changes
            an_instant_to_come_means_now
            a_moment_that_was_asked_about_outlives_a_clock_set_back
            a_moment_before_everything_is_empty
        });
        $crate::exam_group!($make, subscriptions {
            a_subscription_begins_where_it_is_told
            stored_and_live_events_come_without_a_seam
            many_racing_writers_are_followed_in_order
            a_filtered_subscription_moves_past_what_it_does_not_want
            a_future_that_is_dropped_loses_nothing
            the_end_is_said_each_time_it_is_reached
            a_checkpoint_of_no_history_is_diverged
            a_waiter_is_woken_and_finds_the_event
        });
        $crate::exam_group!($make, contexts {
            contexts_do_not_see_each_other
            contexts_are_listed_in_order
            a_context_is_the_same_for_all_who_ask
        });
    };
}
