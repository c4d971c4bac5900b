//! Groups as wholes: made, changed, deleted, moved, looked at.

use super::{Ground, ack, drain, instant, look, name, numbers, only, second, settings, take};
use crate::candidate::Candidate;
use crate::sample::{all, at, head, numbers as numbers_of, to};
use headwater_model::{
    Checkpoint, GroupError, GroupKey, GroupSettings, Incarnation, Position, Query, Seek, Start,
};
use std::time::Duration;

/// Asked again it is there; with other settings it is another's.
pub async fn a_group_is_made_once(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    let gone = GroupError::NotFound { name: name("work") };
    assert_eq!(ground.groups().group(name("work")).await, Err(gone.clone()));
    let joined = ground.groups().join_group(name("work"), "exam".into()).await;
    assert_eq!(joined.err(), Some(gone));
    ground.group(settings()).await;
    ground.group(settings()).await;
    let other = GroupSettings { attempts_max: 7, ..settings() };
    let made = ground.groups().create_group(name("work"), other, Start::Now).await;
    assert_eq!(made, Err(GroupError::Exists { name: name("work") }));
    let ground = ground.again(c).await;
    assert_eq!(ground.info().await.settings, settings());
    let none = GroupSettings { in_flight_count_max: 0, ..settings() };
    let made = ground.groups().create_group(name("none"), none, Start::Now).await;
    assert!(matches!(made, Err(GroupError::Invalid { .. })), "{made:?}");
}

/// What a face of the group keeps with it comes back, and is as durable as the rest.
pub async fn a_note_is_kept_and_changed(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    let noted = |note: &str| GroupSettings { note: note.into(), ..settings() };
    ground.group(noted("one")).await;
    assert_eq!(ground.groups().update_group(name("work"), noted("other")).await, Ok(()));
    let ground = ground.again(c).await;
    assert_eq!(&*ground.info().await.settings.note, "other");
    let long = noted(&"x".repeat(headwater_model::limits::GROUP_NOTE_BYTES_MAX + 1));
    let made = ground.groups().create_group(name("long"), long, Start::Now).await;
    assert!(matches!(made, Err(GroupError::Invalid { .. })), "{made:?}");
}

/// With another order the checkpoint would mean something else.
pub async fn what_a_group_is_cannot_be_changed(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    let update = |settings| ground.groups().update_group(name("work"), settings);
    let by_category = GroupSettings { key: GroupKey::Category, ..settings() };
    assert_eq!(update(by_category).await, Err(GroupError::Fixed { what: "key" }));
    let types = Query::types([crate::sample::event_type("Paid")]);
    let of_types = GroupSettings { source: types, ..settings() };
    assert_eq!(update(of_types).await, Err(GroupError::Fixed { what: "source" }));
    let patient = GroupSettings { ack_wait_ms: 20_000, ..settings() };
    assert_eq!(update(patient.clone()).await, Ok(()));
    ground.append(&[("a-1", 0)]).await;
    let (one, other) = (ground.join().await, ground.join().await);
    only(look(&*one, 1).await);
    second(c, 19);
    assert_eq!(look(&*other, 1).await, None);
    second(c, 20);
    assert_eq!(only(look(&*other, 1).await).attempt, 2);
    drop((one, other));
    let ground = ground.again(c).await;
    assert_eq!(ground.info().await.settings, patient);
}

/// Also those that wait.
pub async fn a_deleted_group_tells_its_members(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0)]).await;
    let (one, other) = (ground.join().await, ground.join().await);
    let held = only(look(&*one, 1).await);
    let mut waiting = other.next(1);
    let mut noop = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(&mut noop).is_pending());
    ground.groups().delete_group(name("work")).await.expect("deleted");
    let gone = GroupError::NotFound { name: name("work") };
    assert_eq!(waiting.await.err(), Some(gone.clone()));
    assert_eq!(ack(&*one, &[held]).await, Err(gone.clone()));
    assert_eq!(ground.groups().delete_group(name("work")).await, Err(gone));
    ground.group(settings()).await;
    assert_eq!(
        numbers(&take(&*ground.join().await).await),
        [0],
        "another group, from its beginning"
    );
    drop((one, other));
    assert_eq!(ground.again(c).await.groups().groups().await.map(|groups| groups.len()), Ok(1));
}

/// A bound that is stated, and room again once one has left.
pub async fn no_more_members_than_allowed(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(GroupSettings { member_count_max: 2, ..settings() }).await;
    let (one, _other) = (ground.join().await, ground.join().await);
    let third = ground.groups().join_group(name("work"), "third".into()).await;
    let full = GroupError::TooManyMembers { name: name("work"), count_max: 2 };
    assert_eq!(third.err(), Some(full));
    drop(one);
    ground.left(1).await;
    ground.join().await;
}

/// Control items: a group over everything does not read its own acks, for ever.
pub async fn groups_take_no_positions(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("b-1", 1)]).await;
    let member = ground.join().await;
    let taken = take(&*member).await;
    member.park(taken[0].id, "why".into()).await.expect("its own");
    ack(&*member, &taken[1..]).await.expect("its own");
    ground.groups().seek_group(name("work"), Seek::Beginning).await.expect("sought");
    assert_eq!(head(&*ground.store).await, Some(Position(1)));
    assert_eq!(numbers_of(&all(&*ground.store, Query::all()).await), [0, 1]);
}

/// C2, whatever is acked behind it.
pub async fn the_checkpoint_never_passes_an_unfinished_event(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    assert_eq!(ground.come().await, None);
    ground.append(&[("a-1", 0), ("b-1", 1), ("c-1", 2), ("d-1", 3)]).await;
    let member = ground.join().await;
    let mut taken = take(&*member).await;
    taken.sort_by_key(|delivery| delivery.event.position);
    for (acked, come) in [(2, None), (0, Some(0)), (3, Some(0)), (1, Some(3))] {
        ack(&*member, &taken[acked..=acked]).await.expect("its own");
        assert_eq!(ground.come().await, come, "with {acked} acked");
    }
    ground.append(&[("a-1", 4)]).await;
    second(c, 5);
    let info = ground.info().await;
    assert_eq!((info.lag_count, info.lag), (1, Duration::from_secs(5)));
    only(look(&*member, 1).await);
    assert_eq!(ground.come().await, Some(3), "C2: delivered is not finished");
}

/// A2, C3: nothing of it twice, and nothing of the rest lost.
pub async fn what_was_acked_out_of_order_is_known_after_opening_again(c: &mut impl Candidate) {
    let mut ground = Ground::new(c).await;
    ground.group(GroupSettings { attempts_max: 10, ..settings() }).await;
    for n in 0..30 {
        ground.append(&[(&format!("a-{n}"), n)]).await;
    }
    let mut left: Vec<u128> = (0..30).collect();
    for round in 0..3 {
        let member = ground.join().await;
        let taken = take(&*member).await;
        assert_eq!(numbers(&taken), left, "round {round}");
        let acked = |n: u128| n % 7 == round || n % 5 == round;
        let (done, _): (Vec<_>, Vec<_>) =
            taken.into_iter().partition(|delivery| acked(delivery.event.id.0.as_u128()));
        ack(&*member, &done).await.expect("its own");
        left.retain(|n| !acked(*n));
        drop(member);
        ground = ground.again(c).await;
        let first = left.first().copied().expect("some are left");
        assert_eq!(ground.come().await, (first as u64).checked_sub(1));
    }
}

/// C2: the explicit reset, forwards and back.
pub async fn a_group_goes_on_from_where_it_is_sought(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    for n in 0..4 {
        second(c, u64::try_from(n).expect("small"));
        ground.append(&[("a-1", n)]).await;
    }
    let member = ground.join().await;
    assert_eq!(drain(&*member).await, [0, 1, 2, 3]);
    let seek = |to| ground.groups().seek_group(name("work"), to);
    let to_second = instant(1_000_000).after(Duration::from_secs(2));
    let table = [
        (Seek::Beginning, None, vec![0, 1, 2, 3]),
        (Seek::After(at(1)), Some(at(1)), vec![2, 3]),
        (Seek::Time(to_second), Some(at(2)), vec![3]),
        (Seek::Now, Some(at(3)), vec![]),
    ];
    for (to, come, expected) in table {
        assert_eq!(seek(to).await, Ok(come), "{to:?}");
        assert_eq!(ground.info().await.checkpoint, come);
        assert_eq!(drain(&*member).await, expected, "{to:?}");
    }
    seek(Seek::Beginning).await.expect("sought");
    let held = only(look(&*member, 1).await);
    seek(Seek::After(at(2))).await.expect("sought");
    let lost = GroupError::NotYours { deliveries: vec![held.id] };
    assert_eq!(ack(&*member, &[held]).await, Err(lost), "what was out is nobody's");
    assert_eq!(drain(&*member).await, [3]);
    drop(member);
    let ground = ground.again(c).await;
    assert_eq!(ground.come().await, Some(3));
}

/// What a person was to look at is not forgotten by going on.
pub async fn what_is_parked_before_a_sought_place_stays_parked(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("b-1", 1), ("a-1", 2), ("b-1", 3), ("a-1", 4)]).await;
    let member = ground.join().await;
    for delivery in take(&*member).await {
        member.park(delivery.id, "why".into()).await.expect("its own");
    }
    let seek = |to| ground.groups().seek_group(name("work"), Seek::After(at(to)));
    seek(3).await.expect("sought");
    assert_eq!(ground.info().await.parked_count, 2);
    assert_eq!(look(&*member, 10).await, None, "C3: they hold what is behind them");
    seek(0).await.expect("sought");
    assert_eq!(ground.info().await.parked_count, 1, "the other one comes again");
    assert_eq!(drain(&*member).await, [1, 3]);
    let groups = ground.groups();
    groups.replay_parked(name("work"), headwater_model::ParkedPart::All).await.expect("replayed");
    assert_eq!(drain(&*member).await, [0, 2, 4]);
}

/// C2: not of this history, or not written yet.
pub async fn a_checkpoint_of_no_history_is_refused(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.append(&[("a-1", 0)]).await;
    ground.group(settings()).await;
    let forked = Checkpoint { incarnation: Incarnation(1), position: Position(0) };
    for had in [at(7), forked] {
        let diverged = GroupError::Diverged { had, is: Incarnation(0) };
        let start = Start::After(had);
        let made = ground.groups().create_group(name("other"), settings(), start).await;
        assert_eq!(made, Err(diverged.clone()));
        let sought = ground.groups().seek_group(name("work"), Seek::After(had)).await;
        assert_eq!(sought, Err(diverged));
    }
}

/// What an operator sees first.
pub async fn groups_are_listed_in_order_of_name(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    for group in ["c", "a", "b"] {
        let made = ground.groups().create_group(name(group), settings(), Start::Beginning).await;
        made.expect("the group is made");
    }
    ground.append(&[("x-1", 0)]).await;
    let member = ground.groups().join_group(name("a"), "one".into()).await.expect("joined");
    only(look(&*member, 1).await);
    let groups = ground.groups().groups().await.expect("listed");
    let shown: Vec<_> =
        groups.iter().map(|g| (g.name.as_str(), g.members.len(), g.in_flight_count)).collect();
    assert_eq!(shown, [("a", 1, 1), ("b", 0, 0), ("c", 0, 0)]);
    assert_eq!(groups[0].members[0].name, "one");
    assert_eq!(groups[0].members[0].in_flight_count, 1);
    assert!(groups.iter().all(|group| group.lag_count == 1));
}

/// C2: a group whose events are rare does not look through everything again.
pub async fn what_was_filtered_out_is_behind_after_opening_again(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    let rare = Query::types([crate::sample::event_type("Rare")]);
    ground.group(GroupSettings { source: rare, ..settings() }).await;
    for n in 0..30 {
        crate::sample::accepted(&*ground.store, to("a-1", n * 100..(n + 1) * 100)).await;
    }
    let member = ground.join().await;
    assert_eq!(look(&*member, 1).await, None);
    // Whatever is saved on the side is saved when somebody looks.
    assert_eq!(ground.come().await, Some(2_999));
    drop(member);
    let ground = ground.again(c).await;
    assert!(ground.come().await >= Some(1_900), "C2: {:?}", ground.come().await);
}
