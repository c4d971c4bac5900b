//! Traces and metrics of a service's process, for a collector of OpenTelemetry.
//!
//! Why here: `tracing` and `metrics` are what libraries speak; somebody in the process must hand it on.
//!
//! Picture:
//! ```text
//!   requests: span "POST /orders" ─▶ Cause ─▶ events      traceparent of the span
//!   readers:  span "process customers" ─▶ what follows    below the event's, linked to it
//!   /metrics: the same figures, every so often
//! ```
//! Invariant: nobody asked, nothing sent: without an endpoint there is no layer, no span, no task.

mod page;
mod settings;

pub use settings::TelemetrySettings;

use crate::StartError;
use headwater_framework::Service;
use headwater_framework::trace::{self, Traces};
use headwater_telemetry::{InvalidOption, Telemetry, TraceParent};
use page::Page;
use std::sync::Arc;
use tracing::Span;

/// Begins to tell a collector what these services do, if the settings or the environment name one.
pub(crate) fn start(
    settings: &TelemetrySettings,
    name: &str,
    services: Vec<Service>,
) -> Result<Option<Telemetry>, StartError> {
    let standard = |variable: &str| std::env::var(variable).ok();
    let Some(options) = settings.options(name, standard)? else { return Ok(None) };
    let wrong = |error: InvalidOption| StartError::Telemetry { setting: "telemetry".into(), error };
    let telemetry = Telemetry::start(&options, Arc::new(Page { services })).map_err(wrong)?;
    follow();
    tracing::info!(endpoint = %options.endpoint, "telemetry is sent");
    Ok(Some(telemetry))
}

/// Makes the spans of readers a part of the traces that their events are of, in whatever subscriber they
/// are made.
pub fn follow() {
    trace::install(Followed);
}

struct Followed;

impl Traces for Followed {
    fn is_recorded(&self, traceparent: &str) -> bool {
        TraceParent::parse(traceparent).is_some_and(TraceParent::is_sampled)
    }

    fn join(&self, span: &Span, from: &str) {
        if let Some(from) = TraceParent::parse(from) {
            headwater_telemetry::join(span, from);
        }
    }

    fn link(&self, span: &Span, to: &str) {
        if let Some(to) = TraceParent::parse(to) {
            headwater_telemetry::link(span, to);
        }
    }

    fn traceparent(&self, span: &Span) -> Option<String> {
        let own = headwater_telemetry::trace_parent_of(span)?;
        own.is_sampled().then(|| own.to_string())
    }
}
