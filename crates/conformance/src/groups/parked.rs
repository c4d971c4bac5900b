//! C3: a parked event parks its key's followers, and only those; a person decides what becomes of it.

use super::{Ground, ack, drain, look, name, numbers, only, settings, take};
use crate::candidate::Candidate;
use headwater_model::{
    GroupDelivery, GroupKey, GroupSettings, Member, ParkedEvent, ParkedPart, Position, limits,
};

async fn parked(ground: &Ground) -> Vec<ParkedEvent> {
    ground.groups().parked(name("work"), None, 100).await.expect("parked events are looked at")
}

async fn park(member: &dyn Member, delivery: &GroupDelivery) {
    member.park(delivery.id, "broken".into()).await.expect("its own");
}

/// Parks the first event of each of these keys, and acks what else comes.
async fn park_keys(member: &dyn Member, keys: &[&str]) -> Vec<u128> {
    let mut seen = Vec::new();
    while let Some(taken) = look(member, 100).await {
        for delivery in taken {
            if keys.contains(&&*delivery.key) {
                park(member, &delivery).await;
            } else {
                seen.push(delivery.event.id.0.as_u128());
                ack(member, &[delivery]).await.expect("its own");
            }
        }
    }
    seen
}

/// C3, C2: the others go on, the checkpoint passes it, and so it does for those that come later.
pub async fn a_parked_event_holds_its_key_and_no_other(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("b-1", 1), ("a-1", 2), ("b-1", 3)]).await;
    let member = ground.join().await;
    assert_eq!(park_keys(&*member, &["a-1"]).await, [1, 3]);
    ground.append(&[("a-1", 4), ("c-1", 5)]).await;
    assert_eq!(drain(&*member).await, [5]);
    assert_eq!(ground.come().await, Some(5));
    let set_aside = parked(&ground).await;
    assert_eq!(set_aside.len(), 1);
    let ParkedEvent { position, event, key, attempts, reason, held_count, .. } = &set_aside[0];
    assert_eq!((position.0, &**key, *attempts, &**reason), (0, "a-1", 1, "broken"));
    assert_eq!((*held_count, event.as_ref().map(|event| event.position.0)), (2, Some(0)));
}

/// C3: first the parked one, as if for the first time, then the others, one by one.
pub async fn a_replayed_event_comes_before_those_behind_it(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("a-1", 1), ("b-1", 2), ("a-1", 3)]).await;
    let member = ground.join().await;
    assert_eq!(park_keys(&*member, &["a-1"]).await, [2]);
    ground.append(&[("a-1", 4)]).await;
    assert_eq!(look(&*member, 10).await, None);
    let count = ground.groups().replay_parked(name("work"), ParkedPart::All).await;
    assert_eq!((count, parked(&ground).await.len()), (Ok(1), 0));
    let first = only(look(&*member, 10).await);
    assert_eq!((first.event.position.0, first.attempt), (0, 1));
    ground.append(&[("a-1", 5)]).await;
    assert_eq!(look(&*member, 10).await, None, "C3: one at a time");
    ack(&*member, &[first]).await.expect("its own");
    assert_eq!(drain(&*member).await, [1, 3, 4, 5]);
    assert_eq!(ground.come().await, Some(5));
}

/// Given up, and then as usual.
pub async fn a_skipped_event_lets_those_behind_it_go(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("a-1", 1), ("a-1", 2)]).await;
    let member = ground.join().await;
    let first = only(look(&*member, 10).await);
    park(&*member, &first).await;
    let part = ParkedPart::One(first.event.position);
    let skipped = ground.groups().skip_parked(name("work"), part, "obsolete".into()).await;
    assert_eq!(skipped, Ok(1));
    assert_eq!(drain(&*member).await, [1, 2]);
    let again = ground.groups().skip_parked(name("work"), part, "obsolete".into()).await;
    assert_eq!(again, Ok(0), "nothing is parked there any more");
}

/// One, up to a place, all; pages of them.
pub async fn parked_events_are_chosen_by_place(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(GroupSettings { key: GroupKey::Event, ..settings() }).await;
    ground.append(&[("a-1", 0), ("a-1", 1), ("a-1", 2), ("a-1", 3), ("a-1", 4)]).await;
    let member = ground.join().await;
    for delivery in take(&*member).await {
        park(&*member, &delivery).await;
    }
    let places = async |after: Option<u64>, count_max| {
        let after = after.map(Position);
        let page = ground.groups().parked(name("work"), after, count_max).await.expect("looked at");
        page.iter().map(|parked| parked.position.0).collect::<Vec<_>>()
    };
    assert_eq!(places(None, 2).await, [0, 1]);
    assert_eq!(places(Some(1), 2).await, [2, 3]);
    assert!(parked(&ground).await.iter().all(|parked| parked.held_count == 0), "no order, no hold");
    let replay = |part| ground.groups().replay_parked(name("work"), part);
    assert_eq!(replay(ParkedPart::One(Position(3))).await, Ok(1));
    assert_eq!(drain(&*member).await, [3]);
    assert_eq!(replay(ParkedPart::UpTo(Position(1))).await, Ok(2));
    assert_eq!(numbers(&take(&*member).await), [0, 1]);
    assert_eq!(places(None, 10).await, [2, 4]);
    assert_eq!(replay(ParkedPart::All).await, Ok(2));
    assert_eq!(numbers(&take(&*member).await), [2, 4]);
}

/// The end of a stack trace is worth less than the event.
pub async fn a_reason_is_cut_not_refused(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0)]).await;
    let member = ground.join().await;
    let delivery = only(look(&*member, 10).await);
    let reason = "ü".repeat(limits::GROUP_REASON_BYTES_MAX);
    member.park(delivery.id, reason.into()).await.expect("parked all the same");
    assert_eq!(parked(&ground).await[0].reason.len(), limits::GROUP_REASON_BYTES_MAX);
}

/// A2, C3: what is set aside stays so, with what is behind it.
pub async fn parked_events_are_there_after_opening_again(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("b-1", 1), ("a-1", 2)]).await;
    let member = ground.join().await;
    assert_eq!(park_keys(&*member, &["a-1"]).await, [1]);
    drop(member);
    let before = parked(&ground).await;
    let ground = ground.again(c).await;
    assert_eq!(parked(&ground).await, before);
    ground.append(&[("a-1", 3), ("b-1", 4)]).await;
    let member = ground.join().await;
    assert_eq!(drain(&*member).await, [4]);
    ground.groups().replay_parked(name("work"), ParkedPart::All).await.expect("replayed");
    let first = only(look(&*member, 10).await);
    ack(&*member, &[first]).await.expect("its own");
    drop(member);
    let ground = ground.again(c).await;
    let member = ground.join().await;
    assert_eq!(drain(&*member).await, [2, 3], "and in the middle of it, too");
    assert_eq!(ground.come().await, Some(4));
}

/// Nothing of its past stays with a key.
pub async fn a_key_that_was_replayed_goes_on_like_any_other(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    let member = ground.join().await;
    for round in 0..4_u128 {
        let n = round * 10;
        ground.append(&[("a-1", n), ("b-1", n + 1), ("a-1", n + 2)]).await;
        assert_eq!(park_keys(&*member, &["a-1"]).await, [n + 1]);
        let count = ground.groups().replay_parked(name("work"), ParkedPart::All).await;
        assert_eq!(count, Ok(1));
        assert_eq!(drain(&*member).await, [n, n + 2]);
        ground.append(&[("a-1", n + 3), ("b-1", n + 4)]).await;
        let mut rest = drain(&*member).await;
        rest.sort_unstable();
        assert_eq!(rest, [n + 3, n + 4]);
    }
    let info = ground.info().await;
    assert_eq!((info.lag_count, info.parked_count, info.in_flight_count), (0, 0, 0));
}
