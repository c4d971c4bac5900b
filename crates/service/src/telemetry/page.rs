//! What a process counts, as its page `/metrics` shows it.

use crate::metrics;
use futures_util::future::BoxFuture;
use headwater_framework::Service;
use headwater_telemetry::{Figures, Signal};

pub(super) struct Page {
    pub(super) services: Vec<Service>,
}

impl Figures for Page {
    fn text(&self) -> BoxFuture<'_, Option<String>> {
        Box::pin(async {
            for service in &self.services {
                // One that does not know how it is keeps what was known.
                if let Ok(health) = service.health().await {
                    metrics::note(&health);
                }
            }
            metrics::text()
        })
    }

    fn dropped(&self, signal: Signal, count: u64) {
        ::metrics::counter!("headwater_telemetry_dropped_total", "signal" => signal.as_str())
            .increment(count);
    }
}
