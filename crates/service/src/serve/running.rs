//! A site that is answering.

use super::{DRAIN_MAX, StartError};
use crate::metrics;
use axum::Router;
use axum::serve::ListenerExt;
use headwater_framework::Supervisor;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How long measurements pile up before they are sorted: a few thousand requests.
const SORT_METRICS: Duration = Duration::from_secs(5);

/// A site that is answering. Dropping it cuts its requests off and tells its readers to stop;
/// [`stop`](Self::stop) waits for both.
#[derive(Debug)]
pub struct Running {
    name: String,
    address: SocketAddr,
    supervisor: Option<Supervisor>,
    draining: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    http: JoinHandle<io::Result<()>>,
    sorting: JoinHandle<()>,
}

impl Running {
    pub(super) fn new(
        name: String,
        listener: TcpListener,
        router: Router,
        supervisor: Option<Supervisor>,
        draining: Arc<AtomicBool>,
        (stop, mut stopped): (watch::Sender<bool>, watch::Receiver<bool>),
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let told = async move {
            // An error means that the sender is gone, which is the same.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let listener = listener.tap_io(|connection| {
            // An answer is written at once; waiting to fill a packet only delays it.
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection delays its packets");
            }
        });
        let serving = axum::serve(listener, router).with_graceful_shutdown(told);
        let http = tokio::spawn(serving.into_future());
        tracing::info!(service = name, %address, "listening");
        let sorting = tokio::spawn(sort_metrics());
        Ok(Self { name, address, supervisor, draining, stop, http, sorting })
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens: with the port that the system chose, if it was asked for any.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:8081/orders` for `/orders`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Finishes the requests at hand, then the readers' turns; both bounded.
    pub async fn stop(mut self) {
        self.draining.store(true, Ordering::Relaxed);
        self.stop.send_replace(true);
        let ended = self.http.is_finished(); // then it was asked for its end already
        if !ended && tokio::time::timeout(DRAIN_MAX, &mut self.http).await.is_err() {
            tracing::warn!(service = self.name, "requests were cut off: they took too long");
        }
        let Some(supervisor) = self.supervisor.take() else { return };
        if tokio::time::timeout(DRAIN_MAX, supervisor.drain()).await.is_err() {
            tracing::warn!(service = self.name, "readers were cut off: their turns took too long");
        }
    }

    /// Resolves if it ends by itself.
    pub(super) async fn broken(&mut self) -> StartError {
        let why = match (&mut self.http).await {
            Ok(Ok(())) => "it closed".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        StartError::Ended { service: self.name.clone(), why }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.http.abort();
        self.sorting.abort();
    }
}

async fn sort_metrics() {
    let mut ticks = interval(SORT_METRICS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        metrics::sort();
    }
}
