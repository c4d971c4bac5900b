//! A subscription to the whole context, or to what a source takes of it.
//!
//! Invariants: R3 is the store's: stored and live come the same way. C2 a checkpoint that is told
//! never passes an event that was not.

use super::super::answer::{Answer, said};
use super::super::place::{Asked, commit_of, instant};
use super::super::shown::Form;
use super::Refusal;
use super::request::{AskedAll, Reading};
use super::source::Source;
use crate::held::Hand;
use headwater_model::{
    Checkpoint, Delivery, EventStore, RecordedEvent, Start, Subscribe, Subscription,
};
use headwater_wire::kurrent::event_store::client::streams::read_resp;
use std::sync::Arc;

pub(super) struct AllFollower {
    store: Arc<dyn EventStore>,
    subscription: Box<dyn Subscription>,
    source: Source,
    reading: Reading,
    form: Form,
    /// The last checkpoint that was told, or where it began.
    told: u64,
    /// That the end was reached has been said.
    said: bool,
    hand: Hand,
}

impl AllFollower {
    pub(super) async fn open(
        store: Arc<dyn EventStore>,
        asked: AskedAll,
        reading: Reading,
        hand: Hand,
    ) -> Result<Self, Refusal> {
        let (incarnation, head) = store.head().await?;
        let start = match asked.begin {
            Asked::Start => Start::Beginning,
            Asked::At(Checkpoint { position, .. }) if asked.source.is_stream() => {
                Start::After(Checkpoint { incarnation, position })
            }
            Asked::At(checkpoint) => Start::After(checkpoint),
            Asked::End => Start::Now,
        };
        let told = match start {
            Start::Beginning => 0,
            Start::After(checkpoint) => checkpoint.position.0 + 1,
            Start::Now => head.map_or(0, |head| head.0 + 1),
        };
        let source = asked.source;
        let subscribe = Subscribe { query: source.query.clone(), start };
        let subscription = store.subscribe(subscribe).await?;
        let form = Form { ids: reading.ids, incarnation };
        Ok(Self { store, subscription, source, reading, form, told, said: false, hand })
    }

    /// The next messages; waits for them.
    pub(super) async fn step(&mut self) -> Result<Vec<Answer>, Refusal> {
        loop {
            self.subscription.bound(self.hand.share());
            let messages = match self.subscription.next().await? {
                Delivery::Events { events, checkpoint } => self.show(events, checkpoint).await?,
                Delivery::CaughtUp { checkpoint } => self.caught_up(checkpoint),
            };
            if !messages.is_empty() {
                return Ok(messages);
            }
        }
    }

    async fn show(
        &mut self,
        events: Vec<RecordedEvent>,
        checkpoint: Checkpoint,
    ) -> Result<Vec<Answer>, Refusal> {
        self.hand.takes(&events);
        let mut messages = Vec::with_capacity(events.len());
        for event in events {
            let position = event.position;
            let shape = (self.form, self.reading.links);
            messages.extend(self.source.show(&*self.store, shape, event).await?);
            messages.extend(self.checkpoint(Checkpoint { position, ..checkpoint }));
        }
        messages.extend(self.checkpoint(checkpoint));
        Ok(messages)
    }

    /// A checkpoint, if it is time to tell one.
    fn checkpoint(&mut self, checkpoint: Checkpoint) -> Option<Answer> {
        let every = self.source.checkpoint_every()?;
        let behind = checkpoint.position.0 + 1;
        if behind.saturating_sub(self.told) < every {
            return None;
        }
        self.told = behind;
        let commit = commit_of(checkpoint);
        Some(said(read_resp::Content::Checkpoint(read_resp::Checkpoint {
            commit_position: commit,
            prepare_position: commit,
            timestamp: Some(instant(self.store.now())),
        })))
    }

    fn caught_up(&mut self, checkpoint: Option<Checkpoint>) -> Vec<Answer> {
        self.hand.empty();
        let mut messages = Vec::new();
        messages.extend(checkpoint.and_then(|checkpoint| self.checkpoint(checkpoint)));
        if std::mem::replace(&mut self.said, true) {
            return messages;
        }
        let mut caught_up = read_resp::CaughtUp {
            timestamp: Some(instant(self.store.now())),
            ..read_resp::CaughtUp::default()
        };
        if self.source.is_stream() {
            let position = checkpoint.map(|checkpoint| checkpoint.position.0.cast_signed());
            caught_up.stream_revision = position;
        } else {
            caught_up.position = checkpoint.map(commit_of).map(|commit| read_resp::Position {
                commit_position: commit,
                prepare_position: commit,
            });
        }
        messages.push(said(read_resp::Content::CaughtUp(caught_up)));
        messages
    }
}
