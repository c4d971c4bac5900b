//! The exam of consumer groups: C3 and what its words mean, on whatever the groups are built.
//!
//! Why: a group is where services meet the broker every second; the words *in order, one at a time,
//! none lost* leave room for many small lies. Each case is one of them.
//!
//! Picture:
//! ```text
//!   exam_groups!(candidate)   each case a test of its own, citing its promise
//!   history::check            what members saw of a run, whoever it was that ran
//! ```
//! Time is the exam's: cases set the candidate's clock, and look without waiting.

pub mod history;
pub mod parked;
pub mod settling;
pub mod sharing;
pub mod wholes;

use crate::candidate::{Candidate, exam_context};
use crate::sample::accepted;
use bytes::Bytes;
use headwater_model::{
    Append, Backoff, ConsumerGroups, EventStore, ExpectedRevision, GroupDelivery, GroupError,
    GroupInfo, GroupName, GroupSettings, Member, NewEvent, Query, Start, Timestamp,
};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Makes a test of each case of a group; `$make` is an expression for a fresh candidate.
#[doc(hidden)]
#[macro_export]
macro_rules! exam_groups_cases {
    ($make:expr, $group:ident { $($case:ident)* }) => {
        $(
            #[test]
            fn $case() {
                $crate::run(async { $crate::groups::$group::$case(&mut $make).await });
            }
        )*
    };
}

/// The whole exam of consumer groups, as tests in the module where it is written.
#[macro_export]
macro_rules! exam_groups {
    ($make:expr) => {
        $crate::exam_groups_cases!($make, sharing {
            events_of_one_key_come_in_order_one_at_a_time
            events_of_different_keys_go_side_by_side
            keys_are_what_the_settings_say
            a_group_delivers_what_its_source_matches
            a_group_begins_where_it_is_told
            nobody_takes_it_all_while_others_wait
            a_member_holds_no_more_than_it_may
            a_member_that_waits_is_called_for_an_event_to_come
            who_joined_first_takes_all_while_it_may_hold_more
            whose_turn_it_is_is_called
            racing_members_see_each_key_in_order_and_lose_nothing
        });
        $crate::exam_groups_cases!($make, settling {
            what_is_acked_is_never_delivered_again
            what_is_not_acked_in_time_is_delivered_again
            a_late_ack_settles_nothing
            a_delivery_of_another_member_is_not_settled
            a_retry_waits_as_long_as_it_is_told
            the_last_attempt_parks
            a_member_that_leaves_gives_back_what_it_held
            a_silent_member_is_gone_and_one_that_waits_is_not
            a_delivery_that_is_renewed_is_kept
            an_ack_whose_caller_went_away_is_not_lost
        });
        $crate::exam_groups_cases!($make, parked {
            a_parked_event_holds_its_key_and_no_other
            a_replayed_event_comes_before_those_behind_it
            a_skipped_event_lets_those_behind_it_go
            parked_events_are_chosen_by_place
            a_reason_is_cut_not_refused
            parked_events_are_there_after_opening_again
            a_key_that_was_replayed_goes_on_like_any_other
        });
        $crate::exam_groups_cases!($make, wholes {
            a_group_is_made_once
            a_note_is_kept_and_changed
            what_a_group_is_cannot_be_changed
            a_deleted_group_tells_its_members
            no_more_members_than_allowed
            groups_take_no_positions
            the_checkpoint_never_passes_an_unfinished_event
            what_was_acked_out_of_order_is_known_after_opening_again
            a_group_goes_on_from_where_it_is_sought
            what_is_parked_before_a_sought_place_stays_parked
            a_checkpoint_of_no_history_is_refused
            groups_are_listed_in_order_of_name
            what_was_filtered_out_is_behind_after_opening_again
        });
    };
}

/// A context, its groups, and the clock.
pub(crate) struct Ground {
    pub(crate) store: Arc<dyn EventStore>,
}

impl Ground {
    pub(crate) async fn new(candidate: &mut impl Candidate) -> Self {
        candidate.set_clock(instant(1_000_000));
        Self { store: exam_context(candidate).await }
    }

    /// Opens the store again; members were dropped by the case.
    pub(crate) async fn again(self, candidate: &mut impl Candidate) -> Self {
        drop(self);
        Self { store: exam_context(candidate).await }
    }

    pub(crate) fn groups(&self) -> &dyn ConsumerGroups {
        self.store.consumer_groups().expect("this store has groups")
    }

    /// A group from the first event on.
    pub(crate) async fn group(&self, settings: GroupSettings) {
        let made = self.groups().create_group(name("work"), settings, Start::Beginning).await;
        made.expect("the group is made");
    }

    pub(crate) async fn join(&self) -> Box<dyn Member> {
        self.groups().join_group(name("work"), "exam".into()).await.expect("a member joins")
    }

    pub(crate) async fn info(&self) -> GroupInfo {
        self.groups().group(name("work")).await.expect("the group is there")
    }

    /// Waits until so many members are left: behind a network, who leaves is gone a little later.
    pub(crate) async fn left(&self, count: usize) {
        while self.info().await.members.len() != count {
            tokio::task::yield_now().await;
        }
    }

    /// The group's checkpoint, as a number.
    pub(crate) async fn come(&self) -> Option<u64> {
        self.info().await.checkpoint.map(|checkpoint| checkpoint.position.0)
    }

    /// Events for streams: `("a-1", 3)` is event 3 of stream `a-1`. In this order.
    pub(crate) async fn append(&self, events: &[(&str, u128)]) {
        for (stream, n) in events {
            accepted(&*self.store, crate::sample::to(stream, [*n])).await;
        }
    }

    /// One event with metadata.
    pub(crate) async fn append_event(&self, stream: &str, event: NewEvent) {
        let stream = crate::sample::stream(stream);
        let event = NewEvent { payload: Bytes::from_static(b"{}"), ..event };
        accepted(&*self.store, Append::to(stream, ExpectedRevision::Any, vec![event])).await;
    }
}

/// A group's name.
pub(crate) fn name(text: &str) -> GroupName {
    GroupName::new(text).expect("the exam's groups have good names")
}

pub(crate) fn instant(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Settings with round times: ten seconds to ack, a minute of silence, three attempts.
pub(crate) fn settings() -> GroupSettings {
    GroupSettings {
        ack_wait_ms: 10_000,
        lease_ms: 60_000,
        attempts_max: 3,
        backoff: Backoff::List { waits_ms: vec![1_000, 5_000] },
        ..GroupSettings::over(Query::all())
    }
}

/// Moves the clock to so many seconds behind the exam's beginning.
pub(crate) fn second(candidate: &mut impl Candidate, n: u64) {
    candidate.set_clock(instant(1_000_000).after(Duration::from_secs(n)));
}

/// What there is to deliver now; `None`: the member would wait.
///
/// A member behind a network is told nothing in the moment in which it asks. What it asks is taken in
/// order: behind a sign of life that was answered, what was asked before it was looked at.
pub(crate) async fn look(member: &dyn Member, count_max: usize) -> Option<Vec<GroupDelivery>> {
    let taken = {
        let mut next = pin!(member.next(count_max));
        let mut poll = || next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match poll() {
            Poll::Pending => {
                heard(member).await;
                poll()
            }
            taken @ Poll::Ready(_) => taken,
        }
    };
    match taken {
        Poll::Ready(taken) => Some(taken.expect("there are deliveries")),
        Poll::Pending => {
            // The call was given up, and that, too, is known behind a sign of life.
            heard(member).await;
            None
        }
    }
}

/// A sign of life; whether it is a member still is not the question.
pub(crate) async fn heard(member: &dyn Member) {
    drop(member.renew(Vec::new()).await);
}

/// All that can be delivered now, by as many calls as it takes.
pub(crate) async fn take(member: &dyn Member) -> Vec<GroupDelivery> {
    let mut all = Vec::new();
    while let Some(taken) = look(member, 100).await {
        all.extend(taken);
    }
    all
}

/// The numbers of the events.
pub(crate) fn numbers(deliveries: &[GroupDelivery]) -> Vec<u128> {
    let mut numbers: Vec<_> = deliveries.iter().map(|d| d.event.id.0.as_u128()).collect();
    numbers.sort_unstable();
    numbers
}

/// Takes and acks until nothing is left: the numbers, in the order of delivery.
pub(crate) async fn drain(member: &dyn Member) -> Vec<u128> {
    let mut seen = Vec::new();
    while let Some(taken) = look(member, 100).await {
        seen.extend(taken.iter().map(|delivery| delivery.event.id.0.as_u128()));
        ack(member, &taken).await.expect("they are its own");
    }
    seen
}

pub(crate) async fn ack(member: &dyn Member, taken: &[GroupDelivery]) -> Result<(), GroupError> {
    member.ack(taken.iter().map(|delivery| delivery.id).collect()).await
}

/// The only one of them.
pub(crate) fn only(taken: Option<Vec<GroupDelivery>>) -> GroupDelivery {
    let mut taken = taken.expect("there is something to deliver");
    assert_eq!(taken.len(), 1);
    taken.remove(0)
}
