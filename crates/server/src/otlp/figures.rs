//! What a server counts, for a collector: what `/metrics` shows, at the same moment.

use crate::metrics::{Counter, Metrics, Name};
use crate::patient::PatientContexts;
use futures_util::future::BoxFuture;
use headwater_telemetry::{Figures, Signal};
use std::sync::Arc;

pub(crate) struct HostFigures {
    metrics: Metrics,
    contexts: Arc<PatientContexts>,
    spans: Counter,
    points: Counter,
}

impl HostFigures {
    pub(crate) fn new(metrics: &Metrics, contexts: &Arc<PatientContexts>) -> Self {
        let dropped = |signal: Signal| {
            metrics.counter(Name::TelemetryDropped, &[("signal", signal.as_str())])
        };
        Self {
            metrics: metrics.clone(),
            contexts: Arc::clone(contexts),
            spans: dropped(Signal::Spans),
            points: dropped(Signal::Metrics),
        }
    }
}

impl Figures for HostFigures {
    fn text(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(async {
            for context in self.contexts.opened() {
                // One that does not answer keeps what it had.
                if let Ok((_, Some(head))) = context.head().await {
                    let labels = [("context", context.context().as_str())];
                    self.metrics.gauge(Name::HeadPosition, &labels).set(head.0);
                }
            }
            Some(self.metrics.text())
        })
    }

    fn dropped(&self, signal: Signal, count: u64) {
        match signal {
            Signal::Spans => self.spans.add(count),
            Signal::Metrics => self.points.add(count),
        }
    }
}
