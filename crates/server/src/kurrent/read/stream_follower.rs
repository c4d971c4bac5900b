//! A subscription to one stream: what is stored, then what comes.
//!
//! Picture:
//! ```text
//!   pages of the stream, up to the moment of the last one ─▶ a subscription behind that moment
//! ```
//! Invariants: R3 each event once, in order: the subscription begins where the last page ended. A
//! tombstone ends it with an error.

use super::super::answer::{Answer, said};
use super::super::links::Links;
use super::super::place::AskedRevision as Asked;
use super::super::place::instant;
use super::super::shown::{Form, Shown};
use super::request::{AskedStream, Reading};
use super::stream_pages::Standing;
use super::{Refusal, STEP_COUNT};
use crate::held::Hand;
use headwater_model::{
    AsOf, Checkpoint, Delivery, Direction, EventStore, From as Begin, Query, ReadStream,
    RecordedEvent, Revision, Start, StreamName, Subscribe, Subscription,
};
use headwater_wire::kurrent::event_store::client::streams::read_resp;
use std::sync::Arc;

pub(super) struct StreamFollower {
    store: Arc<dyn EventStore>,
    stream: StreamName,
    links: Links,
    form: Form,
    /// What was delivered, or is not wanted, ends here.
    done: Option<Revision>,
    stage: Stage,
    hand: Hand,
}

enum Stage {
    /// Reading what is stored.
    Stored,
    /// Following; the end has been reached and said so.
    Live { subscription: Box<dyn Subscription>, said: bool },
}

impl StreamFollower {
    pub(super) async fn open(
        store: Arc<dyn EventStore>,
        asked: AskedStream,
        reading: &Reading,
        hand: Hand,
    ) -> Result<Self, Refusal> {
        Standing::of(&*store, &asked).await?;
        let (incarnation, _) = store.head().await?;
        let mut follower = Self {
            stream: asked.stream,
            links: reading.links,
            form: Form { ids: reading.ids, incarnation },
            done: None,
            stage: Stage::Stored,
            hand,
            store,
        };
        match asked.begin {
            Asked::Start => {}
            Asked::At(revision) => follower.done = Some(revision),
            Asked::End => follower.go_live(Start::Now).await?,
        }
        Ok(follower)
    }

    /// The next messages; waits for them.
    pub(super) async fn step(&mut self) -> Result<Vec<Answer>, Refusal> {
        loop {
            let messages = match &mut self.stage {
                Stage::Stored => self.stored().await?,
                Stage::Live { subscription, said } => {
                    subscription.bound(self.hand.share());
                    match subscription.next().await? {
                        Delivery::Events { events, .. } => self.show(events).await?,
                        Delivery::CaughtUp { .. } if *said => Vec::new(),
                        Delivery::CaughtUp { .. } => {
                            *said = true;
                            vec![self.caught_up().await?]
                        }
                    }
                }
            };
            if !messages.is_empty() {
                return Ok(messages);
            }
        }
    }

    async fn stored(&mut self) -> Result<Vec<Answer>, Refusal> {
        let next = self.done.map_or(Revision::ZERO, Revision::next);
        let page = self.store.read_stream(ReadStream {
            stream: self.stream.clone(),
            from: Begin::At(next),
            direction: Direction::Forwards,
            count_max: STEP_COUNT,
            as_of: AsOf::Now,
        });
        let page = page.await?;
        if page.next.is_none() {
            let incarnation = self.form.incarnation;
            let seen = page.as_of.map(|position| Checkpoint { incarnation, position });
            self.go_live(seen.map_or(Start::Beginning, Start::After)).await?;
        }
        self.show(page.events).await
    }

    async fn go_live(&mut self, start: Start) -> Result<(), Refusal> {
        // Its settings tell of a tombstone.
        let settings = Query::stream(self.stream.settings_stream());
        let query = Query::stream(self.stream.clone());
        let query = if self.stream.settings_of().is_some() { query } else { query.or(settings) };
        let subscription = self.store.subscribe(Subscribe { query, start }).await?;
        self.stage = Stage::Live { subscription, said: false };
        Ok(())
    }

    async fn show(&mut self, events: Vec<RecordedEvent>) -> Result<Vec<Answer>, Refusal> {
        self.hand.takes(&events);
        let mut messages = Vec::with_capacity(events.len());
        for event in events {
            let is_own = event.stream == self.stream;
            let revision = event.revision;
            let shown = Shown::from(event);
            if shown.is_tombstone() {
                return Err(Refusal::Deleted { stream: self.stream.to_string() });
            }
            if is_own && Some(revision) > self.done {
                self.done = Some(revision);
                messages.push(self.links.show(&*self.store, self.form, shown).await?);
            }
        }
        Ok(messages)
    }

    async fn caught_up(&mut self) -> Result<Answer, Refusal> {
        self.hand.empty();
        let state = self.store.stream(self.stream.clone()).await?;
        let revision = self.done.min(state.last).or(state.last);
        Ok(said(read_resp::Content::CaughtUp(read_resp::CaughtUp {
            timestamp: Some(instant(self.store.now())),
            stream_revision: revision.map(|revision| revision.0.cast_signed()),
            position: None,
        })))
    }
}
