//! Spans of the crate `tracing` as spans of OpenTelemetry.
//!
//! Why: libraries say what they do with `tracing`, and know nothing of who listens. What `tracing` has
//! no words for, the trace that something from outside is part of, is said here of a span that
//! was just made.

use crate::{Telemetry, TraceParent};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tracing::{Level, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// The target of spans that are made for traces alone. They are at level `TRACE`, so that nobody makes
/// them who only writes logs.
pub const SPANS: &str = "headwater::spans";

impl Telemetry {
    /// What a subscriber needs so that its spans are sent: those of [`SPANS`], and all others from
    /// `INFO` on, the service's own among them.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let wanted = Targets::new().with_default(Level::INFO).with_target(SPANS, Level::TRACE);
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_tracer(self.tracer().sdk().clone())
            .with_filter(wanted)
    }
}

/// Makes `span` a part of the trace that came from outside, and links it to where that came from.
pub fn join(span: &Span, from: TraceParent) {
    let context = Context::new().with_remote_span_context(from.remote());
    // Where no layer listens, there is nothing to join.
    if span.set_parent(context).is_ok() {
        span.add_link(from.remote());
    }
}

/// Links `span` to that other one.
pub fn link(span: &Span, to: TraceParent) {
    span.add_link(to.remote());
}

/// Itself, as others name it; `None` where no layer listens.
pub fn trace_parent_of(span: &Span) -> Option<TraceParent> {
    let context = span.context();
    TraceParent::of(context.span().span_context())
}
