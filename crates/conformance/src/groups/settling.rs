//! C3: what is settled is over, what is not comes again, and says how often it did.

use super::{Ground, ack, drain, heard, look, name, numbers, only, second, settings, take};
use crate::candidate::Candidate;
use headwater_model::{GroupError, GroupSettings};
use std::time::Duration;

/// C3, A2: also when the store was opened again.
pub async fn what_is_acked_is_never_delivered_again(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("b-1", 1), ("a-1", 2)]).await;
    let member = ground.join().await;
    ack(&*member, &take(&*member).await).await.expect("its own");
    drop(member);
    let ground = ground.again(c).await;
    let member = ground.join().await;
    assert_eq!(drain(&*member).await, [2]);
    drop(member);
    let ground = ground.again(c).await;
    assert_eq!(look(&*ground.join().await, 10).await, None);
    assert_eq!(ground.come().await, Some(2));
}

/// The wait is from the delivery, by the store's clock.
pub async fn what_is_not_acked_in_time_is_delivered_again(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("a-1", 1)]).await;
    let (one, other) = (ground.join().await, ground.join().await);
    let first = only(look(&*one, 10).await);
    second(c, 9);
    assert_eq!(look(&*other, 10).await, None, "it is held");
    second(c, 10);
    let again = only(look(&*other, 10).await);
    assert_eq!((again.event.clone(), again.attempt), (first.event, 2));
    assert_ne!(again.id, first.id);
    let info = ground.info().await;
    assert_eq!((info.delivered_count, info.redelivered_count), (2, 1));
    ack(&*other, &[again]).await.expect("its own");
    assert_eq!(drain(&*one).await, [1], "C3: then the one behind it");
}

/// Else two members would be at work on one key.
pub async fn a_late_ack_settles_nothing(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("a-1", 1)]).await;
    let member = ground.join().await;
    let first = only(look(&*member, 10).await);
    second(c, 10);
    let again = only(look(&*member, 10).await);
    let late = GroupError::NotYours { deliveries: vec![first.id] };
    assert_eq!(ack(&*member, std::slice::from_ref(&first)).await, Err(late.clone()));
    assert_eq!(member.retry(first.id, None, "late".into()).await, Err(late.clone()));
    assert_eq!(member.park(first.id, "late".into()).await, Err(late));
    assert_eq!(look(&*member, 10).await, None, "the second delivery still counts");
    ack(&*member, &[again]).await.expect("its own");
    assert_eq!(numbers(&take(&*member).await), [1]);
}

/// And what is its own in the same request is done.
pub async fn a_delivery_of_another_member_is_not_settled(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(GroupSettings { in_flight_count_max: 1, ..settings() }).await;
    ground.append(&[("a-1", 0), ("b-1", 1)]).await;
    let (one, other) = (ground.join().await, ground.join().await);
    let (mine, theirs) = (only(look(&*one, 1).await), only(look(&*other, 1).await));
    let refused = GroupError::NotYours { deliveries: vec![theirs.id] };
    let both = vec![theirs.id, mine.id];
    assert_eq!(one.ack(both).await, Err(refused.clone()));
    assert_eq!(one.renew(vec![theirs.id]).await, Err(refused));
    assert_eq!(ground.info().await.in_flight_count, 1);
    ack(&*other, &[theirs]).await.expect("still its own");
}

/// By the backoff of the group, or as the member says.
pub async fn a_retry_waits_as_long_as_it_is_told(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("a-1", 1), ("b-1", 2)]).await;
    let member = ground.join().await;
    let first = take(&*member).await.into_iter().find(|d| d.key == "a-1").expect("it is there");
    member.retry(first.id, None, "busy".into()).await.expect("its own");
    assert_eq!(look(&*member, 10).await, None, "C3: those behind it wait, too");
    second(c, 1);
    let again = only(look(&*member, 10).await);
    assert_eq!((again.event.position, again.attempt), (first.event.position, 2));
    let wait = Some(Duration::from_secs(3));
    member.retry(again.id, wait, "busy".into()).await.expect("its own");
    second(c, 3);
    assert_eq!(look(&*member, 10).await, None);
    second(c, 4);
    assert_eq!(only(look(&*member, 10).await).attempt, 3);
}

/// An event that nobody can handle is set aside, with the last words about it.
pub async fn the_last_attempt_parks(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("b-1", 1)]).await;
    let member = ground.join().await;
    for _ in 0..3 {
        for delivery in take(&*member).await {
            match &*delivery.key {
                "a-1" => {
                    let wait = Some(Duration::ZERO);
                    member.retry(delivery.id, wait, "boom".into()).await.expect("its own");
                }
                // Held, until its time runs out.
                _ => assert_eq!(delivery.key, "b-1"),
            }
        }
    }
    let parked = ground.groups().parked(name("work"), None, 10).await.expect("looked at");
    let told: Vec<_> = parked.iter().map(|p| (p.position.0, p.attempts, &*p.reason)).collect();
    assert_eq!(told, [(0, 3, "boom")]);
    for n in 1..=3 {
        second(c, 10 * n);
        assert_eq!(
            look(&*member, 10).await.is_some(),
            n < 3,
            "two attempts more, then it is parked"
        );
    }
    assert_eq!(ground.info().await.parked_count, 2);
    assert_eq!(ground.come().await, Some(1), "C2: parked is finished with");
}

/// C3: members come and go without loss.
pub async fn a_member_that_leaves_gives_back_what_it_held(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("b-1", 1)]).await;
    let (one, other) = (ground.join().await, ground.join().await);
    let held = take(&*one).await;
    assert_eq!((held.len(), look(&*other, 10).await), (2, None));
    drop(one);
    ground.left(1).await;
    let given = take(&*other).await;
    assert_eq!(numbers(&given), [0, 1]);
    assert!(given.iter().all(|delivery| delivery.attempt == 2));
    assert_eq!(ground.info().await.members.len(), 1);
    ack(&*other, &given).await.expect("its own");
}

/// A process that hangs looks like one that is dead; one that waits for work does not.
pub async fn a_silent_member_is_gone_and_one_that_waits_is_not(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(GroupSettings { ack_wait_ms: 600_000, ..settings() }).await;
    ground.append(&[("a-1", 0)]).await;
    let (silent, waiting) = (ground.join().await, ground.join().await);
    let held = only(look(&*silent, 10).await);
    let mut next = waiting.next(10);
    let noop = || std::task::Context::from_waker(std::task::Waker::noop());
    for n in [30, 59] {
        second(c, n);
        assert!(next.as_mut().poll(&mut noop()).is_pending());
        heard(&*waiting).await;
    }
    second(c, 60);
    let taken = next.await.expect("delivered");
    assert_eq!(only(Some(taken)).attempt, 2);
    let gone = GroupError::NotAMember { name: name("work") };
    assert_eq!(ack(&*silent, &[held]).await, Err(gone));
    assert_eq!(ground.info().await.members.len(), 1);
}

/// Long work is not lost work.
pub async fn a_delivery_that_is_renewed_is_kept(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0)]).await;
    let (one, other) = (ground.join().await, ground.join().await);
    let held = only(look(&*one, 10).await);
    for n in [9, 18, 27] {
        second(c, n);
        one.renew(vec![held.id]).await.expect("its own");
        assert_eq!(look(&*other, 10).await, None);
    }
    second(c, 36);
    ack(&*one, &[held]).await.expect("still its own");
    assert_eq!(look(&*other, 10).await, None);
}

/// A request that was dropped half-way leaves no key waiting for ever.
pub async fn an_ack_whose_caller_went_away_is_not_lost(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    let member = ground.join().await;
    for n in 0..20 {
        ground.append(&[("a-1", n)]).await;
        let taken = member.next(10).await.expect("the one before it is settled");
        assert_eq!(numbers(&taken), [n]);
        let mut ack = member.ack(vec![taken[0].id]);
        let mut noop = std::task::Context::from_waker(std::task::Waker::noop());
        drop(ack.as_mut().poll(&mut noop));
    }
}
