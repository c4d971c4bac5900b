//! R3 at the seam of a stream's subscription: what is appended after the last stored page was read
//! and before the store is followed.
//!
//! No writer wins that race often enough to be seen, so here the store itself appends, whenever it
//! is asked to be followed.

use super::site::{Content, EMPTY, Expected, Site, of_stream, recorded};
use headwater_model::{
    Answer, Append, Around, ContextName, Contexts, EventId, EventStore, EventType,
    ExpectedRevision, NewEvent, ReadError, StreamName, Subscribe, Subscription,
};
use headwater_wire::kurrent::event_store::client::streams::read_req::Options;
use headwater_wire::kurrent::event_store::client::streams::read_req::options::{
    CountOption, SubscriptionOptions,
};
use std::sync::Arc;

/// A store that appends an event of `order-1` before each subscription begins.
struct Racing(Arc<dyn EventStore>);

struct RacingContexts(Arc<dyn Contexts>);

impl Contexts for RacingContexts {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            let store = self.0.context(name).await?;
            Ok(Arc::new(Racing(store)) as Arc<dyn EventStore>)
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        self.0.names()
    }
}

impl Around for Racing {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.0
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        Box::pin(async move {
            let happened = EventType::new("Raced").unwrap();
            let event = NewEvent::json(EventId(uuid::Uuid::now_v7()), happened, "{}");
            let stream = StreamName::new("order-1").unwrap();
            self.0.append(Append::to(stream, ExpectedRevision::Any, vec![event])).await.unwrap();
            self.0.subscribe(subscribe).await
        })
    }
}

/// Each event once and in order: the stored ones, the one in the seam, the one behind it.
#[tokio::test]
async fn an_event_between_stored_and_live_is_delivered_once() {
    for stored in [0, 2, 1_300] {
        let site = Site::over(|contexts| Arc::new(RacingContexts(contexts))).await;
        if stored > 0 {
            site.append("order-1", Expected::Any(EMPTY), 0..stored).await.unwrap();
        }
        let count_option = Some(CountOption::Subscription(SubscriptionOptions {}));
        let options = Options { count_option, ..of_stream("order-1") };
        let mut answers = site.subscribe(options).await.unwrap();
        let mut seen = Vec::new();
        while seen.last() != Some(&(stored as u64 + 1)) {
            match answers.message().await.unwrap().unwrap().content.unwrap() {
                content @ Content::Event(_) => seen.push(recorded(content).stream_revision),
                Content::CaughtUp(at) => {
                    assert_eq!(at.stream_revision, Some(stored as i64), "with the one in the seam");
                    let last = [1 << 100];
                    site.append("order-1", Expected::Any(EMPTY), last).await.unwrap();
                }
                _ => {}
            }
        }
        assert_eq!(seen, (0..=stored as u64 + 1).collect::<Vec<_>>());
    }
}
