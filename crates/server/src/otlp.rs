//! Traces of requests, and where figures leave besides `/metrics`.
//!
//! Why around the port: whatever protocol a call came by, it has one span, with the same words about
//! it, and an event is given the trace of the request that brought it in the same way.
//!
//! Picture:
//! ```text
//!   traceparent of a request ─▶ asked ─┬─▶ events that bring none of their own
//!                                      └─▶ parent of the span ─▶ headwater-telemetry ─▶ collector
//! ```
//! Invariants: without a collector and without a `traceparent`, nothing of this is in a call's way.
//! Every call is handed on as it came, but for a trace on events that had none; a trace never makes an
//! event too large. What is said of a span names no payload and nobody.

mod asked;
mod figures;
mod groups;
mod member;
mod said;
mod store;
mod subscription;

pub(crate) use asked::with_trace;
pub(crate) use figures::HostFigures;

use crate::Host;
use headwater_model::EventStore;
use headwater_telemetry::{CLOSE_WITHIN, Telemetry};
use std::sync::Arc;
use store::Traced;

/// A context whose calls are traced; the same if nobody wants that.
pub(crate) fn traced(host: &Host, store: Arc<dyn EventStore>) -> Arc<dyn EventStore> {
    let tracer = host.tracer().cloned();
    if tracer.is_none() && asked::trace().is_none() {
        return store;
    }
    let metadata_bytes_max = host.limits().stored.metadata_bytes_max;
    Arc::new(Traced { store, tracer, metadata_bytes_max })
}

/// Sends what is left, and does not wait long for it.
pub(crate) async fn close(telemetry: Option<Telemetry>) {
    if let Some(telemetry) = telemetry {
        telemetry.close(CLOSE_WITHIN).await;
    }
}
