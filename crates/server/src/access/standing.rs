//! Users, tokens and grants as they stand, kept in step with their events.
//!
//! Why a subscription: whatever writes the events (this server, a restore, another node), who may do
//! what follows from them and from nothing else.
//!
//! Invariants: a change is planned on what stands and appended under the condition that nothing has
//! changed since. It is answered when it stands here, so that who was disabled is out when the answer
//! is given. An event that cannot be read closes everything: nobody is let in on half of the truth.

use headwater_access::decide::ACCESS_CONTEXT;
use headwater_access::{AccessEvent, Directory};
use headwater_model::{
    Category, Checkpoint, ContextName, Contexts, Delivery, EventStore, Page, Position, Query,
    QueryItem, ReadAll, ReadError, RecordedEvent, Start, Subscribe,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The pause before a broken subscription is begun again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Users, tokens, grants.
    pub(super) directory: Arc<Directory>,
    /// Up to here, inclusive.
    pub(super) seen: Option<Position>,
    /// What cannot be read of it.
    pub(super) broken: Option<String>,
}

/// The events that make the directory.
pub(super) fn query() -> Query {
    let categories = AccessEvent::DIRECTORY.map(|name| Category::new(name).expect("it is a name"));
    QueryItem { categories: categories.into(), ..QueryItem::default() }.into()
}

/// The context that access is kept in.
pub(super) fn context_name() -> ContextName {
    ContextName::new(ACCESS_CONTEXT).expect("it is a name")
}

impl Standing {
    /// What stands now, and the store it is kept in.
    pub(super) async fn read(
        contexts: &dyn Contexts,
    ) -> Result<(Self, Arc<dyn EventStore>, Option<Checkpoint>), ReadError> {
        let store = contexts.context(context_name()).await?;
        let mut standing = Self::default();
        let mut read = ReadAll::forwards(query());
        loop {
            let page = store.read_all(read.clone()).await?;
            standing.take(&page.events);
            let Page { next: Some(next), .. } = page else {
                if let Some(why) = standing.broken {
                    return Err(ReadError::Invalid { why });
                }
                return Ok((standing, store, page.checkpoint()));
            };
            read.from = headwater_model::From::At(next);
        }
    }

    /// What stands after these.
    fn take(&mut self, events: &[RecordedEvent]) {
        let directory = Arc::make_mut(&mut self.directory);
        for event in events {
            match AccessEvent::decode(&event.payload) {
                Ok(decoded) => directory.evolve(decoded),
                Err(why) => {
                    let (stream, at) = (&event.stream, event.position);
                    let why = format!("access event {stream} at {at} cannot be read: {why}");
                    tracing::error!(%why, "nobody is let in");
                    self.broken = Some(why);
                }
            }
            self.seen = Some(event.position);
        }
    }
}

/// Keeps `standing` in step, for ever.
pub(super) async fn follow(
    store: Arc<dyn EventStore>,
    standing: watch::Sender<Standing>,
    mut from: Option<Checkpoint>,
) {
    loop {
        let start = from.map_or(Start::Beginning, Start::After);
        if let Err(cause) = follow_once(&*store, &standing, start, &mut from).await {
            tracing::warn!(%cause, "access is not followed; it is begun again");
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

async fn follow_once(
    store: &dyn EventStore,
    standing: &watch::Sender<Standing>,
    start: Start,
    from: &mut Option<Checkpoint>,
) -> Result<(), ReadError> {
    let mut subscription = store.subscribe(Subscribe { query: query(), start }).await?;
    loop {
        match subscription.next().await? {
            Delivery::Events { events, checkpoint } => {
                standing.send_modify(|standing| standing.take(&events));
                *from = Some(checkpoint);
            }
            Delivery::CaughtUp { checkpoint } => *from = checkpoint.or(*from),
        }
    }
}
