//! All that is counted, by name.

/// What is counted. The order is that of the page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Name {
    /// Which build this is.
    BuildInfo,
    /// Appends, by how they ended.
    Appends,
    /// Events that were appended.
    AppendedEvents,
    /// Bytes that were appended.
    AppendedBytes,
    /// How long appends take.
    AppendSeconds,
    /// How long reads take.
    ReadSeconds,
    /// Events that were read, page by page.
    ReadEvents,
    /// Subscriptions that are open.
    Subscriptions,
    /// Events that subscriptions delivered.
    DeliveredEvents,
    /// The last position of each context.
    HeadPosition,
    /// Connections that are open.
    Connections,
    /// Connections whose TLS handshake ended, by how.
    TlsHandshakes,
    /// Looks at the certificates' files that found others.
    TlsReloads,
    /// When the server's certificate ends.
    TlsCertificateExpires,
    /// HTTP requests, by how they ended.
    HttpRequests,
    /// How long HTTP requests take.
    HttpRequestSeconds,
    /// Tails over HTTP that are open.
    HttpTails,
    /// What a collector of OpenTelemetry did not get.
    TelemetryDropped,
}

impl Name {
    /// As Prometheus knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuildInfo => "headwater_build_info",
            Self::Appends => "headwater_appends_total",
            Self::AppendedEvents => "headwater_appended_events_total",
            Self::AppendedBytes => "headwater_appended_bytes_total",
            Self::AppendSeconds => "headwater_append_seconds",
            Self::ReadSeconds => "headwater_read_seconds",
            Self::ReadEvents => "headwater_read_events_total",
            Self::Subscriptions => "headwater_subscriptions",
            Self::DeliveredEvents => "headwater_delivered_events_total",
            Self::HeadPosition => "headwater_head_position",
            Self::Connections => "headwater_connections",
            Self::TlsHandshakes => "headwater_tls_handshakes_total",
            Self::TlsReloads => "headwater_tls_reloads_total",
            Self::TlsCertificateExpires => "headwater_tls_certificate_expires_timestamp_seconds",
            Self::HttpRequests => "headwater_http_requests_total",
            Self::HttpRequestSeconds => "headwater_http_request_seconds",
            Self::HttpTails => "headwater_http_tails",
            Self::TelemetryDropped => "headwater_telemetry_dropped_total",
        }
    }

    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Appends
            | Self::AppendedEvents
            | Self::AppendedBytes
            | Self::ReadEvents
            | Self::DeliveredEvents
            | Self::TlsHandshakes
            | Self::TlsReloads
            | Self::HttpRequests
            | Self::TelemetryDropped => "counter",
            Self::BuildInfo
            | Self::Subscriptions
            | Self::HeadPosition
            | Self::Connections
            | Self::TlsCertificateExpires
            | Self::HttpTails => "gauge",
            Self::AppendSeconds | Self::ReadSeconds | Self::HttpRequestSeconds => "histogram",
        }
    }

    pub(super) const fn help(self) -> &'static str {
        match self {
            Self::BuildInfo => "Which build this is; always 1.",
            Self::Appends => "Appends by context and outcome: made, replayed, refused, failed.",
            Self::AppendedEvents => "Events appended, by context.",
            Self::AppendedBytes => "Bytes of events appended, by context.",
            Self::AppendSeconds => "Seconds from an append's arrival to its answer, durable.",
            Self::ReadSeconds => "Seconds of a page's read, by kind: stream or all.",
            Self::ReadEvents => "Events read in pages, by context.",
            Self::Subscriptions => "Subscriptions that are open, by context.",
            Self::DeliveredEvents => "Events delivered by subscriptions, by context.",
            Self::HeadPosition => "The last position, by context.",
            Self::Connections => "Connections that are open.",
            Self::TlsHandshakes => "TLS handshakes by outcome: done, refused, late, plain.",
            Self::TlsReloads => "Changed certificate files by outcome: renewed, or kept the old.",
            Self::TlsCertificateExpires => "When the server's certificate ends, in Unix time.",
            Self::HttpRequests => "HTTP requests by method, route and status.",
            Self::HttpRequestSeconds => "Seconds to an answer's first byte, by route.",
            Self::HttpTails => "Tails (server-sent events) that are open.",
            Self::TelemetryDropped => {
                "Spans and points of metrics that no collector took, by signal."
            }
        }
    }
}
