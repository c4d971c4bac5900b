//! Subscriptions that live through a run, and must have delivered the same at each stop.

use super::super::spec::{ItemSpec, Place, query_of};
use super::{Session, same};
use crate::candidate::Candidate;
use headwater_model::{
    Checkpoint, Delivery, EventStore, Incarnation, Position, Query, ReadError, RecordedEvent,
    Start, Subscribe, Subscription,
};
use proptest::test_runner::TestCaseError;

/// One reader of the candidate and its twin of the reference.
pub(super) struct Follower {
    query: Query,
    candidate: Side,
    reference: Side,
}

/// One of the two.
struct Side {
    subscription: Option<Box<dyn Subscription>>,
    come: Option<Position>,
}

impl Follower {
    /// The candidate is about to be closed; it goes on from its checkpoint.
    pub(super) fn pause(&mut self) {
        self.candidate.subscription = None;
    }
}

impl Side {
    /// What is delivered until the end of the log is reached.
    async fn deliver(
        &mut self,
        store: &dyn EventStore,
        query: &Query,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        if self.subscription.is_none() {
            let start = self.come.map_or(Start::Beginning, |come| Start::After(at(come)));
            let subscribe = Subscribe { query: query.clone(), start };
            self.subscription = Some(store.subscribe(subscribe).await?);
        }
        let end = store.head().await?.1;
        let mut seen = Vec::new();
        let Some(subscription) = &mut self.subscription else { return Ok(seen) };
        while self.come < end {
            match subscription.next().await? {
                Delivery::Events { events, checkpoint } => {
                    assert!(Some(checkpoint.position) > self.come, "C2: a checkpoint moves on");
                    self.come = Some(checkpoint.position);
                    seen.extend(events);
                }
                Delivery::CaughtUp { checkpoint } => {
                    let come = checkpoint.map(|checkpoint| checkpoint.position);
                    assert!(come >= self.come, "C2: a checkpoint never goes back");
                    self.come = come;
                }
            }
        }
        Ok(seen)
    }
}

fn at(position: Position) -> Checkpoint {
    Checkpoint { incarnation: Incarnation(0), position }
}

impl<C: Candidate> Session<C> {
    pub(super) async fn subscribe(
        &mut self,
        query: &[ItemSpec],
        start: Option<Place>,
    ) -> Result<(), TestCaseError> {
        let head = self.reference.head().await.expect("memory answers").1;
        let (start, come) = match start.map(|place| place.of(head.map(|head| head.0))) {
            None => (Start::Now, head),
            Some(None) => (Start::Beginning, None),
            Some(Some(n)) => (Start::After(at(Position(n))), Some(Position(n))),
        };
        let query = query_of(query);
        let subscribe = Subscribe { query: query.clone(), start };
        let candidate = self.store.subscribe(subscribe.clone()).await;
        let reference = self.reference.subscribe(subscribe).await;
        let codes = |answer: &Result<_, ReadError>| answer.as_ref().err().map(ReadError::code);
        same("subscribe", &codes(&candidate), &codes(&reference))?;
        if let (Ok(candidate), Ok(reference)) = (candidate, reference) {
            let side = |subscription| Side { subscription: Some(subscription), come };
            let (candidate, reference) = (side(candidate), side(reference));
            self.followers.push(Follower { query, candidate, reference });
        }
        Ok(())
    }

    pub(super) async fn follow(&mut self) -> Result<(), TestCaseError> {
        for Follower { query, candidate, reference } in &mut self.followers {
            let answer = candidate.deliver(&*self.store, query).await;
            let should = reference.deliver(&*self.reference, query).await;
            same(&format!("deliveries of {query:?}"), &answer, &should)?;
        }
        Ok(())
    }
}
