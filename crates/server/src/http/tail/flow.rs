//! One tail's life: asked for bytes by the socket, it asks the subscription for events.
//!
//! Invariants: there is no queue. The next delivery is asked for once all of the last one is written;
//! a reader that takes nothing holds one page. A tail ends when the server closes, or says why.

use super::encode::{ALIVE, Encoder, HELLO};
use crate::held::Hand;
use crate::http::bounds::{HEARTBEAT_EVERY, TAIL_CHUNK_BYTES};
use crate::http::face::TailPlace;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::future::BoxFuture;
use headwater_model::{Delivery, Incarnation, ReadError, RecordedEvent, Subscription};
use std::convert::Infallible;

/// A reader's connection.
pub(super) struct Tail {
    subscription: Box<dyn Subscription>,
    encoder: Encoder,
    closing: BoxFuture<'static, ()>,
    /// Of the last delivery: what is still to be written.
    events: std::vec::IntoIter<RecordedEvent>,
    incarnation: Incarnation,
    stage: Stage,
    hand: Hand,
    _place: TailPlace,
}

#[derive(PartialEq, Eq)]
enum Stage {
    /// Nothing was said yet.
    New,
    Open,
    Ended,
}

impl Tail {
    /// Of this subscription, until `closing`.
    pub(super) fn new(
        subscription: Box<dyn Subscription>,
        encoder: Encoder,
        closing: impl Future<Output = ()> + Send + 'static,
        hand: Hand,
        place: TailPlace,
    ) -> Self {
        Self {
            subscription,
            encoder,
            closing: Box::pin(closing),
            events: Vec::new().into_iter(),
            incarnation: Incarnation(0),
            stage: Stage::New,
            hand,
            _place: place,
        }
    }

    /// What the socket takes, chunk by chunk, each made when it is asked for.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        futures_util::stream::unfold(self, |mut tail| async move {
            let chunk = tail.chunk().await?;
            Some((Ok(chunk), tail))
        })
    }

    /// The next bytes; `None`: the tail has ended.
    async fn chunk(&mut self) -> Option<Bytes> {
        match self.stage {
            Stage::Ended => return None,
            // The headers go out with the first bytes: a reader must not wait for the first event.
            Stage::New => {
                self.stage = Stage::Open;
                return Some(Bytes::from_static(HELLO));
            }
            Stage::Open => {}
        }
        loop {
            let chunk = self.written();
            if !chunk.is_empty() {
                return Some(chunk.into());
            }
            self.subscription.bound(self.hand.share());
            let step = tokio::select! {
                biased;
                () = &mut self.closing => return None,
                step = self.subscription.next() => step,
                () = tokio::time::sleep(HEARTBEAT_EVERY) => return Some(Bytes::from_static(ALIVE)),
            };
            if let Some(chunk) = self.take(step) {
                return Some(chunk);
            }
        }
    }

    /// Events of the last delivery, up to a chunk of them.
    fn written(&mut self) -> Vec<u8> {
        let mut chunk = Vec::new();
        while chunk.len() < TAIL_CHUNK_BYTES {
            let Some(event) = self.events.next() else { break };
            self.encoder.event(self.incarnation, &event, &mut chunk);
        }
        chunk
    }

    fn take(&mut self, step: Result<Delivery, ReadError>) -> Option<Bytes> {
        let mut chunk = Vec::new();
        match step {
            Ok(Delivery::Events { events, checkpoint }) => {
                self.hand.takes(&events);
                self.events = events.into_iter();
                self.incarnation = checkpoint.incarnation;
                return None;
            }
            Ok(Delivery::CaughtUp { checkpoint }) => {
                self.hand.empty();
                Encoder::caught_up(checkpoint, &mut chunk);
            }
            Err(error) => {
                self.stage = Stage::Ended;
                Encoder::problem(&error.into(), &mut chunk);
            }
        }
        Some(chunk.into())
    }
}
