//! What a collector was told, as tests ask for it.

use axum::http::HeaderMap;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// All of it, in the order in which it came.
#[derive(Clone, Default, Debug)]
pub struct Seen {
    /// Spans that were taken.
    pub spans: Vec<SeenSpan>,
    /// Metrics, those of later messages behind those of earlier ones.
    pub metrics: Vec<Metric>,
    /// Whose metrics they are: the service of each message.
    pub metrics_of: Vec<String>,
    /// Messages that were not taken.
    pub refused_count: u64,
}

/// A span, with ids as they are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenSpan {
    /// The service that it is of.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Its kind: 2 is a server's, 4 a producer's, 5 a consumer's.
    pub kind: i32,
    /// The trace that it is part of.
    pub trace: String,
    /// Itself.
    pub span: String,
    /// The span that it is below; empty if none.
    pub parent: String,
    /// Other spans that it has to do with: trace and span.
    pub links: Vec<(String, String)>,
    /// What was said about it.
    pub attributes: BTreeMap<String, String>,
    /// Whether it ended with an error.
    pub failed: bool,
    /// Its message's headers.
    pub headers: BTreeMap<String, String>,
}

impl SeenSpan {
    /// What was said about it under this name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Itself, as others name it.
    pub fn trace_parent(&self) -> String {
        format!("00-{}-{}-01", self.trace, self.span)
    }
}

impl Seen {
    pub(super) fn take_spans(&mut self, headers: &HeaderMap, message: &ExportTraceServiceRequest) {
        let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            Some((name.to_string(), value.to_str().ok()?.to_owned()))
        };
        let headers: BTreeMap<_, _> = headers.iter().filter_map(text).collect();
        for resource in &message.resource_spans {
            let service = service(resource.resource.as_ref());
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                self.spans.push(seen(span, &service, &headers));
            }
        }
    }

    pub(super) fn take_metrics(&mut self, message: &ExportMetricsServiceRequest) {
        for resource in &message.resource_metrics {
            self.metrics_of.push(service(resource.resource.as_ref()));
            let metrics = resource.scope_metrics.iter().flat_map(|scope| &scope.metrics);
            self.metrics.extend(metrics.cloned());
        }
    }
}

fn seen(span: &Span, service: &str, headers: &BTreeMap<String, String>) -> SeenSpan {
    let links = span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id)));
    SeenSpan {
        service: service.to_owned(),
        name: span.name.clone(),
        kind: span.kind,
        trace: hex(&span.trace_id),
        span: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: links.collect(),
        attributes: span.attributes.iter().map(written).collect(),
        failed: span.status.as_ref().is_some_and(|status| status.code == 2),
        headers: headers.clone(),
    }
}

fn service(resource: Option<&Resource>) -> String {
    let attributes = resource.map(|resource| &*resource.attributes).unwrap_or_default();
    let name = attributes.iter().find(|attribute| attribute.key == "service.name");
    name.map(|attribute| written(attribute).1).unwrap_or_default()
}

fn written(attribute: &KeyValue) -> (String, String) {
    let value = match &attribute.value {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text.clone(),
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        Some(AnyValue { value: Some(Value::BoolValue(truth)) }) => truth.to_string(),
        Some(AnyValue { value: Some(Value::DoubleValue(number)) }) => number.to_string(),
        other => format!("{other:?}"),
    };
    (attribute.key.clone(), value)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}
