//! Plans: what was done before the pivot is undone, in reverse and once; what comes behind it is done in the
//! end; whatever cannot go on waits for a person (P1 to P4). Locks: one holder, in order of asking (K1 to K3).

mod crashes;
mod desk;
mod locks;
mod many;
mod people;
mod story;
mod versions;

#[cfg(feature = "planted-bugs")]
pub(crate) use locks::{
    a_holder_whose_lease_is_over_is_refused, a_lock_is_granted_in_the_order_of_asking,
};
#[cfg(feature = "planted-bugs")]
pub(crate) use people::a_payment_that_is_not_answered_is_never_asked_for_again;
#[cfg(feature = "planted-bugs")]
pub(crate) use story::{
    a_late_answer_to_what_is_undone_changes_nothing, stages_in_parallel_are_waited_for_all_of_them,
    what_was_done_is_undone_in_reverse_order,
};
#[cfg(feature = "planted-bugs")]
pub(crate) use versions::instances_under_way_end_by_the_plan_that_they_began_by;
