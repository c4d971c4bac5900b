//! Contexts that take less than the model would, where whoever runs the server says so.
//!
//! Why here, around the port: whatever protocol an append comes by, it meets the same bounds.
//!
//! Invariants: nothing is allowed that the model does not allow. What fits is handed on as it came.

use crate::limits::{Limits, StoredLimits};
use headwater_model::{
    Answer, Append, AppendError, Appended, Around, ContextName, Contexts, Delivery, EventStore,
    NewEvent, ReadError, Subscribe, Subscription, Unavailable,
};
use std::future::ready;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All contexts, bounded.
pub(crate) struct Bounded {
    contexts: Arc<dyn Contexts>,
    stored: StoredLimits,
    subscriptions: Places,
}

/// Places for subscriptions, and how many there are in all.
#[derive(Clone)]
struct Places {
    free: Arc<Semaphore>,
    count: usize,
}

impl Bounded {
    pub(crate) fn new(contexts: Arc<dyn Contexts>, limits: &Limits) -> Self {
        let count = limits.subscription_count_max;
        let subscriptions = Places { free: Arc::new(Semaphore::new(count)), count };
        Self { contexts, stored: limits.stored, subscriptions }
    }
}

impl Contexts for Bounded {
    fn context(&self, name: ContextName) -> Answer<'_, Arc<dyn EventStore>, ReadError> {
        Box::pin(async move {
            let context = self.contexts.context(name).await?;
            let (stored, subscriptions) = (self.stored, self.subscriptions.clone());
            Ok(Arc::new(Context { context, stored, subscriptions }) as Arc<dyn EventStore>)
        })
    }

    fn names(&self) -> Answer<'_, Vec<ContextName>, ReadError> {
        self.contexts.names()
    }
}

/// One context, bounded.
struct Context {
    context: Arc<dyn EventStore>,
    stored: StoredLimits,
    subscriptions: Places,
}

impl StoredLimits {
    /// Whether an append keeps them. The system's own streams are named by us.
    fn check(&self, append: &Append) -> Result<(), AppendError> {
        at_most("events of an append", append.event_count(), self.append_event_count_max)?;
        let mut whole = 0;
        for write in &append.writes {
            let name = write.stream.as_str();
            if !name.starts_with('$') {
                at_most("bytes of a stream's name", name.len(), self.stream_name_bytes_max)?;
            }
            for event in &write.events {
                whole += self.check_event(event)?;
            }
        }
        at_most("bytes of an append", whole, self.append_bytes_max)
    }

    fn check_event(&self, event: &NewEvent) -> Result<usize, AppendError> {
        let (payload, metadata) = (event.payload.len(), event.metadata.bytes());
        at_most("bytes of a payload", payload, self.payload_bytes_max)?;
        at_most("bytes of metadata", metadata, self.metadata_bytes_max)?;
        Ok(payload + metadata)
    }
}

fn at_most(what: &'static str, size: usize, size_max: usize) -> Result<(), AppendError> {
    if size <= size_max {
        return Ok(());
    }
    Err(AppendError::TooLarge { what, size: size as u64, size_max: size_max as u64 })
}

impl Around for Context {
    fn within(&self) -> &Arc<dyn EventStore> {
        &self.context
    }

    fn append(&self, append: Append) -> Answer<'_, Appended, AppendError> {
        match self.stored.check(&append) {
            Ok(()) => self.context.append(append),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn subscribe(&self, subscribe: Subscribe) -> Answer<'_, Box<dyn Subscription>, ReadError> {
        let Ok(place) = Arc::clone(&self.subscriptions.free).try_acquire_owned() else {
            let count = self.subscriptions.count;
            let why = format!("there are {count} already, as many as this server allows");
            let what = "opening a subscription".to_owned();
            return Box::pin(ready(Err(ReadError::Unavailable(Unavailable::Io { what, why }))));
        };
        Box::pin(async move {
            let subscription = self.context.subscribe(subscribe).await?;
            Ok(Box::new(Placed { subscription, _place: place }) as Box<dyn Subscription>)
        })
    }
}

/// A subscription that holds a place.
struct Placed {
    subscription: Box<dyn Subscription>,
    _place: OwnedSemaphorePermit,
}

impl Subscription for Placed {
    fn bound(&mut self, bytes_max: usize) {
        self.subscription.bound(bytes_max);
    }

    fn next(&mut self) -> Answer<'_, Delivery, ReadError> {
        self.subscription.next()
    }
}
