//! What is said of a span: the words of OpenTelemetry for messaging, and a few of ours.
//!
//! Invariants: names of spans are of small sets: a call and a context. The one stream that a call is
//! about stands in an attribute, where anything may stand.

use super::asked;
use headwater_model::{
    AppendError, ContextName, EventStore, GroupError, ReadError, RecordedEvent, Retry, StreamName,
};
use headwater_telemetry::{Begun, Kind, TraceParent, Tracer};
use std::collections::HashSet;

/// Events of one delivery whose traces its span is linked to.
const LINK_COUNT_MAX: usize = 32;

/// What is done, and what kind of thing that is to OpenTelemetry.
#[derive(Clone, Copy)]
pub(super) enum Call {
    Append,
    Change,
    Read,
    Deliver,
    Ack,
    Retry,
    Park,
}

impl Call {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Append => ("append", "send"),
            Self::Change => ("change", "send"),
            Self::Read => ("read", "receive"),
            Self::Deliver => ("deliver", "process"),
            Self::Ack => ("ack", "settle"),
            Self::Retry => ("retry", "settle"),
            Self::Park => ("park", "settle"),
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Deliver => Kind::Producer,
            _ => Kind::Server,
        }
    }
}

/// Begins the span of a call, if it is recorded.
pub(super) fn begin(
    tracer: Option<&Tracer>,
    call: Call,
    context: &ContextName,
    parent: Option<TraceParent>,
) -> Option<Begun> {
    let (name, kind) = call.words();
    let mut span = tracer?.begin(call.kind(), parent, || format!("{name} {context}"))?;
    span.set("messaging.system", "headwater");
    span.set("messaging.operation.name", name);
    span.set("messaging.operation.type", kind);
    span.set("messaging.destination.name", context.to_string());
    Some(span)
}

/// As [`begin`], below the request in hand.
pub(super) fn begin_asked(
    tracer: Option<&Tracer>,
    call: Call,
    store: &dyn EventStore,
) -> Option<Begun> {
    begin(tracer, call, store.context(), asked::trace())
}

/// Which streams it is about: the one there is, and the category that all have.
pub(super) fn streams<'a>(span: &mut Begun, mut streams: impl Iterator<Item = &'a StreamName>) {
    let Some(first) = streams.next() else { return };
    let (mut one, mut alike) = (true, true);
    for stream in streams {
        one &= stream == first;
        alike &= stream.category() == first.category();
    }
    if alike {
        let named = if first.id().is_empty() { "" } else { "-{id}" };
        let template = format!("{}{named}", first.category());
        span.set("messaging.destination.template", template);
    }
    if one {
        span.set("headwater.stream", first.to_string());
    }
}

/// How many events it is about.
pub(super) fn count(span: &mut Begun, count: usize) {
    span.set("messaging.batch.message_count", i64::try_from(count).unwrap_or(i64::MAX));
}

/// Which events were handed out, and the traces that they are part of.
pub(super) fn events<'a>(
    span: &mut Begun,
    events: impl Iterator<Item = &'a RecordedEvent> + Clone,
) {
    count(span, events.clone().count());
    streams(span, events.clone().map(|event| &event.stream));
    let traces = events.filter_map(|event| event.metadata.traceparent.as_deref());
    let traces: HashSet<TraceParent> =
        traces.filter_map(TraceParent::parse).take(LINK_COUNT_MAX).collect();
    traces.into_iter().for_each(|trace| span.link(trace));
}

/// An error that ends a call.
pub(super) trait Ending: std::fmt::Display {
    fn code(&self) -> &'static str;
    /// Whether it is a failure of ours, and not an answer.
    fn is_failure(&self) -> bool;
}

impl Ending for AppendError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn is_failure(&self) -> bool {
        matches!(self, Self::Corrupt(_)) || self.retry() == Retry::Later
    }
}

impl Ending for ReadError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn is_failure(&self) -> bool {
        matches!(self, Self::Corrupt(_)) || self.retry() == Retry::Later
    }
}

impl Ending for GroupError {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn is_failure(&self) -> bool {
        self.retry() == Retry::Later
    }
}

/// How it ended, if not well. In words only if that is about this server: a refusal may hold what
/// somebody sent.
pub(super) fn ended<T, E: Ending>(span: &mut Begun, answer: &Result<T, E>) {
    match answer {
        Ok(_) => {}
        Err(error) if error.is_failure() => span.failed(error.code(), error.to_string()),
        Err(error) => span.refused(error.code()),
    }
}
