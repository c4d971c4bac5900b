//! Traces: which spans the work of readers has, and how a trace goes on in what follows from it.
//!
//! Why a hook: this crate says what it does with `tracing`, which has no word for "a part of that trace,
//! which came with an event". Whoever collects traces in this process says it for us ([`install`]);
//! where nobody does, there is no span and nothing to pay.
//!
//! Picture:
//! ```text
//!   event ── traceparent a ─▶ span "process", below a, linked to a ─▶ its own traceparent b
//!     what follows from the event carries b instead of a: the same trace, one step further
//!   batch of events ─▶ span "handle", linked to the traces of its events ─▶ its append or transaction
//! ```
//! Invariant: A4 a trace is not content, so what follows is the same with and without one.

use crate::reader::Status;
use headwater_model::RecordedEvent;
use std::borrow::Cow;
use std::sync::OnceLock;
use tracing::Span;

/// Links of a batch: more than anybody looks at.
const LINK_COUNT_MAX: usize = 32;

/// Collects the traces of a process.
pub trait Traces: Send + Sync + 'static {
    /// Whether who began the trace of this `traceparent` records it.
    fn is_recorded(&self, traceparent: &str) -> bool;

    /// Makes a new span a part of the trace that `from` names, below it and linked to it.
    fn join(&self, span: &Span, from: &str);

    /// Links a span to the one that `to` names.
    fn link(&self, span: &Span, to: &str);

    /// A span as a `traceparent`; `None` if it is not recorded.
    fn traceparent(&self, span: &Span) -> Option<String>;
}

static TRACES: OnceLock<Box<dyn Traces>> = OnceLock::new();

/// From now on this collects the traces of the process; the first stands.
pub fn install(traces: impl Traces) {
    let _ = TRACES.set(Box::new(traces));
}

/// What collects the traces of the process, if anything does.
pub fn traces() -> Option<&'static dyn Traces> {
    TRACES.get().map(|traces| &**traces)
}

/// The span of a batch of one reader: of a transaction, or of an append and what led to it.
pub(crate) fn batch(status: &Status, events: &[RecordedEvent]) -> Span {
    let Some(traces) = traces() else { return Span::none() };
    let span = tracing::trace_span!(
        target: "headwater::spans",
        "handle",
        otel.name = format!("handle {}", status.source),
        otel.kind = "consumer",
        messaging.system = "headwater",
        messaging.operation.name = "handle",
        messaging.operation.r#type = "process",
        messaging.destination.name = %status.source,
        messaging.consumer.group.name = status.name,
        messaging.batch.message_count = events.len(),
    );
    if traces.traceparent(&span).is_none() {
        return Span::none();
    }
    let mut linked: Vec<&str> = Vec::new();
    for trace in events.iter().filter_map(|event| event.metadata.traceparent.as_deref()) {
        if !linked.contains(&trace) && linked.len() < LINK_COUNT_MAX {
            traces.link(&span, trace);
            linked.push(trace);
        }
    }
    span
}

/// The span of one input, and the event as those see it who make something of it: its trace is the
/// span's, so that what follows is below the span.
pub(crate) fn input<'e>(
    status: &Status,
    event: &'e RecordedEvent,
) -> (Span, Cow<'e, RecordedEvent>) {
    let untraced = (Span::none(), Cow::Borrowed(event));
    let Some(traces) = traces() else { return untraced };
    let from = event.metadata.traceparent.as_deref();
    if from.is_some_and(|from| !traces.is_recorded(from)) {
        return untraced;
    }
    let span = tracing::trace_span!(
        target: "headwater::spans",
        "process",
        otel.name = format!("process {}", status.source),
        otel.kind = "consumer",
        messaging.system = "headwater",
        messaging.operation.name = "process",
        messaging.operation.r#type = "process",
        messaging.destination.name = %status.source,
        messaging.destination.template = format!("{}-{{id}}", event.stream.category()),
        messaging.consumer.group.name = status.name,
        messaging.message.id = %event.id,
        messaging.message.conversation_id = event.metadata.correlation.as_deref(),
        cloudevents.event_type = event.event_type.as_str(),
        headwater.stream = event.stream.as_str(),
    );
    if let Some(from) = from {
        traces.join(&span, from);
    }
    let Some(own) = traces.traceparent(&span) else { return untraced };
    let mut event = event.clone();
    event.metadata.traceparent = Some(own.into());
    (span, Cow::Owned(event))
}
