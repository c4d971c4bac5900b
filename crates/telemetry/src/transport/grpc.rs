//! OTLP over gRPC.

use super::{Message, NotTaken, Taken, told};
use crate::connector::Connector;
use crate::{InvalidOption, TelemetryOptions};
use http::{HeaderMap, Uri};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Extensions, Request, Response, Status};

pub(crate) struct Grpc {
    channel: Channel,
    headers: HeaderMap,
}

impl Grpc {
    pub(super) fn new(options: &TelemetryOptions) -> Result<Self, InvalidOption> {
        let at = options.endpoint.uri();
        let authority = at.authority().map_or("", |authority| authority.as_str());
        // TLS is the connector's; to tonic without it, all addresses are plain.
        let plain: Result<Uri, _> = format!("http://{authority}").parse();
        let plain = plain.map_err(|_| InvalidOption::Endpoint {
            text: options.endpoint.to_string(),
            why: "it names no host",
        })?;
        let endpoint = Endpoint::from(plain).origin(at.clone());
        let agent = concat!("headwater/", env!("CARGO_PKG_VERSION"));
        let endpoint = endpoint.user_agent(agent).expect("a name and a number are a header");
        let channel = endpoint.connect_with_connector_lazy(Connector::new(options, b"h2"));
        let headers = options.headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        Ok(Self { channel, headers })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let metadata = MetadataMap::from_headers(self.headers.clone());
        Request::from_parts(metadata, Extensions::default(), message)
    }

    pub(super) async fn send(&self, message: &Message) -> Result<Taken, NotTaken> {
        let channel = self.channel.clone();
        let answer = match message {
            Message::Spans(spans) => {
                let request = self.request(spans.clone());
                let answer = TraceServiceClient::new(channel).export(request).await;
                answer.map(Response::into_inner).map(Taken::from)
            }
            Message::Metrics(metrics) => {
                let request = self.request(metrics.clone());
                let answer = MetricsServiceClient::new(channel).export(request).await;
                answer.map(Response::into_inner).map(Taken::from)
            }
        };
        answer.map_err(|status| not_taken(&status))
    }
}

fn not_taken(status: &Status) -> NotTaken {
    let again = matches!(
        status.code(),
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
            // Whatever lies between answers so while nobody is behind it.
            | Code::Unknown
    );
    NotTaken { why: told(status), again }
}
