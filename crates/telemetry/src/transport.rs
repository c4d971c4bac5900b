//! Messages to a collector, and what it says to them.
//!
//! Invariant: one message is answered within [`SEND_WITHIN`], or was not taken.

mod grpc;
mod over_http;

use crate::limits::SEND_WITHIN;
use crate::{InvalidOption, Protocol, TelemetryOptions};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};

/// What is sent.
pub(crate) enum Message {
    Spans(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
}

/// What a collector took it for.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Taken {
    /// So many spans or points it did not want.
    pub(crate) refused_count: u64,
    /// And this is why.
    pub(crate) why: String,
}

/// It was not taken.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct NotTaken {
    pub(crate) why: String,
    /// Whether it may be taken later.
    pub(crate) again: bool,
}

pub(crate) enum Transport {
    Grpc(grpc::Grpc),
    Http(over_http::Http),
}

impl Transport {
    /// Connects to nobody yet.
    pub(crate) fn new(options: &TelemetryOptions) -> Result<Self, InvalidOption> {
        Ok(match options.protocol {
            Protocol::Grpc => Self::Grpc(grpc::Grpc::new(options)?),
            Protocol::Http => Self::Http(over_http::Http::new(options)),
        })
    }

    pub(crate) async fn send(&self, message: &Message) -> Result<Taken, NotTaken> {
        let sent = async {
            match self {
                Self::Grpc(grpc) => grpc.send(message).await,
                Self::Http(http) => http.send(message).await,
            }
        };
        let late = |_| {
            let why = format!("there was no answer within {SEND_WITHIN:?}");
            Err(NotTaken { why, again: true })
        };
        tokio::time::timeout(SEND_WITHIN, sent).await.unwrap_or_else(late)
    }
}

fn taken(refused_count: i64, why: String) -> Taken {
    Taken { refused_count: u64::try_from(refused_count).unwrap_or(0), why }
}

impl From<ExportTraceServiceResponse> for Taken {
    fn from(answer: ExportTraceServiceResponse) -> Self {
        let part = answer.partial_success.unwrap_or_default();
        taken(part.rejected_spans, part.error_message)
    }
}

impl From<ExportMetricsServiceResponse> for Taken {
    fn from(answer: ExportMetricsServiceResponse) -> Self {
        let part = answer.partial_success.unwrap_or_default();
        taken(part.rejected_data_points, part.error_message)
    }
}

/// An error and all that is beneath it, in one line.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut beneath = error.source();
    while let Some(cause) = beneath {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        beneath = cause.source();
    }
    text
}
