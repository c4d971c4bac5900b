//! R3, C2: every matching event once, in order, across the switch from stored to live.

use crate::candidate::{Candidate, exam_context};
use crate::sample::{accepted, at, event_of, event_type, head, numbers, stream, to};
use headwater_model::{
    Append, Checkpoint, Delivery, EventStore, ExpectedRevision, Incarnation, Position, Query,
    ReadError, Start, Subscribe, Subscription,
};
use std::sync::Arc;
use std::task::{Context, Waker};

async fn subscribe(store: &dyn EventStore, query: Query, start: Start) -> Box<dyn Subscription> {
    store.subscribe(Subscribe { query, start }).await.expect("the subscription begins")
}

async fn step(subscription: &mut dyn Subscription) -> Delivery {
    subscription.next().await.expect("the subscription goes on")
}

/// Delivers until the end is reached: the numbers, and the checkpoint there.
async fn to_the_end(subscription: &mut dyn Subscription) -> (Vec<u128>, Option<Checkpoint>) {
    let mut seen = Vec::new();
    loop {
        match step(subscription).await {
            Delivery::Events { events, checkpoint } => {
                let last = events.last().expect("a delivery is never empty");
                assert!(checkpoint.position >= last.position, "C2");
                seen.extend(numbers(&events));
            }
            Delivery::CaughtUp { checkpoint } => return (seen, checkpoint),
        }
    }
}

/// R3, C2: behind the checkpoint, exclusively.
pub async fn a_subscription_begins_where_it_is_told(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut empty = subscribe(&*store, Query::all(), Start::Beginning).await;
    assert_eq!(to_the_end(&mut *empty).await, (vec![], None));
    accepted(&*store, to("order-1", [0, 1, 2])).await;
    let table = [
        (Start::Beginning, vec![0, 1, 2]),
        (Start::After(at(0)), vec![1, 2]),
        (Start::After(at(2)), vec![]),
        (Start::Now, vec![]),
    ];
    for (start, expected) in table {
        let mut subscription = subscribe(&*store, Query::all(), start).await;
        assert_eq!(to_the_end(&mut *subscription).await, (expected, Some(at(2))), "{start:?}");
    }
    let mut now = subscribe(&*store, Query::all(), Start::Now).await;
    accepted(&*store, to("order-1", [3])).await;
    assert_eq!(to_the_end(&mut *now).await, (vec![3], Some(at(3))), "before its first step");
}

/// R3: at whatever moment the reader arrives.
pub async fn stored_and_live_events_come_without_a_seam(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut subscriptions = Vec::new();
    for n in 0..40 {
        subscriptions.push((
            n,
            Vec::new(),
            subscribe(&*store, Query::all(), Start::Beginning).await,
        ));
        if n % 3 == 0 {
            for (_, seen, subscription) in &mut subscriptions {
                seen.extend(to_the_end(&mut **subscription).await.0);
            }
        }
        accepted(&*store, to("order-1", [n])).await;
    }
    let expected: Vec<_> = (0..40).collect();
    for (began, mut seen, mut subscription) in subscriptions {
        seen.extend(to_the_end(&mut *subscription).await.0);
        assert_eq!(seen, expected, "the one that began before event {began}");
    }
}

/// R3, under racing appends: what each sees is the order that all agree on.
pub async fn many_racing_writers_are_followed_in_order(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut following = tokio::task::JoinSet::new();
    for start in [Start::Beginning, Start::Now, Start::Beginning, Start::Now] {
        let mut subscription = subscribe(&*store, Query::all(), start).await;
        following.spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < 300 {
                if let Delivery::Events { events, .. } = step(&mut *subscription).await {
                    seen.extend(events.into_iter().map(|event| (event.position.0, event.id)));
                }
            }
            seen
        });
    }
    let mut writing = tokio::task::JoinSet::new();
    for writer in 0..6 {
        let store = Arc::clone(&store);
        writing.spawn(async move {
            for n in 0..50 {
                accepted(&*store, to(&format!("order-{writer}"), [writer * 100 + n])).await;
                tokio::task::yield_now().await;
            }
        });
    }
    writing.join_all().await;
    let followed = following.join_all().await;
    assert!(followed[0].iter().map(|(position, _)| *position).eq(0..300));
    assert!(followed.iter().all(|seen| *seen == followed[0]));
}

/// C2: what was filtered out was handled, and is said, so that checkpoints move.
pub async fn a_filtered_subscription_moves_past_what_it_does_not_want(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    accepted(&*store, to("order-1", [0, 1])).await;
    let approved = Query::types([event_type("OrderApproved")]);
    let mut subscription = subscribe(&*store, approved, Start::Beginning).await;
    assert_eq!(to_the_end(&mut *subscription).await, (vec![], Some(at(1))));
    let wanted = event_of(2, "OrderApproved", &[]);
    accepted(&*store, Append::to(stream("order-1"), ExpectedRevision::Any, vec![wanted])).await;
    assert_eq!(to_the_end(&mut *subscription).await, (vec![2], Some(at(2))));
    accepted(&*store, to("order-1", [3])).await;
    assert_eq!(to_the_end(&mut *subscription).await, (vec![], Some(at(3))));
}

/// R3: a reader that gives up waiting, and waits again, has missed nothing.
pub async fn a_future_that_is_dropped_loses_nothing(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut subscription = subscribe(&*store, Query::all(), Start::Beginning).await;
    let mut seen = Vec::new();
    for n in 0..30 {
        let mut next = subscription.next();
        let polled = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(next);
        if let std::task::Poll::Ready(Ok(Delivery::Events { events, .. })) = polled {
            seen.extend(numbers(&events));
        }
        accepted(&*store, to("order-1", [n])).await;
    }
    while seen.len() < 30 {
        seen.extend(to_the_end(&mut *subscription).await.0);
    }
    assert_eq!(seen, (0..30).collect::<Vec<_>>());
}

/// Once each time, so that a reader may act on it.
pub async fn the_end_is_said_each_time_it_is_reached(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let mut subscription = subscribe(&*store, Query::all(), Start::Beginning).await;
    for n in 0..3_u64 {
        let end = n.checked_sub(1).map(at);
        assert_eq!(step(&mut *subscription).await, Delivery::CaughtUp { checkpoint: end });
        let mut next = subscription.next();
        assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "once");
        drop(next);
        accepted(&*store, to("order-1", [u128::from(n)])).await;
        let delivered = step(&mut *subscription).await;
        assert!(matches!(delivered, Delivery::Events { checkpoint, .. } if checkpoint == at(n)));
    }
}

/// C2: a place that this history does not have is never read as another.
pub async fn a_checkpoint_of_no_history_is_diverged(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    let forked =
        |position| Checkpoint { incarnation: Incarnation(1), position: Position(position) };
    let begin = |checkpoint| Subscribe { query: Query::all(), start: Start::After(checkpoint) };
    let diverged = |error| matches!(error, ReadError::Diverged { .. });
    assert!(store.subscribe(begin(at(0))).await.is_err_and(diverged), "nothing is there yet");
    accepted(&*store, to("order-1", [0])).await;
    for checkpoint in [forked(0), at(1), at(u64::MAX)] {
        let refused = store.subscribe(begin(checkpoint)).await;
        assert!(refused.is_err_and(diverged), "{checkpoint:?}");
    }
}

/// R2: no append falls between looking and waiting.
pub async fn a_waiter_is_woken_and_finds_the_event(c: &mut impl Candidate) {
    let store = exam_context(c).await;
    for n in 0..50 {
        let past = head(&*store).await;
        let waiting = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.wait_past(past).await })
        };
        if n % 2 == 0 {
            tokio::task::yield_now().await;
        }
        accepted(&*store, to("order-1", [u128::from(n)])).await;
        let woken = waiting.await.expect("the waiter lives").expect("the store answers");
        assert_eq!(woken, Position(n));
        assert_eq!(head(&*store).await, Some(Position(n)));
    }
    assert_eq!(store.wait_past(Some(Position(7))).await, Ok(Position(49)), "at once");
}
