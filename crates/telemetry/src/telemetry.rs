//! A collector that is told of this process, until it is closed.

use crate::dropped::Dropped;
use crate::limits::LINK_COUNT_MAX;
use crate::queue::Queue;
use crate::transport::Transport;
use crate::worker::Worker;
use crate::{InvalidOption, Signal, TelemetryOptions, Tracer};
use futures_util::future::BoxFuture;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What a process counts.
pub trait Figures: Send + Sync + 'static {
    /// All of it, as Prometheus reads it; `None` if there is nothing.
    fn text(&self) -> BoxFuture<'_, Option<String>>;

    /// So many were not sent. Called wherever a span ends, so it must be short.
    fn dropped(&self, signal: Signal, count: u64);
}

/// A collector that is told of this process.
pub struct Telemetry {
    tracer: Tracer,
    dropped: Arc<Dropped>,
    waiting: Arc<AtomicU64>,
    closing: oneshot::Sender<()>,
    worker: JoinHandle<()>,
}

impl Telemetry {
    /// Begins, on the runtime where this is called. The collector need not be there.
    ///
    /// # Errors
    /// If the options cannot be meant so.
    pub fn start(
        options: &TelemetryOptions,
        figures: Arc<dyn Figures>,
    ) -> Result<Self, InvalidOption> {
        let transport = Transport::new(options)?;
        let dropped = Arc::new(Dropped::new(Arc::clone(&figures)));
        let (queue, waiting) = Queue::new(&dropped);
        let resource = Resource::builder_empty()
            .with_service_name(options.service_name.clone())
            .with_attribute(opentelemetry::KeyValue::new(
                "service.version",
                env!("CARGO_PKG_VERSION"),
            ))
            .build();
        let ratio = Sampler::TraceIdRatioBased(options.sample_ratio.as_f64());
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(Sampler::ParentBased(Box::new(ratio)))
            .with_max_links_per_span(LINK_COUNT_MAX)
            .with_span_processor(queue)
            .build();
        let count = Arc::clone(&waiting.count);
        let counts = (figures, Arc::clone(&dropped));
        let worker = Worker::new(transport, resource, waiting, counts, options.metrics_every);
        let (closing, closed) = oneshot::channel();
        let worker = tokio::spawn(worker.run(closed));
        let tracer = Tracer::new(provider);
        Ok(Self { tracer, dropped, waiting: count, closing, worker })
    }

    /// What makes spans.
    pub const fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Sends what is left, within this time; then says what was not sent.
    pub async fn close(self, within: Duration) {
        let Self { tracer: _tracer, dropped, waiting, closing, mut worker } = self;
        let _ = closing.send(()); // a worker that is gone has nothing to send
        if tokio::time::timeout(within, &mut worker).await.is_err() {
            worker.abort();
            // Behind this, nothing of it looks at what the process counts.
            let _ = worker.await;
        }
        let left = waiting.load(Ordering::Relaxed);
        if left > 0 {
            dropped.add(Signal::Spans, left);
        }
        dropped.say_the_rest();
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").field("dropped", &self.dropped).finish_non_exhaustive()
    }
}
