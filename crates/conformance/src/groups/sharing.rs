//! C3: events of one key in order, one at a time; of different keys, side by side.

use super::{Ground, ack, drain, look, name, numbers, only, settings, take};
use crate::candidate::Candidate;
use crate::sample::{at, event, event_of, stream};
use headwater_model::{
    EventStore, GroupKey, GroupSettings, GroupSharing, Member, Metadata, NewEvent, Query, Start,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// C3: the next one comes when the one before it is settled, whoever asks.
pub async fn events_of_one_key_come_in_order_one_at_a_time(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("order-1", 0), ("order-1", 1), ("order-1", 2)]).await;
    let (one, other) = (ground.join().await, ground.join().await);
    for n in 0..3 {
        let (takes, waits) = if n % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let first = only(look(&**takes, 10).await);
        assert_eq!((first.event.id.0.as_u128(), first.attempt), (n, 1));
        assert_eq!(first.key, "order-1");
        assert_eq!(look(&**waits, 10).await, None, "C3: one at a time");
        assert_eq!(look(&**takes, 10).await, None, "C3: also for the same member");
        ack(&**takes, &[first]).await.expect("it is its own");
    }
    assert_eq!(look(&*one, 10).await, None);
    assert_eq!(ground.come().await, Some(2));
}

/// C3: only what belongs together waits for each other.
pub async fn events_of_different_keys_go_side_by_side(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    ground.append(&[("a-1", 0), ("a-1", 1), ("b-1", 2), ("c-1", 3), ("b-1", 4)]).await;
    let member = ground.join().await;
    let first = take(&*member).await;
    assert_eq!(numbers(&first), [0, 2, 3]);
    ack(&*member, &first[1..2]).await.expect("its own");
    let second = only(look(&*member, 10).await);
    assert_eq!(second.key, first[1].key);
    ack(&*member, &[first[0].clone(), second]).await.expect("its own");
    ack(&*member, &first[2..]).await.expect("its own");
    let rest = drain(&*member).await;
    assert_eq!((rest, ground.come().await), (vec![1], Some(4)));
}

/// Each key of the settings groups as it says; an event without the value stands by its stream.
pub async fn keys_are_what_the_settings_say(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    let with = |n, correlation: Option<&str>, tenant: Option<&str>| {
        let free = tenant.map(|tenant| ("tenant".into(), tenant.into()));
        let correlation = correlation.map(Into::into);
        let free = free.into_iter().collect();
        NewEvent { metadata: Metadata { correlation, free, ..Metadata::default() }, ..event(n) }
    };
    ground.append_event("order-1", with(0, Some("x"), Some("t1"))).await;
    ground.append_event("order-2", with(1, Some("x"), Some("t2"))).await;
    ground.append_event("item-1", with(2, Some("y"), Some("t1"))).await;
    ground.append_event("order-1", with(3, None, None)).await;
    let table = [
        (GroupKey::Stream, vec!["order-1", "order-2", "item-1", "order-1"]),
        (GroupKey::Category, vec!["order", "order", "item", "order"]),
        (GroupKey::Correlation, vec!["x", "x", "y", "order-1"]),
        (GroupKey::Metadata("tenant".into()), vec!["t1", "t2", "t1", "order-1"]),
        (GroupKey::Event, vec!["0", "1", "2", "3"]),
    ];
    for (n, (key, expected)) in table.into_iter().enumerate() {
        let group = name(&format!("by-{n}"));
        let made = GroupSettings { key: key.clone(), ..settings() };
        ground.groups().create_group(group.clone(), made, Start::Beginning).await.expect("made");
        let member = ground.groups().join_group(group, "exam".into()).await.expect("joined");
        let mut keys = BTreeMap::new();
        while let Some(taken) = look(&*member, 100).await {
            let together: Vec<_> = taken.iter().map(|delivery| &delivery.key).collect();
            let distinct: std::collections::BTreeSet<_> = together.iter().collect();
            assert_eq!(distinct.len(), together.len(), "C3: {key:?}");
            keys.extend(taken.iter().map(|d| (d.event.position.0, d.key.to_string())));
            ack(&*member, &taken).await.expect("its own");
        }
        assert_eq!(keys.into_values().collect::<Vec<_>>(), expected, "{key:?}");
    }
}

/// What does not match is passed, and the checkpoint with it (C2).
pub async fn a_group_delivers_what_its_source_matches(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    let query = Query::types([crate::sample::event_type("Paid")]).or(Query::stream(stream("x-1")));
    ground.group(GroupSettings { source: query, ..settings() }).await;
    ground.append(&[("order-1", 0)]).await;
    ground.append_event("order-1", event_of(1, "Paid", &[])).await;
    ground.append(&[("x-1", 2), ("order-2", 3), ("$system", 4)]).await;
    let member = ground.join().await;
    assert_eq!(drain(&*member).await, [1, 2]);
    assert_eq!(ground.come().await, Some(4), "C2: filtered out is done");
    let one = name("stream");
    let settings = GroupSettings { source: Query::stream(stream("order-1")), ..settings() };
    ground.groups().create_group(one.clone(), settings, Start::Beginning).await.expect("made");
    let member = ground.groups().join_group(one, "exam".into()).await.expect("joined");
    assert_eq!(drain(&*member).await, [0, 1]);
}

/// From the first event, behind a checkpoint, or with those to come.
pub async fn a_group_begins_where_it_is_told(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.append(&[("a-1", 0), ("a-1", 1), ("a-1", 2)]).await;
    let table = [
        ("beginning", Start::Beginning, vec![0, 1, 2, 3], None),
        ("after", Start::After(at(0)), vec![1, 2, 3], Some(at(0))),
        ("now", Start::Now, vec![3], Some(at(2))),
    ];
    for (group, start, ..) in &table {
        let made = ground.groups().create_group(name(group), settings(), *start).await;
        made.expect("the group is made");
    }
    for (group, _, _, come) in &table {
        let info = ground.groups().group(name(group)).await.expect("it is there");
        assert_eq!(info.checkpoint, *come, "{group}");
    }
    ground.append(&[("a-1", 3)]).await;
    for (group, _, expected, _) in table {
        let member = ground.groups().join_group(name(group), "exam".into()).await.expect("joined");
        assert_eq!(drain(&*member).await, expected, "{group}");
    }
}

/// Keys are spread: who comes first does not leave the others idle for ever.
pub async fn nobody_takes_it_all_while_others_wait(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(GroupSettings { in_flight_count_max: 4, ..settings() }).await;
    for n in 0..8 {
        ground.append(&[(&format!("a-{n}"), n)]).await;
    }
    let members = [ground.join().await, ground.join().await];
    for member in &members {
        assert_eq!(take(&**member).await.len(), 4);
    }
}

/// The bound of a crash: what one member holds at a time.
pub async fn a_member_holds_no_more_than_it_may(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(GroupSettings { in_flight_count_max: 2, ..settings() }).await;
    ground.append(&[("a-1", 0), ("b-1", 1), ("c-1", 2)]).await;
    let member = ground.join().await;
    let taken = take(&*member).await;
    assert_eq!((taken.len(), look(&*member, 10).await), (2, None));
    ack(&*member, &taken[..1]).await.expect("its own");
    assert_eq!(take(&*member).await.len(), 1);
    assert_eq!(ground.info().await.in_flight_count, 2);
}

/// R2 for groups: no polling, and no event that nobody was called for.
pub async fn a_member_that_waits_is_called_for_an_event_to_come(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    ground.group(settings()).await;
    let member: Arc<dyn Member> = Arc::from(ground.join().await);
    for n in 0..20 {
        let waiting = Arc::clone(&member);
        let waiting = tokio::spawn(async move { waiting.next(10).await });
        tokio::task::yield_now().await;
        ground.append(&[("a-1", n)]).await;
        let taken = waiting.await.expect("no panic").expect("delivered");
        assert_eq!(numbers(&taken), [n]);
        ack(&*member, &taken).await.expect("its own");
    }
}

/// A second member stands by: it is given what the first may not hold, and all when that one leaves.
pub async fn who_joined_first_takes_all_while_it_may_hold_more(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    let first = GroupSettings { sharing: GroupSharing::First, ..settings() };
    ground.group(GroupSettings { in_flight_count_max: 3, ..first }).await;
    ground.append(&[("a-1", 0), ("b-1", 1), ("c-1", 2), ("d-1", 3), ("e-1", 4)]).await;
    let (one, other) = (ground.join().await, ground.join().await);
    one.hold_at_most(2).await.expect("a member binds itself");
    assert_eq!(look(&*other, 10).await, None, "the first may hold more");
    assert_eq!(numbers(&take(&*one).await), [0, 1]);
    assert_eq!(numbers(&take(&*other).await), [2, 3, 4]);
    one.hold_at_most(10).await.expect("a member binds itself");
    ground.append(&[("f-1", 5), ("g-1", 6)]).await;
    assert_eq!(numbers(&take(&*one).await), [5], "no more than the group allows");
    assert_eq!(look(&*other, 10).await, None);
    drop(one);
    ground.left(1).await;
    assert_eq!(look(&*other, 10).await, None, "it holds as many as it may");
    drop(other);
    ground.left(0).await;
    let third = ground.join().await;
    assert_eq!(take(&*third).await.len(), 3);
}

/// R2 for groups that go by turns: also a member whose turn comes while it waits.
pub async fn whose_turn_it_is_is_called(c: &mut impl Candidate) {
    let ground = Ground::new(c).await;
    let first = GroupSettings { sharing: GroupSharing::First, ..settings() };
    ground.group(GroupSettings { in_flight_count_max: 1, ..first }).await;
    let one: Arc<dyn Member> = Arc::from(ground.join().await);
    let other: Arc<dyn Member> = Arc::from(ground.join().await);
    for n in 0..20 {
        let next = |member: &Arc<dyn Member>| {
            let member = Arc::clone(member);
            tokio::spawn(async move { member.next(1).await })
        };
        let (first, second) = (next(&one), next(&other));
        tokio::task::yield_now().await;
        ground.append(&[("a-1", 2 * n), ("b-1", 2 * n + 1)]).await;
        let first = first.await.expect("no panic").expect("delivered");
        let second = second.await.expect("no panic").expect("delivered");
        assert_eq!((numbers(&first), numbers(&second)), (vec![2 * n], vec![2 * n + 1]));
        ack(&*one, &first).await.expect("its own");
        ack(&*other, &second).await.expect("its own");
    }
}

/// C3, with all of it at once: members that come and go, retries, appends under way.
pub async fn racing_members_see_each_key_in_order_and_lose_nothing(c: &mut impl Candidate) {
    const EVENTS: u128 = 400;
    let ground = Ground::new(c).await;
    ground.group(GroupSettings { attempts_max: 1_000, backoff: no_wait(), ..settings() }).await;
    let seen = Arc::new(Mutex::new(BTreeMap::<String, Vec<u128>>::new()));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut working = tokio::task::JoinSet::new();
    for worker in 0..5 {
        let (store, seen, tell) = (Arc::clone(&ground.store), Arc::clone(&seen), tell.clone());
        working.spawn(async move {
            for round in 0.. {
                race(&*store, worker + round, &seen, &tell).await;
            }
        });
    }
    for n in 0..EVENTS {
        ground.append(&[(&format!("key-{}", n % 11), n)]).await;
    }
    let mut acked = BTreeSet::new();
    while acked.len() < EVENTS as usize {
        assert!(acked.insert(told.recv().await.expect("they go on")), "C3: acked twice");
    }
    working.shutdown().await;
    for (key, seen) in &*seen.lock().expect("nobody panicked") {
        assert!(seen.is_sorted(), "C3: {key} in order: {seen:?}");
    }
    let info = ground.info().await;
    assert_eq!(info.checkpoint, Some(at(EVENTS as u64 - 1)));
    assert_eq!((info.lag_count, info.parked_count, info.in_flight_count), (0, 0, 0));
}

/// One membership: takes, retries some, acks others, and leaves with what it holds.
async fn race(
    store: &dyn EventStore,
    turn: u64,
    seen: &Mutex<BTreeMap<String, Vec<u128>>>,
    tell: &tokio::sync::mpsc::UnboundedSender<u128>,
) {
    let groups = store.consumer_groups().expect("it has groups");
    let member = groups.join_group(name("work"), "racer".into()).await.expect("there is room");
    for _ in 0..7 {
        let taken = member.next(3).await.expect("delivered");
        for delivery in &taken {
            let n = delivery.event.id.0.as_u128();
            let mut seen = seen.lock().expect("nobody panicked");
            seen.entry(delivery.key.to_string()).or_default().push(n);
        }
        let (done, again): (Vec<_>, Vec<_>) =
            taken.into_iter().partition(|delivery| !(delivery.id.0 + turn).is_multiple_of(5));
        for delivery in again {
            member.retry(delivery.id, None, "again".into()).await.expect("its own");
        }
        ack(&*member, &done).await.expect("its own");
        for delivery in done {
            tell.send(delivery.event.id.0.as_u128()).expect("the case listens");
        }
    }
    drop(member.next(3).await);
}

fn no_wait() -> headwater_model::Backoff {
    headwater_model::Backoff::List { waits_ms: Vec::new() }
}
