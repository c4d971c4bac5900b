//! Decisions, as they come: for callers who would rather wait than ask again and again.
//!
//! Why: an order is decided a few milliseconds after it was taken. A caller that polls asks too
//! early and then too late; one that waits is told at once, by the event itself.
//!
//! Picture:
//! ```text
//!   own context ─▶ OrderApproved | OrderCancelled ─▶ listener ─▶ who waits for this order
//! ```
//! Invariants: listening begins before the first look at the table, so no decision falls between.
//! A listener that fell behind or broke costs a caller one [`GLANCE`], never the answer.

use crate::OrderId;
use headwater::model::{ContextName, Delivery, EventType, Query, ReadError, Subscribe};
use headwater::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

/// How long a waiting caller goes without looking at the table.
const GLANCE: Duration = Duration::from_secs(1);

/// The wait before listening is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// Whom to tell of an order's decision, and by which token the table shows it.
type Callers = Mutex<HashMap<String, Vec<oneshot::Sender<After>>>>;

/// Listens for decisions, until it is dropped.
#[derive(Debug)]
pub struct Decisions {
    callers: Arc<Callers>,
    listener: AbortHandle,
}

/// One caller's wait for one order.
#[derive(Debug)]
pub struct Decision {
    callers: Arc<Callers>,
    order: String,
    told: Option<oneshot::Receiver<After>>,
}

impl Decisions {
    /// Listens to the orders of this store. Must be called in a runtime.
    pub fn of(store: &Store, context: ContextName) -> Self {
        let callers = Arc::new(Callers::default());
        let listener = tokio::spawn(listen(store.clone(), context, Arc::clone(&callers)));
        Self { callers, listener: listener.abort_handle() }
    }

    /// Listens for this order's decision from now on.
    pub fn about(&self, order: &OrderId) -> Decision {
        let order = order.to_string();
        let (tell, told) = oneshot::channel();
        lock(&self.callers).entry(order.clone()).or_default().push(tell);
        Decision { callers: Arc::clone(&self.callers), order, told: Some(told) }
    }
}

impl Drop for Decisions {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Decision {
    /// Waits until it is worth looking at the table again, and says what the table must have seen by
    /// then; `None` once `until` is past.
    pub async fn next_look(&mut self, until: Instant) -> Option<After> {
        let now = Instant::now();
        let glance = until.min(now + GLANCE);
        let told = match self.told.as_mut() {
            Some(told) => timeout_at(glance, told).await,
            None => {
                tokio::time::sleep_until(glance).await;
                return (now < until).then(After::nothing);
            }
        };
        match told {
            Ok(told) => {
                self.told = None;
                Some(told.unwrap_or_default())
            }
            Err(_elapsed) => (now < until).then(After::nothing),
        }
    }
}

impl Drop for Decision {
    fn drop(&mut self) {
        self.told = None;
        let mut callers = lock(&self.callers);
        if let Some(others) = callers.get_mut(&self.order) {
            others.retain(|caller| !caller.is_closed());
            if others.is_empty() {
                callers.remove(&self.order);
            }
        }
    }
}

async fn listen(store: Store, context: ContextName, callers: Arc<Callers>) {
    loop {
        if let Err(error) = listen_once(&store, &context, &callers).await {
            tracing::warn!(%error, "waiting callers have to look for themselves");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn listen_once(
    store: &Store,
    context: &ContextName,
    callers: &Callers,
) -> Result<(), ReadError> {
    let types = ["OrderApproved", "OrderCancelled"]
        .map(|name| EventType::new(name).expect("a word is a type's name"));
    let subscribe = Subscribe { query: Query::types(types), start: Start::Now };
    let mut decisions = store.context(context.clone()).await?.subscribe(subscribe).await?;
    loop {
        let Delivery::Events { events, .. } = decisions.next().await? else { continue };
        for event in events {
            let after = After::nothing().and(context.clone(), event.position);
            let told = lock(callers).remove(event.stream.id()).unwrap_or_default();
            for caller in told {
                // Whoever has gone does not need to be told.
                let _ = caller.send(after.clone());
            }
        }
    }
}

fn lock(callers: &Callers) -> MutexGuard<'_, HashMap<String, Vec<oneshot::Sender<After>>>> {
    // A map of senders is whole between any two of its own operations.
    callers.lock().unwrap_or_else(PoisonError::into_inner)
}
