//! OTLP over HTTP/1.1: protobuf in a POST.
//!
//! Why not an HTTP client library: two addresses, one connection, and the TLS that is here already.

use super::{Message, NotTaken, Taken, told};
use crate::TelemetryOptions;
use crate::connector::Connector;
use crate::limits::ANSWER_BYTES_MAX;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use tokio::sync::Mutex;

const PROTOBUF: &str = "application/x-protobuf";

pub(crate) struct Http {
    connector: Connector,
    /// What stands before `/v1/traces`.
    path: String,
    headers: HeaderMap,
    /// The last connection, if it may still be open.
    open: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

impl Http {
    pub(super) fn new(options: &TelemetryOptions) -> Self {
        let uri = options.endpoint.uri();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let agent = concat!("headwater/", env!("CARGO_PKG_VERSION"));
        let mut headers: HeaderMap =
            options.headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let host = HeaderValue::from_str(authority).expect("an address was parsed from it");
        headers.insert(HOST, host);
        Self {
            connector: Connector::new(options, b"http/1.1"),
            path: uri.path().trim_end_matches('/').to_owned(),
            headers,
            open: Mutex::default(),
        }
    }

    pub(super) async fn send(&self, message: &Message) -> Result<Taken, NotTaken> {
        let (path, body) = match message {
            Message::Spans(spans) => ("/v1/traces", spans.encode_to_vec()),
            Message::Metrics(metrics) => ("/v1/metrics", metrics.encode_to_vec()),
        };
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = http::Method::POST;
        let path = format!("{}{path}", self.path);
        *request.uri_mut() = path.parse().map_err(|_| refused("its path is none".to_owned()))?;
        *request.headers_mut() = self.headers.clone();
        let answer = self.post(request).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| away(&*error))?.to_bytes();
        if status != StatusCode::OK {
            return Err(not_taken(status));
        }
        let answer = match message {
            Message::Spans(_) => ExportTraceServiceResponse::decode(body).map(Taken::from),
            Message::Metrics(_) => ExportMetricsServiceResponse::decode(body).map(Taken::from),
        };
        // It was taken: that an answer is not understood does not undo that.
        Ok(answer.unwrap_or(Taken { refused_count: 0, why: String::new() }))
    }

    async fn post(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, NotTaken> {
        let mut open = self.open.lock().await;
        let mut sender = match open.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        sender.ready().await.map_err(|error| away(&error))?;
        let answer = sender.send_request(request).await.map_err(|error| away(&error))?;
        *open = Some(sender);
        Ok(answer)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, NotTaken> {
        let socket = self.connector.connect().await.map_err(|error| away(&error))?;
        let (sender, connection) = http1::handshake(socket).await.map_err(|error| away(&error))?;
        // Ends with the sender.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the collector broke off");
            }
        });
        Ok(sender)
    }
}

fn away(error: &(dyn std::error::Error + 'static)) -> NotTaken {
    NotTaken { why: told(error), again: true }
}

fn refused(why: String) -> NotTaken {
    NotTaken { why, again: false }
}

fn not_taken(status: StatusCode) -> NotTaken {
    let again = matches!(status.as_u16(), 429 | 502 | 503 | 504);
    NotTaken { why: format!("the answer is {status}"), again }
}
