//! A subscription that outlives its connections.
//!
//! Picture: `place` is how far the caller was told; every connection begins behind it.
//! ```text
//!   begin ─▶ stream of deliveries ──lost──▶ pause ─▶ begin behind `place` ─▶ …
//! ```
//! Invariants: R3 each event once and in order, whatever the connections do: `place` moves in the
//! step that is handed over, and what does not stand behind it is an error. R2 the end is said only if
//! nothing behind it has been seen. "Now" is a place as soon
//! as the subscription stands. A dropped future loses nothing: what was begun stays begun.

use crate::asking::{Asking, Heard, failed, ready, senseless, understand};
use crate::backoff::Backoff;
use crate::seen::Seen;
use futures_util::future::BoxFuture;
use headwater_model::{
    Answer, Checkpoint, ContextName, Delivery, ReadError, Start, Subscribe, Subscription,
};
use headwater_wire::heard::{HearingCodec, Told, Unheard, path};
use headwater_wire::v1;
use http::uri::PathAndQuery;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until};
use tonic::{Request, Response, Status, Streaming};

type Deliveries = Streaming<Result<Told, Unheard>>;

pub(crate) struct RemoteSubscription {
    context: ContextName,
    asking: Asking,
    seen: Arc<Seen>,
    subscribe: Subscribe,
    /// Everything up to here was handed over or filtered out; `None`: nothing yet.
    place: Option<Checkpoint>,
    /// That the end was reached at `place` was said last.
    said: bool,
    link: Link,
    backoff: Backoff,
    lost_since: Option<Instant>,
}

/// Where this subscription stands with the server.
enum Link {
    /// Nothing is on its way; not before this moment.
    Idle(Option<Instant>),
    /// Asked, not answered.
    Asked(BoxFuture<'static, Result<Response<Deliveries>, Status>>),
    /// Deliveries come.
    Open(Box<Deliveries>),
}

impl RemoteSubscription {
    pub(crate) fn new(
        context: ContextName,
        asking: Asking,
        seen: Arc<Seen>,
        subscribe: Subscribe,
    ) -> Self {
        let backoff = Backoff::new(&asking.options);
        let link = Link::Idle(None);
        let (place, said, lost_since) = (None, false, None);
        Self { context, asking, seen, subscribe, place, said, link, backoff, lost_since }
    }

    /// Asks until the subscription stands, and knows where it begins.
    pub(crate) async fn begin(&mut self) -> Result<(), ReadError> {
        let Told::Began(began) = self.step().await? else {
            return Err(senseless("a subscription did not say where it begins"));
        };
        self.began(began);
        Ok(())
    }

    /// From now on "now" is a place.
    fn began(&mut self, began: Option<Checkpoint>) {
        if self.place.is_none() {
            self.place = began;
        }
        self.subscribe.start = Start::Beginning;
    }

    /// The next message, over as many connections as it takes. Safe to drop at any moment.
    async fn step(&mut self) -> Result<Told, ReadError> {
        loop {
            let lost = match &mut self.link {
                Link::Idle(until) => {
                    if let Some(until) = *until {
                        sleep_until(until).await;
                    }
                    self.link = Link::Asked(self.ask());
                    continue;
                }
                Link::Asked(answer) => match answer.await {
                    Ok(deliveries) => {
                        self.link = Link::Open(Box::new(deliveries.into_inner()));
                        continue;
                    }
                    Err(status) => understand(&status),
                },
                Link::Open(deliveries) => match deliveries.message().await {
                    Ok(Some(Ok(told))) => {
                        self.backoff.reset();
                        self.lost_since = None;
                        return Ok(told);
                    }
                    Ok(Some(Err(unheard))) => Heard::Answer(senseless(unheard)),
                    Ok(None) => Heard::Lost(failed("the subscription ended".to_owned())),
                    Err(status) => understand(&status),
                },
            };
            self.lost(lost)?;
        }
    }

    /// The caller hears of an answer at once, of a loss when it has lasted too long.
    fn lost(&mut self, heard: Heard) -> Result<(), ReadError> {
        let now = Instant::now();
        self.link = Link::Idle(Some(now + self.backoff.pause()));
        match heard {
            Heard::Answer(error) => Err(error),
            Heard::Lost(error) => {
                let since = *self.lost_since.get_or_insert(now);
                if since.elapsed() < self.asking.options.answer_within {
                    return Ok(());
                }
                self.lost_since = None;
                Err(error)
            }
        }
    }

    fn ask(&self) -> BoxFuture<'static, Result<Response<Deliveries>, Status>> {
        let start = self.place.map_or(self.subscribe.start, Start::After);
        let subscribe = Subscribe { query: self.subscribe.query.clone(), start };
        let request = v1::SubscribeRequest::new(&self.context, &subscribe);
        let channel = self.asking.channel.clone();
        Box::pin(async move {
            let mut grpc = ready(channel).await?;
            let codec = HearingCodec::<v1::SubscribeRequest, Told>::default();
            let path = PathAndQuery::from_static(path::SUBSCRIBE);
            grpc.server_streaming(Request::new(request), path, codec).await
        })
    }

    /// What the caller is told of a message; `None`: nothing new.
    fn told(&mut self, told: Told) -> Result<Option<Delivery>, ReadError> {
        match told {
            Told::Began(began) => {
                self.began(began);
                Ok(None)
            }
            Told::Delivery(Delivery::Events { events, checkpoint }) => {
                self.in_order(events.iter().map(|event| event.position), checkpoint)?;
                (self.place, self.said) = (Some(checkpoint), false);
                Ok(Some(Delivery::Events { events, checkpoint }))
            }
            Told::Delivery(Delivery::CaughtUp { checkpoint }) => {
                let again = self.said && checkpoint == self.place;
                self.place = checkpoint.or(self.place);
                if again || !self.seen.is_end(checkpoint) {
                    return Ok(None);
                }
                self.said = true;
                Ok(Some(Delivery::CaughtUp { checkpoint }))
            }
        }
    }

    /// R3, checked on this side too.
    fn in_order(
        &self,
        positions: impl Iterator<Item = headwater_model::Position>,
        checkpoint: Checkpoint,
    ) -> Result<(), ReadError> {
        let mut last = self.place.map(|place| place.position);
        let begun = last;
        for position in positions {
            if Some(position) <= last || position > checkpoint.position {
                let why = format!("event {position} came out of order");
                return Err(senseless(why));
            }
            last = Some(position);
        }
        if last == begun {
            return Err(senseless("a delivery has no events"));
        }
        Ok(())
    }
}

impl Subscription for RemoteSubscription {
    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        Box::pin(async move {
            loop {
                let step = self.step().await?;
                match self.told(step) {
                    Ok(Some(delivery)) => return Ok(delivery),
                    Ok(None) => {}
                    Err(error) => {
                        self.link = Link::Idle(Some(Instant::now() + self.backoff.pause()));
                        return Err(error);
                    }
                }
            }
        })
    }
}
