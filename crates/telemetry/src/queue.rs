//! Where ended spans wait for the worker.
//!
//! Invariant: ending a span never waits; what does not fit is dropped and counted.

use crate::Signal;
use crate::dropped::Dropped;
use crate::limits::QUEUE_COUNT_MAX;
use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// The front of the queue, for those whose spans end.
#[derive(Debug)]
pub(crate) struct Queue {
    spans: mpsc::Sender<SpanData>,
    dropped: Arc<Dropped>,
    waiting: Arc<AtomicU64>,
}

/// The back of it.
pub(crate) struct Waiting {
    pub(crate) spans: mpsc::Receiver<SpanData>,
    /// Spans that are neither sent nor dropped.
    pub(crate) count: Arc<AtomicU64>,
}

impl Queue {
    pub(crate) fn new(dropped: &Arc<Dropped>) -> (Self, Waiting) {
        let (sender, spans) = mpsc::channel(QUEUE_COUNT_MAX);
        let (dropped, waiting) = (Arc::clone(dropped), Arc::<AtomicU64>::default());
        let count = Arc::clone(&waiting);
        (Self { spans: sender, dropped, waiting }, Waiting { spans, count })
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        match self.spans.try_send(span) {
            Ok(()) => {
                self.waiting.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => self.dropped.add(Signal::Spans, 1),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(()) // the worker sends what it has soon enough, and all of it at the end
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
