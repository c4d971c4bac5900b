//! Subscriptions: deliveries as a stream of messages of a bounded size.
//!
//! Why: a page of the store may be megabytes. In parts, the first events are there sooner, and
//! HTTP/2 holds the store back at every one of them when the reader is slow. The store is asked for no
//! more than a message at a time: what it reads next, it reads while the last one is sent.
//!
//! Invariants: R3 every event once, in order. C2 each part has a checkpoint of its own: its last
//! event, or the whole page's with the last part. "Now" is said as a place before anything else,
//! so that a reader that loses its connection begins again where it began.

use super::service::context;
use crate::Caller;
use crate::held::Hand;
use crate::limits::{DELIVERY_BYTES, DELIVERY_COUNT_MAX};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use headwater_model::{
    Checkpoint, Delivery, EventStore, ReadError, RecordedEvent, Start, Subscribe, Subscription,
};
use headwater_wire::{status, v1};
use std::collections::VecDeque;
use tonic::Status;

type Deliveries = BoxStream<'static, Result<v1::Delivery, Status>>;

pub(super) async fn subscribe(
    caller: &Caller,
    request: v1::SubscribeRequest,
) -> Result<Deliveries, ReadError> {
    let context = context(caller, request.context.clone()).await?;
    let Subscribe { query, start } = Subscribe::try_from(request)?;
    let start = settled(&*context, start).await?;
    let subscription = context.subscribe(Subscribe { query, start }).await?;
    let began = match start {
        Start::After(checkpoint) => Some(checkpoint),
        Start::Beginning | Start::Now => None,
    };
    let following = Following {
        subscription,
        closing: Box::pin(caller.closing()),
        waiting: VecDeque::from([v1::Delivery::began(began)]),
        hand: Hand::new(caller.host().held()),
        ended: false,
    };
    Ok(Box::pin(stream::unfold(following, |mut following| async move {
        let step = following.step().await?;
        Some((step, following))
    })))
}

/// "Now" as a place: behind the last event there is.
async fn settled(context: &dyn EventStore, start: Start) -> Result<Start, ReadError> {
    if start != Start::Now {
        return Ok(start);
    }
    let (incarnation, last) = context.head().await?;
    Ok(last.map_or(Start::Beginning, |position| Start::After(Checkpoint { incarnation, position })))
}

struct Following {
    subscription: Box<dyn Subscription>,
    closing: BoxFuture<'static, ()>,
    /// Parts of a delivery that were not sent yet.
    waiting: VecDeque<v1::Delivery>,
    hand: Hand,
    ended: bool,
}

impl Following {
    async fn step(&mut self) -> Option<Result<v1::Delivery, Status>> {
        loop {
            if let Some(part) = self.waiting.pop_front() {
                return Some(Ok(part));
            }
            if self.ended {
                return None;
            }
            self.subscription.bound(self.hand.share());
            let delivery = tokio::select! {
                biased;
                () = &mut self.closing => {
                    self.ended = true;
                    return Some(Err(Status::unavailable("the server is stopping")));
                }
                delivery = self.subscription.next() => delivery,
            };
            match delivery {
                Ok(delivery) => {
                    match &delivery {
                        Delivery::Events { events, .. } => self.hand.takes(events),
                        Delivery::CaughtUp { .. } => self.hand.empty(),
                    }
                    self.waiting = parts(delivery);
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(status::of(&error)));
                }
            }
        }
    }
}

/// A delivery in messages of a bounded size.
fn parts(delivery: Delivery) -> VecDeque<v1::Delivery> {
    let Delivery::Events { events, checkpoint } = delivery else {
        return VecDeque::from([delivery.into()]);
    };
    let mut parts = VecDeque::new();
    let mut rest = events.into_iter();
    while rest.len() > 0 {
        let count = part_count(rest.as_slice());
        let part: Vec<RecordedEvent> = rest.by_ref().take(count).collect();
        let last = part.last().map_or(checkpoint.position, |event| event.position);
        let position = if rest.len() == 0 { checkpoint.position } else { last };
        parts.push_back(v1::Delivery::events(part, Checkpoint { position, ..checkpoint }));
    }
    parts
}

/// How many of these fit a message; at least one.
fn part_count(events: &[RecordedEvent]) -> usize {
    let mut bytes = 0;
    let fits = |event: &&RecordedEvent| {
        let before = bytes;
        bytes += event.payload.len() + event.metadata.bytes();
        before < DELIVERY_BYTES
    };
    events.iter().take(DELIVERY_COUNT_MAX).take_while(fits).count()
}

#[cfg(test)]
mod tests;
