//! What may be said about a collector of OpenTelemetry.

use super::super::field::Field;
use super::{HOUR, SECOND, Setting};
use headwater_server::telemetry::Protocol;

/// Without a flag of its own: it is said in files, or by the standard variables.
const fn setting(key: &'static str, field: Field, why: &'static str) -> Setting {
    Setting { key, flag: None, field, why }
}

pub(super) const TELEMETRY: &[Setting] = &[
    setting(
        "telemetry.otlp_endpoint",
        Field::Text(|to| &mut to.telemetry.otlp_endpoint),
        "where a collector of OpenTelemetry takes traces and metrics: `http://localhost:4318`; empty: \
         nothing is sent. Else `OTEL_EXPORTER_OTLP_ENDPOINT`",
    ),
    setting(
        "telemetry.otlp_protocol",
        Field::OneOf(Protocol::NAMES, |to| &mut to.telemetry.otlp_protocol),
        "how it is spoken to: HTTP mostly at port 4318, gRPC at 4317. Else `OTEL_EXPORTER_OTLP_PROTOCOL`",
    ),
    setting(
        "telemetry.otlp_headers",
        Field::Secret(|to| &mut to.telemetry.otlp_headers),
        "what goes with every message, mostly a key; never shown. Else `OTEL_EXPORTER_OTLP_HEADERS`",
    ),
    setting(
        "telemetry.otlp_authority",
        Field::File(|to| &mut to.telemetry.otlp_authority),
        "who signs its certificate (PEM), if nobody whom this machine trusts. Else \
         `OTEL_EXPORTER_OTLP_CERTIFICATE`",
    ),
    setting(
        "telemetry.service_name",
        Field::Text(|to| &mut to.telemetry.service_name),
        "whose traces and metrics these are. Else `OTEL_SERVICE_NAME`",
    ),
    setting(
        "telemetry.sample_ratio",
        Field::Ratio(|to| &mut to.telemetry.sample_ratio),
        "how many of the traces that begin here are recorded; one that comes with a request is, if who \
         began it does. Else `OTEL_TRACES_SAMPLER` with `OTEL_TRACES_SAMPLER_ARG`",
    ),
    setting(
        "telemetry.metrics_every",
        Field::Span { min: SECOND, max: HOUR, at: |to| &mut to.telemetry.metrics_every },
        "how often metrics are sent. Else `OTEL_METRIC_EXPORT_INTERVAL`, in milliseconds",
    ),
];
