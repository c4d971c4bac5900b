//! Sagas: each input is a step once, commands between services are carried out once, and every instance
//! ends or is parked (C4), its timers once and not before their time (C5).

mod crashes;
mod good_order;
mod parked;
mod seeds;
mod stuck;
mod town;

#[cfg(feature = "planted-bugs")]
pub(crate) use crashes::every_crash_ends_in_the_same_accounts;
#[cfg(feature = "planted-bugs")]
pub(crate) use good_order::{
    a_timer_that_was_cancelled_does_not_fire,
    a_trip_is_paid_slept_and_confirmed_or_all_of_it_is_undone,
    what_comes_behind_the_end_changes_nothing,
};
