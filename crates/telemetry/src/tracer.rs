//! Spans that are begun and ended by hand.
//!
//! Why: where thousands of requests a second are handled, a request that is not recorded must cost
//! nothing but the question.

use crate::TraceParent;
use opentelemetry::trace::{
    Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use std::borrow::Cow;

/// Makes spans. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tracer {
    sdk: SdkTracer,
}

/// What part a span plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Somebody asked for it and waits.
    Server,
    /// It is handed to somebody who waits for no answer to it.
    Producer,
}

impl Tracer {
    pub(crate) fn new(provider: SdkTracerProvider) -> Self {
        let scope = InstrumentationScope::builder("headwater")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Self { sdk: provider.tracer_with_scope(scope) }
    }

    pub(crate) const fn sdk(&self) -> &SdkTracer {
        &self.sdk
    }

    /// A span below `parent`, or the first of a trace; `None` if it is not recorded.
    pub fn begin(
        &self,
        kind: Kind,
        parent: Option<TraceParent>,
        name: impl FnOnce() -> String,
    ) -> Option<Begun> {
        let context = match parent {
            Some(parent) if !parent.is_sampled() => return None,
            Some(parent) => Context::new().with_remote_span_context(parent.remote()),
            None => Context::new(),
        };
        let builder = self.sdk.span_builder("").with_kind(match kind {
            Kind::Server => SpanKind::Server,
            Kind::Producer => SpanKind::Producer,
        });
        let mut span = self.sdk.build_with_context(builder, &context);
        if !span.is_recording() {
            return None;
        }
        span.update_name(name());
        Some(Begun { span })
    }
}

/// A span that is under way. Dropped, it has ended.
#[derive(Debug)]
pub struct Begun {
    span: Span,
}

impl Begun {
    /// Says something about it.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.span.set_attribute(KeyValue::new(name, value));
    }

    /// It has to do with that other span.
    pub fn link(&mut self, to: TraceParent) {
        self.span.add_link(to.remote(), Vec::new());
    }

    /// It ended with an error of this code, as an answer.
    pub fn refused(&mut self, code: &'static str) {
        self.set("error.type", code);
    }

    /// It ended with an error of this code, and not as it should.
    pub fn failed(&mut self, code: &'static str, why: impl Into<Cow<'static, str>>) {
        self.refused(code);
        self.span.set_status(Status::error(why));
    }

    /// Itself, as others name it.
    pub fn trace_parent(&self) -> Option<TraceParent> {
        TraceParent::of(self.span.span_context())
    }
}
