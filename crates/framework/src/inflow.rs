//! Inflows: what brings facts from elsewhere into a service's context for as long as the service runs.
//!
//! Why: an outbox's relay or a reader of a database's log is no reader of a context: it has no position
//! there, and no inputs. But it belongs to its service all the same: it starts and drains with it, is
//! begun again when it fails, and what is wrong with it must show in the service's health.

use crate::health::ReaderHealth;
use crate::limits::{RESTART_WAIT_MAX, RESTART_WAIT_MIN};
use crate::reader::ReaderState;
use crate::{Service, Store};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use headwater_model::{ContextName, EventStore};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Brings facts from elsewhere into a service's own context.
pub trait Inflow: Send + Sync + 'static {
    /// What it is called in health and logs.
    fn name(&self) -> &str;

    /// Works until it is told to stop, and tries again by itself whatever fails. Should it end or panic
    /// all the same, it is run anew.
    fn run(
        &self,
        own: Arc<dyn EventStore>,
        stopped: watch::Receiver<bool>,
    ) -> BoxFuture<'static, ()>;

    /// How it is.
    fn health(&self) -> InflowHealth;
}

/// How an inflow is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InflowHealth {
    /// Where it brings things from.
    pub source: String,
    /// How it is.
    pub state: ReaderState,
    /// How much waits there, as far as it knows.
    pub lag: u64,
    /// What was set aside for a person.
    pub parked_count: u64,
    /// How often it failed and began anew.
    pub restart_count: u64,
}

/// As health shows it, among the readers. Nobody waits for it to catch up: what it knows of its lag is
/// some seconds old.
pub(crate) fn health(inflow: &dyn Inflow) -> ReaderHealth {
    let InflowHealth { source, state, lag, parked_count, restart_count } = inflow.health();
    ReaderHealth {
        name: inflow.name().to_owned(),
        source,
        is_delayed: true,
        state,
        handled: None,
        head: None,
        lag,
        lag_seconds: 0,
        parked_count,
        restart_count,
    }
}

/// Sets an inflow to work.
pub(crate) fn start(
    service: &Service,
    inflow: &Arc<dyn Inflow>,
    stopped: &watch::Receiver<bool>,
) -> JoinHandle<()> {
    let (store, context) = (service.store().clone(), service.name().clone());
    tokio::spawn(serve(store, context, Arc::clone(inflow), stopped.clone()))
}

async fn serve(
    store: Store,
    context: ContextName,
    inflow: Arc<dyn Inflow>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut wait = RESTART_WAIT_MIN;
    while !*stopped.borrow() {
        let why = match store.context(context.clone()).await {
            Ok(own) => {
                let ended = AssertUnwindSafe(inflow.run(own, stopped.clone())).catch_unwind().await;
                ended.map_or("it panicked", |()| "it ended by itself").to_owned()
            }
            Err(error) => error.to_string(),
        };
        if *stopped.borrow() {
            return;
        }
        tracing::warn!(
            inflow = inflow.name(),
            why,
            ?wait,
            "an inflow failed, and will be run anew"
        );
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        wait = (wait * 2).min(RESTART_WAIT_MAX);
    }
}
